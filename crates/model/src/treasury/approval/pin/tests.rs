use super::*;

#[test]
fn five_wrong_tries_lock_for_a_quarter_of_an_hour() {
    let at = |seconds| Timestamp(0).plus_seconds(seconds);
    let mut lock = PinLock::default();
    for second in 0..4 {
        lock = lock.after_failure(at(second));
        assert!(!lock.is_locked(at(second)));
    }
    assert_eq!(lock.after_success(), PinLock::default());
    lock = lock.after_failure(at(4));
    assert!(lock.is_locked(at(4)) && lock.is_locked(at(4 + PIN_LOCK_S - 1)));
    assert!(!lock.is_locked(at(4 + PIN_LOCK_S)));
    // The next five tries are free again.
    let next = lock.after_failure(at(5 + PIN_LOCK_S));
    assert_eq!((next.failures, next.locked_until), (1, None));
}

#[test]
fn a_pin_has_four_to_six_digits() {
    for (text, expected) in
        [("1234", true), ("123456", true), ("123", false), ("1234567", false), ("12a4", false), ("١٢٣٤", false)]
    {
        assert_eq!(is_pin(text), expected, "{text}");
    }
}
