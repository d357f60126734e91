//! Numbers day by day.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{DaySum, Period, Totals, day_text, share};

/// The numbers of one day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// The day: `2026-01-15`.
    pub date: String,
    /// `flow_start`.
    pub impressions: i64,
    /// `flow_complete`.
    pub completions: i64,
    /// Completions of impressions; none without impressions.
    pub completion_rate: Option<f64>,
    /// Distinct users with `flow_start` on that day.
    pub unique_users: i64,
    /// `flow_exit`.
    pub exits: i64,
    /// `resolve_no_flow`.
    pub no_flow: i64,
    /// `conversion`.
    pub conversions: i64,
}

/// One point for each day of a period, also for days on which nothing happened. `users` are the distinct users of days.
#[must_use]
pub fn series(rows: &[DaySum], period: Period, users: &BTreeMap<i64, i64>) -> Vec<Point> {
    let mut days: BTreeMap<i64, Totals> = BTreeMap::new();
    for row in rows {
        days.entry(row.day).or_default().add(&row.event_type, row.events);
    }
    (period.first..=period.last)
        .map(|day| {
            let totals = days.remove(&day).unwrap_or_default();
            Point {
                date: day_text(day),
                impressions: totals.impressions,
                completions: totals.completions,
                completion_rate: share(totals.completions, totals.impressions),
                unique_users: users.get(&day).copied().unwrap_or(0),
                exits: totals.exits,
                no_flow: totals.no_flow,
                conversions: totals.conversions,
            }
        })
        .collect()
}
