//! Whether users were split as the weights say (Placements contract, section 9.4, `srm`).

use super::special::gamma_q;

/// A split as unlikely as this is not by chance.
pub const SRM_P: f64 = 0.001;
/// Users in all before a mismatch is called one.
pub const SRM_USERS_MIN: u64 = 100;

/// The result of Pearson's test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Srm {
    /// The test statistic.
    pub chi2: f64,
    /// Degrees of freedom.
    pub df: u32,
    /// The chance of a split as uneven as this one.
    pub p_value: f64,
    /// Whether the split cannot be trusted.
    pub mismatch: bool,
}

/// Compares users with weights, in whatever unit. None where nobody is there, or nothing can be uneven.
#[must_use]
pub fn srm(parts: &[(u64, u32)]) -> Option<Srm> {
    let users: u64 = parts.iter().map(|part| part.0).sum();
    let weight: u64 = parts.iter().map(|part| u64::from(part.1)).sum();
    // A variant of weight 0 expects nobody: it is a part only if somebody is in it, and then nothing explains that.
    let counted: Vec<_> = parts.iter().filter(|part| part.1 > 0 || part.0 > 0).collect();
    if users == 0 || weight == 0 || counted.len() < 2 {
        return None;
    }
    let deviation = |&&(seen, share): &&(u64, u32)| {
        let expected = users as f64 * f64::from(share) / weight as f64;
        (seen as f64 - expected).powi(2) / expected
    };
    let chi2: f64 = counted.iter().map(deviation).sum();
    let df = counted.len() as u32 - 1;
    let p_value = gamma_q(f64::from(df) / 2.0, chi2 / 2.0);
    Some(Srm { chi2, df, p_value, mismatch: p_value < SRM_P && users >= SRM_USERS_MIN })
}
