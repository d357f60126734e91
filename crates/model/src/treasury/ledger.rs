//! The ledger's accounts and moves as values (treasury contract, section 9.1).
//!
//! A [`Transfer`] is built by naming what happened; its postings always sum to zero. [`Balances::after`] says what a transfer makes of
//! the balances, or why it cannot be.

use super::money::Kobo;
use super::words::words;

words! {
    /// An account of a workspace and mode.
    LedgerAccount {
        /// What can be spent now: the balance on the wire.
        Available = "available",
        /// Set aside for payouts that are under way.
        Reserved = "reserved",
        /// Gone to payees.
        PaidOut = "paid_out",
        /// Kept for fees.
        Fees = "fees",
        /// The rest of the world; its balance is the negative of all others.
        Outside = "outside",
    }

    /// What a transfer is for.
    TransferKind {
        /// Money arrived.
        Funding = "funding",
        /// A candidate was released.
        Release = "release",
        /// Its payout succeeded.
        Settlement = "settlement",
        /// Its payout failed, or was never sent.
        Refund = "refund",
        /// A bank sent money back after a success.
        Reversal = "reversal",
        /// Money was taken out of the wallet.
        Withdrawal = "withdrawal",
        /// Two people put a mistake right.
        Correction = "correction",
    }
}

/// What a transfer does to one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// The account.
    pub account: LedgerAccount,
    /// Added to its balance; below zero it is taken away. Never zero.
    pub amount: Kobo,
}

/// Postings that sum to zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    kind: TransferKind,
    postings: Vec<Posting>,
}

/// The balances of a workspace and mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balances {
    /// Of [`LedgerAccount::Available`].
    pub available: Kobo,
    /// Of [`LedgerAccount::Reserved`].
    pub reserved: Kobo,
    /// Of [`LedgerAccount::PaidOut`].
    pub paid_out: Kobo,
    /// Of [`LedgerAccount::Fees`].
    pub fees: Kobo,
    /// Of [`LedgerAccount::Outside`].
    pub outside: Kobo,
}

/// Why a transfer cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LedgerProblem {
    /// An amount is not above zero, or a fee is below zero.
    #[error("the amount of a transfer must be above zero")]
    Amount,
    /// The postings do not sum to zero, or one of them is zero.
    #[error("the postings of a transfer must sum to zero")]
    Unbalanced,
    /// The account has not enough.
    #[error("Insufficient {account} balance: need {need}, available {has}.")]
    Short {
        /// Which one.
        account: LedgerAccount,
        /// What would be taken.
        need: Kobo,
        /// What there is.
        has: Kobo,
    },
    /// A sum is beyond 64 bits.
    #[error("the amount is out of range")]
    Overflow,
}

impl Transfer {
    /// Money arrived in the wallet.
    ///
    /// # Errors
    /// [`LedgerProblem::Amount`] unless the amount is above zero.
    pub fn funding(amount: Kobo) -> Result<Self, LedgerProblem> {
        use LedgerAccount::{Available, Outside};
        Self::make(TransferKind::Funding, amount, Kobo::ZERO, |amount, _| vec![(Outside, -amount), (Available, amount)])
    }

    /// Amount and fee of a candidate are set aside.
    ///
    /// # Errors
    /// [`LedgerProblem::Amount`], [`LedgerProblem::Overflow`].
    pub fn release(amount: Kobo, fee: Kobo) -> Result<Self, LedgerProblem> {
        use LedgerAccount::{Available, Reserved};
        Self::make(TransferKind::Release, amount, fee, |amount, fee| {
            vec![(Available, -(amount + fee)), (Reserved, amount + fee)]
        })
    }

    /// A payout succeeded.
    ///
    /// # Errors
    /// [`LedgerProblem::Amount`], [`LedgerProblem::Overflow`].
    pub fn settlement(amount: Kobo, fee: Kobo) -> Result<Self, LedgerProblem> {
        use LedgerAccount::{Fees, PaidOut, Reserved};
        Self::make(TransferKind::Settlement, amount, fee, |amount, fee| {
            vec![(Reserved, -(amount + fee)), (PaidOut, amount), (Fees, fee)]
        })
    }

    /// A payout failed for good, or is never sent.
    ///
    /// # Errors
    /// [`LedgerProblem::Amount`], [`LedgerProblem::Overflow`].
    pub fn refund(amount: Kobo, fee: Kobo) -> Result<Self, LedgerProblem> {
        use LedgerAccount::{Available, Reserved};
        Self::make(TransferKind::Refund, amount, fee, |amount, fee| {
            vec![(Reserved, -(amount + fee)), (Available, amount + fee)]
        })
    }

    /// A bank sent a paid amount back. `fee_back` is zero unless the workspace's setting gives fees back.
    ///
    /// # Errors
    /// [`LedgerProblem::Amount`], [`LedgerProblem::Overflow`].
    pub fn reversal(amount: Kobo, fee_back: Kobo) -> Result<Self, LedgerProblem> {
        use LedgerAccount::{Available, Fees, PaidOut};
        Self::make(TransferKind::Reversal, amount, fee_back, |amount, fee| {
            vec![(PaidOut, -amount), (Fees, -fee), (Available, amount + fee)]
        })
    }

    /// Money leaves the wallet other than by a payout.
    ///
    /// # Errors
    /// [`LedgerProblem::Amount`] unless the amount is above zero.
    pub fn withdrawal(amount: Kobo) -> Result<Self, LedgerProblem> {
        use LedgerAccount::{Available, Outside};
        Self::make(TransferKind::Withdrawal, amount, Kobo::ZERO, |amount, _| {
            vec![(Available, -amount), (Outside, amount)]
        })
    }

    /// Puts the balance right by `change`, up or down.
    ///
    /// # Errors
    /// [`LedgerProblem::Amount`] when it is zero, [`LedgerProblem::Overflow`] when it has no negative.
    pub fn correction(change: Kobo) -> Result<Self, LedgerProblem> {
        use LedgerAccount::{Available, Outside};
        let back = change.checked_neg().ok_or(LedgerProblem::Overflow)?;
        if change == Kobo::ZERO {
            return Err(LedgerProblem::Amount);
        }
        Self::from_postings(
            TransferKind::Correction,
            vec![Posting { account: Outside, amount: back }, Posting { account: Available, amount: change }],
        )
    }

    /// A transfer that was stored, or comes from anywhere else: checked again.
    ///
    /// # Errors
    /// [`LedgerProblem::Unbalanced`].
    pub fn from_postings(kind: TransferKind, postings: Vec<Posting>) -> Result<Self, LedgerProblem> {
        let sum: i128 = postings.iter().map(|posting| i128::from(posting.amount.minor())).sum();
        let has_nothing = postings.iter().any(|posting| posting.amount == Kobo::ZERO);
        if sum != 0 || has_nothing || postings.is_empty() {
            return Err(LedgerProblem::Unbalanced);
        }
        Ok(Self { kind, postings })
    }

    /// What it is for.
    #[must_use]
    pub const fn kind(&self) -> TransferKind {
        self.kind
    }

    /// What it does, account by account; at least two.
    #[must_use]
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }

    /// What it adds to one account.
    #[must_use]
    pub fn change_of(&self, account: LedgerAccount) -> Kobo {
        let of_account = self.postings.iter().filter(|posting| posting.account == account);
        // Each account occurs once, except in transfers that were read; those are checked when they are applied.
        of_account.fold(Kobo::ZERO, |sum, posting| Kobo(sum.minor().saturating_add(posting.amount.minor())))
    }

    fn make(
        kind: TransferKind,
        amount: Kobo,
        fee: Kobo,
        lines: impl FnOnce(i64, i64) -> Vec<(LedgerAccount, i64)>,
    ) -> Result<Self, LedgerProblem> {
        if !amount.is_positive() || fee < Kobo::ZERO {
            return Err(LedgerProblem::Amount);
        }
        // Every line is at most the sum of the two, which is found here to be in range, and so is its negative.
        amount.checked_add(fee).ok_or(LedgerProblem::Overflow)?;
        let lines = lines(amount.minor(), fee.minor()).into_iter().filter(|(_, amount)| *amount != 0);
        Self::from_postings(kind, lines.map(|(account, amount)| Posting { account, amount: Kobo(amount) }).collect())
    }
}

impl Balances {
    /// The balance of one account.
    #[must_use]
    pub const fn of(&self, account: LedgerAccount) -> Kobo {
        match account {
            LedgerAccount::Available => self.available,
            LedgerAccount::Reserved => self.reserved,
            LedgerAccount::PaidOut => self.paid_out,
            LedgerAccount::Fees => self.fees,
            LedgerAccount::Outside => self.outside,
        }
    }

    /// The balances after a transfer. No account but the outside falls below zero.
    ///
    /// # Errors
    /// [`LedgerProblem::Short`], [`LedgerProblem::Overflow`].
    pub fn after(mut self, transfer: &Transfer) -> Result<Self, LedgerProblem> {
        for posting in transfer.postings() {
            let has = self.of(posting.account);
            let balance = has.checked_add(posting.amount).ok_or(LedgerProblem::Overflow)?;
            if balance < Kobo::ZERO && posting.account != LedgerAccount::Outside {
                let need = posting.amount.checked_neg().ok_or(LedgerProblem::Overflow)?;
                return Err(LedgerProblem::Short { account: posting.account, need, has });
            }
            *self.slot(posting.account) = balance;
        }
        Ok(self)
    }

    /// Whether all balances together are zero, as they must always be.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        Kobo::checked_sum(LedgerAccount::ALL.iter().map(|&account| self.of(account))) == Some(Kobo::ZERO)
    }

    const fn slot(&mut self, account: LedgerAccount) -> &mut Kobo {
        match account {
            LedgerAccount::Available => &mut self.available,
            LedgerAccount::Reserved => &mut self.reserved,
            LedgerAccount::PaidOut => &mut self.paid_out,
            LedgerAccount::Fees => &mut self.fees,
            LedgerAccount::Outside => &mut self.outside,
        }
    }
}

#[cfg(test)]
mod tests;
