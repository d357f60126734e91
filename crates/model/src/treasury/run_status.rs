//! The states of a payment run, and the six of them that the public API shows (treasury contract, section 4.1).

use super::words::words;

words! {
    /// Where a payment run is; on the dashboard side this is `phase`.
    RunStatus {
        /// Stored; the planner has not taken it up.
        Pending = "pending",
        /// Candidates are gathered.
        Planning = "planning",
        /// Accounts are checked and candidates scored.
        Scoring = "scoring",
        /// People decide.
        AwaitingApproval = "awaiting_approval",
        /// Released; payouts are under way.
        Executing = "executing",
        /// Every approved candidate was paid, or none was approved.
        Completed = "completed",
        /// Every approved candidate was processed, and some were not paid.
        CompletedWithErrors = "completed_with_errors",
        /// It could not go on.
        Failed = "failed",
        /// A person stopped it, or nobody decided in time.
        Cancelled = "cancelled",
    }

    /// What the public API shows of a run's state.
    PublicRunStatus {
        /// Stored.
        Pending = "pending",
        /// Candidates are gathered.
        Planning = "planning",
        /// Candidates are scored.
        Scoring = "scoring",
        /// Between scoring and the end.
        AwaitingApproval = "awaiting_approval",
        /// Ended; some or all payouts may have failed.
        Completed = "completed",
        /// Ended without going its way.
        Failed = "failed",
    }
}

impl RunStatus {
    /// What the public API shows.
    #[must_use]
    pub const fn shown(self) -> PublicRunStatus {
        match self {
            Self::Pending => PublicRunStatus::Pending,
            Self::Planning => PublicRunStatus::Planning,
            Self::Scoring => PublicRunStatus::Scoring,
            Self::AwaitingApproval | Self::Executing => PublicRunStatus::AwaitingApproval,
            Self::Completed | Self::CompletedWithErrors => PublicRunStatus::Completed,
            Self::Failed | Self::Cancelled => PublicRunStatus::Failed,
        }
    }

    /// Whether a run in this state can come into the next one.
    #[must_use]
    pub const fn can_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Planning | Self::Cancelled)
                | (Self::Planning, Self::Scoring | Self::Failed | Self::Cancelled)
                | (Self::Scoring, Self::AwaitingApproval | Self::Failed | Self::Cancelled)
                | (Self::AwaitingApproval, Self::Scoring | Self::Executing | Self::Completed | Self::Cancelled)
                | (Self::Executing, Self::Completed | Self::CompletedWithErrors | Self::Failed)
        )
    }

    /// Whether nothing follows on this state.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::CompletedWithErrors | Self::Failed | Self::Cancelled)
    }

    /// Whether candidates may be added, changed and taken out (section 3.3).
    #[must_use]
    pub const fn takes_candidates(self) -> bool {
        matches!(self, Self::Pending | Self::AwaitingApproval)
    }

    /// Whether a person may still stop the run (section 10.2: before release only).
    #[must_use]
    pub const fn can_be_cancelled(self) -> bool {
        self.can_become(Self::Cancelled)
    }
}

impl PublicRunStatus {
    /// The states that are shown as this one: what a filter by it has to find.
    #[must_use]
    pub const fn states(self) -> &'static [RunStatus] {
        match self {
            Self::Pending => &[RunStatus::Pending],
            Self::Planning => &[RunStatus::Planning],
            Self::Scoring => &[RunStatus::Scoring],
            Self::AwaitingApproval => &[RunStatus::AwaitingApproval, RunStatus::Executing],
            Self::Completed => &[RunStatus::Completed, RunStatus::CompletedWithErrors],
            Self::Failed => &[RunStatus::Failed, RunStatus::Cancelled],
        }
    }
}

#[cfg(test)]
mod tests;
