//! The risk agent: how a candidate is scored, and what is decided about it (treasury contract, section 5).
//!
//! The score is a weighted sum of ten factors, made from integers and the four basic operations and the square root, which every
//! machine rounds alike. Rules may then raise the score and make the decision stricter, never the other way.

mod blocklist;
mod factors;
mod rules;
mod similar;
mod watchlist;

pub use blocklist::{BlockKind, Blocklist};
pub use factors::{FACTORS, Factor};
pub use rules::RiskReason;
pub use watchlist::{WATCHED_NAMES_MAX, WatchProblem, Watchlist};

use super::account::AccountNumber;
use super::money::Kobo;
use super::score::Score;
use super::words::RiskDecision;
use crate::Timestamp;

/// What is known of earlier payouts to an account, in the same workspace and mode.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountHistory {
    /// Payouts that succeeded in the last 7 days.
    pub paid_7d: u32,
    /// Payouts that succeeded in the last 30 days.
    pub paid_30d: u32,
    /// The first payout that succeeded.
    pub first_paid_at: Option<Timestamp>,
    /// The last payout that succeeded.
    pub last_paid_at: Option<Timestamp>,
    /// Names under which it was paid, each once.
    pub names: Vec<String>,
    /// Amounts that were paid or are under way in the last 24 hours, in any run.
    pub recent_amounts: Vec<Kobo>,
}

/// What the name enquiry gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountCheck<'a> {
    /// The account's holder.
    Holder(&'a str),
    /// There is no such account.
    Invalid,
    /// Nobody could say, after three tries.
    Unavailable,
}

/// What is scored.
#[derive(Debug, Clone, Copy)]
pub struct RiskCandidate<'a> {
    /// The payee.
    pub name: &'a str,
    /// The account.
    pub account: AccountNumber,
    /// The institution, the same text for every code of it: [`super::Directory::bank_key`].
    pub bank: &'a str,
    /// The amount.
    pub amount: Kobo,
    /// Earlier payouts to this account at this institution.
    pub history: &'a AccountHistory,
    /// What the name enquiry gave.
    pub check: AccountCheck<'a>,
    /// Whether the check digit is right; nothing when it is not judged.
    pub has_right_digit: Option<bool>,
    /// Stands on the blocklist of the workspace.
    pub is_blocked: bool,
    /// The name resembles an entry of a watch list.
    pub is_watched: bool,
}

/// What holds for all candidates of a run.
#[derive(Debug, Clone, Copy)]
pub struct RiskTerms {
    /// Up to this score a candidate is approved by itself.
    pub tolerance: Score,
    /// The run's cap for one amount and the sum.
    pub budget_cap: Option<Kobo>,
    /// A wrong check digit asks for a review.
    pub strict_check_digit: bool,
    /// When the run is scored.
    pub now: Timestamp,
}

/// What the risk agent says of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// The score, floors included.
    pub score: Score,
    /// The strictest decision of all rules.
    pub decision: RiskDecision,
    /// Every factor with its value, in the order of the contract.
    pub factors: [(Factor, Score); FACTORS],
    /// Every rule that spoke.
    pub reasons: Vec<RiskReason>,
    /// How far the holder's name is that of the payee; nothing when there is no holder.
    pub name_match: Option<Score>,
}

/// Scores all candidates of a run, in their order.
#[must_use]
pub fn score_run(candidates: &[RiskCandidate<'_>], terms: &RiskTerms) -> Vec<Scored> {
    let spread = factors::Spread::of(candidates.iter().map(|candidate| candidate.amount));
    let similarities = similar::duplicate_similarities(candidates);
    let scored = candidates.iter().zip(similarities).map(|(candidate, similarity)| {
        let z_score = spread.z_of(candidate.amount);
        let values = factors::values_of(candidate, terms, z_score, similarity);
        rules::decide(candidate, terms, z_score, &values)
    });
    scored.collect()
}

#[cfg(test)]
mod tests;
