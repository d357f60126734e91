//! Which chunks answer a question best, from what is in memory: no I/O.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use floe_model::agents::embedding;
use floe_model::agents::ranking::{self, Order};
use serde_json::{Map, Value};

use super::index::{Index, Place};
use super::{Matched, Way};

/// Places of each order that are fused, at least.
const CANDIDATES_MIN: usize = 50;
/// And for each hit that is asked for.
const CANDIDATES_EACH: usize = 4;
/// Name of the embedding that counts words and knows nothing else: what it says is in the full text already, with the rarity of words
/// on top.
const WORD_COUNTING: &str = embedding::NAME;
/// What the order of such an embedding counts beside that of the full text: too little to change that order (the first two places of it
/// are further apart), enough to decide between equals and to follow where no word is found.
const WORD_COUNTING_WEIGHT: f64 = 0.01;

/// Everything that an answer depends on.
#[derive(Clone)]
pub(super) struct Asking {
    pub(super) indexes: Vec<Arc<Index>>,
    /// The question by each model.
    pub(super) vectors: HashMap<String, Vec<f32>>,
    /// The chunks with its words, the best first.
    pub(super) found: Vec<Place>,
    pub(super) top_k: usize,
    pub(super) threshold: f64,
    pub(super) filter: Map<String, Value>,
    pub(super) way: Way,
}

/// A chunk with what it got.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ranked {
    pub(super) place: Place,
    pub(super) score: f64,
    pub(super) matched: Matched,
}

/// A chunk beside its score, to be ordered: higher scores first, equal ones by chunk.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scored {
    score: f32,
    place: Place,
}

impl Eq for Scored {}

impl Ord for Scored {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.score.total_cmp(&other.score).then_with(|| other.place.cmp(&self.place))
    }
}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Asking {
    /// The best chunks, the best first.
    pub(super) fn rank(self) -> Vec<Ranked> {
        let most = self.most();
        let near = if self.way == Way::Text { Vec::new() } else { self.nearest(most) };
        let with_words = &self.found[..most.min(self.found.len())];
        let mut orders: Vec<Order<'_, Place>> = near.iter().map(|(of, weight)| Order { of, weight: *weight }).collect();
        orders.push(Order { of: with_words, weight: 1.0 });
        let best = ranking::fused(&orders);
        let by_vector: HashSet<Place> = near.iter().flat_map(|(of, _)| of.iter().copied()).collect();
        let by_text: HashSet<Place> = with_words.iter().copied().collect();
        let ranked = best.into_iter().take(self.top_k).map(|place| {
            let score = self.score(place);
            let matched = Matched { vector: score > 0.0 && by_vector.contains(&place), text: by_text.contains(&place) };
            Ranked { place, score, matched }
        });
        ranked.collect()
    }

    /// For each model, the chunks whose vectors are nearest to the question's, and what their order counts. All vectors are looked at.
    fn nearest(&self, most: usize) -> Vec<(Vec<Place>, f64)> {
        let mut models: Vec<&str> = self.vectors.keys().map(String::as_str).collect();
        models.sort_unstable();
        let orders = models.into_iter().map(|model| {
            let mut best: BinaryHeap<Reverse<Scored>> = BinaryHeap::with_capacity(most + 1);
            for (number, index) in (0_u32..).zip(&self.indexes) {
                if index.model == model {
                    self.scan(number, index, &self.vectors[model], most, &mut best);
                }
            }
            let order = best.into_sorted_vec().into_iter().map(|Reverse(one)| one.place).collect();
            (order, if model == WORD_COUNTING && self.way == Way::Hybrid { WORD_COUNTING_WEIGHT } else { 1.0 })
        });
        orders.collect()
    }

    /// Looks at every vector of an index and keeps the `most` best of all that were looked at.
    fn scan(&self, number: u32, index: &Index, vector: &[f32], most: usize, best: &mut BinaryHeap<Reverse<Scored>>) {
        let least = self.threshold as f32;
        for (document, one) in (0_u32..).zip(&index.documents) {
            for row in 0..one.body.len() as u32 {
                let score = index.score(document, row, vector);
                let is_full = best.len() >= most;
                if score < least || (is_full && best.peek().is_some_and(|worst| score < worst.0.score)) {
                    continue;
                }
                if !self.filter.is_empty() && !index.passes(document, row, &self.filter) {
                    continue;
                }
                best.push(Reverse(Scored { score, place: index.at(number, document, row) }));
                if best.len() > most {
                    best.pop();
                }
            }
        }
    }

    /// Places of each order that are fused.
    pub(super) fn most(&self) -> usize {
        CANDIDATES_MIN.max(self.top_k * CANDIDATES_EACH)
    }

    /// Whether a chunk may be told, whatever finds it.
    pub(super) fn allows(&self, place: Place) -> bool {
        let index = &self.indexes[place.index as usize];
        (self.filter.is_empty() || index.passes(place.document, place.row, &self.filter))
            && (self.threshold <= 0.0 || self.score(place) >= self.threshold)
    }

    fn score(&self, place: Place) -> f64 {
        let index = &self.indexes[place.index as usize];
        let vector = self.vectors.get(&index.model).map_or(&[][..], Vec::as_slice);
        f64::from(index.score(place.document, place.row, vector))
    }
}
