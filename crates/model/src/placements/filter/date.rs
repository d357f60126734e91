//! Instants in attributes and values (section 8, Dates).

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::text::decimal;

const NANOS_PER_SECOND: i128 = 1_000_000_000;
/// Beyond this many seconds from 1970 a number is no date: more than 30,000 years.
const SECONDS_MAX: f64 = 1e12;

/// Nanoseconds since the Unix epoch: of RFC 3339, of `YYYY-MM-DD` at midnight UTC, or of a number of seconds.
pub(super) fn instant_of_text(text: &str) -> Option<i128> {
    let text = text.trim();
    let is_calendar = text.len() >= 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    if !is_calendar {
        return decimal(text).and_then(instant_of_seconds);
    }
    if text.len() == 10 {
        let date: Date = text.parse().ok()?;
        return date.to_zoned(TimeZone::UTC).ok().map(|instant| instant.timestamp().as_nanosecond());
    }
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_nanosecond)
}

/// As [`instant_of_text`], of a number of seconds.
pub(super) fn instant_of_seconds(seconds: f64) -> Option<i128> {
    if seconds.abs() > SECONDS_MAX {
        return None;
    }
    let whole = seconds.floor();
    // The fraction apart, so that it keeps its digits.
    let nanos = ((seconds - whole) * 1e9).round() as i128;
    Some(whole as i128 * NANOS_PER_SECOND + nanos)
}
