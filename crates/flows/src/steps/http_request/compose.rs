//! The request that a configuration asks for.

use floe_engine::event::StepError;
use floe_runtime::effect::EffectCall;
use floe_runtime::outside::{Limits, Request};
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::body::{self, Encoded};
use super::{TIMEOUT_MS_MAX, query};
use crate::steps::config::{Config, bad_value, written};

/// Methods that a step may use.
pub(super) const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
/// Redirects that a step follows (Flow API contract, section 6.5).
const REDIRECTS_MAX: u32 = 5;
/// Time for each connection, in milliseconds.
const CONNECT_MS: u64 = 10_000;
/// Bytes of a response that are read (Flow API contract, section 6.5).
const RESPONSE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Headers of a request at most, repeated ones counted.
const HEADERS_MAX: usize = 100;
/// Bytes of all header names and values of a request at most.
const HEADER_BYTES_MAX: usize = 64 * 1024;

/// Names the step and its pass, so that a receiver can tell a repeat (Flow API contract, section 6.7).
const STEP_KEY: HeaderName = HeaderName::from_static("x-flow-step-key");
/// The same for receivers that keep to the common name.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request, and how its answer is judged.
pub(crate) struct Composed {
    pub(crate) request: Request,
    pub(crate) fail_on_status: bool,
}

/// Makes the request of a call.
///
/// # Errors
/// `bad_value` for what cannot be sent. Whether the URL may be called is the client's to say.
pub(crate) fn compose(call: &EffectCall) -> Result<Composed, StepError> {
    let config = Config::new(&call.input);
    let url = config.text("url")?.ok_or_else(|| bad_value("url", "is empty"))?;
    let url = query::with_query(url, &config.pairs("query")?)?;
    let body = body::encode(config, &call.key)?;
    let method = method(config, body.is_some())?;
    let headers = headers(config, body.as_ref(), &call.key)?;
    let follow = config.flag("followRedirects", true)?;
    let limits = Limits {
        total_ms: call.timeout_ms.min(TIMEOUT_MS_MAX),
        connect_ms: CONNECT_MS,
        response_bytes_max: RESPONSE_BYTES_MAX,
        redirects_max: if follow { REDIRECTS_MAX } else { 0 },
    };
    let body = body.map(|body| body.bytes).unwrap_or_default();
    let request = Request { method, url, headers, body, limits };
    Ok(Composed { request, fail_on_status: config.flag("failOnStatus", true)? })
}

/// Whether a configuration only reads. One that cannot be told counts as one that does more.
pub(super) fn is_safe(input: &Value) -> bool {
    let config = Config::new(input);
    let has_body = config.get("body").is_some();
    matches!(method(config, has_body), Ok(Method::GET | Method::HEAD | Method::OPTIONS))
}

/// The method named, in any case; without a name GET, or POST when there is a body.
fn method(config: Config<'_>, has_body: bool) -> Result<Method, StepError> {
    let Some(word) = config.text("method")? else {
        return Ok(if has_body { Method::POST } else { Method::GET });
    };
    let word = word.to_ascii_uppercase();
    let known = METHODS.contains(&word.as_str()).then(|| Method::from_bytes(word.as_bytes()).ok()).flatten();
    known.ok_or_else(|| bad_value("method", &format!("is not one of {}", METHODS.join(", "))))
}

fn headers(config: Config<'_>, body: Option<&Encoded>, key: &str) -> Result<HeaderMap, StepError> {
    let mut headers = written_headers(config)?;
    if let Some(body) = body
        && (body.owns_content_type || !headers.contains_key(CONTENT_TYPE))
    {
        let value = HeaderValue::from_str(&body.content_type);
        headers.insert(CONTENT_TYPE, value.map_err(|_| bad_value("body", "has no content type"))?);
    }
    let key = HeaderValue::from_str(key).map_err(|_| StepError::new("bad_value", "The step's id can't be sent"))?;
    headers.entry(IDEMPOTENCY_KEY).or_insert_with(|| key.clone());
    headers.insert(STEP_KEY, key);
    Ok(headers)
}

/// The headers that the author wrote. Messages name the header and never its value.
fn written_headers(config: Config<'_>) -> Result<HeaderMap, StepError> {
    let pairs = config.pairs("headers")?;
    let bytes: usize = pairs.iter().map(|(name, value)| name.len() + value.as_str().map_or(8, str::len)).sum();
    if pairs.len() > HEADERS_MAX || bytes > HEADER_BYTES_MAX {
        let message = format!("are more than {HEADERS_MAX}, or larger than {HEADER_BYTES_MAX} bytes");
        return Err(bad_value("headers", &message));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name: HeaderName =
            name.trim().parse().map_err(|_| bad_value("headers", "has a name that is no header name"))?;
        if matches!(value, Value::Object(_) | Value::Array(_)) {
            return Err(bad_value("headers", &format!("has a value for {name} that is not a text")));
        }
        let value = HeaderValue::from_bytes(written(value).trim().as_bytes()).map_err(|_| {
            bad_value("headers", &format!("has a value for {name} with a character that can't be sent"))
        })?;
        headers.append(name, value);
    }
    Ok(headers)
}
