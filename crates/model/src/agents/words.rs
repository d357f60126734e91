//! The words of a text, the same for everything that compares texts: the full text search of both databases and the built-in embedding.
//!
//! A word is in lower case, without accents, without its commonest English endings, and consists of letters, digits and marks only, so
//! that it can stand inside any query language without quoting. Where blanks do not part words (Chinese, Japanese) each sign is one.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Characters of a word that are looked at; what comes after them (encoded data, mostly) does not count.
const WORD_CHARS_MAX: usize = 40;
/// Words of a question that are searched for.
pub const TELLING_MAX: usize = 24;

/// English words that say nothing about what a text is about, and what people say when they ask somebody; in the form that [`stem`] gives
/// them, in alphabetical order.
const STOP_WORDS: [&str; 115] = [
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "becaus", "been", "befor",
    "but", "by", "can", "cannot", "could", "did", "do", "doe", "dont", "each", "for", "from", "get", "giv", "ha",
    "had", "hav", "he", "hello", "her", "hey", "hi", "him", "how", "i", "if", "im", "in", "into", "is", "it", "ive",
    "just", "know", "lik", "may", "me", "might", "mor", "most", "much", "must", "my", "need", "no", "nor", "not", "of",
    "off", "on", "one", "only", "or", "other", "our", "out", "over", "own", "pleas", "shall", "she", "should", "so",
    "som", "such", "tell", "than", "that", "the", "their", "them", "then", "ther", "thes", "they", "thi", "thos", "to",
    "too", "up", "us", "used", "very", "wa", "want", "we", "wer", "what", "when", "wher", "which", "whil", "who",
    "why", "will", "with", "would", "you", "your",
];

/// The words of a text in its order, repeated as often as they occur.
#[must_use]
pub fn of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.nfkd().filter(|c| !is_accent(*c)).nfc().flat_map(char::to_lowercase) {
        if is_sign(c) {
            finish(&mut word, &mut words);
            words.push(c.to_string());
        } else if c.is_alphanumeric() || (is_combining_mark(c) && !word.is_empty()) {
            word.push(c);
        } else if !is_apostrophe(c) {
            finish(&mut word, &mut words);
        }
    }
    finish(&mut word, &mut words);
    words
}

/// The words of a text with a blank between them: what is given to the database to search in.
#[must_use]
pub fn searchable(text: &str) -> String {
    of(text).join(" ")
}

/// The words that tell what a question is about: each once, in its order, without stop words unless it has no others; at most
/// [`TELLING_MAX`].
#[must_use]
pub fn telling(question: &str) -> Vec<String> {
    let words = of(question);
    let only_stop_words = words.iter().all(|word| is_stop_word(word));
    let mut told: Vec<String> = Vec::new();
    for word in words {
        if told.len() < TELLING_MAX && (only_stop_words || !is_stop_word(&word)) && !told.contains(&word) {
            told.push(word);
        }
    }
    told
}

/// Whether a word of [`of`] says nothing by itself.
#[must_use]
pub fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

fn finish(word: &mut String, words: &mut Vec<String>) {
    if !word.is_empty() {
        let cut: String = word.chars().take(WORD_CHARS_MAX).collect();
        words.push(stem(&cut).into_owned());
        word.clear();
    }
}

/// A word without plural, `ing`, `ed` and a last `e`: what is cut from one form is cut from the others, which is all that matters.
fn stem(word: &str) -> std::borrow::Cow<'_, str> {
    if !word.bytes().all(|byte| byte.is_ascii_lowercase()) || word.len() < 3 {
        return word.into();
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() >= 2) {
        return format!("{stem}y").into();
    }
    let singular = match word.strip_suffix('s') {
        Some(rest) if !rest.ends_with(['s', 'u']) => rest,
        _ => word,
    };
    let base = ["ing", "ed"]
        .iter()
        .find_map(|ending| singular.strip_suffix(ending).filter(|stem| stem.len() >= 4))
        .map_or(singular, undoubled);
    base.strip_suffix('e').filter(|stem| stem.len() >= 3).unwrap_or(base).into()
}

/// `shipp` of `shipping` is `ship`; `ss` and `ll` stay, as in `pass` and `sell`.
fn undoubled(stem: &str) -> &str {
    let bytes = stem.as_bytes();
    match bytes {
        [.., a, b] if a == b && !matches!(b, b's' | b'l' | b'e' | b'o') => &stem[..stem.len() - 1],
        _ => stem,
    }
}

fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2bc}' | '\u{ad}')
}

/// Whether a character of a script without blanks is a word of its own.
fn is_sign(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}

#[cfg(test)]
mod tests;
