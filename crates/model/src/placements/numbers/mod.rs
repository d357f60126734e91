//! Numbers about what users did: which events they are of, and how they are put together (Placements contract, section 13).
//!
//! Sums of days and counts of people come from the store; everything here is a pure function of them. Days are counted from
//! 1970-01-01, UTC.

mod overview;
mod period;
mod retention;
mod revenue;
mod series;

use super::words::Platform;
use crate::id::{ScreenFlowId, ScreenVersionId};

pub use overview::{Count, Figure, Of, Overview, Reason, overview};
pub use period::{DAYS_MAX, Period, PeriodProblem, day_of, day_text, read_day};
pub use retention::{Cohort, DatedRow, RETENTION_DAYS, Retained, Retention, Row, retention};
pub use revenue::{Currency, CurrencyDay, Revenue, revenue};
pub use series::{Point, series};

/// Which events are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Of which days.
    pub period: Period,
    /// At this placement, by its key.
    pub placement: Option<String>,
    /// Of this flow.
    pub flow: Option<ScreenFlowId>,
    /// Of this version.
    pub version: Option<ScreenVersionId>,
    /// From this platform.
    pub platform: Option<Platform>,
    /// From this country: two capital letters.
    pub country: Option<String>,
    /// From this version of the app.
    pub app_version: Option<String>,
    /// With this experiment; lower case when it is a UUID.
    pub experiment: Option<String>,
    /// With this variant; lower case when it is a UUID.
    pub variant: Option<String>,
    /// Also from debug builds.
    pub with_debug: bool,
}

impl Filter {
    /// The same, of other days.
    #[must_use]
    pub fn during(&self, period: Period) -> Self {
        Self { period, ..self.clone() }
    }
}

/// Events of one day, type, reason and currency.
#[derive(Debug, Clone, PartialEq)]
pub struct DaySum {
    /// The day.
    pub day: i64,
    /// `flow_start` and so on.
    pub event_type: String,
    /// Of `resolve_no_flow`; else empty.
    pub reason: String,
    /// Of `conversion`; empty when it was not named.
    pub currency: String,
    /// How many.
    pub events: i64,
    /// What they brought in.
    pub revenue: f64,
}

/// What happened in some days.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Totals {
    pub(crate) impressions: i64,
    pub(crate) completions: i64,
    pub(crate) exits: i64,
    pub(crate) conversions: i64,
    pub(crate) no_flow: i64,
}

impl Totals {
    /// Of the rows of a period.
    pub(crate) fn of<'a>(rows: impl IntoIterator<Item = &'a DaySum>, period: Period) -> Self {
        let mut totals = Self::default();
        for row in rows.into_iter().filter(|row| period.holds(row.day)) {
            totals.add(&row.event_type, row.events);
        }
        totals
    }

    /// Counts events of a type.
    pub(crate) fn add(&mut self, event_type: &str, events: i64) {
        match event_type {
            "flow_start" => self.impressions += events,
            "flow_complete" => self.completions += events,
            "flow_exit" => self.exits += events,
            "conversion" => self.conversions += events,
            "resolve_no_flow" => self.no_flow += events,
            _ => {}
        }
    }
}

/// A share; nothing of nothing is no number.
#[allow(clippy::cast_precision_loss, reason = "counts of events are far below 2^53")]
#[must_use]
pub fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A sum of money without the dust that binary fractions leave behind; sums beyond all numbers are held at the greatest one.
#[must_use]
pub fn money(sum: f64) -> f64 {
    if sum.is_nan() {
        return 0.0;
    }
    // The sum of nothing is -0.0, and so is what rounds to nothing from below; on the wire there is one zero.
    let rounded = (sum * 1e6).round() / 1e6 + 0.0;
    if rounded.is_finite() { rounded } else { sum.clamp(f64::MIN, f64::MAX) }
}

#[cfg(test)]
mod tests;
