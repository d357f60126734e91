//! Single values of a body or a query, read from their text.

use floe_model::Timestamp;
use serde_json::value::RawValue;

/// An id in any spelling: a UUID in any case, with or without hyphens, or prefix and base32.
pub(in crate::treasury) fn parse_id(text: &str) -> Option<u128> {
    if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return u128::from_str_radix(text, 16).ok();
    }
    floe_model::id::parse_bits(text).ok()
}

/// The beginning of a day, `YYYY-MM-DD`, UTC.
pub(in crate::treasury) fn parse_date(text: &str) -> Option<Timestamp> {
    let is_plain = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if is_plain { Timestamp::parse(&format!("{text}T00:00:00Z")) } else { None }
}

/// An instant with an offset, or the beginning of a day.
pub(in crate::treasury) fn parse_instant(text: &str) -> Option<Timestamp> {
    parse_date(text).or_else(|| Timestamp::parse(text))
}

/// The end of a span, which is no part of it: an instant with an offset, or the end of a day.
pub(in crate::treasury) fn parse_until(text: &str) -> Option<Timestamp> {
    const DAY_S: i64 = 24 * 60 * 60;
    parse_date(text).map(|day| day.plus_seconds(DAY_S)).or_else(|| Timestamp::parse(text))
}

pub(super) fn read_text(raw: &RawValue, min: usize, max: usize) -> Result<String, (&'static str, String)> {
    let text: String = serde_json::from_str(raw.get()).map_err(|_| ("string_type", "must be a string".to_owned()))?;
    let text = text.trim();
    match control_problem(text).or_else(|| length_problem(text, min, max)) {
        Some(problem) => Err(problem),
        None => Ok(text.to_owned()),
    }
}

/// Refuses control characters other than tab and line feed.
pub(in crate::treasury) fn control_problem(text: &str) -> Option<(&'static str, String)> {
    let is_bad = |letter: char| letter.is_control() && !matches!(letter, '\t' | '\n');
    text.contains(is_bad).then(|| ("pattern", "must not contain control characters".to_owned()))
}

/// Refuses a text with too few or too many characters.
pub(in crate::treasury) fn length_problem(text: &str, min: usize, max: usize) -> Option<(&'static str, String)> {
    let length = text.chars().count();
    let characters =
        |number: usize| if number == 1 { "1 character".to_owned() } else { format!("{number} characters") };
    if length < min {
        return Some(("string_too_short", format!("must have at least {}", characters(min))));
    }
    (length > max).then(|| ("string_too_long", format!("must have at most {}", characters(max))))
}
