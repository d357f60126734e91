//! Names of time zones.

/// Whether this is a name of the IANA time zone database, e.g. `Africa/Lagos`.
#[must_use]
pub fn is_time_zone(name: &str) -> bool {
    jiff::tz::TimeZone::get(name).is_ok()
}
