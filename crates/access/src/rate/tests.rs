use super::*;

const BUCKET: Bucket = Bucket { space: "test", id: 1 };

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000_000)
}

#[test]
fn windows_fill_refuse_and_start_anew() {
    let limiter = Limiter::default();
    let limits = Limits { per_minute: 2, per_day: 3 };
    let take = |second| {
        let verdict = limiter.take(BUCKET, limits, at(second)).expect("a limit");
        (verdict.allowed, verdict.limit, verdict.remaining, verdict.reset_in_s)
    };
    assert_eq!(take(0), (true, 2, 1, 60));
    assert_eq!(take(30), (true, 2, 0, 30));
    assert_eq!(take(59), (false, 2, 0, 1));
    // The third of the day: from now on the day is the tighter window.
    assert_eq!(take(60), (true, 3, 0, 86_340));
    assert_eq!(take(120), (false, 3, 0, 86_280));
    assert_eq!(take(86_400), (true, 2, 1, 60));
}

#[test]
fn zero_is_no_limit() {
    let limiter = Limiter::default();
    assert_eq!(limiter.take(BUCKET, Limits { per_minute: 0, per_day: 0 }, at(0)), None);
    let day_only = limiter.take(BUCKET, Limits { per_minute: 0, per_day: 5 }, at(0)).expect("a limit");
    assert_eq!((day_only.limit, day_only.remaining), (5, 4));
}

#[test]
fn memory_is_bounded() {
    let limiter = Limiter::default();
    let limits = Limits { per_minute: 1, per_day: 0 };
    for id in 0..(BUCKETS_MAX as u128 + 10) {
        limiter.take(Bucket { space: "test", id }, limits, at(0));
    }
    assert!(limiter.buckets.lock().expect("not poisoned").len() <= BUCKETS_MAX);
}
