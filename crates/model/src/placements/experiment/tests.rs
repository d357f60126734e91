use serde_json::json;

use super::*;
use crate::id::{ScreenVersionId, VariantId};
use crate::placements::bucket::HashVersion::{self, V1, V2};

#[test]
fn only_the_transitions_of_the_table_are_possible() {
    use Action::{DeclareWinner, Pause, Resume, Start, Stop};
    use Status::{Completed, Draft, Paused, Running};
    let allowed = [
        (Draft, Start, Running),
        (Running, Pause, Paused),
        (Paused, Resume, Running),
        (Running, Stop, Completed),
        (Paused, Stop, Completed),
        (Running, DeclareWinner, Completed),
        (Paused, DeclareWinner, Completed),
    ];
    for from in [Draft, Running, Paused, Completed] {
        for action in [Start, Pause, Resume, Stop, DeclareWinner] {
            let expected = allowed.iter().find(|one| (one.0, one.1) == (from, action)).map(|one| one.2);
            assert_eq!(from.after(action).ok(), expected, "{action:?} from {from:?}");
        }
    }
}

#[test]
fn percent_is_read_in_hundredths() {
    let cases = [
        (json!(50), Some(5_000)),
        (json!(50.0), Some(5_000)),
        (json!(33.33), Some(3_333)),
        (json!(0.07), Some(7)),
        (json!(99.99), Some(9_999)),
        (json!(100), Some(10_000)),
        (json!(100.01), None),
        (json!(33.333), None),
        (json!(-1), None),
        (json!("50"), None),
        (json!(1e300), None),
    ];
    for (given, expected) in cases {
        assert_eq!(hundredths(&given), expected, "{given}");
    }
    for weight in 0..=WEIGHT_ALL {
        assert_eq!(hundredths(&percent(weight)), Some(weight));
    }
    assert_eq!(percent(5_000).to_string(), "50");
}

fn variant(version: u128, weight: u32, is_control: bool) -> ProposedVariant {
    ProposedVariant {
        id: None,
        name: format!("Variant {version}"),
        version: ScreenVersionId(version),
        weight,
        is_control,
    }
}

#[test]
fn variants_are_two_to_ten_of_different_versions_and_a_hundred_in_all() {
    let tenths: Vec<_> = (1..=10).map(|version| variant(version, 1_000, false)).collect();
    let eleven: Vec<_> = (1..=11).map(|version| variant(version, 1_000, false)).collect();
    let cases: [(&str, Vec<ProposedVariant>, HashVersion, &[&str]); 9] = [
        ("none yet", vec![], V1, &[]),
        ("two", vec![variant(1, 5_000, true), variant(2, 5_000, false)], V1, &[]),
        ("ten", tenths, V1, &[]),
        ("one", vec![variant(1, 10_000, true)], V1, &["/variants"]),
        ("eleven", eleven, V1, &["/variants", "/variants"]),
        ("not a hundred", vec![variant(1, 5_000, true), variant(2, 5_100, false)], V1, &["/variants"]),
        ("parts of a percent", vec![variant(1, 3_333, true), variant(2, 6_667, false)], V2, &[]),
        ("the same", vec![variant(1, 5_000, true), variant(1, 5_000, false)], V1, &["/variants/1/flow_version_id"]),
        ("two controls", vec![variant(1, 5_000, true), variant(2, 5_000, true)], V1, &["/variants"]),
    ];
    for (name, variants, hash_version, expected) in cases {
        let found = check(&variants, hash_version);
        let paths: Vec<&str> = found.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, expected, "{name}");
    }
    let parts = [variant(1, 3_333, true), variant(2, 6_667, false)];
    assert_eq!(check(&parts, V1).len(), 1, "the first hash deals out whole percent");
}

#[test]
fn the_control_comes_first() {
    let given = [variant(1, 10, false), variant(2, 20, true), variant(3, 30, false)];
    let order = |list: &[ProposedVariant]| ordered(list).iter().map(|one| one.version.0).collect::<Vec<_>>();
    assert_eq!(order(&given), [2, 1, 3]);
    assert_eq!(order(&[variant(7, 1, false), variant(8, 2, false)]), [7, 8]);
    assert!(order(&[]).is_empty());
}

#[test]
fn what_only_a_draft_may_change_is_named() {
    let base = Proposed {
        placement_key: "onboarding",
        metric: Metric::CompletionRate,
        hash_version: V1,
        seed: "s",
        allocation: WEIGHT_ALL,
        times: [None, None],
        variants: vec![(VariantId(1), "Control", ScreenVersionId(1))],
    };
    assert_eq!(first_difference(&base, &base.clone()), None);
    let other = Proposed { placement_key: "paywall", ..base.clone() };
    assert_eq!(first_difference(&base, &other), Some("placement_id"));
    let other = Proposed { variants: vec![(VariantId(1), "Control", ScreenVersionId(2))], ..base.clone() };
    assert_eq!(first_difference(&base, &other), Some("variants"));
    assert!(is_confidence_target(0.95) && !is_confidence_target(0.96));
}
