//! Days, UTC.

use jiff::civil::Date;

use crate::Timestamp;

/// Days of one question at most.
pub const DAYS_MAX: i64 = 366;
/// Days of a question that names none.
const USUAL_DAYS: i64 = 30;
/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// A row of days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub first: i64,
    /// The last day.
    pub last: i64,
}

/// Why two days are no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeriodProblem {
    /// The last day is before the first.
    #[error("from must not be after to")]
    Backwards,
    /// Too many days.
    #[error("from and to must be at most {DAYS_MAX} days apart")]
    TooLong,
}

impl Period {
    /// From and to, where what is not given is the last thirty days until `today`.
    ///
    /// # Errors
    /// [`PeriodProblem`].
    pub fn of(from: Option<i64>, to: Option<i64>, today: i64) -> Result<Self, PeriodProblem> {
        let last = to.unwrap_or(today);
        let first = from.unwrap_or(last - (USUAL_DAYS - 1));
        match last - first + 1 {
            days if days < 1 => Err(PeriodProblem::Backwards),
            days if days > DAYS_MAX => Err(PeriodProblem::TooLong),
            _ => Ok(Self { first, last }),
        }
    }

    /// The equally long period before.
    #[must_use]
    pub const fn before(self) -> Self {
        Self { first: self.first - self.days(), last: self.first - 1 }
    }

    /// Both, as one.
    #[must_use]
    pub const fn with_before(self) -> Self {
        Self { first: self.before().first, last: self.last }
    }

    /// How many days.
    #[must_use]
    pub const fn days(self) -> i64 {
        self.last - self.first + 1
    }

    /// Whether the day is one of them.
    #[must_use]
    pub const fn holds(self, day: i64) -> bool {
        self.first <= day && day <= self.last
    }

    /// The instant at which it begins.
    #[must_use]
    pub const fn begins(self) -> Timestamp {
        Timestamp(self.first.saturating_mul(DAY_US))
    }

    /// The instant at which it is over.
    #[must_use]
    pub const fn ends(self) -> Timestamp {
        Timestamp((self.last + 1).saturating_mul(DAY_US))
    }
}

/// The day of an instant.
#[must_use]
pub const fn day_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(DAY_US)
}

/// The day of a date such as `2026-01-15`.
#[must_use]
pub fn read_day(text: &str) -> Option<i64> {
    Timestamp::parse(&format!("{text}T00:00:00Z")).map(day_of)
}

/// The date of a day: `2026-01-15`.
#[must_use]
pub fn day_text(day: i64) -> String {
    let date = i32::try_from(day)
        .ok()
        .and_then(|days| Date::constant(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok());
    date.map(|date| date.to_string()).unwrap_or_default()
}
