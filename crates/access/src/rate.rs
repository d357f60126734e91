//! Rate limits: fixed windows of a minute and a day (UTC) per bucket, or a steady flow with bursts, in memory of this process.
//!
//! Memory is bounded: over [`BUCKETS_MAX`] buckets, those without a request in the current minute are dropped first.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use floe_model::Timestamp;

mod steady;
mod windows;

pub use steady::Steady;

/// Buckets that are counted at a time.
pub const BUCKETS_MAX: usize = 100_000;

const MINUTE_S: i64 = 60;
const DAY_S: i64 = 86_400;

/// What is counted together: a name of the place and the id of a credential, or a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// The place, e.g. `console`.
    pub space: &'static str,
    /// The credential, or 128 bits of a hash of whatever is limited.
    pub id: u128,
}

/// Requests a minute and a day; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests in a minute.
    pub per_minute: u32,
    /// Requests in a day.
    pub per_day: u32,
}

/// The answer of the limiter, for the headers of the surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the request may go on.
    pub allowed: bool,
    /// The limit of the window that is nearest to its end.
    pub limit: u32,
    /// Requests left in that window, after this one.
    pub remaining: u32,
    /// When that window ends, in seconds since the Unix epoch.
    pub reset_at_s: i64,
    /// Seconds until then, at least 1.
    pub reset_in_s: u64,
    /// The day beside the minute, where both are told; the other fields are the minute's then.
    pub day: Option<Day>,
}

/// The window of a day beside that of a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Requests in a day; 0 is no limit.
    pub limit: u32,
    /// Requests left in it.
    pub remaining: u32,
    /// Whether it alone refuses; [`Verdict::reset_in_s`] is until its end then.
    pub refuses: bool,
}

/// Counts requests.
#[derive(Debug, Default)]
pub struct Limiter {
    buckets: Mutex<HashMap<Bucket, Counts>>,
    steady: Mutex<HashMap<Bucket, steady::Level>>,
}

#[derive(Debug, Clone, Copy)]
struct Counts {
    minute: i64,
    in_minute: u32,
    day: i64,
    in_day: u32,
}

impl Limiter {
    /// Counts one request; `None` when the bucket has no limit. A refused request is not counted.
    pub fn take(&self, bucket: Bucket, limits: Limits, now: Timestamp) -> Option<Verdict> {
        if limits.per_minute == 0 && limits.per_day == 0 {
            return None;
        }
        let now_s = now.seconds();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counts_at(&mut buckets, bucket, now_s);
        let allowed = below(counts.in_minute, limits.per_minute) && below(counts.in_day, limits.per_day);
        if allowed {
            counts.in_minute += 1;
            counts.in_day += 1;
        }
        Some(verdict(allowed, *counts, limits, now_s))
    }
}

/// What a bucket has counted in the minute and day of an instant.
fn counts_at(buckets: &mut HashMap<Bucket, Counts>, bucket: Bucket, now_s: i64) -> &mut Counts {
    let (minute, day) = (now_s.div_euclid(MINUTE_S), now_s.div_euclid(DAY_S));
    if buckets.len() >= BUCKETS_MAX && !buckets.contains_key(&bucket) {
        make_room(buckets, minute);
    }
    let counts = buckets.entry(bucket).or_insert(Counts { minute, in_minute: 0, day, in_day: 0 });
    if counts.minute != minute {
        (counts.minute, counts.in_minute) = (minute, 0);
    }
    if counts.day != day {
        (counts.day, counts.in_day) = (day, 0);
    }
    counts
}

fn below(count: u32, limit: u32) -> bool {
    limit == 0 || count < limit
}

/// The tighter of the two windows; a used-up day wins over a used-up minute, since it lasts longer.
fn verdict(allowed: bool, counts: Counts, limits: Limits, now_s: i64) -> Verdict {
    let window = |limit: u32, used: u32, ends: i64| Verdict {
        allowed,
        limit,
        remaining: limit.saturating_sub(used),
        reset_at_s: ends,
        reset_in_s: u64::try_from(ends - now_s).unwrap_or(0).max(1),
        day: None,
    };
    let minute = window(limits.per_minute, counts.in_minute, (counts.minute + 1) * MINUTE_S);
    let day = window(limits.per_day, counts.in_day, (counts.day + 1) * DAY_S);
    if limits.per_minute == 0 || (limits.per_day != 0 && day.remaining <= minute.remaining) { day } else { minute }
}

/// Drops the buckets of past minutes; when all are of this minute, a tenth of them, whichever comes first.
fn make_room(buckets: &mut HashMap<Bucket, Counts>, minute: i64) {
    buckets.retain(|_, counts| counts.minute == minute);
    if buckets.len() < BUCKETS_MAX {
        return;
    }
    let mut to_drop = BUCKETS_MAX / 10;
    buckets.retain(|_, _| {
        let keep = to_drop == 0;
        to_drop = to_drop.saturating_sub(1);
        keep
    });
}

#[cfg(test)]
mod tests;
