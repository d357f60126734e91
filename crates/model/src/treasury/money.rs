//! Money: integer kobo with checked arithmetic (treasury contract, section 1.1).
//!
//! On the wire it is a JSON number in naira with two decimals. Both ways go around binary floats: [`Kobo::read`] takes the text of the
//! number as it was sent, and [`serde::Serialize`] writes the digits as they are. A type of a request therefore holds amounts as
//! `Box<RawValue>` (or [`Kobo`] where any sign and size is right), and an answer is a struct that is written to text directly:
//! going through [`serde_json::Value`] would make `350000.00` a float, which prints as `350000.0`.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::decimal::{NumberProblem, Rest, scaled};

/// The only currency.
pub const CURRENCY: &str = "NGN";
/// Kobo of a naira.
const KOBO: i64 = 100;
/// The largest amount that a caller may name: 9,999,999,999,999.99 naira.
pub const AMOUNT_MAX: Kobo = Kobo(999_999_999_999_999);

const TOO_SMALL: NumberProblem = NumberProblem { kind: "greater_than", message: "must be greater than 0" };
const NEGATIVE: NumberProblem =
    NumberProblem { kind: "greater_than_equal", message: "must be greater than or equal to 0" };
const TOO_LARGE: NumberProblem =
    NumberProblem { kind: "less_than_equal", message: "must be less than or equal to 9999999999999.99" };
const TOO_FINE: NumberProblem =
    NumberProblem { kind: "decimal_places", message: "must have no more than 2 decimal places" };

/// An amount of money in kobo; 100 kobo are a naira.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Kobo(pub i64);

impl Kobo {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Whole naira; nothing when it is out of range.
    #[must_use]
    pub const fn naira(naira: i64) -> Option<Self> {
        match naira.checked_mul(KOBO) {
            Some(kobo) => Some(Self(kobo)),
            None => None,
        }
    }

    /// Kobo.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// Above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// The sum; nothing when it is out of range.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(kobo) => Some(Self(kobo)),
            None => None,
        }
    }

    /// The difference; nothing when it is out of range.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(kobo) => Some(Self(kobo)),
            None => None,
        }
    }

    /// The same amount with the other sign; nothing when it is out of range.
    #[must_use]
    pub const fn checked_neg(self) -> Option<Self> {
        match self.0.checked_neg() {
            Some(kobo) => Some(Self(kobo)),
            None => None,
        }
    }

    /// The sum of many; nothing when it is out of range at the end.
    #[must_use]
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        // Every addend is below 2^63, so that the sum of fewer than 2^64 of them fits 128 bits.
        let sum: i128 = amounts.into_iter().map(|amount| i128::from(amount.0)).sum();
        i64::try_from(sum).ok().map(Self)
    }

    /// Reads an amount of a request from the text of the JSON value: above 0, at most [`AMOUNT_MAX`], at most two significant decimals
    /// (`1e3` and `10.500` pass).
    ///
    /// # Errors
    /// What is wrong with it, in the words of the contract.
    pub fn read(json: &str) -> Result<Self, NumberProblem> {
        Self::read_signed(json).and_then(|amount| if amount.is_positive() { Ok(amount) } else { Err(TOO_SMALL) })
    }

    /// As [`Kobo::read`], and zero is right as well: thresholds and limits.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read_from_zero(json: &str) -> Result<Self, NumberProblem> {
        Self::read_signed(json).and_then(|amount| if amount.0 >= 0 { Ok(amount) } else { Err(NEGATIVE) })
    }

    /// Between plus and minus [`AMOUNT_MAX`]; far below zero is told as not positive by the callers.
    fn read_signed(json: &str) -> Result<Self, NumberProblem> {
        let scaled = scaled(json, 2).ok_or(NumberProblem::TYPE)?;
        if scaled.negative {
            return Ok(Self(-1));
        }
        match (scaled.whole.map(Self), scaled.rest) {
            (Some(amount), Rest::Nothing) if amount <= AMOUNT_MAX => Ok(amount),
            (Some(amount), _) if amount < AMOUNT_MAX => Err(TOO_FINE),
            _ => Err(TOO_LARGE),
        }
    }

    /// Reads what [`fmt::Display`] or [`serde::Serialize`] wrote, or any JSON number with at most two significant decimals.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let scaled = scaled(text, 2).filter(|scaled| scaled.rest == Rest::Nothing);
        match scaled {
            Some(scaled) => scaled.whole.map(|whole| Self(if scaled.negative { -whole } else { whole })),
            None => None,
        }
    }
}

/// Naira with two decimals, as on the wire: `350000.00`.
impl fmt::Display for Kobo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", size / KOBO.unsigned_abs(), size % KOBO.unsigned_abs())
    }
}

/// A JSON number with two decimals; only for writing JSON text directly.
impl Serialize for Kobo {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// Reads a JSON number of any sign from JSON text, for documents that Floe wrote itself.
impl<'de> Deserialize<'de> for Kobo {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get()).ok_or_else(|| serde::de::Error::custom("not an amount of money"))
    }
}

#[cfg(test)]
mod tests;
