//! Buckets that fill steadily: so many requests a minute, and at most so many at once (Treasury contract, section 1.6).

use std::collections::HashMap;
use std::sync::PoisonError;

use floe_model::Timestamp;

use super::{BUCKETS_MAX, Bucket, Limiter, Verdict};

/// What one request takes. A bucket gains its requests a minute each microsecond, so a request is a minute of microseconds.
const REQUEST: i64 = 60_000_000;
const SECOND_US: i64 = 1_000_000;

/// A rate with room for bursts; 0 a minute is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steady {
    /// Requests that a minute gives.
    pub per_minute: u32,
    /// Requests that can be saved up, at least 1.
    pub burst: u32,
}

/// How full a bucket is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    /// In parts of a request.
    filled: i64,
    /// When that was so.
    at: Timestamp,
}

impl Limiter {
    /// Takes `requests` (0 only looks) out of a bucket that fills steadily; `None` when it has no limit. Nothing is taken when there
    /// is less.
    pub fn take_steady(&self, bucket: Bucket, rate: Steady, requests: u32, now: Timestamp) -> Option<Verdict> {
        if rate.per_minute == 0 {
            return None;
        }
        let gain = i64::from(rate.per_minute);
        let room = i64::from(rate.burst.max(1)) * REQUEST;
        let mut levels = self.steady.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = levels.get(&bucket).map_or(room, |level| {
            let passed = now.micros().saturating_sub(level.at.micros()).max(0);
            level.filled.saturating_add(passed.saturating_mul(gain)).min(room)
        });
        let wanted = i64::from(requests) * REQUEST;
        let allowed = filled >= wanted.max(1);
        let left = if allowed { filled - wanted } else { filled };
        if requests > 0 {
            if levels.len() >= BUCKETS_MAX && !levels.contains_key(&bucket) {
                make_room(&mut levels);
            }
            levels.insert(bucket, Level { filled: left, at: now });
        }
        // Refused: until there is enough; else until it is full again.
        let missing = if allowed { room - left } else { wanted.max(REQUEST) - filled };
        let seconds = missing.max(1).saturating_add(gain * SECOND_US - 1) / (gain * SECOND_US);
        Some(Verdict {
            allowed,
            limit: rate.per_minute,
            remaining: u32::try_from(left / REQUEST).unwrap_or(0),
            reset_at_s: now.seconds() + seconds,
            reset_in_s: seconds.unsigned_abs(),
            day: None,
        })
    }
}

/// Drops a tenth of the buckets, whichever come first; those who held one begin with a full one.
fn make_room(levels: &mut HashMap<Bucket, Level>) {
    let mut to_drop = BUCKETS_MAX / 10;
    levels.retain(|_, _| {
        let keep = to_drop == 0;
        to_drop = to_drop.saturating_sub(1);
        keep
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let limiter = Limiter::default();
        let rate = Steady { per_minute: 60, burst: 3 };
        let bucket = Bucket { space: "test", id: 1 };
        let at = |millis: i64| Timestamp(1_800_000_000_000_000 + millis * 1_000);
        let take = |requests, millis| {
            let verdict = limiter.take_steady(bucket, rate, requests, at(millis)).expect("a limit");
            (verdict.allowed, verdict.remaining, verdict.reset_in_s)
        };
        assert_eq!(take(0, 0), (true, 3, 1));
        assert_eq!(take(1, 0), (true, 2, 1));
        assert_eq!(take(1, 0), (true, 1, 2));
        assert_eq!(take(1, 0), (true, 0, 3));
        assert_eq!(take(1, 0), (false, 0, 1));
        assert_eq!(take(1, 999), (false, 0, 1));
        assert_eq!(take(1, 1_000), (true, 0, 3));
        assert_eq!(take(1, 1_000_000), (true, 2, 1), "no more than the burst is saved up");
        assert_eq!(limiter.take_steady(bucket, Steady { per_minute: 0, burst: 3 }, 1, at(0)), None);
    }
}
