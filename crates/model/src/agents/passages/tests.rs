//! Cutting documents into passages.

use super::sentences::sentences;
use super::{Block, Passage, cut};

fn texts(passages: &[Passage]) -> Vec<&str> {
    passages.iter().map(|passage| passage.text.as_str()).collect()
}

#[test]
fn sentences_end_where_people_end_them() {
    let cases: &[(&str, &[&str])] = &[
        ("One. Two! Three? Four", &["One.", "Two!", "Three?", "Four"]),
        ("It costs 3.50 euros. Dr. Who pays, e.g. Today.", &["It costs 3.50 euros.", "Dr. Who pays, e.g. Today."]),
        ("He said \"Stop.\" Then he left.", &["He said \"Stop.\"", "Then he left."]),
        ("version 2. beta is out", &["version 2. beta is out"]),
        ("1. First item\n2. Second item", &["1. First item", "2. Second item"]),
        ("见面。很好！再见", &["见面。", "很好！", "再见"]),
        ("  \n\n ", &[]),
    ];
    for (text, expected) in cases {
        let found: Vec<&str> = sentences(text, 1_000).into_iter().map(|(sentence, _)| sentence).collect();
        assert_eq!(&found, expected, "{text:?}");
    }
}

#[test]
fn passages_end_at_sentences_and_repeat_the_last_ones() {
    let text = "Alpha is first. Beta is next. Gamma is third. Delta is last.";
    let passages = cut(&[Block::text(text)], 34, 16);
    assert_eq!(
        texts(&passages),
        ["Alpha is first. Beta is next.", "Beta is next. Gamma is third.", "Gamma is third. Delta is last."]
    );
    let whole = cut(&[Block::text(text)], 1_000, 200);
    assert_eq!(texts(&whole), [text]);
}

#[test]
fn headings_stay_with_what_follows_them() {
    let blocks = [
        Block::heading(1, "Returns"),
        Block::text("Send it back within thirty days."),
        Block::heading(2, "Refunds"),
        Block::text("We pay within a week. The fee is kept."),
        Block::heading(1, "Shipping"),
        Block::text("We ship on weekdays."),
    ];
    let passages = cut(&blocks, 60, 20);
    let shown: Vec<(&str, Option<&str>)> =
        passages.iter().map(|passage| (passage.text.as_str(), passage.section.as_deref())).collect();
    assert_eq!(
        shown,
        [
            ("Returns\n\nSend it back within thirty days.", Some("Returns")),
            ("Refunds\n\nWe pay within a week. The fee is kept.", Some("Returns > Refunds")),
            ("Shipping\n\nWe ship on weekdays.", Some("Shipping")),
        ]
    );
    let cramped = cut(&blocks[..4], 34, 0);
    assert_eq!(texts(&cramped)[1], "Send it back within thirty days.");
    assert!(cramped.iter().all(|passage| passage.text != "Refunds"), "{cramped:?}");
}

#[test]
fn a_passage_knows_its_page_and_its_section() {
    let mut second = Block::text("Second page text.");
    second.page = Some(2);
    let passages = cut(&[Block::heading(1, "Guide"), second], 18, 0);
    let found = passages.iter().find(|passage| passage.text.starts_with("Second")).expect("the text");
    assert_eq!((found.page, found.section.as_deref()), (Some(2), Some("Guide")));
    assert_eq!(found.with_section(), "Guide\nSecond page text.");
    assert_eq!(cut(&[Block::heading(1, "Guide"), Block::text("Text.")], 100, 0)[0].with_section(), "Guide\n\nText.");
}

#[test]
fn no_passage_is_too_long_and_no_word_is_lost() {
    let words: Vec<String> = (0..400).map(|number| format!("word{number}")).collect();
    let run_on = words.join(" ");
    let unbroken = "x".repeat(950);
    for (size, overlap) in [(1, 0), (7, 3), (50, 10), (100, 99), (1_000, 200)] {
        let passages = cut(&[Block::text(run_on.as_str()), Block::text(unbroken.as_str())], size, overlap);
        assert!(passages.iter().all(|passage| passage.text.chars().count() <= size), "{size}");
        assert!(passages.iter().all(|passage| !passage.text.is_empty()), "{size}");
        if size >= 10 {
            let all = texts(&passages).join(" ");
            assert!(words.iter().all(|word| all.split_whitespace().any(|found| found == word)), "{size}");
        }
    }
    assert_eq!(cut(&[Block::text(unbroken)], 100, 0).len(), 10);
}
