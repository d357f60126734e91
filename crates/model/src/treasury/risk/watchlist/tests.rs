//! A list found by its words against every pair compared.

use super::super::super::names::NameWords;
use super::*;

const LIST: &str = "\u{feff}# local\nViktor Anatolyevich Bout\n\nABU SAYYAF GROUP\nOsama\nJosé  Ñandú\n";

#[test]
fn names_are_watched_in_any_order_case_and_accents() {
    let list = Watchlist::parse(LIST).expect("a list");
    assert_eq!(list.len(), 4);
    for (name, expected) in [
        ("viktor anatolyevich bout", true),
        ("Bout, Viktor Anatolyevich", true),
        ("Viktor Bout", false),
        ("Dr Viktor Anatolyevich Bout of Tver", true),
        ("Jose Nandu", true),
        ("Osama", true),
        ("Osama Bello", false),
        ("Abu Sayyaf", false),
        ("", false),
        ("Ngozi Eze", false),
    ] {
        assert_eq!(list.watches(name), expected, "{name}");
        let entries = LIST.lines().filter(|line| !line.contains('#') && !line.is_empty());
        let compared = entries.map(NameWords::of).any(|entry| NameWords::of(name).resembles(&entry));
        assert_eq!(compared, expected, "{name}: every pair compared");
    }
}

#[test]
fn a_list_that_says_nothing_is_refused_with_its_line() {
    assert!(Watchlist::parse("# nothing\n\n").expect("an empty list").is_empty());
    assert_eq!(Watchlist::parse("Ada\n---\n").expect_err("no name"), WatchProblem::Line(2));
    assert_eq!(
        Watchlist::parse(&format!("Ada\n\n{}", "x".repeat(1_001))).expect_err("too long"),
        WatchProblem::Line(3)
    );
}
