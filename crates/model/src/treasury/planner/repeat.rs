//! Earlier runs that an objective repeats (treasury contract, section 3.2).

use super::super::names::{NameWords, words_of};
use super::token::is_date_word;

/// From this overlap of their words two objectives ask for the same.
pub const OBJECTIVE_OVERLAP: f64 = 0.8;

/// Which of the earlier objectives, newest first, this one repeats: the most alike, and of several such ones the newest. Dates,
/// months and numbers do not count; an objective of nothing else repeats none.
#[must_use]
pub fn repeated<'a>(objective: &str, earlier: impl IntoIterator<Item = &'a str>) -> Option<usize> {
    let words = telling_words(objective);
    let mut best: Option<(usize, f64)> = None;
    for (at, other) in earlier.into_iter().enumerate() {
        let overlap = words.overlap(&telling_words(other));
        if overlap >= OBJECTIVE_OVERLAP && best.is_none_or(|(_, highest)| overlap > highest) {
            best = Some((at, overlap));
        }
    }
    best.map(|(at, _)| at)
}

fn telling_words(objective: &str) -> NameWords {
    let words = words_of(objective).into_iter();
    words.filter(|word| !is_date_word(word) && !word.contains(|letter: char| letter.is_numeric())).collect()
}

#[cfg(test)]
mod tests;
