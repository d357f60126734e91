use serde_json::Value;

use super::*;

#[test]
fn published_cases_are_told_apart() {
    let text = include_str!("../../../tests/data/apikey-checksum.json");
    let data: Value = serde_json::from_str(text).expect("the file is JSON");
    let cases = data["keys"].as_array().expect("a list of keys");
    assert_eq!(cases.len(), 160);
    for case in cases {
        let key = case["key"].as_str().expect("a key");
        // Kinds of other products are in the file too, so only the part behind the prefix is looked at.
        let known = ["ak_live_", "ak_test_", "fl_live_", "fl_test_", "pat_"];
        let tail = known.iter().find_map(|prefix| key.strip_prefix(prefix));
        let valid = tail.is_some_and(has_checksum);
        assert_eq!(valid, case["valid"] == true, "{key}");
        if key.starts_with("fl_") || key.starts_with("pat_") {
            assert_eq!(recognise(key).is_some(), case["valid"] == true, "{key}");
        }
    }
}

#[test]
fn made_texts_are_recognised() {
    let random: [u8; 64] = std::array::from_fn(|at| (at * 37 + 11) as u8);
    let key = make_text("fl_test_", &random);
    assert_eq!(key.len(), 8 + 36);
    assert_eq!(recognise(&key), Some(SecretText::Key(KeyKind::Flows, Mode::Test)));
    let token = make_text(TOKEN_PREFIX, &random);
    assert_eq!(recognise(&token), Some(SecretText::Token));
    // Only bytes that would favour characters: still a well-formed text.
    assert!(recognise(&make_text("fl_live_", &[255; 64])).is_some());
}

#[test]
fn other_texts_are_not() {
    for text in ["", "pat_", "fl_live_", "pat_é", "Bearer x", "fl_live_000000000000000000000000000000000000x"] {
        assert_eq!(recognise(text), None, "{text}");
    }
}
