//! How what was found is ordered: full text by the rarity of words, and several orders fused into one (reciprocal rank fusion; Cormack,
//! Clarke, Büttcher 2009).
//!
//! Databases measure full text in ways of their own. Of their measures only the ratio between finds of the same word is used here, so that
//! both give the same order but for details, and texts of other workspaces in the same table have no say in it.

use std::collections::HashMap;
use std::hash::Hash;

/// The constant of reciprocal rank fusion: how little the first places count more than the next ones.
const FUSION_K: f64 = 60.0;
/// Of how many texts one is taken to have a word that was found as often as finds are told.
const COMMON_EACH: usize = 10;

/// What was found of one word.
#[derive(Debug, Clone)]
pub struct Word<T> {
    /// Each text that has it, with what it says about the text, above 0 and in any measure.
    pub found: Vec<(T, f64)>,
    /// Whether there may be more than were told.
    pub is_cut: bool,
}

/// Orders texts by the words of a question that they have: rare words count more than common ones, and each word more in a text that it
/// says more about. The best first; equal ones by `T`.
///
/// `total` is the number of texts that were searched.
#[must_use]
pub fn by_words<T: Copy + Ord + Hash>(total: usize, words: &[Word<T>]) -> Vec<T> {
    let mut scores: HashMap<T, f64> = HashMap::new();
    for word in words {
        let strongest = word.found.iter().map(|(_, strength)| *strength).fold(0.0, f64::max);
        if strongest <= 0.0 {
            continue;
        }
        let count = if word.is_cut { word.found.len().max(total / COMMON_EACH) } else { word.found.len() };
        let rarity = rarity(count, total);
        for (text, strength) in &word.found {
            *scores.entry(*text).or_default() += rarity * (strength / strongest).clamp(0.0, 1.0);
        }
    }
    in_order(scores)
}

/// How much it tells that a text has a word which `count` of `total` texts have: the inverse document frequency of BM25, above 0.
fn rarity(count: usize, total: usize) -> f64 {
    let (count, total) = (count as f64, total.max(count) as f64);
    (1.0 + (total - count + 0.5) / (count + 0.5)).ln()
}

/// An order that goes into a fused one.
#[derive(Debug, Clone)]
pub struct Order<'a, T> {
    /// The best first, each once.
    pub of: &'a [T],
    /// How much it counts beside the others, above 0.
    pub weight: f64,
}

/// One order of several: each gives what it holds `weight / (60 + place)`. The best first; equal ones by `T`.
#[must_use]
pub fn fused<T: Copy + Ord + Hash>(orders: &[Order<'_, T>]) -> Vec<T> {
    let mut scores: HashMap<T, f64> = HashMap::new();
    for order in orders {
        for (place, one) in order.of.iter().enumerate() {
            *scores.entry(*one).or_default() += order.weight / (FUSION_K + place as f64 + 1.0);
        }
    }
    in_order(scores)
}

fn in_order<T: Copy + Ord>(scores: HashMap<T, f64>) -> Vec<T> {
    let mut all: Vec<(T, f64)> = scores.into_iter().collect();
    all.sort_by(|(one, a), (other, b)| b.total_cmp(a).then_with(|| one.cmp(other)));
    all.into_iter().map(|(one, _)| one).collect()
}

#[cfg(test)]
mod tests;
