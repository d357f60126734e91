//! Cron patterns in a time zone: which instants a pattern means (Flow API contract, section 9).
//!
//! A pattern names minutes of the local clock. Where the clock is changed, two rules hold, and the tests pin them down:
//!
//! - A pattern that names hours is about times of day. A local time that does not exist fires at the next valid minute; a local time
//!   that comes twice fires at its first occurrence only. Several missing times of one gap are one firing.
//! - A pattern that holds for every hour of the day is a rhythm: `0 * * * *` fires once in every hour that passes, also in the one
//!   that the clock repeats, and nothing is made up for an hour that the clock leaves out. This is what cron has always done; without
//!   it, a job that runs each minute would pause for an hour in autumn.

use std::fmt;

use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp as Instant, Zoned};

use crate::Timestamp;

/// Characters of a pattern at most.
const PATTERN_CHARS_MAX: usize = 256;
/// Changes of the clock that one search passes over: more than there are in the eight years between two leap days.
const CHANGES_MAX: usize = 64;
/// Matches in a repeated stretch of the clock that one search passes over: the minutes of a day.
const REPEATED_MAX: usize = 1_440;

/// Patterns with a name.
const NICKNAMES: [(&str, &str); 5] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
];

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// Most days that a month has, January first.
const MONTH_DAYS: [u16; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// A time zone of the IANA database.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of this name, e.g. `Africa/Lagos`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// The instant of a local date and time without an offset, such as `2026-03-01T09:30` or `2026-03-01`: its first occurrence, or
    /// when the clock leaves it out, the next minute that exists.
    #[must_use]
    pub fn instant(&self, local: &str) -> Option<Timestamp> {
        let local: DateTime = local.parse().ok()?;
        first_instant(&self.0, local).map(|instant| Timestamp(instant.as_microsecond()))
    }
}

/// A pattern of five fields: minute, hour, day of the month, month, weekday.
#[derive(Debug, Clone)]
pub struct Cron {
    pattern: croner::Cron,
    /// Whether it holds for every hour of the day.
    is_rhythm: bool,
}

/// Why a text is no pattern; a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidCron(String);

impl fmt::Display for InvalidCron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidCron {}

impl Cron {
    /// Reads a pattern: lists, ranges, steps, English names of months and weekdays, or one of `@hourly`, `@daily`, `@weekly`,
    /// `@monthly`, `@yearly`.
    ///
    /// # Errors
    /// For anything else, and for a pattern that no day ever matches.
    pub fn parse(text: &str) -> Result<Self, InvalidCron> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        let text = NICKNAMES.iter().find(|(name, _)| *name == lower).map_or(text, |(_, pattern)| pattern);
        check_form(text)?;
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let pattern = parser.parse(text).map_err(|why| InvalidCron(format!("cron cannot be read: {why}")))?;
        if never_matches(&pattern) {
            return Err(InvalidCron("cron never matches: no month that it names has a day that it names".to_owned()));
        }
        let is_rhythm = pattern.pattern.hours.values().len() == 24;
        Ok(Self { pattern, is_rhythm })
    }

    /// The first instant after `after` at which the pattern holds in a zone; none beyond the end of time.
    #[must_use]
    pub fn next_after(&self, zone: &Zone, after: Timestamp) -> Option<Timestamp> {
        let after = Instant::from_microsecond(after.micros()).ok()?;
        let next = if self.is_rhythm { self.next_beat(&zone.0, after) } else { self.next_time_of_day(&zone.0, after) };
        next.map(|instant| Timestamp(instant.as_microsecond()))
    }

    /// The next local time, put on the time line.
    fn next_time_of_day(&self, zone: &TimeZone, after: Instant) -> Option<Instant> {
        let mut local = zone.to_datetime(after);
        for _ in 0..REPEATED_MAX {
            local = self.next_local(local)?;
            let instant = first_instant(zone, local)?;
            // In the second pass of a repeated stretch, its times have fired already.
            if instant > after {
                return Some(instant);
            }
        }
        None
    }

    /// The next match of the local clock as it goes, stretch by stretch between its changes.
    fn next_beat(&self, zone: &TimeZone, after: Instant) -> Option<Instant> {
        let mut after = after;
        for _ in 0..CHANGES_MAX {
            let offset = zone.to_offset(after);
            let next = offset.to_timestamp(self.next_local(offset.to_datetime(after))?).ok()?;
            let change = zone.following(after).next().map(|transition| transition.timestamp());
            let Some(change) = change.filter(|change| *change <= next) else { return Some(next) };
            // The clock is changed first. Go on from just before the minute that it is changed to.
            let local = zone.to_datetime(change);
            let before = local.checked_sub(Span::new().minutes(1)).ok()?;
            if self.next_local(before)? == local {
                return Some(change);
            }
            after = change;
        }
        None
    }

    /// The first local time after `local` that matches, on a clock that is never changed.
    fn next_local(&self, local: DateTime) -> Option<DateTime> {
        let minute = local.with().second(0).subsec_nanosecond(0).build().ok()?;
        let start: Zoned = minute.to_zoned(TimeZone::UTC).ok()?;
        self.pattern.find_next_occurrence(&start, false).ok().map(|next| next.datetime())
    }
}

/// The instant of a local time: its first occurrence, or when it does not exist, the next minute that does.
fn first_instant(zone: &TimeZone, local: DateTime) -> Option<Instant> {
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok(),
        AmbiguousOffset::Gap { after, .. } => {
            let earlier = after.to_timestamp(local).ok()?;
            zone.following(earlier).next().map(|transition| transition.timestamp())
        }
    }
}

/// Refuses what the parser would accept and the contract does not: other numbers of fields, `L`, `W`, `#`, `?`, empty items.
fn check_form(text: &str) -> Result<(), InvalidCron> {
    if text.len() > PATTERN_CHARS_MAX {
        return Err(InvalidCron(format!("cron must have at most {PATTERN_CHARS_MAX} characters")));
    }
    if text.starts_with('@') {
        let names = NICKNAMES.map(|(name, _)| name).join(", ");
        return Err(InvalidCron(format!("cron must have five fields or be one of {names}")));
    }
    let fields: Vec<&str> = text.split([' ', '\t']).filter(|field| !field.is_empty()).collect();
    let [minute, hour, day, month, weekday] = fields[..] else {
        return Err(InvalidCron(
            "cron must have five fields: minute, hour, day of the month, month and weekday".to_owned(),
        ));
    };
    let named = [("minute", minute, &[][..]), ("hour", hour, &[]), ("day", day, &[]), ("month", month, &MONTHS)];
    for (name, field, words) in named.into_iter().chain([("weekday", weekday, &WEEKDAYS[..])]) {
        if !field.split(',').all(|item| is_item(item, words)) {
            return Err(InvalidCron(format!("cron has a {name} that cannot be read: {field}")));
        }
    }
    Ok(())
}

/// Whether an item of a list is `*`, a value or a range, with or without a step.
fn is_item(item: &str, words: &[&str]) -> bool {
    let is_number = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_value = |text: &str| is_number(text) || words.iter().any(|word| word.eq_ignore_ascii_case(text));
    let (range, step) = match item.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (item, None),
    };
    let is_range = match range.split_once('-') {
        Some((from, to)) => is_value(from) && is_value(to),
        None => range == "*" || (is_value(range) && step.is_none()),
    };
    is_range && step.is_none_or(is_number)
}

/// Whether no month of the pattern has a day of the pattern. A restricted weekday always comes.
fn never_matches(cron: &croner::Cron) -> bool {
    let pattern = &cron.pattern;
    if !pattern.is_dow_wildcard() {
        return false;
    }
    let days = pattern.days.values();
    let has_day = |month: &u16| {
        let most = MONTH_DAYS.get(usize::from(*month).saturating_sub(1)).copied().unwrap_or(0);
        days.iter().any(|day| *day <= most)
    };
    !pattern.months.values().iter().any(has_day)
}

#[cfg(test)]
mod tests;
