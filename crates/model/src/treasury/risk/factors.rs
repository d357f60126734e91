//! The ten factors of a score (treasury contract, section 5.1).

use super::super::money::Kobo;
use super::super::names::NameWords;
use super::super::score::Score;
use super::super::words::words;
use super::{AccountHistory, RiskCandidate, RiskTerms};
use crate::Timestamp;

/// How many factors there are.
pub const FACTORS: usize = 10;
/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

words! {
    /// What a score is made of.
    Factor {
        /// How far the amount is from the others of the run.
        AmountZScore = "amount_z_score",
        /// Whether the account was never paid.
        IsNewBeneficiary = "is_new_beneficiary",
        /// How much it is like another candidate of the run.
        DuplicateSimilarity = "duplicate_similarity",
        /// Payouts in 7 days.
        Velocity7d = "velocity_7d",
        /// Payouts in 30 days.
        Velocity30d = "velocity_30d",
        /// Share of the cap.
        AmountVsCap = "amount_vs_cap",
        /// How round the amount is.
        RoundNumberBias = "round_number_bias",
        /// How much the name differs from those used before.
        NameInconsistency = "name_inconsistency",
        /// How short ago the last payout was.
        DaysSinceLastPayout = "days_since_last_payout",
        /// How short ago the first payout was.
        AccountAge = "account_age",
    }
}

impl Factor {
    /// Hundredths of the score that it makes up.
    const fn weight(self) -> u8 {
        match self {
            Self::AmountZScore => 20,
            Self::IsNewBeneficiary | Self::DuplicateSimilarity => 15,
            Self::Velocity7d | Self::AmountVsCap | Self::NameInconsistency => 10,
            Self::Velocity30d | Self::RoundNumberBias | Self::DaysSinceLastPayout | Self::AccountAge => 5,
        }
    }
}

/// The factors of a candidate, each from 0 to 1, in the order of [`Factor::ALL`].
pub(super) struct Values(pub(super) [f64; FACTORS]);

impl Values {
    /// The weighted sum.
    pub(super) fn score(&self) -> Score {
        let weighted = Factor::ALL.iter().zip(self.0).map(|(factor, value)| f64::from(factor.weight()) * value);
        Score::from_fraction(weighted.sum::<f64>() / 100.0)
    }

    /// One factor.
    pub(super) fn of(&self, factor: Factor) -> f64 {
        self.0[factor as usize]
    }
}

/// Mean and deviation of the amounts of a run, as exact sums.
pub(super) struct Spread {
    count: i128,
    sum: i128,
    /// The population deviation times the count; 0 when all amounts are equal.
    deviation: f64,
}

impl Spread {
    pub(super) fn of(amounts: impl Iterator<Item = Kobo>) -> Self {
        let (mut count, mut sum, mut squares) = (0_i128, 0_i128, 0_i128);
        for amount in amounts {
            let amount = i128::from(amount.minor());
            count += 1;
            sum += amount;
            squares = squares.saturating_add(amount * amount);
        }
        // Exact for ten thousand of the largest amounts; beyond that as floats, which is as repeatable.
        let exact = count.checked_mul(squares).zip(sum.checked_mul(sum)).map(|(whole, square)| (whole - square) as f64);
        let variance = exact.unwrap_or(count as f64 * squares as f64 - sum as f64 * sum as f64);
        Self { count, sum, deviation: variance.max(0.0).sqrt() }
    }

    /// Deviations from the mean.
    pub(super) fn z_of(&self, amount: Kobo) -> f64 {
        if self.deviation == 0.0 {
            return 0.0;
        }
        (self.count * i128::from(amount.minor()) - self.sum) as f64 / self.deviation
    }
}

/// All factors of a candidate.
pub(super) fn values_of(candidate: &RiskCandidate<'_>, terms: &RiskTerms, z_score: f64, similarity: f64) -> Values {
    let history = candidate.history;
    Values(std::array::from_fn(|at| match Factor::ALL[at] {
        Factor::AmountZScore => 1.0 - 1.0 / (1.0 + z_score.abs() / 2.0),
        Factor::IsNewBeneficiary => f64::from(u8::from(is_new(history))),
        Factor::DuplicateSimilarity => similarity,
        Factor::Velocity7d => (f64::from(history.paid_7d) / 5.0).min(1.0),
        Factor::Velocity30d => (f64::from(history.paid_30d) / 10.0).min(1.0),
        Factor::AmountVsCap => {
            terms.budget_cap.map_or(0.0, |cap| candidate.amount.minor() as f64 / cap.minor() as f64).min(1.0)
        }
        Factor::RoundNumberBias => roundness(candidate.amount),
        Factor::NameInconsistency => inconsistency(candidate.name, &history.names),
        Factor::DaysSinceLastPayout => by_days(history.last_paid_at, terms.now, 0.5, &[(1, 1.0), (7, 0.7), (30, 0.3)]),
        Factor::AccountAge => by_days(history.first_paid_at, terms.now, 1.0, &[(7, 0.8), (30, 0.5), (90, 0.2)]),
    }))
}

/// Whether the account was never paid with success.
pub(super) fn is_new(history: &AccountHistory) -> bool {
    history.first_paid_at.is_none()
}

fn roundness(amount: Kobo) -> f64 {
    let is_multiple = |naira: i64| amount.minor() % (naira * 100) == 0;
    let steps = [(100_000, 0.8), (50_000, 0.6), (10_000, 0.4)];
    steps.into_iter().find(|&(naira, _)| is_multiple(naira)).map_or(0.0, |(_, value)| value)
}

fn inconsistency(name: &str, before: &[String]) -> f64 {
    let words = NameWords::of(name);
    let overlaps = before.iter().map(|other| words.overlap(&NameWords::of(other)));
    overlaps.reduce(f64::min).map_or(0.0, |lowest| 1.0 - lowest)
}

/// The value of the first step of days that is not over yet; 0 after the last one.
fn by_days(at: Option<Timestamp>, now: Timestamp, never: f64, steps: &[(i64, f64)]) -> f64 {
    let Some(at) = at else { return never };
    let age = now.micros().saturating_sub(at.micros());
    steps.iter().find(|(days, _)| age <= days * DAY_US).map_or(0.0, |(_, value)| *value)
}
