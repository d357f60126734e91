//! The special functions behind the tests: gamma, beta and the normal distribution.
//!
//! Known methods (Lanczos' series, Lentz' continued fractions, Acklam's quantile with one step of Halley), each good to about fourteen
//! digits, which the vectors of the contract check from the outside.

use std::f64::consts::PI;

/// Terms of a series or continued fraction at most. They grow with the square root of the parameters: this is for a thousand million users.
const TERMS_MAX: u32 = 100_000;
/// Where a series is precise enough.
const PRECISION: f64 = 1e-16;
/// Keeps the continued fractions away from zero.
const TINY: f64 = 1e-300;

/// Lanczos' coefficients for g = 7.
const LANCZOS: [f64; 9] = [
    0.999_999_999_999_809_9,
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];

/// Logarithm of the gamma function, for positive arguments.
pub(super) fn ln_gamma(x: f64) -> f64 {
    if x < 0.5 {
        return (PI / (PI * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let series = LANCZOS[1..].iter().zip(1_u32..).fold(LANCZOS[0], |sum, (term, at)| sum + term / (x + f64::from(at)));
    let t = x + 7.5;
    0.5 * (2.0 * PI).ln() + (x + 0.5) * t.ln() - t + series.ln()
}

/// The upper regularised gamma function Q(a, x), for positive `a` and `x` not below zero.
pub(super) fn gamma_q(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    let front = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 { 1.0 - front * gamma_series(a, x) } else { front * gamma_fraction(a, x) }
}

fn gamma_series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut at) = (1.0 / a, 1.0 / a, a);
    for _ in 0..TERMS_MAX {
        at += 1.0;
        term *= x / at;
        sum += term;
        if term < sum * PRECISION {
            break;
        }
    }
    sum
}

fn gamma_fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut value = d;
    for step in 1..TERMS_MAX {
        let n = f64::from(step);
        let numerator = -n * (n - a);
        b += 2.0;
        d = 1.0 / away_from_zero(numerator * d + b);
        c = away_from_zero(b + numerator / c);
        let factor = d * c;
        value *= factor;
        if (factor - 1.0).abs() < PRECISION * 4.0 {
            break;
        }
    }
    value
}

/// The regularised incomplete beta function: the probability that a Beta(a, b) is at most `x`.
pub(super) fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for step in 1..TERMS_MAX {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        let factor = d * c;
        value *= factor;
        if (factor - 1.0).abs() < PRECISION * 4.0 {
            break;
        }
    }
    value
}

fn away_from_zero(value: f64) -> f64 {
    if value.abs() < TINY { TINY } else { value }
}

/// The probability that a standard normal is at least `|z|` away from zero.
pub(super) fn two_tailed(z: f64) -> f64 {
    gamma_q(0.5, z * z / 2.0)
}

/// The probability that a standard normal is at most `z`.
pub(super) fn normal_cdf(z: f64) -> f64 {
    let tail = two_tailed(z) / 2.0;
    if z < 0.0 { tail } else { 1.0 - tail }
}

/// Density of the standard normal.
pub(super) fn normal_density(z: f64) -> f64 {
    (-z * z / 2.0).exp() / (2.0 * PI).sqrt()
}

/// The value that a standard normal is at most with probability `p`, for `p` strictly between 0 and 1.
pub(super) fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -39.696_830_286_653_76,
        220.946_098_424_520_5,
        -275.928_510_446_968_7,
        138.357_751_867_269,
        -30.664_798_066_147_16,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -54.476_098_798_224_06,
        161.585_836_858_040_9,
        -155.698_979_859_886_6,
        66.801_311_887_719_72,
        -13.280_681_552_885_72,
    ];
    const C: [f64; 6] = [
        -0.007_784_894_002_430_293,
        -0.322_396_458_041_136_5,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [0.007_784_695_709_041_462, 0.322_467_129_070_039_8, 2.445_134_137_142_996, 3.754_408_661_907_416];
    const TAIL: f64 = 0.024_25;
    let horner = |terms: &[f64], at: f64| terms.iter().fold(0.0, |sum, term| sum * at + term);
    if p > 1.0 - TAIL {
        return -normal_quantile(1.0 - p);
    }
    let guess = if p < TAIL {
        let q = (-2.0 * p.ln()).sqrt();
        horner(&C, q) / (horner(&D, q) * q + 1.0)
    } else {
        let q = p - 0.5;
        let r = q * q;
        horner(&A, r) * q / (horner(&B, r) * r + 1.0)
    };
    let error = (normal_cdf(guess) - p) * (2.0 * PI).sqrt() * (guess * guess / 2.0).exp();
    guess - error / (1.0 + guess * error / 2.0)
}

/// Half the width of a central normal interval, in standard errors.
pub(super) fn central_z(confidence: f64) -> f64 {
    normal_quantile(0.5 + confidence / 2.0)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::SQRT_2;

    use super::*;

    #[test]
    fn known_values() {
        let cases = [
            (ln_gamma(0.5), PI.sqrt().ln()),
            (ln_gamma(1.0), 0.0),
            (ln_gamma(11.0), 3_628_800_f64.ln()),
            (gamma_q(1.0, 3.0), (-3.0_f64).exp()),
            (gamma_q(2.0, 0.5), 1.5 * (-0.5_f64).exp()),
            (two_tailed(1.959_963_984_540_054), 0.05),
            (two_tailed(0.0), 1.0),
            (normal_cdf(-SQRT_2), 0.078_649_603_525_142_65),
            (normal_quantile(0.975), 1.959_963_984_540_054),
            (normal_quantile(0.01), -2.326_347_874_040_841),
            (beta_cdf(1.0, 1.0, 0.3), 0.3),
            (beta_cdf(2.0, 3.0, 0.5), 0.6875),
            (beta_cdf(3.0, 2.0, 0.5), 0.3125),
            (beta_cdf(50_001.0, 50_001.0, 0.5), 0.5),
        ];
        for (at, (found, expected)) in cases.into_iter().enumerate() {
            assert!((found - expected).abs() < 1e-9, "case {at}: {found} is not {expected}");
        }
    }
}
