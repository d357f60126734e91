use serde::Deserialize;

use super::*;
use crate::placements::experiment::Metric;

/// Numbers computed with SciPy; their origin is in `tests/data/README.md`.
const VECTORS: &str = include_str!("../../../tests/data/placements-stats-vectors.json");

#[derive(Deserialize)]
struct Vectors {
    results: Vec<Case>,
    srm: Vec<SrmCase>,
}

#[derive(Deserialize)]
struct Observed {
    users: u64,
    completions: u64,
}

#[derive(Deserialize)]
struct Case {
    control: Observed,
    variant: Observed,
    data_state: String,
    control_rate: Option<f64>,
    variant_rate: Option<f64>,
    lift: Option<f64>,
    z: Option<f64>,
    p_value: Option<f64>,
    confidence: Option<f64>,
    probability_to_beat_control: Option<f64>,
    expected_loss: Option<f64>,
    difference_interval_95: Option<[f64; 2]>,
    sequential: Option<Sequential>,
}

#[derive(Deserialize)]
struct Sequential {
    interval: [f64; 2],
}

#[derive(Deserialize)]
struct SrmCase {
    observed: Vec<u64>,
    weights: Vec<u32>,
    chi2: f64,
    df: u32,
    p_value: f64,
}

fn vectors() -> Vectors {
    serde_json::from_str(VECTORS).expect("the vectors are JSON")
}

fn near(name: &str, found: Option<f64>, expected: Option<f64>, tolerance: f64) {
    match (found, expected) {
        (None, None) => {}
        (Some(found), Some(expected)) if (found - expected).abs() <= tolerance => {}
        _ => panic!("{name}: {found:?} is not {expected:?}"),
    }
}

#[test]
fn every_result_vector_holds() {
    let vectors = vectors().results;
    assert_eq!(vectors.len(), 13);
    for case in vectors {
        let rate = |arm: &Observed| Rate { users: arm.users, hits: arm.completions };
        let (control, variant) = (rate(&case.control), rate(&case.variant));
        let state = DataState::of([control.users, variant.users]);
        let name = format!("{control:?} against {variant:?}");
        assert_eq!(state.as_str(), case.data_state, "{name}");
        near(&name, control.share(), case.control_rate, 1e-9);
        near(&name, variant.share(), case.variant_rate, 1e-9);
        let found = (state == DataState::Sufficient).then(|| compare(control, variant, 0.95));
        near(&name, found.and_then(|found| found.lift), case.lift, 1e-9);
        near(&name, found.map(|found| found.z), case.z, 1e-9);
        near(&name, found.map(|found| found.p_value), case.p_value, 1e-6);
        near(&name, found.map(|found| found.confidence()), case.confidence, 1e-6);
        near(&name, found.map(|found| found.probability_to_beat_control), case.probability_to_beat_control, 1e-4);
        near(&name, found.map(|found| found.expected_loss), case.expected_loss, 1e-6);
        for end in [0, 1] {
            let interval = found.map(|found| found.difference_interval[end]);
            near(&name, interval, case.difference_interval_95.map(|interval| interval[end]), 1e-9);
            let sequential = found.map(|found| found.sequential[end]);
            near(&name, sequential, case.sequential.as_ref().map(|given| given.interval[end]), 1e-9);
        }
    }
}

#[test]
fn every_split_vector_holds() {
    let vectors = vectors().srm;
    assert_eq!(vectors.len(), 7);
    for case in vectors {
        let parts: Vec<(u64, u32)> = case.observed.iter().copied().zip(case.weights.iter().copied()).collect();
        let found = srm(&parts).expect("users are there");
        let name = format!("{parts:?}");
        near(&name, Some(found.chi2), Some(case.chi2), 1e-9);
        assert_eq!(found.df, case.df, "{name}");
        near(&name, Some(found.p_value), Some(case.p_value), 1e-6);
        assert_eq!(found.mismatch, case.p_value < 0.001, "{name}");
    }
}

#[test]
fn a_split_is_judged_only_where_it_can_be_uneven() {
    assert_eq!(srm(&[(0, 5_000), (0, 5_000)]), None, "nobody");
    assert_eq!(srm(&[(50, 10_000), (0, 0)]), None, "all of it is one variant");
    let few = srm(&[(60, 5_000), (1, 5_000)]).expect("users");
    assert!(few.p_value < 0.001 && !few.mismatch, "too few users to call it");
    let impossible = srm(&[(100, 10_000), (100, 0)]).expect("users");
    assert!(impossible.mismatch && impossible.p_value == 0.0, "users in a variant of weight 0");
}

#[test]
fn extreme_counts_stay_finite() {
    let rates = [(30, 0), (30, 30), (1_000_000, 1), (1_000_000, 999_999), (10_000_000, 5_000_000)];
    for (users, hits) in rates {
        for (other_users, other_hits) in rates {
            let (control, variant) = (Rate { users, hits }, Rate { users: other_users, hits: other_hits });
            let found = compare(control, variant, 0.99);
            let back = compare(variant, control, 0.99);
            let name = format!("{control:?} against {variant:?}: {found:?}");
            assert!(found.z.is_finite() && (0.0..=1.0).contains(&found.p_value), "{name}");
            assert!((0.0..=1.0).contains(&found.expected_loss), "{name}");
            let sum = found.probability_to_beat_control + back.probability_to_beat_control;
            assert!((sum - 1.0).abs() < 1e-6, "{name}, and back {back:?}");
            let [low, high] = found.sequential;
            let [inner_low, inner_high] = found.difference_interval;
            assert!(low <= inner_low && inner_high <= high, "{name}");
        }
    }
}

#[test]
fn several_comparisons_are_corrected_in_order() {
    let cases: [(&[f64], &[f64]); 4] =
        [(&[], &[]), (&[0.03], &[0.03]), (&[0.04, 0.01, 0.03], &[0.06, 0.03, 0.06]), (&[0.5, 0.6], &[1.0, 1.0])];
    for (given, expected) in cases {
        let found = holm(given);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{given:?}: {found} is not {expected}");
        }
    }
}

#[test]
fn means_are_compared_like_rates() {
    // Everybody brings 0 or 1, so that the means are rates, and only the pooling of the variance differs.
    let (control, variant) = (Rate { users: 1_000, hits: 200 }, Rate { users: 1_000, hits: 240 });
    let mean = |rate: Rate| Mean { users: rate.users, sum: rate.hits as f64, squares: rate.hits as f64 };
    let (rates, means) = (compare(control, variant, 0.95), compare_means(mean(control), mean(variant), 0.95));
    near("lift", means.lift, rates.lift, 1e-12);
    near("z", Some(means.z), Some(rates.z), 0.01);
    near("p", Some(means.p_value), Some(rates.p_value), 0.001);
    near("chance", Some(means.probability_to_beat_control), Some(rates.probability_to_beat_control), 0.001);
    near("loss", Some(means.expected_loss), Some(rates.expected_loss), 1e-5);
    for end in [0, 1] {
        near("interval", Some(means.difference_interval[end]), Some(rates.difference_interval[end]), 1e-4);
    }
    let nothing = Mean { users: 50, ..Mean::default() };
    let found = compare_means(nothing, nothing, 0.95);
    assert_eq!((found.lift, found.z, found.p_value), (None, 0.0, 1.0));
}

#[test]
fn a_verdict_needs_enough_users_and_counts_its_comparisons() {
    let question = Question { metric: Metric::CompletionRate, target: 0.95, weights_changed: false, sequential: false };
    let arm = |users, completions| Arm { weight: 1, users, completions, ..Arm::default() };
    let low = judge(&[arm(500, 100), arm(29, 20)], question);
    assert_eq!((low.state, low.significant, low.variants), (DataState::LowData, false, vec![None, None]));
    assert!(low.srm.is_some_and(|srm| srm.mismatch), "the split is told in any case");

    // p is 0.0308 for the only comparison, and the same difference is none among three.
    let two = judge(&[arm(1_000, 200), arm(1_000, 240)], question);
    assert!(two.significant && two.variants[1].is_some_and(|one| one.corrected.is_none()));
    let same = arm(1_000, 200);
    let four = judge(&[same, arm(1_000, 240), same, same], question);
    let corrected = four.variants[1].and_then(|one| one.corrected).expect("corrected");
    assert!(!four.significant && (corrected - 3.0 * 0.030_837_167_8).abs() < 1e-6, "{corrected}");

    let looked = judge(&[arm(1_000, 200), arm(1_000, 240)], Question { sequential: true, ..question });
    assert!(!looked.significant, "the sequential interval holds 0");
    let strict = judge(&[arm(1_000, 200), arm(1_000, 240)], Question { target: 0.99, ..question });
    assert!(!strict.significant);
    let changed = judge(&[arm(1_000, 200), arm(10, 1)], Question { weights_changed: true, ..question });
    assert_eq!(changed.srm, None);
    assert_eq!(judge(&[], question).state, DataState::NoData);
}

#[test]
fn the_metric_decides() {
    let control = Arm {
        weight: 1,
        users: 1_000,
        completions: 200,
        converted: 100,
        revenue: Mean { users: 100, sum: 1_000.0, squares: 12_000.0 },
    };
    let variant = Arm { converted: 150, revenue: Mean { users: 150, sum: 1_500.0, squares: 18_000.0 }, ..control };
    for (metric, significant, lift) in
        [(Metric::CompletionRate, false, 0.0), (Metric::ConversionRate, true, 0.5), (Metric::RevenuePerUser, true, 0.5)]
    {
        let question = Question { metric, target: 0.95, weights_changed: false, sequential: false };
        let found = judge(&[control, variant], question);
        assert_eq!(found.significant, significant, "{metric}");
        near("lift", found.variants[1].and_then(|one| one.comparison.lift), Some(lift), 1e-9);
    }
}
