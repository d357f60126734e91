//! What conversions brought in, by currency. Sums of different currencies are never added.

use std::collections::BTreeMap;

use serde::Serialize;

use super::overview::{brought_in, currencies, name};
use super::{Count, DaySum, Figure, Period, Totals, day_text, money};

/// The conversions of a period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Revenue {
    /// Of every currency and of none.
    pub conversions: Count,
    /// `flow_start`.
    pub impressions: i64,
    /// Distinct users with `flow_start`.
    pub unique_users: i64,
    /// By currency, in order of their letters; first the one that was not named.
    pub currencies: Vec<Currency>,
    /// By day and currency, where there is something.
    pub series: Vec<CurrencyDay>,
}

/// The conversions in one currency.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Currency {
    /// Three letters; none where events did not name one.
    pub currency: Option<String>,
    /// How many.
    pub conversions: i64,
    /// Their sum.
    pub revenue: Figure,
    /// Sum by impression; none without impressions.
    pub per_impression: Option<f64>,
    /// Sum by user; none without users.
    pub per_user: Option<f64>,
}

/// The conversions of one day in one currency.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurrencyDay {
    /// The day: `2026-01-15`.
    pub date: String,
    /// Three letters; none where events did not name one.
    pub currency: Option<String>,
    /// How many.
    pub conversions: i64,
    /// Their sum.
    pub revenue: f64,
}

/// Puts the revenue of a period together. `rows` are of it and of the equally long one before; `users` are the distinct users of it.
#[must_use]
pub fn revenue(rows: &[DaySum], period: Period, users: i64) -> Revenue {
    let (now, then) = (Totals::of(rows, period), Totals::of(rows, period.before()));
    let by_day = by_day(rows, period);
    let of_currency = |currency: &str| {
        let sum = brought_in(rows, period, currency);
        let conversions = by_day.iter().filter(|((_, of), _)| *of == currency).map(|(_, (count, _))| count).sum();
        Currency {
            currency: name(currency),
            conversions,
            revenue: Figure::of(Some(sum), Some(brought_in(rows, period.before(), currency))),
            per_impression: each(sum, now.impressions),
            per_user: each(sum, users),
        }
    };
    Revenue {
        conversions: Count::of(now.conversions, then.conversions),
        impressions: now.impressions,
        unique_users: users,
        currencies: currencies(rows).map(of_currency).collect(),
        series: by_day
            .iter()
            .map(|((day, currency), (conversions, sum))| CurrencyDay {
                date: day_text(*day),
                currency: name(currency),
                conversions: *conversions,
                revenue: money(*sum),
            })
            .collect(),
    }
}

/// Count and sum by day and currency.
fn by_day(rows: &[DaySum], period: Period) -> BTreeMap<(i64, &str), (i64, f64)> {
    let mut days: BTreeMap<(i64, &str), (i64, f64)> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.event_type == "conversion" && period.holds(row.day)) {
        let day = days.entry((row.day, &row.currency)).or_default();
        *day = (day.0 + row.events, day.1 + row.revenue);
    }
    days
}

#[allow(clippy::cast_precision_loss, reason = "counts of events are far below 2^53")]
fn each(sum: f64, count: i64) -> Option<f64> {
    (count > 0).then(|| money(sum / count as f64))
}
