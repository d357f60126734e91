//! Canonical JSON (RFC 8785): one text for one value, whatever order its members came in and however its numbers were
//! written. Digests of what people approve are made over it.

use std::borrow::Cow;

use serde_json::{Number, Value};

use floe_model::hex;
use sha2::{Digest as _, Sha256};

use crate::expr;

/// SHA-256 of the canonical text of a value, in 64 lower-case hexadecimal digits: two values have the same one when they say the same.
#[must_use]
pub fn canonical_digest(value: &Value) -> String {
    hex::encode(&Sha256::digest(canonical_json(value).as_bytes()))
}

/// The canonical text of a value. Numbers count as double precision numbers, as the RFC says.
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number_text(number)),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(at, out);
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut members: Vec<(&String, &Value)> = map.iter().collect();
            // By UTF-16 code units, which differs from the order of bytes above U+D7FF.
            members.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
            out.push('{');
            for (at, (key, item)) in members.into_iter().enumerate() {
                separate(at, out);
                write_text(key, out);
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
    }
}

fn separate(at: usize, out: &mut String) {
    if at > 0 {
        out.push(',');
    }
}

/// A text as `JSON.stringify` writes it; `serde_json` escapes the same characters in the same way.
fn write_text(text: &str, out: &mut String) {
    let quoted = serde_json::to_string(text).expect("a text can always be written as JSON");
    out.push_str(&quoted);
}

fn number_text(number: &Number) -> Cow<'static, str> {
    // Every number of a parsed document is finite.
    number.as_f64().map_or(Cow::Borrowed("null"), |float| Cow::Owned(expr::number_text(float)))
}

#[cfg(test)]
mod tests;
