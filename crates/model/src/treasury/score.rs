//! Scores: numbers from 0 to 1, kept to four decimals (treasury contract, section 1.1).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::decimal::{NumberProblem, Rest, scaled};

/// Units of 1.
const ONE: u16 = 10_000;
const NEGATIVE: NumberProblem =
    NumberProblem { kind: "greater_than_equal", message: "must be greater than or equal to 0" };
const TOO_LARGE: NumberProblem = NumberProblem { kind: "less_than_equal", message: "must be less than or equal to 1" };

/// A score or a tolerance: ten-thousandths from 0 to 10,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Score(u16);

impl Score {
    /// The lowest.
    pub const ZERO: Self = Self(0);
    /// The highest.
    pub const ONE: Self = Self(ONE);
    /// The tolerance of a run that names none.
    pub const DEFAULT_TOLERANCE: Self = Self(3_500);

    /// A score of ten-thousandths, held at 1.
    #[must_use]
    pub const fn from_ten_thousandths(units: u16) -> Self {
        Self(if units > ONE { ONE } else { units })
    }

    /// Ten-thousandths, from 0 to 10,000.
    #[must_use]
    pub const fn ten_thousandths(self) -> u16 {
        self.0
    }

    /// The score of a computed fraction, held between 0 and 1. A billionth is rounded away first, so that a sum that is half a unit in
    /// decimals is rounded to even although its float is a little beside it.
    #[must_use]
    pub(super) fn from_fraction(fraction: f64) -> Self {
        const FINE: i64 = 100_000;
        let fine = (fraction.clamp(0.0, 1.0) * f64::from(ONE) * FINE as f64).round() as i64;
        let (whole, rest) = (fine / FINE, fine % FINE);
        let up = rest * 2 > FINE || (rest * 2 == FINE && whole % 2 == 1);
        Self((whole + i64::from(up)) as u16)
    }

    /// Reads a score of a request from the text of the JSON value; more than four decimals are rounded half to even.
    ///
    /// # Errors
    /// What is wrong with it, in the words of the contract.
    pub fn read(json: &str) -> Result<Self, NumberProblem> {
        let scaled = scaled(json, 4).ok_or(NumberProblem::TYPE)?;
        if scaled.negative {
            return Err(NEGATIVE);
        }
        let whole = scaled.whole.and_then(|whole| u16::try_from(whole).ok()).filter(|&whole| whole <= ONE);
        let up = |whole: u16| match scaled.rest {
            Rest::Nothing | Rest::BelowHalf => false,
            Rest::Half => whole % 2 == 1,
            Rest::AboveHalf => true,
        };
        match whole {
            Some(ONE) if scaled.rest == Rest::Nothing => Ok(Self::ONE),
            Some(whole) if whole < ONE => Ok(Self(whole + u16::from(up(whole)))),
            _ => Err(TOO_LARGE),
        }
    }
}

/// Without trailing zeros, as on the wire: `0.35`, `1`, `0`.
impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:04}", self.0 / ONE, self.0 % ONE);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A JSON number without trailing zeros.
impl Serialize for Score {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// Reads a JSON number from 0 to 1 from JSON text.
impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::read(raw.get()).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
