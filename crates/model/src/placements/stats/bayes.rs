//! The chance that one rate is above another, and what would be lost if it were not, from uniform priors on both
//! (Placements contract, section 9.4).
//!
//! The wider of the two posteriors is taken exactly, by incomplete beta functions; over the narrower one it is integrated numerically.

use super::Rate;
use super::special::beta_cdf;

/// Standard deviations to each side that are integrated over.
const REACH: f64 = 40.0;
/// Panels of the integration, each of five points: less than half a standard deviation wide.
const PANELS: u32 = 200;
/// Points and weights of Gauss and Legendre for five points on -1 to 1.
const GAUSS: [(f64, f64); 5] = [
    (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.0, 0.568_888_888_888_888_9),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.906_179_845_938_664, 0.236_926_885_056_189_08),
];

/// What is believed of a rate after it was observed.
#[derive(Debug, Clone, Copy)]
struct Beta {
    a: f64,
    b: f64,
}

impl Beta {
    fn after(rate: Rate) -> Self {
        Self { a: rate.hits as f64 + 1.0, b: (rate.users - rate.hits) as f64 + 1.0 }
    }

    fn mean(self) -> f64 {
        self.a / (self.a + self.b)
    }

    fn deviation(self) -> f64 {
        let sum = self.a + self.b;
        (self.a * self.b / (sum * sum * (sum + 1.0))).sqrt()
    }

    /// The chance to be at most `x`.
    fn below(self, x: f64) -> f64 {
        beta_cdf(self.a, self.b, x)
    }

    /// What is expected of `max(x - self, 0)`.
    fn short_of(self, x: f64) -> f64 {
        x * self.below(x) - self.mean() * beta_cdf(self.a + 1.0, self.b, x)
    }

    /// What is expected of `max(self - x, 0)`.
    fn beyond(self, x: f64) -> f64 {
        self.mean() * (1.0 - beta_cdf(self.a + 1.0, self.b, x)) - x * (1.0 - self.below(x))
    }

    /// What is expected of two functions of this.
    fn expect(self, of: impl Fn(f64) -> [f64; 2]) -> [f64; 2] {
        let (mean, reach) = (self.mean(), REACH * self.deviation());
        let (low, high) = ((mean - reach).max(0.0), (mean + reach).min(1.0));
        let half = (high - low) / f64::from(PANELS) / 2.0;
        let log_density = |x: f64| (self.a - 1.0) * x.ln() + (self.b - 1.0) * (-x).ln_1p();
        // The density is taken relative to the one at the mean, so that nothing overflows.
        let top = log_density(mean);
        let (mut mass, mut sums) = (0.0, [0.0; 2]);
        for panel in 0..PANELS {
            let middle = low + half * f64::from(2 * panel + 1);
            for (point, weight) in GAUSS {
                let x = middle + half * point;
                let density = weight * (log_density(x) - top).exp();
                if density > 0.0 {
                    let [first, second] = of(x);
                    mass += density;
                    sums = [sums[0] + density * first, sums[1] + density * second];
                }
            }
        }
        sums.map(|sum| sum / mass)
    }
}

/// The chance that the variant's rate is above the control's, and the mean of what is lost by the variant where it is not.
pub(super) fn compare(control: Rate, variant: Rate) -> (f64, f64) {
    let (control, variant) = (Beta::after(control), Beta::after(variant));
    let [chance, loss] = if variant.deviation() <= control.deviation() {
        variant.expect(|x| [control.below(x), control.beyond(x)])
    } else {
        control.expect(|x| [1.0 - variant.below(x), variant.short_of(x)])
    };
    (chance.clamp(0.0, 1.0), loss.max(0.0))
}
