//! The text form of a value, the number of a text, and the form in which case does not count (section 8, exact semantics).

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Deref;

use serde_json::Number;

/// Whole numbers below this are written without a fraction.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
/// Bytes that the longest number takes: sign, 17 digits, point, exponent.
const NUMBER_BYTES_MAX: usize = 32;

/// The text form of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Text<'a> {
    Plain(&'a str),
    Number(Digits),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Number(digits) => digits.as_str(),
        }
    }
}

/// A number as text, without an allocation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Digits {
    bytes: [u8; NUMBER_BYTES_MAX],
    len: usize,
}

impl Digits {
    pub(super) fn of(number: &Number) -> Self {
        let mut digits = Self { bytes: [0; NUMBER_BYTES_MAX], len: 0 };
        // Writing fails only when the number does not fit, and the longest one fits.
        let _ = match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT_BELOW => {
                write!(digits, "{}", float as i64)
            }
            _ => write!(digits, "{number}"),
        };
        digits
    }

    fn as_str(&self) -> &str {
        // Only whole texts are ever written, so this is always text.
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl std::fmt::Write for Digits {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(std::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// The text with the differences of case taken out.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    if text.is_ascii() {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    // The sigma at the end of a word has no capital of its own.
    Cow::Owned(
        text.chars().flat_map(char::to_lowercase).map(|letter| if letter == 'ς' { 'σ' } else { letter }).collect(),
    )
}

/// Reads a plain decimal with an optional sign and exponent; neither `NaN` nor `Infinity` is one.
pub(super) fn decimal(text: &str) -> Option<f64> {
    let text = text.trim();
    // What is left to refuse of Rust's own grammar of numbers are its words.
    let is_plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E'));
    if !is_plain {
        return None;
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}
