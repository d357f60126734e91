use std::collections::BTreeMap;

use super::*;
use crate::Timestamp;

fn sum(day: i64, event_type: &str, of: &str, events: i64, revenue: f64) -> DaySum {
    let (reason, currency) = if event_type == "conversion" { ("", of) } else { (of, "") };
    DaySum {
        day,
        event_type: event_type.to_owned(),
        reason: reason.to_owned(),
        currency: currency.to_owned(),
        events,
        revenue,
    }
}

const WEEK: Period = Period { first: 107, last: 113 };

/// Two weeks, the second twice as busy.
fn rows() -> Vec<DaySum> {
    vec![
        sum(101, "flow_start", "", 100, 0.0),
        sum(101, "flow_complete", "", 50, 0.0),
        sum(102, "conversion", "USD", 2, 20.0),
        sum(107, "flow_start", "", 120, 0.0),
        sum(113, "flow_start", "", 80, 0.0),
        sum(113, "flow_complete", "", 40, 0.0),
        sum(113, "flow_exit", "", 7, 0.0),
        sum(108, "resolve_no_flow", "audience_mismatch", 30, 0.0),
        sum(109, "resolve_no_flow", "audience_mismatch", 10, 0.0),
        sum(109, "resolve_no_flow", "placement_paused", 60, 0.0),
        sum(110, "conversion", "USD", 3, 0.1 + 0.2),
        sum(111, "conversion", "USD", 1, -0.1),
        sum(111, "conversion", "", 4, 8.0),
        // After the period.
        sum(114, "flow_start", "", 1_000, 0.0),
    ]
}

#[test]
fn a_period_is_thirty_days_unless_said_otherwise_and_follows_an_equally_long_one() {
    for (from, to, expected) in [
        (None, None, Ok(Period { first: 71, last: 100 })),
        (None, Some(50), Ok(Period { first: 21, last: 50 })),
        (Some(100), None, Ok(Period { first: 100, last: 100 })),
        (Some(10), Some(19), Ok(Period { first: 10, last: 19 })),
        (Some(101), None, Err(PeriodProblem::Backwards)),
        (Some(0), Some(365), Ok(Period { first: 0, last: 365 })),
        (Some(0), Some(366), Err(PeriodProblem::TooLong)),
    ] {
        assert_eq!(Period::of(from, to, 100), expected, "{from:?} {to:?}");
    }
    assert_eq!(WEEK.before(), Period { first: 100, last: 106 });
    assert_eq!(WEEK.ends().micros() - WEEK.begins().micros(), 7 * 86_400_000_000);
}

#[test]
fn days_and_dates_are_the_same_thing() {
    for (date, day) in [("1970-01-01", 0), ("2026-01-15", 20_468), ("2024-02-29", 19_782), ("1969-12-31", -1)] {
        assert_eq!((read_day(date), day_text(day)), (Some(day), date.to_owned()));
    }
    assert_eq!(read_day("2025-02-29"), None);
    let last = Timestamp::parse("2026-01-15T23:59:59.999999Z").expect("an instant");
    assert_eq!(day_of(last), 20_468);
}

#[test]
fn an_overview_sets_a_period_beside_the_one_before() {
    let overview = overview(&rows(), WEEK, (150, 0));
    assert_eq!(overview.impressions, Count { value: 200, previous: 100, change: Some(1.0) });
    assert_eq!(overview.completions, Count { value: 40, previous: 50, change: Some(-0.2) });
    let rate = Figure { value: Some(0.2), previous: Some(0.5), change: Some(-0.6) };
    assert_eq!(overview.completion_rate, rate);
    assert_eq!(overview.unique_users, Count { value: 150, previous: 0, change: None });
    assert_eq!(overview.no_flow.value, 100);
    assert_eq!(overview.no_flow_share.value, Some(100.0 / 300.0));
    let reasons: Vec<(&str, i64)> =
        overview.no_flow_reasons.iter().map(|one| (one.reason.as_str(), one.count)).collect();
    assert_eq!(reasons, [("placement_paused", 60), ("audience_mismatch", 40)]);
    assert_eq!(overview.no_flow_reasons[0].share, Some(0.6));
    let revenue: Vec<(Option<&str>, Option<f64>, Option<f64>)> =
        overview.revenue.iter().map(|one| (one.currency.as_deref(), one.revenue.value, one.revenue.previous)).collect();
    assert_eq!(revenue, [(None, Some(8.0), Some(0.0)), (Some("USD"), Some(0.2), Some(20.0))]);
    for sum in [[0.0_f64; 0].iter().sum::<f64>(), -0.0, -1e-9] {
        assert_eq!(super::money(sum).to_string(), "0", "{sum:?}");
    }
    // Nothing happened at all.
    let nothing = super::overview(&[], WEEK, (0, 0));
    assert_eq!(nothing.completion_rate, Figure { value: None, previous: None, change: None });
}

#[test]
fn a_series_has_every_day() {
    let points = series(&rows(), WEEK, &BTreeMap::from([(107, 99), (200, 5)]));
    assert_eq!(points.len(), 7);
    assert_eq!(points[0].date, day_text(107));
    assert_eq!((points[0].impressions, points[0].unique_users, points[0].completion_rate), (120, 99, Some(0.0)));
    assert_eq!((points[3].impressions, points[3].conversions, points[3].completion_rate), (0, 3, None));
    assert_eq!((points[4].conversions, points[6].exits, points[2].no_flow), (5, 7, 70));
}

#[test]
fn revenue_is_kept_apart_by_currency() {
    let revenue = revenue(&rows(), WEEK, 50);
    assert_eq!(revenue.conversions, Count { value: 8, previous: 2, change: Some(3.0) });
    let usd = &revenue.currencies[1];
    assert_eq!((usd.currency.as_deref(), usd.conversions, usd.revenue.value), (Some("USD"), 4, Some(0.2)));
    assert_eq!((usd.per_impression, usd.per_user), (Some(0.001), Some(0.004)));
    assert_eq!((revenue.currencies[0].currency.as_deref(), revenue.currencies[0].conversions), (None, 4));
    let days: Vec<(&str, Option<&str>, f64)> =
        revenue.series.iter().map(|one| (one.date.as_str(), one.currency.as_deref(), one.revenue)).collect();
    let (tenth, eleventh) = (day_text(110), day_text(111));
    let expected = [(tenth.as_str(), Some("USD"), 0.3), (&eleventh, None, 8.0), (&eleventh, Some("USD"), -0.1)];
    assert_eq!(days, expected);
}

#[test]
fn retention_counts_only_days_that_have_come() {
    let cohorts =
        [Cohort { day: 100, users: 10, back: [5, 4, 3, 0, 0] }, Cohort { day: 105, users: 30, back: [3, 1, 0, 0, 0] }];
    let retention = retention(&cohorts, 108);
    assert_eq!(retention.total.users, 40);
    let reached = |day, of, users, rate| Retained { day, of: Some(of), users: Some(users), rate: Some(rate) };
    let to_come = |day| Retained { day, of: None, users: None, rate: None };
    let total = [reached(1, 40, 8, 0.2), reached(3, 40, 5, 0.125), reached(7, 10, 3, 0.3), to_come(14), to_come(30)];
    assert_eq!(retention.total.retained, total);
    assert_eq!(retention.cohorts[1].retained[2].users, None);
    assert_eq!(retention.cohorts[0].retained[2].rate, Some(0.3));
}
