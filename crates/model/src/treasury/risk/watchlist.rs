//! Names that an operator watches (treasury contract, section 5.2): whoever resembles one is looked at by a person, never refused.

use std::collections::HashMap;

use super::super::names::NameWords;

/// Most names of a list.
pub const WATCHED_NAMES_MAX: usize = 500_000;
/// Most bytes of one line.
const LINE_BYTES_MAX: usize = 1_000;

/// A watch list, ready to be asked.
#[derive(Debug, Default)]
pub struct Watchlist {
    /// How many words each name has.
    lengths: Vec<u32>,
    /// The names in which a word occurs.
    by_word: HashMap<String, Vec<u32>>,
}

/// Why a list cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum WatchProblem {
    /// Too many names.
    #[error("the watch list has more than {WATCHED_NAMES_MAX} names")]
    Size,
    /// A line without a word, or one that is too long.
    #[error("line {0} of the watch list is no name of 1 to {LINE_BYTES_MAX} bytes")]
    Line(usize),
}

impl Watchlist {
    /// Reads a list: a name on each line; empty lines, and lines that begin with `#`, say nothing.
    ///
    /// # Errors
    /// [`WatchProblem`] with the line.
    pub fn parse(text: &str) -> Result<Self, WatchProblem> {
        let mut list = Self::default();
        for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let words = NameWords::of(line);
            if words.is_empty() || line.len() > LINE_BYTES_MAX {
                return Err(WatchProblem::Line(at + 1));
            }
            if list.lengths.len() == WATCHED_NAMES_MAX {
                return Err(WatchProblem::Size);
            }
            list.add(&words)?;
        }
        Ok(list)
    }

    fn add(&mut self, words: &NameWords) -> Result<(), WatchProblem> {
        let number = u32::try_from(self.lengths.len()).map_err(|_| WatchProblem::Size)?;
        self.lengths.push(u32::try_from(words.len()).map_err(|_| WatchProblem::Size)?);
        for word in words.iter() {
            self.by_word.entry(word.to_owned()).or_default().push(number);
        }
        Ok(())
    }

    /// How many names it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Whether a name resembles one of the list: as [`NameWords::resembles`] says of the two, found by the words that they share.
    #[must_use]
    pub fn watches(&self, name: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        let words = NameWords::of(name);
        let mut shared: HashMap<u32, u32> = HashMap::new();
        for word in words.iter() {
            for number in self.by_word.get(word).map_or(&[][..], Vec::as_slice) {
                *shared.entry(*number).or_default() += 1;
            }
        }
        let own = u32::try_from(words.len()).unwrap_or(u32::MAX);
        shared.into_iter().any(|(number, shared)| {
            let listed = self.lengths.get(number as usize).copied().unwrap_or(u32::MAX);
            let all = own.saturating_add(listed).saturating_sub(shared);
            // Four fifths of the words of both, or every word of a listed name of two or more.
            5 * u64::from(shared) >= 4 * u64::from(all) || (listed >= 2 && shared == listed)
        })
    }
}

#[cfg(test)]
mod tests;
