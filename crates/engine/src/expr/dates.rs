//! `dateFormat(instant, pattern, timezone?)`.
//!
//! The instant is an RFC 3339 text, a date, a date and time (both read as UTC) or milliseconds since the Unix epoch;
//! anything else gives null. The time zone is an IANA name, UTC by default. Names of months and days are English. The
//! pattern:
//!
//! | letters | meaning | | letters | meaning |
//! |---|---|---|---|---|
//! | `yyyy` `yy` `y` | year, its last two digits, unpadded | | `HH` `H` | hour 00-23 |
//! | `MMMM` `MMM` | January, Jan | | `hh` `h` | hour 01-12 |
//! | `MM` `M` | month 01-12 | | `mm` `m`, `ss` `s` | minute, second |
//! | `dd` `d` | day of the month | | `SSS` `SS` `S` | milliseconds, hundredths, tenths |
//! | `EEEE` `EEE` | Monday, Mon | | `a` | AM or PM |
//! | `'text'` `''` | text as it is, an apostrophe | | `XXX` | `Z` or `+02:00` |
//!
//! Other letters are an error; everything else stands for itself.

use std::borrow::Cow;

use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::error::EvalError;
use super::limits::Meter;
use super::text::{self, TextBuilder};
use super::value::Val;

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

pub(super) fn format<'a>(
    instant: &Val<'_>,
    pattern: &Val<'_>,
    zone: &Val<'_>,
    meter: &mut Meter,
) -> Result<Val<'a>, EvalError> {
    let pattern = text::of(pattern, meter)?;
    meter.bytes(pattern.len())?;
    let zone = match zone {
        Val::Missing | Val::Null => TimeZone::UTC,
        Val::Str(name) => TimeZone::get(name)
            .map_err(|_| EvalError::Type(format!("`dateFormat` knows no time zone `{}`", shown(name))))?,
        other => return Err(EvalError::Type(format!("`dateFormat` does not take {} as time zone", other.type_name()))),
    };
    let Some(instant) = read(instant, meter)? else { return Ok(Val::Null) };
    let local = instant.to_zoned(zone);
    let mut out = TextBuilder::default();
    let mut rest = &*pattern;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => push_quoted(rest, &mut out, meter)?,
            c if c.is_ascii_alphabetic() => {
                let run = rest.len() - rest.trim_start_matches(c).len();
                let field = field(&rest[..run], &local);
                let field = field.ok_or_else(|| {
                    EvalError::Type(format!("`dateFormat` knows no pattern `{}`", shown(&rest[..run])))
                })?;
                out.push(&field, meter)?;
                run
            }
            c => {
                out.push(&rest[..c.len_utf8()], meter)?;
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    Ok(Val::Str(Cow::Owned(out.0)))
}

fn read(instant: &Val<'_>, meter: &mut Meter) -> Result<Option<Timestamp>, EvalError> {
    Ok(match instant {
        Val::Num(millis) if millis.is_finite() => Timestamp::from_millisecond(millis.trunc() as i64).ok(),
        Val::Str(text) => {
            meter.bytes(text.len())?;
            let utc =
                |text: &str| text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
            text.parse().ok().or_else(|| utc(text))
        }
        _ => None,
    })
}

/// Appends a quoted part; gives its length in the pattern.
fn push_quoted(rest: &str, out: &mut TextBuilder, meter: &mut Meter) -> Result<usize, EvalError> {
    if rest.starts_with("''") {
        out.push("'", meter)?;
        return Ok(2);
    }
    let end = rest[1..]
        .find('\'')
        .ok_or_else(|| EvalError::Type("the pattern of `dateFormat` has no closing apostrophe".into()))?;
    out.push(&rest[1..=end], meter)?;
    Ok(end + 2)
}

fn field(letters: &str, at: &Zoned) -> Option<String> {
    let month = MONTHS[at.month() as usize - 1];
    let hour12 = (at.hour() + 11) % 12 + 1;
    Some(match letters {
        "yyyy" => format!("{:04}", at.year()),
        "yy" => format!("{:02}", at.year().rem_euclid(100)),
        "y" => at.year().to_string(),
        "MMMM" => month.to_owned(),
        "MMM" => month[..3].to_owned(),
        "MM" => format!("{:02}", at.month()),
        "M" => at.month().to_string(),
        "dd" => format!("{:02}", at.day()),
        "d" => at.day().to_string(),
        "EEEE" => weekday(at).to_owned(),
        "EEE" => weekday(at)[..3].to_owned(),
        "HH" => format!("{:02}", at.hour()),
        "H" => at.hour().to_string(),
        "hh" => format!("{hour12:02}"),
        "h" => hour12.to_string(),
        "mm" => format!("{:02}", at.minute()),
        "m" => at.minute().to_string(),
        "ss" => format!("{:02}", at.second()),
        "s" => at.second().to_string(),
        "SSS" => format!("{:03}", at.millisecond()),
        "SS" => format!("{:02}", at.millisecond() / 10),
        "S" => (at.millisecond() / 100).to_string(),
        "a" => if at.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        "XXX" => offset(at.offset().seconds()),
        _ => return None,
    })
}

fn weekday(at: &Zoned) -> &'static str {
    match at.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn offset(seconds: i32) -> String {
    if seconds == 0 {
        return "Z".into();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The start of a text of unknown length, for a message.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}
