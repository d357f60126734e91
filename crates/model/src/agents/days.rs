//! Days that are asked about: the rules of dates (agents contract, sections 3 and 6).

use crate::{Fault, FaultKind, Timestamp};

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;
/// Days of one question at most.
pub const DAYS_MAX: i64 = 31;
/// Days of a question that names none.
const USUAL_DAYS: i64 = 7;

/// Days from a first to a last one, both included; each in days since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub first: i64,
    /// The last, not before the first.
    pub last: i64,
}

/// Up to which day one may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// The last full day.
    Yesterday,
    /// The day that is still going on.
    Today,
}

impl Days {
    /// Reads the two parameters, in the order of the contract's table. `None` is a parameter that is not there; an empty text is one of a
    /// wrong form. Without any: the seven days that end yesterday; without an end: yesterday.
    ///
    /// # Errors
    /// 400 with the code of each row: `invalid_date_range`, `invalid_date_format`, `invalid_dates`, `invalid_end_date`,
    /// `date_range_too_large`.
    pub fn read(start: Option<&str>, end: Option<&str>, now: Timestamp, until: Until) -> Result<Self, Fault> {
        let today = day_of(now);
        let yesterday = today - 1;
        if end.is_some() && start.is_none() {
            let message = "start_date is required when end_date is provided (format: YYYY-MM-DD)";
            return Err(wrong("invalid_date_range", message));
        }
        if [start, end].into_iter().flatten().any(|text| !has_form(text)) {
            return Err(wrong("invalid_date_format", "Dates must be in YYYY-MM-DD format"));
        }
        let not_valid = || wrong("invalid_dates", "Provided dates are not valid");
        let first = start.map(|text| parse_day(text).ok_or_else(not_valid)).transpose()?;
        let last = end.map(|text| parse_day(text).ok_or_else(not_valid)).transpose()?;
        let days = Self { first: first.unwrap_or(today - USUAL_DAYS), last: last.unwrap_or(yesterday) };
        if days.first > days.last {
            return Err(wrong("invalid_date_range", "start_date must not be after end_date"));
        }
        match until {
            Until::Yesterday if days.last > yesterday => {
                let message = "end_date cannot be today or in the future. Data is only available up to yesterday.";
                Err(wrong("invalid_end_date", message))
            }
            Until::Today if days.last > today => Err(wrong("invalid_end_date", "end_date cannot be in the future.")),
            _ if days.count() > DAYS_MAX => Err(wrong("date_range_too_large", "Date range cannot exceed 31 days")),
            _ => Ok(days),
        }
    }

    /// How many days, from 1.
    #[must_use]
    pub const fn count(self) -> i64 {
        self.last - self.first + 1
    }

    /// The first instant.
    #[must_use]
    pub const fn from(self) -> Timestamp {
        Timestamp(self.first * DAY_US)
    }

    /// The first instant behind the last day.
    #[must_use]
    pub const fn to(self) -> Timestamp {
        Timestamp((self.last + 1) * DAY_US)
    }

    /// Every day, the newest first.
    pub fn newest_first(self) -> impl Iterator<Item = i64> {
        (self.first..=self.last).rev()
    }

    /// `time_range` on the wire: the first and the last millisecond.
    #[must_use]
    pub fn range(self) -> serde_json::Value {
        serde_json::json!({ "start": self.from().to_string(), "end": self.to().plus_millis(-1).to_string() })
    }
}

/// The UTC day of an instant, in days since 1970.
#[must_use]
pub const fn day_of(instant: Timestamp) -> i64 {
    instant.micros().div_euclid(DAY_US)
}

/// A day as `YYYY-MM-DD`.
#[must_use]
pub fn date(day: i64) -> String {
    let text = Timestamp(day * DAY_US).to_string();
    text.get(..10).unwrap_or_default().to_owned()
}

/// A day as people write it: `28 May 2025`.
#[must_use]
pub fn written(day: i64) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let text = date(day);
    let number = |at: std::ops::Range<usize>| text.get(at).and_then(|part| part.parse::<usize>().ok()).unwrap_or(0);
    let month = MONTHS.get(number(5..7).wrapping_sub(1)).copied().unwrap_or_default();
    format!("{} {month} {}", number(8..10), text.get(..4).unwrap_or_default())
}

/// Four digits, dash, two, dash, two.
fn has_form(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 4 | 7) { *byte == b'-' } else { byte.is_ascii_digit() })
}

fn parse_day(text: &str) -> Option<i64> {
    Timestamp::parse(&format!("{text}T00:00:00Z")).map(day_of)
}

fn wrong(code: &'static str, message: &str) -> Fault {
    Fault::new(FaultKind::Invalid, code, message)
}

#[cfg(test)]
mod tests;
