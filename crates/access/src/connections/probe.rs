//! A test of a connection: one harmless call through the guarded client.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use floe_model::{Fault, FaultKind};
use floe_runtime::Platform;
use floe_runtime::outside::{Limits, OutsideError, Request};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::kinds::Kind;

/// Time for the whole test, milliseconds.
const TOTAL_MS: u64 = 10_000;
/// Time for the connection, milliseconds.
const CONNECT_MS: u64 = 5_000;
/// Bytes of the answer that are read; they are not looked at.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Header of a key unless the connection names one.
const KEY_HEADER: &str = "x-api-key";

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
    let url = authorize(kind, config, secret, url, &mut headers)?;
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

/// Adds the credentials; gives the URL, which may carry them.
fn authorize(
    kind: Kind,
    config: &Map<String, Value>,
    secret: &Map<String, Value>,
    url: String,
    headers: &mut HeaderMap,
) -> Result<String, Fault> {
    let part = |key: &str| secret.get(key).and_then(Value::as_str).unwrap_or_default();
    let setting = |key: &str| config.get(key).and_then(Value::as_str);
    let mut bearer = |token: &str| insert(headers, AUTHORIZATION, &format!("Bearer {token}"));
    match kind {
        Kind::Bearer => bearer(part("token"))?,
        Kind::Oauth2Token => bearer(part("access_token"))?,
        Kind::Mcp if !part("token").is_empty() => bearer(part("token"))?,
        Kind::Basic => {
            let pair = STANDARD.encode(format!("{}:{}", part("username"), part("password")));
            insert(headers, AUTHORIZATION, &format!("Basic {pair}"))?;
        }
        Kind::ApiKey => match setting("query_parameter") {
            Some(name) => return Ok(with_parameter(&url, name, part("api_key"))),
            None => {
                let name = setting("header").unwrap_or(KEY_HEADER);
                let name = HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| Fault::field("/config/header", "value", "config.header is no header name"))?;
                insert(headers, name, part("api_key"))?;
            }
        },
        Kind::CustomHeaders => {
            for (name, value) in secret {
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable())?;
                insert(headers, name, value.as_str().unwrap_or_default())?;
            }
        }
        Kind::Mcp | Kind::Database | Kind::Smtp => {}
    }
    Ok(url)
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) -> Result<(), Fault> {
    let mut value = HeaderValue::from_str(value).map_err(|_| unsendable())?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

fn unsendable() -> Fault {
    Fault::new(FaultKind::Unprocessable, "not_supported", "The secret holds characters that no header can carry")
}

/// The URL with a parameter behind its query; letters other than the unreserved ones are percent-encoded.
fn with_parameter(url: &str, name: &str, value: &str) -> String {
    let encoded = |text: &str| -> String {
        text.bytes().fold(String::new(), |mut all, byte| {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => all.push(char::from(byte)),
                _ => all.push_str(&format!("%{byte:02X}")),
            }
            all
        })
    };
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{}={}", encoded(name), encoded(value))
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
