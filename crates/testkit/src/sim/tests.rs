//! Some hundred stories in every test run; the default of `cargo xtask sim` plays more.

use super::{Coverage, STEPS_MAX, play};

#[test]
fn every_promise_is_kept() {
    let mut coverage = Coverage::default();
    for seed in 0..400 {
        if let Err(broken) = play(seed, STEPS_MAX, false, &mut coverage) {
            panic!("seed {seed}: {}\nreplay it with: cargo xtask sim --seed {seed}", broken.why);
        }
    }
}

#[test]
fn a_seed_tells_one_story() {
    for seed in [3, 77, 1_000_003] {
        let tell = || {
            let mut coverage = Coverage::default();
            let flows = play(seed, STEPS_MAX, true, &mut coverage).map_err(|broken| broken.why);
            (flows, coverage.counts().collect::<Vec<_>>())
        };
        assert_eq!(tell(), tell());
    }
}
