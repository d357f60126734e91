//! Names of payees compared without regard to case, accents, punctuation and order (treasury contract, section 5.1).

use std::collections::BTreeSet;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The words of a name: lower-case, without accents and punctuation, each once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct NameWords(BTreeSet<String>);

/// The words of a text in order: lower-case, without accents. Whatever is no letter or digit separates them, except an apostrophe
/// or a full stop within a name, as in `O'Neil` and `A.B.`.
#[must_use]
pub fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for letter in text.nfkd().filter(|&letter| !is_combining_mark(letter)) {
        match letter {
            letter if letter.is_alphanumeric() => word.extend(letter.to_lowercase()),
            '\'' | '\u{2019}' | '\u{2bc}' | '.' => {}
            _ if word.is_empty() => {}
            _ => words.push(std::mem::take(&mut word)),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A name as it is looked up: its words in order with one space between them. Empty when there is no letter in it.
#[must_use]
pub fn name_key(name: &str) -> String {
    words_of(name).join(" ")
}

impl NameWords {
    /// The words of a name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self(words_of(name).into_iter().collect())
    }

    /// Shared words of all distinct words of both, from 0 to 1; 0 when neither has any.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> f64 {
        let shared = self.0.intersection(&other.0).count();
        ratio(shared, self.0.len() + other.0.len() - shared)
    }

    /// Whether the name resembles one of a watch list: at least four fifths of the words are shared, or every word of the entry (two
    /// or more) occurs in it.
    #[must_use]
    pub fn resembles(&self, listed: &Self) -> bool {
        self.overlap(listed) >= RESEMBLES || (listed.0.len() >= 2 && listed.0.is_subset(&self.0))
    }

    /// The words, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<String> for NameWords {
    fn from_iter<I: IntoIterator<Item = String>>(words: I) -> Self {
        Self(words.into_iter().collect())
    }
}

/// From this overlap a name resembles a listed one.
const RESEMBLES: f64 = 0.8;

/// A share as the nearest float, which is the same on every machine.
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests;
