//! Tools that are one HTTP request with a declared schema.
//!
//! The address is the author's: of what a model says only values for `{names}` in path and query get into it, each as one part of it.
//! Arguments that the address does not name are the body as JSON, or the query where a request has no body. Every call goes through the
//! guarded client, which refuses addresses that are not public, and carries the key of the call as `Idempotency-Key`.

mod address;
mod answer;

use std::sync::Arc;

use bytes::Bytes;
use floe_model::Mode;
use floe_runtime::Platform;
use floe_runtime::outside::{Limits, OutsideError, Request};
use floe_runtime::tools::{Tool, ToolCall, ToolFault, ToolFuture, ToolSpec};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::secrets::Secrets;
use super::{names, text};
use address::Address;

/// Limit of a call unless the definition has one, in milliseconds.
const TIMEOUT_MS: u64 = 30_000;
/// Longest limit of a call, in milliseconds.
const TIMEOUT_MS_MAX: u64 = 120_000;
/// Time for each connection, in milliseconds.
const CONNECT_MS: u64 = 10_000;
/// Bytes of an answer that are read; what comes after them is left.
const ANSWER_BYTES_MAX: usize = 512 * 1024;
/// Redirects that are followed, each judged anew.
const REDIRECTS_MAX: u32 = 3;
/// Methods that a tool may use.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that a call is made in test mode.
pub(super) const MODE: HeaderName = HeaderName::from_static("floe-mode");

struct HttpTool {
    spec: ToolSpec,
    method: Method,
    address: Address,
    secrets: Secrets,
    timeout_ms: u64,
}

/// The tool of a definition.
///
/// # Errors
/// `invalid_definition`.
pub(super) fn open(definition: &Value) -> Result<Arc<dyn Tool>, ToolFault> {
    let wrong = |what: String| ToolFault::new("invalid_definition", what);
    let name = text(definition, "name").ok_or_else(|| wrong("name is missing".to_owned()))?;
    let word = text(definition, "method").unwrap_or("POST").to_ascii_uppercase();
    let method = METHODS.contains(&word.as_str()).then(|| Method::from_bytes(word.as_bytes()).ok()).flatten();
    let method = method.ok_or_else(|| wrong(format!("method must be one of {}", METHODS.join(", "))))?;
    let address = Address::parse(text(definition, "url").unwrap_or_default()).map_err(|what| wrong(what.to_owned()))?;
    let timeout_ms = definition.get("timeout_ms").and_then(Value::as_u64).unwrap_or(TIMEOUT_MS);
    Ok(Arc::new(HttpTool {
        spec: ToolSpec {
            name: names::plain(name, "http"),
            description: text(definition, "description").unwrap_or_default().to_owned(),
            parameters: parameters(definition),
        },
        method,
        address,
        secrets: Secrets::read(definition)?,
        timeout_ms: timeout_ms.clamp(1, TIMEOUT_MS_MAX),
    }))
}

/// The declared schema; without one a tool takes nothing in particular.
fn parameters(definition: &Value) -> Value {
    match definition.get("parameters") {
        Some(Value::Object(map)) if !map.is_empty() => Value::Object(map.clone()),
        _ => json!({ "type": "object", "properties": {} }),
    }
}

impl Tool for HttpTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: ToolCall) -> ToolFuture<'a> {
        Box::pin(async move {
            let request = self.request(call)?;
            let response = platform.outside.send_and_cut(request).await.map_err(fault_of)?;
            answer::read(&response, &self.secrets)
        })
    }
}

impl HttpTool {
    fn request(&self, call: ToolCall) -> Result<Request, ToolFault> {
        let Value::Object(mut arguments) = call.arguments else {
            return Err(ToolFault::new("invalid_arguments", "The arguments must be a JSON object"));
        };
        let has_body = matches!(self.method, Method::POST | Method::PUT | Method::PATCH);
        let url = self.address.with(&mut arguments, !has_body)?;
        let body = if has_body { Bytes::from(Value::Object(arguments).to_string()) } else { Bytes::new() };
        let mut headers = self.secrets.headers().clone();
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json, text/*;q=0.9, */*;q=0.1"));
        if has_body {
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        }
        headers.extend(marks(&call.key, call.scope.mode));
        let limits = Limits {
            total_ms: self.timeout_ms.min(call.deadline_ms),
            connect_ms: CONNECT_MS,
            response_bytes_max: ANSWER_BYTES_MAX,
            redirects_max: REDIRECTS_MAX,
        };
        Ok(Request { method: self.method.clone(), url, headers, body, limits })
    }
}

/// Headers that tell a receiver a repeat, and a test.
pub(super) fn marks(key: &str, mode: Mode) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let key = HeaderValue::from_str(key).ok().map(|key| (IDEMPOTENCY_KEY, key));
    let mode = (mode == Mode::Test).then(|| (MODE, HeaderValue::from_static("test")));
    key.into_iter().chain(mode)
}

/// What a call that gave no answer means to a model. The messages of the client name nothing that the author did not write.
pub(super) fn fault_of(error: OutsideError) -> ToolFault {
    let code = match error {
        OutsideError::Blocked(_) | OutsideError::InvalidUrl(_) => "blocked",
        OutsideError::Timeout { .. } => "timeout",
        _ => "unreachable",
    };
    ToolFault::new(code, format!("The call gave no answer: {error}"))
}
