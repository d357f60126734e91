//! The second point of section 15: how the hashes split users.

use super::super::bucket::HashVersion::{self, V1, V2};
use super::super::decide::{Experiment, Nothing, Variant, choose};
use crate::id::{ExperimentId, ScreenVersionId, VariantId};

/// Users of the point.
const USERS: usize = 100_000;
/// Standard errors that a share may be off.
const ERRORS_MAX: f64 = 4.0;
/// Chi-square with one degree of freedom that is exceeded by chance once in a thousand times.
const CHI2_MAX: f64 = 10.828;

/// Random bits from a seed (splitmix64): the same users on every run.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

fn wide(state: &mut u64) -> u128 {
    u128::from(random(state)) << 64 | u128::from(random(state))
}

/// Users as the iOS SDK names them.
fn users(seed: u64) -> Vec<String> {
    let mut state = seed;
    (0..USERS).map(|_| uuid::Uuid::from_u128(wide(&mut state)).to_string().to_uppercase()).collect()
}

fn experiment(id: u128, hash: HashVersion, weights: &[u32]) -> Experiment {
    let variant = |(at, weight): (usize, &u32)| Variant {
        id: VariantId(at as u128),
        name: "".into(),
        version: ScreenVersionId(at as u128),
        weight: *weight,
    };
    let variants = weights.iter().enumerate().map(variant).collect();
    Experiment::new(ExperimentId(id), hash, &ExperimentId(id).to_string(), variants, None)
}

/// The number of the variant of each user.
fn split(experiment: &Experiment, users: &[String]) -> Vec<usize> {
    let number = |user: &String| choose(experiment, user, &Nothing).map(|chosen| chosen.variant.id.0 as usize);
    users.iter().map(|user| number(user).expect("weights of a hundred")).collect()
}

#[test]
fn point_02_users_are_split_as_the_weights_say() {
    let users = users(7);
    let mut state = 11;
    for hash in [V1, V2] {
        for weights in [&[5_000, 5_000][..], &[7_000, 3_000], &[3_400, 3_300, 3_300]] {
            let one = experiment(wide(&mut state), hash, weights);
            let numbers = split(&one, &users);
            for (number, weight) in weights.iter().enumerate() {
                let expected = f64::from(*weight) / 10_000.0;
                let share = numbers.iter().filter(|found| **found == number).count() as f64 / USERS as f64;
                let error = (expected * (1.0 - expected) / USERS as f64).sqrt();
                let off = (share - expected).abs() / error;
                assert!(off <= ERRORS_MAX, "{hash:?} {weights:?}: variant {number} has {share}, {off} errors off");
            }
        }
    }
}

/// Pearson's chi-square of two splits into two against independence, with one degree of freedom.
fn dependence(one: &[usize], other: &[usize]) -> f64 {
    let mut cells = [[0.0_f64; 2]; 2];
    for (one, other) in one.iter().zip(other) {
        cells[*one][*other] += 1.0;
    }
    let [[a, b], [c, d]] = cells;
    USERS as f64 * (a * d - b * c).powi(2) / ((a + b) * (c + d) * (a + c) * (b + d))
}

#[test]
fn point_02_two_experiments_of_the_second_hash_are_independent() {
    let users = users(13);
    let mut state = 17;
    let mut pair = |hash| [(); 2].map(|()| split(&experiment(wide(&mut state), hash, &[5_000, 5_000]), &users));
    for _ in 0..5 {
        let [one, other] = pair(V2);
        let found = dependence(&one, &other);
        assert!(found < CHI2_MAX, "{found}");
    }
    // The first hash ties experiments together, which this measure sees.
    let tied = (0..5).filter(|_| {
        let [one, other] = pair(V1);
        dependence(&one, &other) > CHI2_MAX
    });
    assert!(tied.count() > 0);
}
