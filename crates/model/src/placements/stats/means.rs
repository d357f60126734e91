//! Compares what a user brings in on average. The contract names the metric and no test for it; this is the one for means that
//! corresponds to its test for rates: two-tailed, with the variance of each side, normal because a side has thirty users or more.

use super::special::{normal_cdf, normal_density, two_tailed};
use super::{Comparison, Spread};

/// Users, and what they brought in.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Mean {
    /// All of them, also those who brought nothing.
    pub users: u64,
    /// The sum.
    pub sum: f64,
    /// The sum of the squares of what each one brought.
    pub squares: f64,
}

impl Mean {
    /// The average; none without users.
    #[must_use]
    pub fn average(self) -> Option<f64> {
        (self.users > 0).then(|| self.sum / self.users as f64)
    }

    /// The variance of one user, without bias.
    fn variance(self) -> f64 {
        if self.users < 2 {
            return 0.0;
        }
        let users = self.users as f64;
        ((self.squares - self.sum * self.sum / users) / (users - 1.0)).max(0.0)
    }
}

/// Compares two averages, both with users. `target` is the confidence target, 0 to 1 exclusive.
#[must_use]
pub fn compare_means(control: Mean, variant: Mean, target: f64) -> Comparison {
    let average = |mean: Mean| mean.average().unwrap_or(0.0);
    let (before, after) = (average(control), average(variant));
    let error = (control.variance() / control.users as f64 + variant.variance() / variant.users as f64).sqrt();
    let spread = Spread { difference: after - before, error, users: (control.users + variant.users) as f64 };
    // Without any spread there is nothing to test.
    let z = if error > 0.0 { spread.difference / error } else { 0.0 };
    Comparison {
        lift: (before > 0.0).then(|| (after - before) / before),
        z,
        p_value: two_tailed(z),
        probability_to_beat_control: normal_cdf(z),
        expected_loss: (error * normal_density(z) - spread.difference * normal_cdf(-z)).max(0.0),
        difference_interval: spread.interval(target),
        sequential: spread.sequential(target),
    }
}
