//! The numbers of a period beside those of the equally long one before.

use serde::Serialize;

use super::{DaySum, Period, Totals, money, share};

/// A count with its change badge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Count {
    /// In the period.
    pub value: i64,
    /// In the equally long period before.
    pub previous: i64,
    /// By how much it grew, as a part of the one before; none when that is nothing.
    pub change: Option<f64>,
}

impl Count {
    /// Of two counts.
    #[allow(clippy::cast_precision_loss, reason = "counts of events are far below 2^53")]
    #[must_use]
    pub fn of(value: i64, previous: i64) -> Self {
        let change = (previous != 0).then(|| (value - previous) as f64 / previous as f64);
        Self { value, previous, change }
    }
}

/// A share or a sum of money with its change badge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// In the period; none for a share of nothing.
    pub value: Option<f64>,
    /// In the equally long period before.
    pub previous: Option<f64>,
    /// By how much it grew, as a part of the one before; none when that is nothing.
    pub change: Option<f64>,
}

impl Figure {
    /// Of two numbers.
    #[must_use]
    pub fn of(value: Option<f64>, previous: Option<f64>) -> Self {
        let change = previous.filter(|previous| *previous != 0.0).zip(value);
        let change = change.map(|(previous, value)| (value - previous) / previous.abs());
        Self { value, previous, change }
    }
}

/// Why there was nothing to show, and how often.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// The word of section 7.1.
    pub reason: String,
    /// How often.
    pub count: i64,
    /// Of everything that showed nothing.
    pub share: Option<f64>,
}

/// A currency of an overview.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Of {
    /// Three letters; none where events did not name one.
    pub currency: Option<String>,
    /// What conversions brought in.
    pub revenue: Figure,
}

/// What happened in a period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overview {
    /// `flow_start`.
    pub impressions: Count,
    /// `flow_complete`.
    pub completions: Count,
    /// Completions of impressions.
    pub completion_rate: Figure,
    /// Distinct users with `flow_start`.
    pub unique_users: Count,
    /// `resolve_no_flow`.
    pub no_flow: Count,
    /// No-flow of no-flow and impressions.
    pub no_flow_share: Figure,
    /// `conversion`.
    pub conversions: Count,
    /// By currency; never added across currencies.
    pub revenue: Vec<Of>,
    /// Most frequent first.
    pub no_flow_reasons: Vec<Reason>,
}

/// Puts the numbers of a period together. `rows` are of it and of the equally long one before; `users` are the distinct users of both.
#[must_use]
pub fn overview(rows: &[DaySum], period: Period, users: (i64, i64)) -> Overview {
    let (now, then) = (Totals::of(rows, period), Totals::of(rows, period.before()));
    let rate = |totals: &Totals| share(totals.completions, totals.impressions);
    let no_flow = |totals: &Totals| share(totals.no_flow, totals.no_flow + totals.impressions);
    Overview {
        impressions: Count::of(now.impressions, then.impressions),
        completions: Count::of(now.completions, then.completions),
        completion_rate: Figure::of(rate(&now), rate(&then)),
        unique_users: Count::of(users.0, users.1),
        no_flow: Count::of(now.no_flow, then.no_flow),
        no_flow_share: Figure::of(no_flow(&now), no_flow(&then)),
        conversions: Count::of(now.conversions, then.conversions),
        revenue: currencies(rows)
            .map(|currency| Of {
                revenue: Figure::of(
                    Some(brought_in(rows, period, currency)),
                    Some(brought_in(rows, period.before(), currency)),
                ),
                currency: name(currency),
            })
            .collect(),
        no_flow_reasons: reasons(rows, period, now.no_flow),
    }
}

/// Every currency of the rows, in order.
pub(super) fn currencies(rows: &[DaySum]) -> impl Iterator<Item = &str> {
    let of_conversions = rows.iter().filter(|row| row.event_type == "conversion");
    of_conversions.map(|row| row.currency.as_str()).collect::<std::collections::BTreeSet<_>>().into_iter()
}

/// A currency on the wire: `null` for the one that was not named.
pub(super) fn name(currency: &str) -> Option<String> {
    (!currency.is_empty()).then(|| currency.to_owned())
}

/// What the conversions of a period brought in.
pub(super) fn brought_in(rows: &[DaySum], period: Period, currency: &str) -> f64 {
    let of_it =
        rows.iter().filter(|row| row.event_type == "conversion" && row.currency == currency && period.holds(row.day));
    money(of_it.map(|row| row.revenue).sum())
}

fn reasons(rows: &[DaySum], period: Period, whole: i64) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = Vec::new();
    let of_it = rows.iter().filter(|row| row.event_type == "resolve_no_flow" && period.holds(row.day));
    for row in of_it {
        match reasons.iter_mut().find(|known| known.reason == row.reason) {
            Some(known) => known.count += row.events,
            None => reasons.push(Reason { reason: row.reason.clone(), count: row.events, share: None }),
        }
    }
    reasons.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
    for reason in &mut reasons {
        reason.share = share(reason.count, whole);
    }
    reasons
}
