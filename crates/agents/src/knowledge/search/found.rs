//! Full text: which chunks have words of a question, the best first.
//!
//! The database says for each word which chunks have it. Those that have the rarest ones together are few, and only their words are read
//! and counted.

use std::sync::Arc;

use floe_model::Fault;
use floe_model::agents::ranking::{self, Counted};
use floe_model::id::WorkspaceId;
use floe_store::Tx;
use floe_store::agents::knowledge_search as rows;

use super::index::{Index, Place};

/// Chunks of a base whose words are counted, for each whose order matters: the rarity of words says nearly which are best, how often they
/// are said decides among those.
const COUNTED_EACH: usize = 4;
/// Puts a chunk before others with the same words and behind all with rarer ones.
const NUDGE: f64 = 1e-9;

/// What is looked for, and where.
pub(super) struct Wanted<'a> {
    pub(super) words: &'a [String],
    pub(super) indexes: &'a [Arc<Index>],
    /// Whether a chunk may be told at all, by what is in memory.
    pub(super) allows: &'a dyn Fn(Place) -> bool,
    /// Chunks whose order matters, 1 or more.
    pub(super) most: usize,
}

/// The chunks of some indexes that have words of a question, at least `most` of the best where there are as many.
pub(super) fn by_words(tx: &mut Tx<'_>, workspace: WorkspaceId, wanted: &Wanted<'_>) -> Result<Vec<Place>, Fault> {
    let total = wanted.indexes.iter().map(|index| index.len()).sum();
    let mut found: Vec<Vec<Vec<u32>>> = Vec::with_capacity(wanted.indexes.len());
    for index in wanted.indexes {
        let of_word = |word: &String| {
            let numbers = rows::with_word(tx, workspace, index.base, word, index.span())?;
            Ok(numbers.into_iter().filter_map(|number| index.rank(number)).collect())
        };
        found.push(wanted.words.iter().map(of_word).collect::<Result<_, Fault>>()?);
    }
    let rarity = |word: usize| ranking::rarity(found.iter().map(|of_index| of_index[word].len()).sum(), total);
    let rarities: Vec<f64> = (0..wanted.words.len()).map(rarity).collect();
    let mut counted = Vec::new();
    for (number, of_index) in (0_u32..).zip(&found) {
        let few = likely(tx, workspace, wanted, (number, of_index), &rarities)?;
        counted.extend(count(tx, workspace, wanted, number, &few)?);
    }
    Ok(ranking::by_words(&rarities, &counted))
}

/// The chunks of an index that have most of the rarest words: at most [`COUNTED_EACH`] times those whose order matters.
fn likely(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    wanted: &Wanted<'_>,
    (number, found): (u32, &[Vec<u32>]),
    rarities: &[f64],
) -> Result<Vec<u32>, Fault> {
    let index = &wanted.indexes[number as usize];
    let mut sums = vec![0.0_f64; index.len()];
    for (ranks, rarity) in found.iter().zip(rarities) {
        for rank in ranks {
            sums[*rank as usize] += rarity;
        }
    }
    let allowed = |rank: &u32| sums[*rank as usize] > 0.0 && (wanted.allows)(index.at_rank(number, *rank));
    let mut few: Vec<u32> = (0..index.len() as u32).filter(allowed).collect();
    let most = wanted.most * COUNTED_EACH;
    if few.len() <= most {
        return Ok(few);
    }
    let best_first = |sums: &[f64], a: u32, b: u32| sums[b as usize].total_cmp(&sums[a as usize]).then(a.cmp(&b));
    few.sort_unstable_by(|a, b| best_first(&sums, *a, *b));
    let sum_at = |place: usize| sums[few[place] as usize];
    if sum_at(wanted.most - 1) <= sum_at(most) {
        // More have the same words than are counted: the database says where those words say most.
        let rarest = (0..rarities.len()).filter(|word| !found[*word].is_empty());
        let of_best = rarest.filter(|word| found[*word].binary_search(&few[wanted.most - 1]).is_ok());
        if let Some(word) = of_best.max_by(|a, b| rarities[*a].total_cmp(&rarities[*b])) {
            for number in rows::strongest(tx, workspace, index.base, &wanted.words[word], most)? {
                if let Some(rank) = index.rank(number) {
                    sums[rank as usize] += NUDGE;
                }
            }
            few.sort_unstable_by(|a, b| best_first(&sums, *a, *b));
        }
    }
    few.truncate(most);
    Ok(few)
}

/// Reads the words of some chunks and counts those of the question.
fn count(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    wanted: &Wanted<'_>,
    number: u32,
    ranks: &[u32],
) -> Result<Vec<Counted<Place>>, Fault> {
    let index = &wanted.indexes[number as usize];
    let numbers: Vec<i64> = ranks.iter().map(|rank| index.number_at(*rank)).collect();
    let mut counted = Vec::with_capacity(numbers.len());
    if numbers.is_empty() {
        return Ok(counted);
    }
    rows::words(tx, workspace, index.base, &numbers, |chunk, words| {
        let Some(text) = index.place(number, chunk) else { return };
        let (mut counts, mut length) = (vec![0; wanted.words.len()], 0);
        for word in words.split(' ') {
            length += 1;
            if let Some(at) = wanted.words.iter().position(|one| one == word) {
                counts[at] += 1;
            }
        }
        counted.push(Counted { text, counts, length });
    })?;
    Ok(counted)
}
