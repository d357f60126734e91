//! Takes the values of secrets out of everything that a step brings back, before it is written anywhere.
//!
//! Receivers echo what they were sent: as it is, percent-encoded as in a URL or form, or escaped as in JSON text. All three are found,
//! also mixed; so are values inside binary answers, which are kept as base64. What a receiver has encoded in another way is not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_engine::secrets::SHOWN;
use floe_runtime::effect::Effected;
use serde_json::{Map, Value};

/// Characters of the beginning of a value that may stand at the end of a text that was cut.
const HEAD_CHARS_MIN: usize = 4;
/// How a text ends that was cut.
const CUT: &str = " …";

/// The values to take out. Not printable.
#[derive(Default)]
pub(crate) struct Mask {
    /// Longest first, so that a value which holds another one is taken out whole.
    values: Vec<String>,
}

impl Mask {
    /// A mask of values; those without anything visible are left out.
    pub(crate) fn new(values: impl IntoIterator<Item = String>) -> Self {
        let mut all: Vec<String> = Vec::new();
        for value in values {
            // Headers and URLs are sent without blanks around them, and are echoed so.
            let trimmed = value.trim();
            if !trimmed.is_empty() {
                all.push(trimmed.to_owned());
            }
        }
        all.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        all.dedup();
        Self { values: all }
    }

    /// Result, error and log without the values.
    pub(crate) fn apply(&self, effected: Effected) -> Effected {
        if self.values.is_empty() {
            return effected;
        }
        let Effected { result, mut logs } = effected;
        for line in &mut logs {
            line.message = self.text(&line.message);
        }
        let result = match result {
            Ok(value) => Ok(self.value(value)),
            Err(mut error) => {
                error.message = self.text(&error.message);
                error.details = error.details.map(|details| self.value(details));
                Err(error)
            }
        };
        Effected { result, logs }
    }

    fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(map) => self.object(map),
            Value::Number(number) if self.values.iter().any(|secret| number.to_string().contains(secret.as_str())) => {
                Value::String(SHOWN.to_owned())
            }
            plain => plain,
        }
    }

    fn object(&self, map: Map<String, Value>) -> Value {
        let is_binary = map.get("$binary") == Some(&Value::Bool(true));
        let member = |(key, member): (String, Value)| match member {
            Value::String(text) if is_binary && key == "base64" => (key, Value::String(self.base64(text))),
            member => (self.text(&key), self.value(member)),
        };
        Value::Object(map.into_iter().map(member).collect())
    }

    /// A text without the values.
    pub(super) fn text(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for secret in &self.values {
            if masked.contains(secret.as_str()) {
                masked = masked.replace(secret.as_str(), SHOWN);
            }
            masked = without_encoded(masked, secret);
            masked = without_cut(masked, secret);
        }
        masked
    }

    /// The bytes behind a base64 text, without the values.
    fn base64(&self, text: String) -> String {
        let Ok(mut bytes) = STANDARD.decode(&text) else { return self.text(&text) };
        let before = bytes.len();
        let mut found = false;
        for secret in &self.values {
            let secret = secret.as_bytes();
            let mut at = 0;
            while let Some(next) = bytes[at..].windows(secret.len()).position(|part| part == secret) {
                // As many bytes as before: what is around them may count on its place.
                bytes[at + next..at + next + secret.len()].fill(b'*');
                at += next + secret.len();
                found = true;
            }
        }
        debug_assert_eq!(bytes.len(), before, "masking keeps the length");
        if found { STANDARD.encode(bytes) } else { text }
    }
}

/// Takes out a value whose characters are partly or all written as `%XX`, `+`, or with JSON's escapes.
fn without_encoded(text: String, secret: &str) -> String {
    if !text.contains(['%', '\\', '+']) {
        return text;
    }
    let mut masked = String::new();
    let (mut kept, mut at) = (0, 0);
    while at < text.len() {
        match end_of(&text, at, secret) {
            Some(end) => {
                masked.push_str(&text[kept..at]);
                masked.push_str(SHOWN);
                (kept, at) = (end, end);
            }
            None => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    masked.push_str(&text[kept..]);
    masked
}

/// Where the value ends that begins at a place, if it does, in any mixture of spellings.
fn end_of(text: &str, at: usize, secret: &str) -> Option<usize> {
    secret.chars().try_fold(at, |at, letter| {
        let rest = &text[at..];
        let len = percent(rest, letter).or_else(|| json_escape(rest, letter)).or_else(|| {
            let is_blank = letter == ' ' && rest.starts_with('+');
            if is_blank { Some(1) } else { rest.starts_with(letter).then(|| letter.len_utf8()) }
        })?;
        Some(at + len)
    })
}

/// Length of the letter written as `%XX` for each of its bytes.
fn percent(rest: &str, letter: char) -> Option<usize> {
    let mut buffer = [0; 4];
    let bytes = letter.encode_utf8(&mut buffer).as_bytes();
    let written = rest.as_bytes().get(..bytes.len() * 3)?;
    let is_same = |(part, byte): (&[u8], &u8)| {
        part[0] == b'%' && std::str::from_utf8(&part[1..]).is_ok_and(|hex| u8::from_str_radix(hex, 16) == Ok(*byte))
    };
    written.chunks(3).zip(bytes).all(is_same).then_some(bytes.len() * 3)
}

/// Length of the letter written with a JSON escape.
fn json_escape(rest: &str, letter: char) -> Option<usize> {
    let after = rest.strip_prefix('\\')?;
    let short = match letter {
        '"' | '\\' | '/' => Some(letter),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        _ => None,
    };
    if short.is_some_and(|short| after.starts_with(short)) {
        return Some(2);
    }
    let mut units = [0; 2];
    let units = letter.encode_utf16(&mut units);
    let mut rest = rest;
    for unit in units.iter() {
        let hex = rest.strip_prefix("\\u")?.get(..4)?;
        if u16::from_str_radix(hex, 16) != Ok(*unit) {
            return None;
        }
        rest = &rest[6..];
    }
    Some(units.len() * 6)
}

/// Takes out the beginning of a value at the end of a text that was cut there.
fn without_cut(text: String, secret: &str) -> String {
    let Some(before) = text.strip_suffix(CUT) else { return text };
    let heads = secret.char_indices().map(|(at, _)| &secret[..at]).skip(HEAD_CHARS_MIN);
    match heads.filter(|head| before.ends_with(head)).last() {
        Some(head) => format!("{}{SHOWN}{CUT}", &before[..before.len() - head.len()]),
        None => text,
    }
}

#[cfg(test)]
mod tests;
