//! The body of a request in the form that the step asks for.

use bytes::Bytes;
use floe_engine::event::StepError;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::query::encoded;
use crate::steps::config::{Config, bad_value, spread, written};

/// Ways in which a body is sent.
pub(super) const TYPES: &[&str] = &["json", "form", "multipart", "text", "none"];
/// Bytes of a request's body at most: as many as the context of a run can hold.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Boundaries tried before a body is given up. One is enough unless a body was made to hold it.
const BOUNDARIES_MAX: u32 = 8;

/// A body ready to be sent.
pub(super) struct Encoded {
    pub(super) bytes: Bytes,
    pub(super) content_type: String,
    /// Whether the body can't be read under another content type, since that holds the boundary.
    pub(super) owns_content_type: bool,
}

/// Encodes the body; none when the step has none, or its type is `none`. A text under `json` is JSON that the author wrote
/// and is sent as it stands; under `form` likewise, unless it is a JSON object.
///
/// # Errors
/// `bad_value` for a value that the type can't carry.
pub(super) fn encode(config: Config<'_>, key: &str) -> Result<Option<Encoded>, StepError> {
    let kind = config.text("bodyType")?.unwrap_or("json");
    let Some(value) = config.get("body").filter(|value| !is_empty(value)) else {
        return if TYPES.contains(&kind) { Ok(None) } else { Err(unknown_type()) };
    };
    let encoded = match kind {
        "json" => plain(json_text(value)?, "application/json"),
        "form" => plain(form_text(value)?, "application/x-www-form-urlencoded"),
        "multipart" => multipart(&pairs(value)?, key)?,
        "text" => plain(written(value), "text/plain; charset=utf-8"),
        "none" => return Ok(None),
        _ => return Err(unknown_type()),
    };
    if encoded.bytes.len() > BODY_BYTES_MAX {
        return Err(bad_value("body", &format!("is larger than {BODY_BYTES_MAX} bytes")));
    }
    Ok(Some(encoded))
}

fn unknown_type() -> StepError {
    bad_value("bodyType", &format!("is not one of {}", TYPES.join(", ")))
}

/// An editor's empty field.
fn is_empty(value: &Value) -> bool {
    value.as_str().is_some_and(str::is_empty)
}

fn plain(text: String, content_type: &str) -> Encoded {
    Encoded { bytes: Bytes::from(text), content_type: content_type.to_owned(), owns_content_type: false }
}

fn json_text(value: &Value) -> Result<String, StepError> {
    let Value::String(text) = value else { return Ok(value.to_string()) };
    // Only whether it is JSON is asked, so that numbers keep the digits they were written with.
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(text.clone()),
        Err(_) => Err(bad_value("body", "is a text that is not JSON; give a value, or bodyType text")),
    }
}

fn form_text(value: &Value) -> Result<String, StepError> {
    match value {
        Value::String(text) if !text.trim_start().starts_with('{') => Ok(text.clone()),
        other => {
            let pairs = pairs(other)?;
            let pairs: Vec<(&str, &Value)> = pairs.iter().map(|(name, value)| (name.as_str(), value)).collect();
            Ok(encoded(&pairs))
        }
    }
}

/// The three forms of a key-value field. The body is no such field for the engine, since it may be any JSON.
fn pairs(value: &Value) -> Result<Vec<(String, Value)>, StepError> {
    let wrong = || bad_value("body", "is not an object, a list of {key, value}, or a JSON text of an object");
    let owned = |(name, value): (&str, &Value)| (name.to_owned(), value.clone());
    match value {
        Value::Object(map) => Ok(map.iter().flat_map(|(name, value)| spread(name, value)).map(owned).collect()),
        Value::Array(items) => {
            let mut pairs = Vec::new();
            for item in items {
                let name = item.get("key").and_then(Value::as_str).ok_or_else(wrong)?;
                pairs.extend(spread(name, &item["value"]).into_iter().map(owned));
            }
            Ok(pairs)
        }
        Value::String(text) => match serde_json::from_str(text) {
            Ok(object @ Value::Object(_)) => pairs(&object),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

/// Text parts (RFC 7578). The boundary follows from the step's key, so that a repeat sends the same bytes.
fn multipart(pairs: &[(String, Value)], key: &str) -> Result<Encoded, StepError> {
    let texts: Vec<(String, String)> = pairs.iter().map(|(name, value)| (quoted(name), written(value))).collect();
    let is_free =
        |boundary: &String| !texts.iter().any(|(name, text)| name.contains(boundary) || text.contains(boundary));
    let boundary = (0..BOUNDARIES_MAX).map(|number| boundary(key, number)).find(is_free);
    let boundary = boundary.ok_or_else(|| bad_value("body", "holds every boundary between its parts"))?;
    let mut body = String::new();
    for (name, text) in &texts {
        body.push_str(&format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n"));
    }
    body.push_str(&format!("--{boundary}--\r\n"));
    let content_type = format!("multipart/form-data; boundary={boundary}");
    Ok(Encoded { bytes: Bytes::from(body), content_type, owns_content_type: true })
}

fn boundary(key: &str, number: u32) -> String {
    let hash = Sha256::digest(format!("{key}#{number}"));
    hash.iter().take(16).fold("floe-".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// A part's name as browsers write it (HTML standard, multipart/form-data encoding).
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}
