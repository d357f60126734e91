//! How what was found is ordered: full text by the rarity of words, and several orders fused into one (reciprocal rank fusion; Cormack,
//! Clarke, Büttcher 2009).
//!
//! Databases measure full text in ways of their own, and count over the texts of all workspaces. So they only say where words are; what that
//! tells is computed here, the same for both.

use std::collections::HashMap;
use std::hash::Hash;

/// The constant of reciprocal rank fusion: how little the first places count more than the next ones.
const FUSION_K: f64 = 60.0;
/// How soon it stops to count that a text has a word again (BM25; Robertson, Zaragoza 2009).
const REPEATS_K: f64 = 1.2;
/// How much a text has to say about everything counts against it, from 0 to 1.
const LENGTH_B: f64 = 0.75;

/// A text that has words of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted<T> {
    /// The text.
    pub text: T,
    /// How often it has each word of the question.
    pub counts: Vec<u32>,
    /// How many words it has.
    pub length: u32,
}

/// Orders texts by the words of a question that they have: rare words count more than common ones, and each word more in a text that has
/// it more often and says less beside it (BM25). The best first; equal ones by `T`. Texts without any of the words are left out.
///
/// `rarities` says of each word how much it tells ([`rarity`]).
#[must_use]
pub fn by_words<T: Copy + Ord>(rarities: &[f64], texts: &[Counted<T>]) -> Vec<T> {
    let lengths: f64 = texts.iter().map(|text| f64::from(text.length)).sum();
    let average = (lengths / texts.len().max(1) as f64).max(1.0);
    let score = |text: &Counted<T>| -> f64 {
        let length = REPEATS_K * (1.0 - LENGTH_B + LENGTH_B * f64::from(text.length) / average);
        let word = |(rarity, count): (&f64, &u32)| rarity * f64::from(*count) / (f64::from(*count) + length);
        rarities.iter().zip(&text.counts).map(word).sum()
    };
    let mut scored: Vec<(T, f64)> = texts.iter().map(|text| (text.text, score(text))).collect();
    scored.retain(|(_, score)| *score > 0.0);
    in_order(scored)
}

/// How much it tells that a text has a word which `count` of `total` texts have: the inverse document frequency of BM25, above 0.
#[must_use]
pub fn rarity(count: usize, total: usize) -> f64 {
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
    in_order(scores.into_iter().collect())
}

fn in_order<T: Copy + Ord>(mut all: Vec<(T, f64)>) -> Vec<T> {
    all.sort_by(|(one, a), (other, b)| b.total_cmp(a).then_with(|| one.cmp(other)));
    all.into_iter().map(|(one, _)| one).collect()
}

#[cfg(test)]
mod tests;
