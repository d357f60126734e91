//! What the numbers of an experiment say (Placements contract, section 9.4): tests, intervals and chances.
//!
//! Start reading with [`compare`] for two rates; [`compare_means`] does the same for revenue, [`srm`] tells whether the split itself can be
//! trusted, [`holm`] corrects for several comparisons, and [`judge`] puts all of it together.

mod bayes;
mod judge;
mod means;
mod special;
mod split;

pub use judge::{Arm, Judged, Question, Verdict, judge};
pub use means::{Mean, compare_means};
pub use split::{SRM_P, SRM_USERS_MIN, Srm, srm};

use special::{central_z, two_tailed};

/// Users that every variant needs before anything is said.
pub const USERS_MIN: u64 = 30;
/// Users of both arms for which the sequential interval is narrowest.
const SEQUENTIAL_TUNING: f64 = 5_000.0;

/// Users, and those of them who did what was hoped for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rate {
    /// All of them.
    pub users: u64,
    /// Those who did; at most all.
    pub hits: u64,
}

impl Rate {
    /// The share, 0 to 1; none without users.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        (self.users > 0).then(|| self.hits as f64 / self.users as f64)
    }
}

/// Whether there is enough to say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataState {
    /// Nobody takes part.
    NoData,
    /// Some variant has too few users.
    LowData,
    /// Every variant has [`USERS_MIN`] users.
    Sufficient,
}

impl DataState {
    /// Of the users of each variant.
    #[must_use]
    pub fn of(users: impl IntoIterator<Item = u64> + Clone) -> Self {
        if users.clone().into_iter().all(|users| users == 0) {
            Self::NoData
        } else if users.into_iter().any(|users| users < USERS_MIN) {
            Self::LowData
        } else {
            Self::Sufficient
        }
    }

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoData => "no_data",
            Self::LowData => "low_data",
            Self::Sufficient => "sufficient",
        }
    }
}

/// A variant compared with the control.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Difference in parts of the control's value; none where that is 0.
    pub lift: Option<f64>,
    /// The test statistic; positive where the variant is better.
    pub z: f64,
    /// The chance of a difference as large as this one if there were none, two-tailed.
    pub p_value: f64,
    /// The chance that the variant is better.
    pub probability_to_beat_control: f64,
    /// What is lost on average by taking the variant, where it is worse.
    pub expected_loss: f64,
    /// Where variant − control lies, at the confidence target.
    pub difference_interval: [f64; 2],
    /// The same, valid however often it is looked at.
    pub sequential: [f64; 2],
}

impl Comparison {
    /// 1 − p.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        1.0 - self.p_value
    }

    /// Whether the sequential interval does not hold 0.
    #[must_use]
    pub fn is_sequentially_significant(&self) -> bool {
        let [low, high] = self.sequential;
        low > 0.0 || high < 0.0
    }
}

/// Compares two rates, both with users. `target` is the confidence target, 0 to 1 exclusive.
#[must_use]
pub fn compare(control: Rate, variant: Rate, target: f64) -> Comparison {
    let share = |rate: Rate| rate.share().unwrap_or(0.0);
    let (before, after) = (share(control), share(variant));
    let (z, p_value) = pooled(control, variant);
    let (chance, loss) = bayes::compare(control, variant);
    let variance = |rate: Rate| share(rate) * (1.0 - share(rate)) / rate.users as f64;
    let spread = Spread {
        difference: after - before,
        error: (variance(control) + variance(variant)).sqrt(),
        users: (control.users + variant.users) as f64,
    };
    Comparison {
        lift: (before > 0.0).then(|| (after - before) / before),
        z,
        p_value,
        probability_to_beat_control: chance,
        expected_loss: loss,
        difference_interval: spread.interval(target),
        sequential: spread.sequential(target),
    }
}

/// The pooled two-proportion z-test. Where nobody or everybody did, there is no difference to see.
fn pooled(control: Rate, variant: Rate) -> (f64, f64) {
    let (users, hits) = (control.users + variant.users, control.hits + variant.hits);
    if hits == 0 || hits == users {
        return (0.0, 1.0);
    }
    let rate = hits as f64 / users as f64;
    let error = (rate * (1.0 - rate) * (1.0 / control.users as f64 + 1.0 / variant.users as f64)).sqrt();
    let z = (variant.hits as f64 / variant.users as f64 - control.hits as f64 / control.users as f64) / error;
    (z, two_tailed(z))
}

/// A difference with its standard error.
#[derive(Debug, Clone, Copy)]
struct Spread {
    difference: f64,
    error: f64,
    users: f64,
}

impl Spread {
    fn around(self, half_width: f64) -> [f64; 2] {
        [self.difference - half_width, self.difference + half_width]
    }

    fn interval(self, target: f64) -> [f64; 2] {
        self.around(central_z(target) * self.error)
    }

    /// The interval that is valid under repeated looks.
    fn sequential(self, target: f64) -> [f64; 2] {
        let (alpha, n) = (1.0 - target, self.users);
        let tuning = (-2.0 * alpha.ln() + (1.0 - 2.0 * alpha.ln()).ln()) / SEQUENTIAL_TUNING;
        let grown = n * tuning + 1.0;
        let factor = (2.0 * grown / (n * n * tuning) * (grown.sqrt() / alpha).ln()).sqrt();
        self.around(self.error * n.sqrt() * factor)
    }
}

/// Corrects p-values for being several (Holm's method), in the order given.
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&one, &other| p_values[one].total_cmp(&p_values[other]));
    let mut corrected = vec![1.0; p_values.len()];
    let mut least: f64 = 0.0;
    for (rank, at) in order.into_iter().enumerate() {
        least = least.max(p_values[at] * (p_values.len() - rank) as f64).min(1.0);
        corrected[at] = least;
    }
    corrected
}

#[cfg(test)]
mod tests;
