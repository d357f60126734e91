//! How much each candidate of a run is like another one (treasury contract, section 5.1, `duplicate_similarity`).
//!
//! Names are compared within a bank through the words that they share, so that ten thousand candidates take no hundred million
//! comparisons.

use std::collections::HashMap;

use super::super::names::{NameWords, ratio};
use super::RiskCandidate;

/// A shared name at one bank says more than the share of its words.
const NAME_FACTOR: f64 = 1.3;

/// For every candidate 1 when another one has its account, else the highest overlap of its name at the same bank times 1.3, at most 1.
pub(super) fn duplicate_similarities(candidates: &[RiskCandidate<'_>]) -> Vec<f64> {
    let mut accounts: HashMap<(&str, &str), usize> = HashMap::with_capacity(candidates.len());
    let mut banks: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        *accounts.entry((candidate.bank, candidate.account.as_str())).or_default() += 1;
        banks.entry(candidate.bank).or_default().push(at);
    }
    let mut similarities = vec![0.0; candidates.len()];
    for members in banks.values() {
        let names: Vec<NameWords> = members.iter().map(|&at| NameWords::of(candidates[at].name)).collect();
        for (&at, overlap) in members.iter().zip(highest_overlaps(&names)) {
            similarities[at] = (overlap * NAME_FACTOR).min(1.0);
        }
    }
    for (at, candidate) in candidates.iter().enumerate() {
        if accounts.get(&(candidate.bank, candidate.account.as_str())).is_some_and(|&count| count > 1) {
            similarities[at] = 1.0;
        }
    }
    similarities
}

/// For every name the highest overlap with another one of the list.
fn highest_overlaps(names: &[NameWords]) -> Vec<f64> {
    let mut counts: HashMap<&NameWords, usize> = HashMap::with_capacity(names.len());
    for name in names.iter().filter(|name| !name.is_empty()) {
        *counts.entry(name).or_default() += 1;
    }
    // Each different set of words once, and where each word occurs.
    let sets: Vec<&NameWords> = counts.keys().copied().collect();
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, set) in sets.iter().enumerate() {
        for word in set.iter() {
            places.entry(word).or_default().push(at);
        }
    }
    let mut shared = vec![0_usize; sets.len()];
    let mut best: HashMap<&NameWords, f64> = HashMap::with_capacity(sets.len());
    for (at, &set) in sets.iter().enumerate() {
        let overlap = if counts.get(set).is_some_and(|&count| count > 1) {
            1.0
        } else {
            highest_of(at, &sets, &places, &mut shared)
        };
        best.insert(set, overlap);
    }
    names.iter().map(|name| best.get(name).copied().unwrap_or(0.0)).collect()
}

/// The highest overlap of one set with all others. `shared` is all zero before and after.
fn highest_of(at: usize, sets: &[&NameWords], places: &HashMap<&str, Vec<usize>>, shared: &mut [usize]) -> f64 {
    let set = sets[at];
    let mut touched = Vec::new();
    for &other in set.iter().filter_map(|word| places.get(word)).flatten() {
        if shared[other] == 0 {
            touched.push(other);
        }
        shared[other] += 1;
    }
    let mut highest = 0.0_f64;
    for other in touched {
        let common = std::mem::take(&mut shared[other]);
        if other != at {
            highest = highest.max(ratio(common, set.len() + sets[other].len() - common));
        }
    }
    highest
}
