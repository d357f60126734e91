//! Times of schedules of workflows (Workflow API contract, section 11): one run a tick, missed ticks are made up for within a minute.

use super::config::ScheduleRules;
use crate::Timestamp;

/// Age up to which a tick is made up for.
const CATCH_UP_MS_MAX: i64 = 60_000;
/// Ticks within that age at most: both ends.
const TICKS_MAX: usize = 3;

/// What is to be done for a schedule that waited for a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TickRule {
    /// The tick to fire for; none when all that came are older than a minute.
    pub fires_for: Option<Timestamp>,
    /// The tick to wait for next.
    pub next: Option<Timestamp>,
}

/// What is to be done at `now` for a schedule that waited for `due`.
#[must_use]
pub fn tick(rules: &ScheduleRules, due: Timestamp, now: Timestamp) -> TickRule {
    // A clock that was set back must not fire the same tick again.
    let now = now.max(due);
    let oldest = now.plus_millis(-CATCH_UP_MS_MAX);
    let mut fires_for = (due >= oldest).then_some(due);
    let mut from = due.max(oldest.plus_millis(-1));
    for _ in 0..TICKS_MAX {
        match rules.cron.next_after(&rules.zone, from).filter(|time| *time <= now) {
            Some(time) => (fires_for, from) = (Some(time), time),
            None => break,
        }
    }
    TickRule { fires_for, next: rules.cron.next_after(&rules.zone, now) }
}

/// The next `count` ticks after an instant.
#[must_use]
pub fn next_times(rules: &ScheduleRules, after: Timestamp, count: usize) -> Vec<Timestamp> {
    let following = |from: &Timestamp| rules.cron.next_after(&rules.zone, *from);
    std::iter::successors(following(&after), following).take(count).collect()
}
