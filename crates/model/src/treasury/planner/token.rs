//! The words of an objective, told apart by what they can mean.

use super::super::money::Kobo;
use super::super::names::words_of;
use super::amount;

/// One piece of an objective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word in lower case without accents; a part of a name, perhaps.
    Word(String),
    /// An amount of money.
    Amount(Kobo),
    /// What stands before it is for every one.
    Each,
    /// What stands before it goes to what follows.
    To,
    /// Joins names or amounts.
    And,
    /// Leaves open which one is meant.
    Or,
}

const MONTHS: [&str; 24] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
];
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Words before a number that make it a name of something.
const COUNTERS: [&str; 14] = [
    "invoice",
    "no",
    "nr",
    "number",
    "ref",
    "reference",
    "batch",
    "order",
    "po",
    "account",
    "acct",
    "week",
    "quarter",
    "phase",
];
/// Words before a number that make it a year when it looks like one.
const BEFORE_YEAR: [&str; 6] = ["in", "of", "for", "year", "fy", "since"];

/// Whether a word in lower case names a month or a day.
pub(super) fn is_date_word(word: &str) -> bool {
    MONTHS.contains(&word) || DAYS.contains(&word)
}

/// Cuts an objective into tokens.
pub(super) fn tokens(objective: &str) -> Vec<Token> {
    let chunks: Vec<&str> = objective.split_whitespace().collect();
    let mut tokens = Vec::with_capacity(chunks.len());
    let mut at = 0;
    while let Some(&chunk) = chunks.get(at) {
        at += 1;
        let core = chunk.trim_matches(|letter: char| "()[]{}\"'.,;:!?".contains(letter));
        let before = at.checked_sub(2).and_then(|before| chunks.get(before)).copied().unwrap_or_default();
        let next = chunks.get(at).copied().map(|next| next.trim_end_matches(|letter: char| ".,;:!?)".contains(letter)));
        if amount::is_currency(core) {
            continue;
        }
        match amount::read(core, amount::is_currency(before), next.map(str::to_lowercase).as_deref()) {
            Some(written) if written.is_marked || !is_other_number(core, before) => {
                tokens.push(Token::Amount(written.amount));
                if next.is_some_and(amount::is_size) && !core.ends_with(|last: char| last.is_alphabetic()) {
                    // The size is a part of the amount.
                    at += 1;
                    push_join(chunks.get(at - 1).copied().unwrap_or_default(), &mut tokens);
                    continue;
                }
            }
            _ => push_words(core, &mut tokens),
        }
        push_join(chunk, &mut tokens);
    }
    tokens
}

/// A comma or semicolon behind a word joins like "and".
fn push_join(chunk: &str, tokens: &mut Vec<Token>) {
    if chunk.ends_with([',', ';']) {
        tokens.push(Token::And);
    }
}

fn push_words(core: &str, tokens: &mut Vec<Token>) {
    if matches!(core, "&" | "+") {
        return tokens.push(Token::And);
    }
    tokens.extend(words_of(core).into_iter().map(|word| match word.as_str() {
        "and" | "plus" => Token::And,
        "or" => Token::Or,
        "each" | "apiece" | "everyone" => Token::Each,
        "to" => Token::To,
        _ => Token::Word(word),
    }));
}

/// Whether a bare number is a year, or the number of an invoice or the like, by the word before it.
fn is_other_number(core: &str, before: &str) -> bool {
    let before = words_of(before).pop().unwrap_or_default();
    let is_year = core.len() == 4 && (core.starts_with("19") || core.starts_with("20"));
    COUNTERS.contains(&before.as_str())
        || (is_year && (is_date_word(&before) || BEFORE_YEAR.contains(&before.as_str())))
        || core.starts_with('#')
}
