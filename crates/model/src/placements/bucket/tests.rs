use serde_json::Value;

use super::*;

const VECTORS: &str = include_str!("../../../tests/data/placements-bucket-vectors.json");
const GROWTHBOOK: &str = include_str!("../../../tests/data/growthbook-cases.json");

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("a test file is JSON")
}

fn numbers(value: &Value) -> Vec<u32> {
    value.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number").round() as u32).collect()
}

#[test]
fn every_bucket_vector_holds() {
    let vectors = json(VECTORS);
    for case in vectors["fnv1a32"].as_array().expect("cases") {
        let input = case["input"].as_str().expect("text");
        assert_eq!(u64::from(fnv1a32(input.as_bytes())), case["fnv1a32"].as_u64().expect("a number"), "{input}");
    }
    let cases = vectors["cases"].as_array().expect("cases");
    assert!(cases.len() >= 252, "the file lost cases");
    for case in cases {
        let (user, experiment) =
            (case["user_id"].as_str().expect("text"), case["experiment_id"].as_str().expect("text"));
        let (one, two) = (v1(user, experiment), v2(experiment, user));
        assert_eq!(u64::from(one), case["bucket_v1"].as_u64().expect("a bucket"), "version 1 of {user}");
        assert_eq!(u64::from(two), case["bucket_v2"].as_u64().expect("a bucket"), "version 2 of {user}");
        for (name, split) in vectors["splits"].as_object().expect("splits") {
            let weights: Vec<u32> = numbers(split).into_iter().map(|percent| percent * 100).collect();
            for (column, bucket) in [("variant_index_v1", one * 100), ("variant_index_v2", two)] {
                let chosen = choose(weights.iter().copied(), bucket).expect("the weights sum to 100");
                assert_eq!(chosen as u64, case[column][name].as_u64().expect("an index"), "{column} {name} of {user}");
            }
        }
    }
}

#[test]
fn both_hashes_are_those_of_growthbook() {
    for case in json(GROWTHBOOK)["hash"].as_array().expect("cases") {
        let (seed, value) = (case[0].as_str().expect("text"), case[1].as_str().expect("text"));
        let expected = case[3].as_f64();
        let bucket = match case[2].as_u64() {
            Some(1) => Some(f64::from(fnv1a32(format!("{value}{seed}").as_bytes()) % 1_000) / 1_000.0),
            Some(2) => Some(f64::from(v2(seed, value)) / 10_000.0),
            _ => None,
        };
        assert_eq!(bucket, expected, "{case}");
    }
}

/// GrowthBook's ranges with full coverage are our cumulative weights, and its choice is ours.
#[test]
fn cumulative_ranges_are_those_of_growthbook() {
    let cases = json(GROWTHBOOK);
    let mut seen = 0;
    for case in cases["getBucketRange"].as_array().expect("cases") {
        let (count, coverage, weights) = (case[1][0].as_u64().expect("a count"), case[1][1].as_f64(), &case[1][2]);
        let ranges: Vec<(f64, f64)> = case[2]
            .as_array()
            .expect("ranges")
            .iter()
            .map(|range| (range[0].as_f64().expect("from"), range[1].as_f64().expect("to")))
            .collect();
        let weights: Vec<u32> = match weights.as_array() {
            Some(given) => {
                given.iter().map(|weight| (weight.as_f64().unwrap_or(0.0) * 10_000.0).round() as u32).collect()
            }
            None => (0..count).map(|_| 10_000 / count as u32).collect(),
        };
        if coverage != Some(1.0) || weights.iter().sum::<u32>() != V2_BUCKETS || weights.len() != ranges.len() {
            continue;
        }
        seen += 1;
        for bucket in 0..V2_BUCKETS {
            let position = f64::from(bucket) / f64::from(V2_BUCKETS);
            let theirs = ranges.iter().position(|(from, to)| (*from..*to).contains(&position));
            assert_eq!(choose(weights.iter().copied(), bucket), theirs, "{} at {position}", case[0]);
        }
    }
    assert!(seen >= 3, "the cases with full coverage are gone");
    for case in cases["chooseVariation"].as_array().expect("cases") {
        let bounds: Vec<u32> = case[2]
            .as_array()
            .expect("ranges")
            .iter()
            .map(|range| (range[1].as_f64().unwrap_or(0.0) * 10_000.0).round() as u32)
            .collect();
        let touching = case[2].as_array().is_some_and(|ranges| {
            ranges[0][0].as_f64() == Some(0.0) && ranges.windows(2).all(|pair| pair[0][1] == pair[1][0])
        });
        if touching {
            let widths = bounds.iter().scan(0, |before, bound| Some(bound - std::mem::replace(before, *bound)));
            let bucket = (case[1].as_f64().expect("a position") * 10_000.0).round() as u32;
            let expected = case[3].as_i64().and_then(|index| usize::try_from(index).ok());
            assert_eq!(choose(widths, bucket), expected, "{}", case[0]);
        }
    }
}

#[test]
fn raising_a_share_takes_nobody_out() {
    let inside = |share, user: &str| Share::of_hundredths(share).is_some_and(|share| share.holds(v2("seed", user)));
    let mut counts = [0_u32; 3];
    for number in 0..10_000 {
        let user = format!("user-{number}");
        let held = [1_000, 1_050, 6_000].map(|share| inside(share, &user));
        assert!(held.is_sorted(), "{user} fell out when the share was raised");
        for (count, held) in counts.iter_mut().zip(held) {
            *count += u32::from(held);
        }
        assert!(!inside(0, &user) && inside(10_000, &user));
    }
    assert_eq!(Share::of_hundredths(10_001), None);
    // Four standard errors of a share of 10,000 users are below 200.
    assert!(counts[0].abs_diff(1_000) < 200 && counts[2].abs_diff(6_000) < 200, "{counts:?}");
}
