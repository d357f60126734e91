//! The step's result of a response.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_engine::event::{LogLine, StepError};
use floe_runtime::effect::Effected;
use floe_runtime::outside::Response;
use http::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Map, Value, json};

/// Bytes of a body that is neither JSON nor text at most: it stands in the context as base64 text.
const BINARY_BYTES_MAX: usize = 1024 * 1024;
/// Values of a JSON body at most. Each takes some seventy bytes of memory, so ten megabytes of `0,` would take half a gigabyte.
const JSON_VALUES_MAX: usize = 1_000_000;
/// Bytes of a refusal's body that go to the step's log.
const LOGGED_BYTES_MAX: usize = 2_048;

/// The result, or the failure for a status of 400 or more.
pub(super) fn read(response: &Response, fail_on_status: bool) -> Effected {
    let status = response.status.as_u16();
    if fail_on_status && status >= 400 {
        return refused(response, status);
    }
    match body(response) {
        Ok(body) => Effected::done(json!({
            "status": status,
            "ok": response.status.is_success(),
            "headers": headers(&response.headers),
            "body": body,
            "durationMs": response.duration_ms,
        })),
        Err(error) => Effected::failed(error),
    }
}

/// The failure says the status only: what the server wrote goes to the log, which fewer people can read.
fn refused(response: &Response, status: u16) -> Effected {
    let message = format!("The server answered with status {status}");
    let error = StepError { retryable: is_worth_repeating(status), ..StepError::new("http_status", message) };
    let logs = logged(response).map(|message| LogLine { level: "warn".to_owned(), message });
    Effected { result: Err(error.with_details(json!({ "status": status }))), logs: logs.into_iter().collect() }
}

/// Too early, too busy, or broken for now.
fn is_worth_repeating(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

fn logged(response: &Response) -> Option<String> {
    let kind = Kind::of(response);
    if kind == Kind::Binary || response.body.is_empty() {
        return None;
    }
    let shown = &response.body[..response.body.len().min(LOGGED_BYTES_MAX)];
    let more = if shown.len() < response.body.len() { " …" } else { "" };
    Some(format!("{}: {}{more}", response.status.as_u16(), text(shown)))
}

/// Names in lower case, repeated headers joined as RFC 9110 allows.
pub(crate) fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut shown = Map::new();
    for name in headers.keys() {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        shown.insert(name.as_str().to_owned(), Value::String(values.join(", ")));
    }
    shown
}

/// The body as JSON, text, or base64 with its type; null for none.
///
/// # Errors
/// `response_too_large` for one that would take too much memory as a value.
pub(crate) fn body(response: &Response) -> Result<Value, StepError> {
    let bytes = &response.body[..];
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    match Kind::of(response) {
        Kind::Json => {
            if count_values(bytes) > JSON_VALUES_MAX {
                let message = format!("The answer holds more than {JSON_VALUES_MAX} JSON values");
                return Err(StepError::new("response_too_large", message));
            }
            // What calls itself JSON and is not, or is nested too deep to be read, is text.
            Ok(serde_json::from_slice(without_mark(bytes)).unwrap_or_else(|_| Value::String(text(bytes))))
        }
        Kind::Text => Ok(Value::String(text(bytes))),
        Kind::Binary => binary(bytes, &content_type(&response.headers)),
    }
}

fn binary(bytes: &[u8], content_type: &str) -> Result<Value, StepError> {
    if bytes.len() > BINARY_BYTES_MAX {
        let message = format!("The answer is neither JSON nor text, and larger than {BINARY_BYTES_MAX} bytes");
        return Err(StepError::new("response_too_large", message));
    }
    let base64 = STANDARD.encode(bytes);
    Ok(json!({ "$binary": true, "contentType": content_type, "size": bytes.len(), "base64": base64 }))
}

/// UTF-8; bytes that are not are replaced.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(without_mark(bytes)).into_owned()
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// At least as many values as a JSON text holds, without reading it: each but the first comes after one of these signs.
fn count_values(json: &[u8]) -> usize {
    let (mut count, mut in_text, mut is_escaped) = (1, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b',' | b'[' | b'{' if !in_text => count += 1,
            _ => {}
        }
    }
    count
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Text,
    Binary,
}

impl Kind {
    /// By the content type; without one by the bytes.
    fn of(response: &Response) -> Self {
        let content_type = content_type(&response.headers);
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/json" | "text/json" => Self::Json,
            other if other.ends_with("+json") => Self::Json,
            "" if std::str::from_utf8(&response.body).is_ok_and(|text| !text.contains('\0')) => Self::Text,
            "application/csv"
            | "application/graphql"
            | "application/javascript"
            | "application/jsonl"
            | "application/jwt"
            | "application/ndjson"
            | "application/toml"
            | "application/x-ndjson"
            | "application/x-www-form-urlencoded"
            | "application/x-yaml"
            | "application/xml"
            | "application/yaml" => Self::Text,
            other if other.starts_with("text/") || other.ends_with("+xml") => Self::Text,
            _ => Self::Binary,
        }
    }
}

fn content_type(headers: &HeaderMap) -> String {
    headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
}
