//! What a server answered, as a model is told.

use floe_runtime::outside::Response;
use floe_runtime::tools::ToolFault;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::super::result::start;
use super::super::secrets::Secrets;

/// Bytes of the body of a refusal that a model is told.
const REFUSAL_BYTES_MAX: usize = 1_000;

/// JSON as it is, text as text; anything else by its type and size.
///
/// # Errors
/// `http_status` for a status of 300 or more.
pub(in super::super) fn read(response: &Response, secrets: &Secrets) -> Result<Value, ToolFault> {
    let status = response.status;
    if !status.is_success() {
        let body = String::from_utf8_lossy(&response.body);
        let body = secrets.hide(start(&body, REFUSAL_BYTES_MAX));
        let code = if status.is_server_error() { "http_server_error" } else { "http_status" };
        return Err(ToolFault::new(code, format!("The server answered {}: {body}", status.as_u16())));
    }
    if response.body.is_empty() {
        return Ok(json!({ "status": status.as_u16() }));
    }
    if let Ok(value) = serde_json::from_slice::<Value>(&response.body) {
        return Ok(secrets.hide_in(value));
    }
    match std::str::from_utf8(&response.body) {
        Ok(text) => Ok(Value::String(secrets.hide(text))),
        // A body that was cut may end inside of a character.
        Err(error) if error.error_len().is_none() => {
            Ok(Value::String(secrets.hide(&String::from_utf8_lossy(&response.body[..error.valid_up_to()]))))
        }
        Err(_) => {
            let kind = response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
            Ok(json!({ "content_type": kind, "bytes": response.body.len(), "note": "The answer is no text" }))
        }
    }
}
