//! Looks for the shortest story in which the same goes wrong.

use super::{Broken, Coverage, play};

/// Stories that are tried.
const TRIES: u64 = 600;

/// The shortest story found in which something goes wrong: its seed, its steps, and what it tells. The given one, told in
/// full, when no shorter one is found. Other seeds with smaller flows are tried; every one of them can be replayed.
#[must_use]
pub fn shortest(seed: u64, steps_max: usize) -> (u64, usize, Broken) {
    let tell = |seed, steps| play(seed, steps, true, &mut Coverage::default()).err();
    let mut best = tell(seed, steps_max).map(|broken| (seed, steps_max, broken));
    for offset in 0..TRIES {
        let steps = 1 + (offset as usize * steps_max.min(6)) / TRIES as usize;
        let tried = seed.wrapping_add(offset);
        let Some(broken) = tell(tried, steps) else { continue };
        let is_shorter = best.as_ref().is_none_or(|(.., known)| broken.story.len() < known.story.len());
        if is_shorter {
            best = Some((tried, steps, broken));
        }
    }
    best.unwrap_or_else(|| (seed, steps_max, Broken { why: "it did not happen again".to_owned(), story: Vec::new() }))
}
