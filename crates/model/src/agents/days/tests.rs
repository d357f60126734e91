//! Every row of section 3, in its order.

use super::*;

/// 2025-06-15T12:00:00Z.
const NOW: Timestamp = Timestamp(1_749_988_800_000_000);

fn read(start: Option<&str>, end: Option<&str>) -> Result<(String, String), &'static str> {
    let days = Days::read(start, end, NOW, Until::Yesterday);
    days.map(|days| (date(days.first), date(days.last))).map_err(|fault| fault.code())
}

#[test]
fn the_rows_of_the_contract_in_their_order() {
    for (start, end, expected) in [
        (None, None, Ok(("2025-06-08", "2025-06-14"))),
        (Some("2025-06-01"), None, Ok(("2025-06-01", "2025-06-14"))),
        (Some("2025-06-14"), None, Ok(("2025-06-14", "2025-06-14"))),
        (Some("2025-05-15"), Some("2025-06-14"), Ok(("2025-05-15", "2025-06-14"))),
        (Some("2024-02-29"), Some("2024-02-29"), Ok(("2024-02-29", "2024-02-29"))),
        (None, Some("2025-06-01"), Err("invalid_date_range")),
        (None, Some("nonsense"), Err("invalid_date_range")),
        (None, Some(""), Err("invalid_date_range")),
        (Some(""), None, Err("invalid_date_format")),
        (Some("2025-6-1"), None, Err("invalid_date_format")),
        (Some("2025-06-01"), Some("01.06.2025"), Err("invalid_date_format")),
        (Some("2025-06-01T00:00:00Z"), None, Err("invalid_date_format")),
        (Some("2025-02-30"), Some("x"), Err("invalid_date_format")),
        (Some("٢٠٢٥-٠٦-٠١"), None, Err("invalid_date_format")),
        (Some("2025-02-30"), None, Err("invalid_dates")),
        (Some("2025-13-01"), Some("2025-06-01"), Err("invalid_dates")),
        (Some("2025-02-29"), None, Err("invalid_dates")),
        (Some("2025-06-02"), Some("2025-06-01"), Err("invalid_date_range")),
        (Some("2025-06-15"), None, Err("invalid_date_range")),
        (Some("2025-07-01"), None, Err("invalid_date_range")),
        (Some("2025-06-01"), Some("2025-06-15"), Err("invalid_end_date")),
        (Some("2020-01-01"), Some("2030-01-01"), Err("invalid_end_date")),
        (Some("2025-05-14"), Some("2025-06-14"), Err("date_range_too_large")),
    ] {
        let expected = expected.map(|(first, last)| (first.to_owned(), last.to_owned()));
        assert_eq!(read(start, end), expected, "{start:?} to {end:?}");
    }
}

#[test]
fn numbers_may_be_asked_for_today_too() {
    let read = |end| Days::read(Some("2025-06-01"), Some(end), NOW, Until::Today).map_err(|fault| fault.code());
    assert_eq!(read("2025-06-15").map(|days| days.count()), Ok(15));
    assert_eq!(read("2025-06-16"), Err("invalid_end_date"));
}

#[test]
fn a_range_is_told_with_milliseconds_and_a_day_in_words() {
    let days = Days::read(Some("2025-05-20"), Some("2025-05-26"), NOW, Until::Yesterday).expect("days");
    let expected = r#"{"start":"2025-05-20T00:00:00.000Z","end":"2025-05-26T23:59:59.999Z"}"#;
    assert_eq!(days.range().to_string(), expected);
    assert_eq!(days.newest_first().map(date).next().as_deref(), Some("2025-05-26"));
    assert_eq!(written(20_236), "28 May 2025");
    assert_eq!(date(20_236), "2025-05-28");
}
