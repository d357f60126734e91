//! What becomes of a time that came.

use super::super::cron::{Cron, Zone};
use super::{Occasion, settle};
use crate::Timestamp;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

fn check(cron: &str, due: &str, now: &str, occasion: Occasion, next: &str) {
    let cron = Cron::parse(cron).expect("a pattern");
    let zone = Zone::parse("UTC").expect("a zone");
    assert_eq!(settle(&cron, &zone, at(due), at(now)), (occasion, Some(at(next))), "{due} at {now}");
}

#[test]
fn a_time_fires_once_is_made_up_for_within_an_hour_and_lost_after() {
    let catch_up = |last: &str| Occasion::CatchUp { last: at(last) };
    let daily = "0 9 * * *";
    check(daily, "2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z", Occasion::OnTime, "2026-03-02T09:00:00Z");
    check(daily, "2026-03-01T09:00:00Z", "2026-03-01T09:00:59.999Z", Occasion::OnTime, "2026-03-02T09:00:00Z");
    // Late by a minute: that was missed, and is made up for.
    check(
        daily,
        "2026-03-01T09:00:00Z",
        "2026-03-01T09:01:00Z",
        catch_up("2026-03-01T09:00:00Z"),
        "2026-03-02T09:00:00Z",
    );
    check(
        daily,
        "2026-03-01T09:00:00Z",
        "2026-03-01T09:59:59.999Z",
        catch_up("2026-03-01T09:00:00Z"),
        "2026-03-02T09:00:00Z",
    );
    check(daily, "2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z", Occasion::Missed, "2026-03-02T09:00:00Z");
    // Down for days: the last time counts, not the first.
    check(
        daily,
        "2026-03-01T09:00:00Z",
        "2026-03-05T09:30:00Z",
        catch_up("2026-03-05T09:00:00Z"),
        "2026-03-06T09:00:00Z",
    );
    check(daily, "2026-03-01T09:00:00Z", "2026-03-05T12:30:00Z", Occasion::Missed, "2026-03-06T09:00:00Z");
}

#[test]
fn a_schedule_of_every_minute_that_was_down_for_years_fires_once() {
    let last = at("2026-03-01T09:00:00Z");
    check(
        "* * * * *",
        "2020-01-01T00:00:00Z",
        "2026-03-01T09:00:30Z",
        Occasion::CatchUp { last },
        "2026-03-01T09:01:00Z",
    );
}

#[test]
fn a_clock_that_was_set_back_fires_no_time_again() {
    check("*/5 * * * *", "2026-03-01T09:00:00Z", "2026-03-01T08:57:00Z", Occasion::OnTime, "2026-03-01T09:05:00Z");
}
