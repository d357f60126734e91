//! What is decided from a score and from the rules beside it (treasury contract, section 5.2).

use super::super::names::NameWords;
use super::super::score::Score;
use super::super::words::{RiskDecision, words};
use super::factors::{Factor, Values, is_new};
use super::{AccountCheck, RiskCandidate, RiskTerms, Scored};

/// From this much above the tolerance a candidate is blocked.
const REVIEW_RANGE: u16 = 2_500;
/// Below this overlap the holder is somebody else.
const NAME_MATCH_MIN: Score = Score::from_ten_thousandths(6_000);

words! {
    /// A rule that spoke about a candidate.
    RiskReason {
        /// The score is above the tolerance.
        AboveTolerance = "above_tolerance",
        /// The score is far above the tolerance.
        FarAboveTolerance = "far_above_tolerance",
        /// The amount is above the cap of the run.
        AboveBudgetCap = "above_budget_cap",
        /// Account, name or bank stands on the blocklist.
        Blocklist = "blocklist",
        /// There is no such account.
        AccountInvalid = "account_invalid",
        /// Nobody could say whether there is such an account.
        AccountUnverified = "account_unverified",
        /// Another candidate of the run has the account, or nearly the name at the same bank.
        DuplicateInRun = "duplicate_in_run",
        /// A new payee gets far more than the others.
        UnusualAmount = "unusual_amount",
        /// The same amount went to the account in the last 24 hours.
        PossibleDuplicatePayment = "possible_duplicate_payment",
        /// The account is held under another name.
        NameMismatch = "name_mismatch",
        /// The check digit is wrong for the bank.
        CheckDigit = "check_digit",
        /// The name resembles one of a watch list.
        Watchlist = "watchlist",
    }
}

/// What one rule asks for.
struct Finding {
    reason: RiskReason,
    at_least: RiskDecision,
    floor: Score,
}

/// How far the holder's name is that of the payee; nothing when there is no holder.
fn name_match(candidate: &RiskCandidate<'_>) -> Option<Score> {
    let AccountCheck::Holder(holder) = candidate.check else { return None };
    Some(Score::from_fraction(NameWords::of(candidate.name).overlap(&NameWords::of(holder))))
}

/// Reads all rules; the strictest wins, and floors raise the score before it is held against the tolerance.
pub(super) fn decide(candidate: &RiskCandidate<'_>, terms: &RiskTerms, z_score: f64, values: &Values) -> Scored {
    let name_match = name_match(candidate);
    let mut findings = findings(candidate, terms, z_score, values, name_match);
    let score = findings.iter().map(|finding| finding.floor).fold(values.score(), Score::max);
    findings.extend(of_score(score, terms.tolerance));
    Scored {
        score,
        decision: findings.iter().map(|finding| finding.at_least).fold(RiskDecision::AutoApproved, RiskDecision::max),
        factors: std::array::from_fn(|at| (Factor::ALL[at], Score::from_fraction(values.0[at]))),
        reasons: findings.iter().map(|finding| finding.reason).collect(),
        name_match,
    }
}

fn of_score(score: Score, tolerance: Score) -> Option<Finding> {
    let limit = tolerance.ten_thousandths().saturating_add(REVIEW_RANGE);
    let (reason, at_least) = if score <= tolerance {
        return None;
    } else if score.ten_thousandths() <= limit {
        (RiskReason::AboveTolerance, RiskDecision::NeedsReview)
    } else {
        (RiskReason::FarAboveTolerance, RiskDecision::Blocked)
    };
    Some(Finding { reason, at_least, floor: Score::ZERO })
}

/// The rules that do not read the score.
fn findings(
    candidate: &RiskCandidate<'_>,
    terms: &RiskTerms,
    z_score: f64,
    values: &Values,
    name_match: Option<Score>,
) -> Vec<Finding> {
    use RiskDecision::{AutoApproved, Blocked, NeedsReview};
    let digit = if terms.strict_check_digit { NeedsReview } else { AutoApproved };
    let is_repeated = candidate.history.recent_amounts.contains(&candidate.amount);
    let table = [
        (terms.budget_cap.is_some_and(|cap| candidate.amount > cap), RiskReason::AboveBudgetCap, Blocked, 9_000),
        (candidate.is_blocked, RiskReason::Blocklist, Blocked, 10_000),
        (candidate.check == AccountCheck::Invalid, RiskReason::AccountInvalid, Blocked, 9_000),
        (candidate.check == AccountCheck::Unavailable, RiskReason::AccountUnverified, NeedsReview, 0),
        (values.of(Factor::DuplicateSimilarity) > 0.95, RiskReason::DuplicateInRun, NeedsReview, 5_000),
        (is_new(candidate.history) && z_score > 3.0, RiskReason::UnusualAmount, NeedsReview, 4_000),
        (is_repeated, RiskReason::PossibleDuplicatePayment, NeedsReview, 5_000),
        (name_match.is_some_and(|found| found < NAME_MATCH_MIN), RiskReason::NameMismatch, NeedsReview, 0),
        (candidate.has_right_digit == Some(false), RiskReason::CheckDigit, digit, 0),
        (candidate.is_watched, RiskReason::Watchlist, NeedsReview, 0),
    ];
    let speaking = table.into_iter().filter(|(speaks, ..)| *speaks);
    speaking
        .map(|(_, reason, at_least, floor)| Finding { reason, at_least, floor: Score::from_ten_thousandths(floor) })
        .collect()
}
