//! Both windows of a bucket at once, for those who are told of both (Workflow API contract, section 5).

use std::sync::PoisonError;

use floe_model::Timestamp;

use super::{Bucket, DAY_S, Day, Limiter, Limits, MINUTE_S, Verdict, counts_at};

impl Limiter {
    /// Counts `requests` (0 only looks), refused ones too, and tells of both windows. A limit of 0 never refuses.
    pub fn take_both(&self, bucket: Bucket, limits: Limits, requests: u32, now: Timestamp) -> Verdict {
        let now_s = now.seconds();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counts_at(&mut buckets, bucket, now_s);
        counts.in_minute = counts.in_minute.saturating_add(requests);
        counts.in_day = counts.in_day.saturating_add(requests);
        let (minute_ends, day_ends) = ((counts.minute + 1) * MINUTE_S, (counts.day + 1) * DAY_S);
        let over = |used: u32, limit: u32| limit != 0 && used > limit;
        let (minute_refuses, day_over) =
            (over(counts.in_minute, limits.per_minute), over(counts.in_day, limits.per_day));
        // The minute is told first.
        let day_refuses = day_over && !minute_refuses;
        let ends = if day_refuses { day_ends } else { minute_ends };
        Verdict {
            allowed: !minute_refuses && !day_over,
            limit: limits.per_minute,
            remaining: limits.per_minute.saturating_sub(counts.in_minute),
            reset_at_s: minute_ends,
            reset_in_s: u64::try_from(ends - now_s).unwrap_or(0).max(1),
            day: Some(Day {
                limit: limits.per_day,
                remaining: limits.per_day.saturating_sub(counts.in_day),
                refuses: day_refuses,
            }),
        }
    }
}

impl Verdict {
    /// What a bucket that is never counted tells: everything is left.
    #[must_use]
    pub fn of_uncounted(limits: Limits, now: Timestamp) -> Self {
        let now_s = now.seconds();
        let ends = (now_s.div_euclid(MINUTE_S) + 1) * MINUTE_S;
        Self {
            allowed: true,
            limit: limits.per_minute,
            remaining: limits.per_minute,
            reset_at_s: ends,
            reset_in_s: u64::try_from(ends - now_s).unwrap_or(0).max(1),
            day: Some(Day { limit: limits.per_day, remaining: limits.per_day, refuses: false }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUCKET: Bucket = Bucket { space: "key", id: 7 };
    const LIMITS: Limits = Limits { per_minute: 2, per_day: 4 };

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    #[test]
    fn the_minute_is_told_first_and_refused_requests_count() {
        let limiter = Limiter::default();
        let day = 86_400 * 20_000;
        let take = |seconds: i64| {
            let verdict = limiter.take_both(BUCKET, LIMITS, 1, at(day + seconds));
            let of_day = verdict.day.expect("both are told");
            (verdict.allowed, verdict.remaining, of_day.remaining, of_day.refuses, verdict.reset_in_s)
        };
        assert_eq!(take(10), (true, 1, 3, false, 50));
        assert_eq!(take(10), (true, 0, 2, false, 50));
        assert_eq!(take(20), (false, 0, 1, false, 40));
        assert_eq!(take(60), (true, 1, 0, false, 60));
        // The refused one counted, so the day is over now.
        assert_eq!(take(61), (false, 0, 0, true, 86_400 - 61));
        assert_eq!(take(62), (false, 0, 0, false, 58));
        assert_eq!(take(86_400), (true, 1, 3, false, 60));
    }

    #[test]
    fn looking_takes_nothing_and_no_limit_never_refuses() {
        let limiter = Limiter::default();
        for _ in 0..5 {
            assert_eq!(limiter.take_both(BUCKET, LIMITS, 0, at(0)).remaining, 2);
        }
        let none = Limits { per_minute: 0, per_day: 0 };
        assert!((0..100).all(|_| limiter.take_both(BUCKET, none, 1, at(0)).allowed));
        assert_eq!(Verdict::of_uncounted(LIMITS, at(59)).reset_in_s, 1);
    }
}
