//! Schedules: when a flow starts by itself, and what becomes of a time that came (Flow API contract, section 9).

use super::cron::{Cron, Zone};
use crate::Timestamp;

/// Delay up to which a firing counts as one at its time: a job that waited for its turn, a quick restart.
const ON_TIME_MS_MAX: i64 = 60_000;
/// Age below which the last missed time is made up for.
const CATCH_UP_MS_MAX: i64 = 3_600_000;
/// Times within the last hour at most: one a minute, and both ends.
const TIMES_MAX: usize = 62;

/// What happens at a time at which the last run still goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// The time is passed over.
    Skip,
    /// A second run starts beside it.
    Allow,
}

impl Overlap {
    /// The word on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Allow => "allow",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Skip, Self::Allow].into_iter().find(|rule| rule.as_str() == word)
    }
}

/// Where a schedule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleSource {
    /// It was set by a call.
    Api,
    /// It stands in the `schedule` trigger of the latest version.
    Trigger,
}

impl ScheduleSource {
    /// The word on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Trigger => "trigger",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Api, Self::Trigger].into_iter().find(|source| source.as_str() == word)
    }
}

/// What a time that came asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// To fire: it is the time.
    OnTime,
    /// To fire once for the last one of the times that were missed.
    CatchUp {
        /// That time.
        last: Timestamp,
    },
    /// Nothing: every missed time is an hour old or older.
    Missed,
}

/// What is to be done at `now` for a schedule that waited for `due`, and the time for which it waits then.
///
/// One catch-up run is due when the last time that was missed is under an hour old, and none otherwise. How many were missed does
/// not matter, so they are not counted: a schedule of every minute may have been down for years.
#[must_use]
pub fn settle(cron: &Cron, zone: &Zone, due: Timestamp, now: Timestamp) -> (Occasion, Option<Timestamp>) {
    // A clock that was set back must not fire the same time again.
    let now = now.max(due);
    let next = cron.next_after(zone, now);
    let occasion = match last_time(cron, zone, due, now) {
        Some(last) if last == due && now.millis_since(due) < ON_TIME_MS_MAX => Occasion::OnTime,
        Some(last) => Occasion::CatchUp { last },
        None => Occasion::Missed,
    };
    (occasion, next)
}

/// The last time from `due` to `now` that is under an hour old.
fn last_time(cron: &Cron, zone: &Zone, due: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let hour_ago = now.plus_millis(-CATCH_UP_MS_MAX);
    let mut last = (due > hour_ago).then_some(due);
    let mut from = hour_ago.max(due);
    for _ in 0..TIMES_MAX {
        match cron.next_after(zone, from).filter(|time| *time <= now) {
            Some(time) => (last, from) = (Some(time), time),
            None => break,
        }
    }
    last
}

#[cfg(test)]
mod tests;
