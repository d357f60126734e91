use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

#[test]
fn transactions_are_numbered_by_day() {
    assert_eq!(transaction_reference(at("2026-06-01T23:59:59.999Z"), 1), "FP-20260601-00001");
    assert_eq!(transaction_reference(at("2026-06-02T00:30:00+01:00"), 99_999), "FP-20260601-99999");
    assert_eq!(transaction_reference(at("2026-06-02T00:00:00Z"), 100_000), "FP-20260602-100000");
    assert_eq!(day_number(at("1970-01-02T00:00:00Z")), 1);
    assert_eq!(day_number(at("1969-12-31T23:59:59Z")), -1);
}

#[test]
fn rail_references_have_thirty_digits() {
    let time = at("2026-06-01T08:09:10Z");
    let reference = rail_reference("000013", time, 42).expect("a reference");
    assert_eq!(reference, "000013260601080910000000000042");
    assert_eq!(reference.len(), 30);
    for (institution, serial) in [("58", 1), ("00001a", 1), ("000013", RAIL_SERIAL_MAX + 1)] {
        assert_eq!(rail_reference(institution, time, serial), None);
    }
}
