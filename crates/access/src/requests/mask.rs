//! What is taken for a secret, and what stands in its place.
//!
//! Names decide first: fields, parameters and headers that are called like a secret. Whatever their names, words of forty and more
//! characters without a gap are left out too: every credential of Floe (keys, tokens, links, signing secrets) is such a
//! word, and no id is. A body that was cut in the middle is not JSON any more, so bodies are masked as text.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::BodyPart;

/// Bytes of a body that are kept.
pub const BODY_MAX: usize = 8 * 1_024;
/// What stands in the place of a secret.
const MASK: &str = "***";
/// Characters of the shortest word that is taken for a credential. Ids have 36 at most.
const OPAQUE_MIN: usize = 40;
/// Headers or parameters that are kept.
const PAIRS_MAX: usize = 64;
/// Characters of a value of theirs that are kept.
const VALUE_MAX: usize = 256;
/// Headers that nearly every request has, and that hold no secret: they need not be looked at.
const HARMLESS: &[&str] =
    &["accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"];
/// Names that are a secret's as they are.
const NAMES: &[&str] = &["key", "pin", "pwd", "pass", "otp", "cvv", "cvc", "jwt", "auth", "bearer", "session"];
/// Names that are a secret's when they hold this.
const PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "authorization",
    "credential",
    "cookie",
];

/// Whether a name is a secret's, however it is written: `api_key`, `X-API-Key`, `apiKey`.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    if HARMLESS.contains(&name) {
        return false;
    }
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    // Tokens in the plural are counted: `maxTokens`.
    let is_token = plain.contains("token") && !plain.ends_with("tokens");
    is_token || NAMES.contains(&plain.as_str()) || PARTS.iter().any(|part| plain.contains(part))
}

/// A text without words that look like a credential.
#[must_use]
pub fn masked(text: &str) -> Cow<'_, str> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    // Most texts are short, or have no long word.
    if text.len() < OPAQUE_MIN || !text.split(|letter| !is_word(letter)).any(|word| word.len() >= OPAQUE_MIN) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let (before, from) = rest.split_at(start);
        let length = from.find(|letter| !is_word(letter)).unwrap_or(from.len());
        let (word, after) = from.split_at(length);
        out.push_str(before);
        out.push_str(if word.len() < OPAQUE_MIN { word } else { MASK });
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Writes headers or parameters as a JSON object, those of secrets masked; a bounded number, each cut. A name that comes twice keeps
/// its last value.
pub fn write_pairs<'a>(out: &mut String, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    let pairs: Vec<(&str, &str)> = pairs.take(PAIRS_MAX).collect();
    out.push('{');
    let mut is_first = true;
    for (index, (name, value)) in pairs.iter().enumerate() {
        if pairs[index + 1..].iter().any(|(later, _)| later == name) {
            continue;
        }
        if !std::mem::replace(&mut is_first, false) {
            out.push(',');
        }
        write_text(out, &masked(&cut(name)));
        out.push(':');
        if is_secret_name(name) {
            write_text(out, MASK);
        } else {
            write_text(out, &masked(&cut(value)));
        }
    }
    out.push('}');
}

/// Writes a text as a JSON string.
fn write_text(out: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

/// A body as it is kept: a text without secrets, or how long it is when it is no text.
#[must_use]
pub fn body(part: &BodyPart) -> Value {
    let media = part.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = media.is_empty() || media == "application/json" || media.ends_with("+json");
    let is_form = media == "application/x-www-form-urlencoded";
    let is_text = is_json || is_form || media.starts_with("text/");
    let text = is_text.then(|| {
        let text = String::from_utf8_lossy(&part.bytes).replace('\0', "\u{fffd}");
        if is_form { form(&text) } else { masked(&json_text(&text)).into_owned() }
    });
    let truncated = part.size > part.bytes.len();
    json!({ "content_type": part.content_type, "size": part.size, "truncated": truncated, "text": text })
}

/// The values of secret members replaced, in JSON that may have been cut anywhere. Other text stays as it is.
fn json_text(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = text[at..].find('"') {
        let start = at + found;
        let end = string_end(bytes, start);
        let colon = skip_space(bytes, end);
        out.push_str(&text[at..end]);
        at = end;
        if bytes.get(colon) != Some(&b':') || !is_secret_name(&unquoted(&text[start..end])) {
            continue;
        }
        let value = skip_space(bytes, colon + 1);
        // Whether there is a secret is none.
        if matches!(bytes.get(value), Some(b'n' | b't' | b'f')) {
            continue;
        }
        out.push_str(&text[end..value]);
        out.push_str("\"***\"");
        at = value_end(bytes, value);
    }
    out.push_str(&text[at..]);
    out
}

fn form(text: &str) -> String {
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret_name(name) => format!("{name}={MASK}"),
        _ => masked(pair).into_owned(),
    };
    text.split('&').map(pair).collect::<Vec<_>>().join("&")
}

/// Behind the closing quote of the string that begins at `start`, or the end of the text.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Behind the value that begins at `start`. Ends are always behind ASCII, so they never split a character.
fn value_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth <= 1 => return if depth == 0 { at } else { at + 1 },
            b']' | b'}' => depth -= 1,
            b',' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

fn skip_space(bytes: &[u8], from: usize) -> usize {
    let space = bytes.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    (from + space).min(bytes.len())
}

fn unquoted(text: &str) -> String {
    serde_json::from_str(text).unwrap_or_else(|_| text.to_owned())
}

fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= VALUE_MAX || text.chars().count() <= VALUE_MAX {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(VALUE_MAX).chain(['…']).collect())
}

#[cfg(test)]
mod tests;
