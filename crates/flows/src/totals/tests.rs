use super::Durations;

#[track_caller]
fn check(sorted: &[i64], expected: [Option<i64>; 4]) {
    let Durations { avg, p50, p95, p99 } = Durations::of(sorted);
    assert_eq!([avg, p50, p95, p99], expected, "{sorted:?}");
}

#[test]
fn percentiles_are_those_of_the_nearest_rank() {
    check(&[], [None; 4]);
    check(&[7], [Some(7); 4]);
    check(&[1, 2], [Some(1), Some(1), Some(2), Some(2)]);
    let hundred: Vec<i64> = (1..=100).collect();
    check(&hundred, [Some(50), Some(50), Some(95), Some(99)]);
}
