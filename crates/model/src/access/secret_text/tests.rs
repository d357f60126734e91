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
        if tail.is_some() {
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
fn every_kind_has_a_form_of_its_own() {
    let random: [u8; 64] = std::array::from_fn(|at| (at * 29 + 3) as u8);
    for (kind, length) in [
        (KeyKind::Treasury, 8 + 43),
        (KeyKind::PlacementsSdk, 8 + 8 + 1 + 32),
        (KeyKind::PlacementsManagement, 9 + 8 + 1 + 32),
        (KeyKind::Agents, 8 + 36),
        (KeyKind::Workflows, 8 + 32),
        (KeyKind::Flows, 8 + 36),
    ] {
        for mode in [Mode::Live, Mode::Test] {
            let text = make_key_text(kind, mode, &random);
            assert_eq!(text.len(), length, "{text}");
            let claimed = if kind.has_mode() { mode } else { Mode::Live };
            assert_eq!(recognise(&text), Some(SecretText::Key(kind, claimed)), "{text}");
            assert_eq!(recognise(&text[..length - 1]), None, "{text}");
        }
    }
    let sdk = make_key_text(KeyKind::PlacementsSdk, Mode::Live, &random);
    assert_eq!(&sdk[KeyKind::PlacementsSdk.shown_length()..][..1], "_", "shown up to the hexadecimal id: {sdk}");
    let treasury = make_key_text(KeyKind::Treasury, Mode::Live, &[255; 64]);
    assert!(treasury.ends_with('8'), "the last character holds four bits: {treasury}");
}

#[test]
fn other_texts_are_not() {
    for text in [
        "",
        "fp_live_0123abcX_",
        "fp_admin_é",
        "fm_test_x",
        "pat_",
        "fl_live_",
        "pat_é",
        "Bearer x",
        "fl_live_000000000000000000000000000000000000x",
    ] {
        assert_eq!(recognise(text), None, "{text}");
    }
}
