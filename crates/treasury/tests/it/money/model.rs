//! The independent model: a wallet as five numbers and a list of payouts, in the plainest way that the contract's words allow.

use std::collections::HashSet;

use floe_model::treasury::{ExecutionStatus, FeeSchedule, Kobo};

use super::fate;
use super::world::Payee;

/// A payout as the model knows it.
#[derive(Debug, Clone)]
pub(super) struct Paid {
    pub(super) amount: i64,
    pub(super) fee: i64,
    /// What it must come to.
    pub(super) fate: ExecutionStatus,
    /// What it is.
    pub(super) is: ExecutionStatus,
}

/// A wallet as the model knows it, in kobo.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) available: i64,
    pub(super) reserved: i64,
    pub(super) paid_out: i64,
    pub(super) fees: i64,
    pub(super) funded: i64,
    references: HashSet<String>,
    pub(super) payouts: Vec<Paid>,
}

/// A fee in kobo, by the contract's words: 0.6 percent and at least 50 naira, or 10, 25 and 50 naira by size and 7.5 percent of it,
/// rounded half up.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fee {
    Off,
    Percent,
    Bands,
}

impl Fee {
    pub(super) fn of(self, amount: i64) -> i64 {
        match self {
            Self::Off => 0,
            Self::Percent => ((amount * 6 + 500) / 1_000).max(5_000),
            Self::Bands => {
                let band = if amount <= 500_000 {
                    1_000
                } else if amount <= 5_000_000 {
                    2_500
                } else {
                    5_000
                };
                band + (band * 75 + 500) / 1_000
            }
        }
    }

    pub(super) fn schedule(self) -> FeeSchedule {
        let text = match self {
            Self::Off => r#"{"kind":"off"}"#,
            Self::Percent => r#"{"kind":"percent","percent":0.6,"minimum":50}"#,
            Self::Bands => {
                r#"{"kind":"bands","bands":[{"up_to":5000,"fee":10},{"up_to":50000,"fee":25},{"up_to":null,"fee":50}],"vat_percent":7.5}"#
            }
        };
        FeeSchedule::read(text).expect("a tariff")
    }
}

impl Model {
    /// Money comes in, once for each reference.
    pub(super) fn fund(&mut self, amount: Kobo, reference: &str) {
        if self.references.insert(reference.to_owned()) {
            self.available += amount.0;
            self.funded += amount.0;
        }
    }

    /// What a release takes.
    pub(super) fn need(payees: &[Payee], fee: Fee) -> i64 {
        payees.iter().map(|payee| payee.amount.0 + fee.of(payee.amount.0)).sum()
    }

    /// A release that fits; where its payouts stand in the list.
    pub(super) fn release(&mut self, payees: &[Payee], fee: Fee) -> std::ops::Range<usize> {
        let need = Self::need(payees, fee);
        assert!(need <= self.available, "the wallet let out {need} of {}", self.available);
        self.available -= need;
        self.reserved += need;
        let first = self.payouts.len();
        let failing = payees.iter().filter(|payee| fate::check_fails(payee)).count();
        let is_broken = payees.len() >= 5 && failing * 2 > payees.len();
        self.payouts.extend(payees.iter().map(|payee| Paid {
            amount: payee.amount.0,
            fee: fee.of(payee.amount.0),
            fate: if is_broken { ExecutionStatus::Failed } else { fate::of(payee) },
            is: ExecutionStatus::Pending,
        }));
        first..self.payouts.len()
    }

    /// A payout is seen in a state: only the way to what it must come to is allowed, and the money follows.
    pub(super) fn seen(&mut self, at: usize, is: ExecutionStatus) {
        use ExecutionStatus::{Failed, Pending, RequiresFollowup, Reversed, Success};
        let Paid { amount, fee, fate, is: was } = self.payouts[at].clone();
        if was == is {
            return;
        }
        let is_allowed = match (was, is) {
            (Pending, Reversed) | (Success, Reversed) => fate == Reversed,
            (Pending, Success) => matches!(fate, Success | Reversed),
            (Pending, Failed) => fate == Failed,
            (Pending, RequiresFollowup) => fate == RequiresFollowup,
            _ => false,
        };
        assert!(is_allowed, "payout {at} went from {was} to {is}; it must come to {fate}");
        match (was, is) {
            (Pending, Success) => self.pay(amount, fee),
            (Pending, Failed) => self.give_back(amount + fee),
            (Pending, Reversed) => {
                self.pay(amount, fee);
                self.take_back(amount);
            }
            (Success, Reversed) => self.take_back(amount),
            _ => {}
        }
        self.payouts[at].is = is;
    }

    /// Two people have said what became of a payout.
    pub(super) fn resolved(&mut self, at: usize, is_success: bool) {
        let Paid { amount, fee, is, .. } = self.payouts[at].clone();
        assert_eq!(is, ExecutionStatus::RequiresFollowup);
        let to = if is_success { ExecutionStatus::Success } else { ExecutionStatus::Failed };
        if is_success {
            self.pay(amount, fee)
        } else {
            self.give_back(amount + fee)
        }
        (self.payouts[at].is, self.payouts[at].fate) = (to, to);
    }

    fn pay(&mut self, amount: i64, fee: i64) {
        self.reserved -= amount + fee;
        self.paid_out += amount;
        self.fees += fee;
    }

    fn give_back(&mut self, amount: i64) {
        self.reserved -= amount;
        self.available += amount;
    }

    fn take_back(&mut self, amount: i64) {
        self.paid_out -= amount;
        self.available += amount;
    }

    /// What must be true of the model itself, so that a mistake in it does not pass as one of the ledger.
    pub(super) fn check(&self) {
        assert!(self.available >= 0 && self.reserved >= 0 && self.paid_out >= 0 && self.fees >= 0, "{self:?}");
        assert_eq!(self.available + self.reserved + self.paid_out + self.fees, self.funded);
        let open = |paid: &&Paid| matches!(paid.is, ExecutionStatus::Pending | ExecutionStatus::RequiresFollowup);
        assert_eq!(self.reserved, self.payouts.iter().filter(open).map(|paid| paid.amount + paid.fee).sum::<i64>());
    }
}
