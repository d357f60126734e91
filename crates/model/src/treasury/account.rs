//! Account numbers: ten digits, of which the last one checks the others (treasury contract, section 9.2).

use std::fmt;

/// Digits of an account number.
const LENGTH: usize = 10;
/// Digits of an institution's code and of an account number without its check digit: what the check digit is made over.
const CHECKED: usize = 15;

/// An account number: exactly ten digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountNumber([u8; LENGTH]);

impl AccountNumber {
    /// Reads ten ASCII digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; LENGTH] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(Self(digits))
    }

    /// The account with a right check digit at an institution. Nothing when the code's digits are not judged, or when `serial` has
    /// more than nine digits.
    #[must_use]
    pub fn make(institution: &str, serial: u32) -> Option<Self> {
        let nine = format!("{serial:09}");
        let digit = check_digit(institution, &nine)?;
        Self::parse(&format!("{nine}{digit}"))
    }

    /// The ten digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// What may be shown where the whole number may not.
    #[must_use]
    pub fn last_four(&self) -> &str {
        &self.as_str()[LENGTH - 4..]
    }

    /// Whether the last digit is right for a CBN code; nothing when that code's digits are not judged.
    #[must_use]
    pub fn has_right_digit(&self, cbn_code: &str) -> Option<bool> {
        let (nine, last) = self.as_str().split_at(LENGTH - 1);
        check_digit(cbn_code, nine).map(|digit| last == digit.to_string())
    }
}

/// The check digit of nine digits at an institution by its CBN code of three, five or six digits; nothing for any other code.
fn check_digit(cbn_code: &str, nine: &str) -> Option<u32> {
    let prefix = match cbn_code.len() {
        3 => "000",
        5 => "9",
        6 => "",
        _ => return None,
    };
    let digits = prefix.bytes().chain(cbn_code.bytes()).chain(nine.bytes());
    let mut sum = 0;
    let mut count = 0;
    for (digit, weight) in digits.zip([3, 7, 3].into_iter().cycle()) {
        sum += char::from(digit).to_digit(10)? * weight;
        count += 1;
    }
    (count == CHECKED).then_some((10 - sum % 10) % 10)
}

impl fmt::Display for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Shows the last four digits only: account numbers do not belong into logs.
impl fmt::Debug for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountNumber(…{})", self.last_four())
    }
}

impl serde::Serialize for AccountNumber {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for AccountNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an account number"))
    }
}

#[cfg(test)]
mod tests;
