//! References: of transactions, for people, and of payout orders, for rails (treasury contract, sections 2.5 and 9.3).

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::Timestamp;

/// Largest serial of a rail reference: twelve digits.
pub const RAIL_SERIAL_MAX: u64 = 999_999_999_999;

/// `FP-YYYYMMDD-NNNNN`: the UTC date, and a sequence that starts from 1 each day; six digits and more after 99999.
#[must_use]
pub fn transaction_reference(at: Timestamp, sequence: u64) -> String {
    let day = utc(at);
    format!("FP-{:04}{:02}{:02}-{sequence:05}", day.year(), day.month(), day.day())
}

/// The 30 digits of a payout order: six of the sending institution, twelve of the time in UTC, twelve of a serial that makes it
/// unique. Nothing when the institution's code has not six digits or the serial more than twelve.
#[must_use]
pub fn rail_reference(institution: &str, at: Timestamp, serial: u64) -> Option<String> {
    if institution.len() != 6 || !institution.bytes().all(|byte| byte.is_ascii_digit()) || serial > RAIL_SERIAL_MAX {
        return None;
    }
    let time = utc(at);
    Some(format!(
        "{institution}{:02}{:02}{:02}{:02}{:02}{:02}{serial:012}",
        time.year().rem_euclid(100),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
    ))
}

/// Days since 1970 in UTC: the key under which the sequence of transaction references is counted.
#[must_use]
pub const fn day_number(at: Timestamp) -> i64 {
    at.seconds().div_euclid(86_400)
}

fn utc(at: Timestamp) -> DateTime {
    let instant = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default();
    instant.to_zoned(TimeZone::UTC).datetime()
}

#[cfg(test)]
mod tests;
