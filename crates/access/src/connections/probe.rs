//! A test of a connection: one harmless call through the guarded client.

use bytes::Bytes;
use floe_model::{Fault, FaultKind};
use floe_runtime::Platform;
use floe_runtime::connections::authorize;
use floe_runtime::outside::{Limits, OutsideError, Request};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::kinds::Kind;

/// Time for the whole test, milliseconds.
const TOTAL_MS: u64 = 10_000;
/// Time for the connection, milliseconds.
const CONNECT_MS: u64 = 5_000;
/// Bytes of the answer that are read; they are not looked at.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// What a test showed.
#[derive(Debug, Clone)]
pub struct Tested {
    /// Whether the service took the credentials.
    pub ok: bool,
    /// Its answer, if there was one.
    pub status_code: Option<u16>,
    /// How long it took, milliseconds.
    pub duration_ms: u64,
    /// One sentence; holds nothing that the service wrote.
    pub message: String,
}

/// Makes the call.
///
/// # Errors
/// `not_supported` when there is nothing that could be called; `outbound_blocked` for an address that may not be called.
pub(super) async fn test(
    platform: &Platform,
    kind: Kind,
    config: &Map<String, Value>,
    secret: &Map<String, Value>,
) -> Result<Tested, Fault> {
    let request = compose(kind, config, secret)?;
    let began = platform.clock.now();
    match platform.outside.send(request).await {
        Ok(response) => {
            let ok = response.status.as_u16() < 400;
            let status_code = Some(response.status.as_u16());
            let message = message_of(response.status);
            Ok(Tested { ok, status_code, duration_ms: response.duration_ms, message })
        }
        Err(error @ (OutsideError::Blocked(_) | OutsideError::InvalidUrl(_))) => {
            Err(Fault::new(FaultKind::Unprocessable, "outbound_blocked", format!("The test was not made: {error}")))
        }
        Err(error) => {
            let duration_ms = u64::try_from(platform.clock.now().millis_since(began)).unwrap_or(0);
            Ok(Tested { ok: false, status_code: None, duration_ms, message: format!("The call failed: {error}") })
        }
    }
}

fn message_of(status: StatusCode) -> String {
    match status.as_u16() {
        401 | 403 => format!("The service refused the credentials with status {}", status.as_u16()),
        code if code < 400 => format!("The service answered with status {code}"),
        code => format!("The service answered with status {code}; the credentials may still be right"),
    }
}

fn compose(kind: Kind, config: &Map<String, Value>, secret: &Map<String, Value>) -> Result<Request, Fault> {
    let unsupported = |why: &str| Fault::new(FaultKind::Unprocessable, "not_supported", why);
    let setting = |key: &str| config.get(key).and_then(Value::as_str);
    let mut headers = HeaderMap::new();
    let url = match kind {
        Kind::Database | Kind::Smtp => {
            return Err(unsupported("This server has no way to test connections of this type yet"));
        }
        Kind::Mcp => setting("url").unwrap_or_default().to_owned(),
        _ => {
            let base = setting("base_url").ok_or_else(|| unsupported("A test needs base_url in the config"))?;
            let path = setting("test_path").unwrap_or_default().trim_start_matches('/');
            if path.is_empty() { base.to_owned() } else { format!("{}/{path}", base.trim_end_matches('/')) }
        }
    };
    let url = authorize(kind.as_str(), config, secret, url, &mut headers)?;
    let (method, body) = match kind {
        Kind::Mcp => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
            (Method::POST, Bytes::from(hello().to_string()))
        }
        _ => (Method::GET, Bytes::new()),
    };
    let limits =
        Limits { total_ms: TOTAL_MS, connect_ms: CONNECT_MS, response_bytes_max: ANSWER_BYTES_MAX, redirects_max: 3 };
    Ok(Request { method, url, headers, body, limits })
}

/// The first message of the protocol.
fn hello() -> Value {
    json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": { "name": "floe", "version": env!("CARGO_PKG_VERSION") },
        },
    })
}
