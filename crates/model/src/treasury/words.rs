//! The states of candidates and transactions, by their words on the wire and in rows (treasury contract, sections 2.2, 2.5 and 4).

pub(super) use crate::words::words;

/// How money leaves: the Nigerian instant payment system.
pub const CHANNEL: &str = "NIP";

words! {
    /// What was decided about a candidate.
    ApprovalStatus {
        /// Nobody decided yet.
        Pending = "pending",
        /// To be paid, or paid.
        Approved = "approved",
        /// Not to be paid.
        Rejected = "rejected",
    }

    /// How far the payout of a candidate has come.
    ExecutionStatus {
        /// Not released, or released and not yet taken up.
        NotStarted = "not_started",
        /// Under way; the answer of the rail is not final.
        Pending = "pending",
        /// Paid.
        Success = "success",
        /// Not paid, for good.
        Failed = "failed",
        /// No final answer for a day: people find out and say.
        RequiresFollowup = "requires_followup",
        /// Paid, and the money came back.
        Reversed = "reversed",
    }

    /// What the risk agent decided; later ones are stricter.
    RiskDecision {
        /// Chosen for payment; people still release it.
        AutoApproved = "auto_approved",
        /// A person has to look at it.
        NeedsReview = "needs_review",
        /// Left out unless an owner names it and says why.
        Blocked = "blocked",
    }

    /// What the name enquiry said.
    LookupStatus {
        /// Not asked, or not answered yet.
        Pending = "pending",
        /// The account has a holder of this name.
        Success = "success",
        /// The account has a holder of another name.
        Mismatch = "mismatch",
        /// There is no such account, or nobody could say.
        Failed = "failed",
    }

    /// The state of a transaction.
    TransactionStatus {
        /// Not final.
        Pending = "PENDING",
        /// The money moved.
        Success = "SUCCESS",
        /// The money did not move.
        Failed = "FAILED",
    }

    /// Which way the money of a transaction goes.
    Direction {
        /// To a payee.
        Debit = "debit",
        /// Back from a payee's bank.
        Credit = "credit",
    }
}

impl ApprovalStatus {
    /// Whether a decision may follow on this one before the release; nothing changes after it (section 4.2). An edited run starts over
    /// from [`ApprovalStatus::Pending`], which is no transition but a new decision.
    #[must_use]
    pub const fn can_become(self, next: Self) -> bool {
        matches!((self, next), (Self::Pending, Self::Approved | Self::Rejected) | (Self::Approved, Self::Rejected))
    }
}

impl ExecutionStatus {
    /// Whether a payout in this state can come into the next one (section 4.2).
    #[must_use]
    pub const fn can_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::NotStarted, Self::Pending | Self::Failed)
                | (Self::Pending, Self::Success | Self::Failed | Self::RequiresFollowup)
                | (Self::RequiresFollowup, Self::Success | Self::Failed)
                | (Self::Success, Self::Reversed)
        )
    }
}

impl LookupStatus {
    /// Whether an answer may follow on this one.
    #[must_use]
    pub const fn can_become(self, next: Self) -> bool {
        matches!((self, next), (Self::Pending, Self::Success | Self::Mismatch | Self::Failed))
    }
}

impl TransactionStatus {
    /// Whether the state can change into the next one: once, to a final one (section 4.4).
    #[must_use]
    pub const fn can_become(self, next: Self) -> bool {
        matches!((self, next), (Self::Pending, Self::Success | Self::Failed))
    }
}

#[cfg(test)]
mod tests;
