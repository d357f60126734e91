//! One HTTP call of a provider: what both protocols have in common.

use std::time::Duration;

use bytes::Bytes;
use floe_runtime::Platform;
use floe_runtime::models::ModelFault;
use floe_runtime::outside::{Limits, Opened, OutsideError, ProtocolFailure, Request};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Method, StatusCode};
use serde_json::Value;
use tokio::time::Instant;

use super::catalog::Server;
use super::kinds::ProviderKind;
use super::sse::{Event, Reader};

/// Time for a connection, milliseconds.
const CONNECT_MS: u64 = 10_000;
/// Bytes of one answer.
const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Characters of a provider's own words that are kept.
const REASON_CHARS_MAX: usize = 300;
/// Models of a provider that are listed.
const NAMES_MAX: usize = 1_000;
/// The revision of Anthropic's protocol that is spoken.
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// A try that failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) fault: ModelFault,
    /// What the provider asks to wait before the next try.
    pub(super) retry_after: Option<Duration>,
    /// The field of the request that is not accepted, where the provider names one.
    pub(super) parameter: Option<String>,
}

impl From<ModelFault> for Failed {
    fn from(fault: ModelFault) -> Self {
        Self { fault, retry_after: None, parameter: None }
    }
}

impl From<OutsideError> for Failed {
    fn from(error: OutsideError) -> Self {
        match error {
            OutsideError::InvalidUrl(_) | OutsideError::Blocked(_) => ModelFault::Blocked,
            OutsideError::Timeout { .. } => ModelFault::TimedOut,
            OutsideError::Withheld | OutsideError::Connect(_) | OutsideError::Tls(_) => ModelFault::Unreachable,
            OutsideError::Protocol(ProtocolFailure::Incomplete) => ModelFault::Unreachable,
            OutsideError::TooLarge { .. } | OutsideError::Protocol(_) | OutsideError::TooManyRedirects { .. } => {
                ModelFault::Malformed
            }
        }
        .into()
    }
}

/// What is sent, to where.
pub(super) struct Sending<'a> {
    pub(super) server: &'a Server,
    pub(super) method: Method,
    /// Behind the base URL, without a slash before it.
    pub(super) path: &'a str,
    pub(super) body: Option<&'a Value>,
    pub(super) until: Instant,
}

/// Sends a request and reads the head of the answer; any status but 2xx is a failure.
pub(super) async fn open(platform: &Platform, sending: &Sending<'_>) -> Result<Opened, Failed> {
    let mut opened = platform.outside.open(request(sending)?).await?;
    if opened.status.is_success() {
        return Ok(opened);
    }
    let (status, retry_after) = (opened.status, wait_asked(&opened.headers));
    // Without its words a failure is still one.
    let said: Value = serde_json::from_slice(&opened.rest().await.unwrap_or_default()).unwrap_or(Value::Null);
    let mut failed = failure(status, &said, sending.server.api_key.as_deref());
    failed.retry_after = retry_after;
    Err(failed)
}

/// Sends a request and reads the whole answer as JSON.
pub(super) async fn fetch(platform: &Platform, sending: &Sending<'_>) -> Result<Value, Failed> {
    let mut opened = open(platform, sending).await?;
    let bytes = opened.rest().await?;
    serde_json::from_slice(&bytes).map_err(|_| ModelFault::Malformed.into())
}

/// The events of an answer that goes on arriving.
pub(super) struct Stream {
    opened: Opened,
    reader: Reader,
    ready: std::vec::IntoIter<Event>,
}

impl Stream {
    pub(super) fn of(opened: Opened) -> Self {
        Self { opened, reader: Reader::default(), ready: Vec::new().into_iter() }
    }

    /// The next event; `None` when the connection ended in order, which does not mean that the answer did.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, Failed> {
        loop {
            if let Some(event) = self.ready.next() {
                return Ok(Some(event));
            }
            let Some(bytes) = self.opened.chunk().await? else { return Ok(None) };
            let mut events = Vec::new();
            self.reader.take(&bytes, &mut events).map_err(|_| ModelFault::Malformed)?;
            self.ready = events.into_iter();
        }
    }
}

fn request(sending: &Sending<'_>) -> Result<Request, Failed> {
    let server = sending.server;
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    let body = match sending.body {
        Some(body) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Bytes::from(body.to_string())
        }
        None => Bytes::new(),
    };
    match (server.kind, &server.api_key) {
        (ProviderKind::Anthropic, key) => {
            headers.insert(HeaderName::from_static("anthropic-version"), HeaderValue::from_static(ANTHROPIC_VERSION));
            if let Some(key) = key {
                headers.insert(HeaderName::from_static("x-api-key"), secret(key)?);
            }
        }
        (_, Some(key)) => {
            headers.insert(AUTHORIZATION, secret(&format!("Bearer {key}"))?);
        }
        (_, None) => {}
    }
    // Set last: an operator's own header takes the place of ours.
    for (name, value) in &server.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| ModelFault::NoCredentials)?;
        headers.insert(name, secret(value)?);
    }
    let total = sending.until.saturating_duration_since(Instant::now());
    let total_ms = u64::try_from(total.as_millis()).unwrap_or(u64::MAX);
    let limits = Limits {
        total_ms,
        connect_ms: CONNECT_MS.min(total_ms),
        response_bytes_max: ANSWER_BYTES_MAX,
        redirects_max: 0,
    };
    let url = format!("{}/{}", server.base_url, sending.path);
    Ok(Request { method: sending.method.clone(), url, headers, body, limits })
}

/// A value that no log shows.
fn secret(text: &str) -> Result<HeaderValue, Failed> {
    let mut value = HeaderValue::from_str(text).map_err(|_| ModelFault::NoCredentials)?;
    value.set_sensitive(true);
    Ok(value)
}

fn wait_asked(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// What a status other than 2xx means. `said` is the body, `key` what its words must not repeat.
pub(super) fn failure(status: StatusCode, said: &Value, key: Option<&str>) -> Failed {
    let error = said.get("error").unwrap_or(said);
    let word = |name: &str| error.get(name).and_then(Value::as_str);
    let reason = word("message").or_else(|| error.as_str()).or_else(|| said.get("detail").and_then(Value::as_str));
    let fault = match status.as_u16() {
        401 | 403 => ModelFault::NoCredentials,
        408 => ModelFault::TimedOut,
        429 => ModelFault::RateLimited,
        503 | 529 => ModelFault::Overloaded,
        // Some say so without the status of their own.
        500.. if word("type") == Some("overloaded_error") => ModelFault::Overloaded,
        status @ 500.. => ModelFault::Upstream(status),
        status => ModelFault::Refused(reason_of(reason, status, key)),
    };
    Failed { fault, retry_after: None, parameter: word("param").map(str::to_owned) }
}

/// What an error in the middle of a stream means.
pub(super) fn failure_in_stream(error: &Value, key: Option<&str>) -> Failed {
    let kind = error.get("type").and_then(Value::as_str).unwrap_or_default();
    let code = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let status = match kind {
        "overloaded_error" => 529,
        "rate_limit_error" => 429,
        "authentication_error" | "permission_error" => 401,
        "invalid_request_error" | "not_found_error" | "request_too_large" => 400,
        _ => code.filter(|code| (400..600).contains(code)).unwrap_or(500),
    };
    failure(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), error, key)
}

fn reason_of(reason: Option<&str>, status: u16, key: Option<&str>) -> String {
    let Some(reason) = reason else { return format!("status {status}") };
    let reason = match key.filter(|key| !key.is_empty()) {
        Some(key) => reason.replace(key, "***"),
        None => reason.to_owned(),
    };
    reason.chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect()
}

/// The names in a list of models, at most [`NAMES_MAX`].
pub(super) fn names(answer: &Value) -> Result<Vec<String>, ModelFault> {
    let data = answer.get("data").and_then(Value::as_array).ok_or(ModelFault::Malformed)?;
    let mut names: Vec<String> =
        data.iter().filter_map(|model| model.get("id").and_then(Value::as_str)).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names.truncate(NAMES_MAX);
    Ok(names)
}
