//! Patterns against vectors on which two other libraries agree, and the choices where they do not.

use serde_json::Value;

use super::{Cron, Zone};
use crate::Timestamp;

const VECTORS: &str = include_str!("../../../tests/data/cron-vectors.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).expect("the vectors are JSON")
}

fn instant(text: &str) -> Timestamp {
    // The vectors leave the seconds out.
    Timestamp::parse(&text.replace('Z', ":00Z")).expect("an instant")
}

/// The next times of a pattern, as the vectors write them.
fn next(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let cron = Cron::parse(cron).unwrap_or_else(|why| panic!("{cron}: {why}"));
    let zone = Zone::parse(zone).expect("a zone");
    let mut at = instant(after);
    let mut times = Vec::new();
    for _ in 0..count {
        at = cron.next_after(&zone, at).expect("there is a next time");
        times.push(format!("{}Z", &at.to_string()[..16]));
    }
    times
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|text| text.as_str().expect("a text")).collect()
}

#[test]
fn every_vector_holds() {
    let vectors = vectors();
    let cases = vectors["vectors"].as_array().expect("a list");
    assert_eq!(cases.len(), 692);
    for case in cases {
        let text = |key: &str| case[key].as_str().expect("a text");
        let expected = texts(&case["next"]);
        assert_eq!(next(text("cron"), text("tz"), text("after"), expected.len()), expected, "{case}");
    }
}

#[test]
fn what_the_vectors_call_malformed_is_refused() {
    let vectors = vectors();
    let cases = vectors["invalid"].as_array().expect("a list");
    assert_eq!(cases.len(), 26);
    for case in cases {
        let cron = case["cron"].as_str().expect("a text");
        assert!(Cron::parse(cron).is_err(), "{cron} is not refused");
    }
}

/// Where the libraries disagree, times that come twice fire once. Both of the others are about a clock that is moved by half an hour,
/// where one of the libraries leaves out a time that exists.
#[test]
fn where_the_libraries_disagree_repeated_times_fire_once() {
    let vectors = vectors();
    let cases = vectors["disagreements"].as_array().expect("a list");
    let mut like_cronsim = 0;
    for case in cases {
        let text = |key: &str| case[key].as_str().expect("a text");
        let found = next(text("cron"), text("tz"), text("after"), 5);
        let by_half_an_hour = text("cron") == "0 */6 * * *";
        let expected = texts(&case[if by_half_an_hour { "croniter" } else { "cronsim" }]);
        assert_eq!(found, expected, "{case}");
        like_cronsim += usize::from(!by_half_an_hour);
    }
    assert_eq!((like_cronsim, cases.len()), (6, 8));
}

#[test]
fn changes_of_the_clock() {
    let cases: [(&str, &str, &str, &[&str]); 7] = [
        // New York leaves out 2:00 to 3:00 on 8 March 2026: one firing at 3:00 for all the times in it, and for 3:00 itself.
        ("30 2 * * *", "America/New_York", "2026-03-08T06:00Z", &["2026-03-08T07:00Z", "2026-03-09T06:30Z"]),
        ("0,15,30 2,3 * * *", "America/New_York", "2026-03-08T06:00Z", &["2026-03-08T07:00Z", "2026-03-08T07:15Z"]),
        // It repeats 1:00 to 2:00 on 1 November: once, at the first pass.
        ("0,30 1,2 * * *", "America/New_York", "2026-11-01T05:00Z", &["2026-11-01T05:30Z", "2026-11-01T07:00Z"]),
        // Begun in the second pass: the times of the repeated hour have been.
        ("45 1 * * *", "America/New_York", "2026-11-01T06:10Z", &["2026-11-02T06:45Z"]),
        // A rhythm goes on through both passes, and makes nothing up in the gap.
        (
            "*/30 * * * *",
            "America/New_York",
            "2026-11-01T05:00Z",
            &["2026-11-01T05:30Z", "2026-11-01T06:00Z", "2026-11-01T06:30Z", "2026-11-01T07:00Z"],
        ),
        ("15 * * * *", "America/New_York", "2026-03-08T06:00Z", &["2026-03-08T06:15Z", "2026-03-08T07:15Z"]),
        // Apia left out 30 December 2011 whole.
        ("0 12 30 12 *", "Pacific/Apia", "2011-12-29T00:00Z", &["2011-12-30T10:00Z", "2012-12-29T22:00Z"]),
    ];
    for (cron, zone, after, expected) in cases {
        assert_eq!(next(cron, zone, after, expected.len()), expected, "{cron} in {zone} after {after}");
    }
}

#[test]
fn forms() {
    for same in [["@hourly", "0 * * * *"], ["@Weekly", "0 0 * * sun"], ["@yearly", " 0  0 1\tjan * "]] {
        let [one, other] = same.map(|cron| next(cron, "UTC", "2026-05-05T05:05Z", 3));
        assert_eq!(one, other, "{same:?}");
    }
    // Day and weekday both given: either is enough, so a day that never comes does no harm.
    assert_eq!(next("0 0 30 2 1", "UTC", "2026-02-01T00:00Z", 1), ["2026-02-02T00:00Z"]);
    // 2100 has no leap day: the longest wait there is.
    assert_eq!(next("0 0 29 2 *", "UTC", "2096-02-29T00:00Z", 1), ["2104-02-29T00:00Z"]);
    for refused in [
        "0 0 L * *",
        "0 0 15W * *",
        "0 0 * * 1#2",
        "0 0 * * 5L",
        "0 0 ? * *",
        "* * * * * *",
        "@reboot",
        "@annually",
        "+ * * * *",
        "0 0 1 1 * 2026",
        "0 0 30,31 2 *",
        "0 0 31 4,6,9,11 *",
        "JAN * * * *",
        "5/10 * * * *",
        "000 * * * *",
        "* * * * *\n",
    ] {
        let trimmed_is_fine = refused.ends_with('\n');
        assert_eq!(Cron::parse(refused).is_ok(), trimmed_is_fine, "{refused:?}");
    }
    assert!(Cron::parse(&"1,".repeat(2_000)).is_err());
    assert!(Zone::parse("Mars/Olympus").is_none());
}
