//! Operations of services that speak HTTP.

use std::sync::Arc;

use floe_engine::event::StepError;
use floe_runtime::Platform;
use floe_runtime::connections::{MCP, Opened, below, with_parameter};
use floe_runtime::effect::EffectCall;
use floe_runtime::outside::{Limits, Request, Response};
use http::Method;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::super::config::{Config, parsed, written};
use super::super::failure::{invalid, not_configured, not_found, of_outside, of_status, of_step};
use super::definition::{Definition, Operation, plain};
use crate::steps::http_request::answer;

/// Of one call. Redirects are judged anew, and credentials do not go along to another origin.
const LIMITS: Limits =
    Limits { total_ms: 60_000, connect_ms: 10_000, response_bytes_max: 10 * 1024 * 1024, redirects_max: 5 };
/// Methods of the operation `request`.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/// Characters of an unknown operation that stand in a message.
const NAME_CHARS_MAX: usize = 64;

/// An operation that is asked for.
pub(in super::super) struct Call<'a> {
    pub(in super::super) definition: Option<&'static Definition>,
    pub(in super::super) operation: &'a str,
    pub(in super::super) parameters: &'a Map<String, Value>,
}

/// Asks a service; gives the body of its answer.
///
/// # Errors
/// Of the parameters, the call, and for an answer that says that nothing came of it.
pub(in super::super) async fn ask(
    platform: &Arc<Platform>,
    call: &EffectCall,
    opened: &Opened,
    asked: &Call<'_>,
) -> Result<Value, StepError> {
    let own = opened.setting("base_url");
    let known = asked.definition.and_then(|one| one.operation(asked.operation, &opened.row.kind, own));
    let (mut request, is_request) = match known {
        Some(operation) => (composed(asked, operation, own)?, false),
        None if is_request(asked.operation) && opened.row.kind != MCP => (free(asked, own)?, true),
        None => {
            let name: String = asked.operation.chars().take(NAME_CHARS_MAX).collect();
            return Err(not_found(format!("Connections of {} cannot be asked for {name}", opened.row.provider)));
        }
    };
    request.mark(&call.key);
    request.limits.total_ms = call.timeout_ms.min(LIMITS.total_ms);
    request.url = authorized(asked.definition, opened, request.url, &mut request.headers)?;
    let response = platform.outside.send(request).await.map_err(|error| of_outside("The call", error))?;
    let data = read(&response)?;
    match known.filter(|_| !is_request) {
        Some(operation) => judged(operation, data),
        None => Ok(data),
    }
}

/// Whether the generic operation is meant.
fn is_request(operation: &str) -> bool {
    matches!(plain(operation).as_str(), "request" | "httprequest" | "call" | "apirequest" | "makerequest")
}

/// The URL with the credentials of the connection, in the provider's own header where neither says another one.
fn authorized(
    definition: Option<&'static Definition>,
    opened: &Opened,
    url: String,
    headers: &mut HeaderMap,
) -> Result<String, StepError> {
    let says_where = opened.setting("header").is_some() || opened.setting("query_parameter").is_some();
    let own_header = definition.and_then(|one| one.key_header.as_deref()).filter(|_| !says_where);
    let url = opened.authorize(url, headers).map_err(|fault| invalid(fault.message()))?;
    if let Some(name) = own_header
        && let Some(key) = headers.remove("x-api-key")
        && let Ok(name) = HeaderName::from_bytes(name.as_bytes())
    {
        headers.insert(name, key);
    }
    Ok(url)
}

/// The request of an operation that is data.
fn composed(asked: &Call<'_>, operation: &Operation, own: Option<&str>) -> Result<Request, StepError> {
    let base = own.or(operation.base_url.as_deref()).or(asked.definition.and_then(|one| one.base_url.as_deref()));
    let base = base.ok_or_else(|| not_configured("The connection has no base_url"))?;
    let filled = operation.fill(asked.parameters)?;
    let mut url = below(base, &filled.path).map_err(|what| invalid(format!("the path {what}")))?;
    for (name, value) in &filled.query {
        url = with_parameter(&url, name, &written(value));
    }
    let method = Method::from_bytes(operation.method.as_bytes()).unwrap_or(Method::POST);
    Ok(Request::with_body(method, url, filled.body.as_ref(), LIMITS))
}

/// Any request below the base URL.
fn free(asked: &Call<'_>, own: Option<&str>) -> Result<Request, StepError> {
    let base = own.or(asked.definition.and_then(|one| one.base_url.as_deref()));
    let base = base.ok_or_else(|| not_configured("The connection has no base_url"))?;
    let value = Value::Object(asked.parameters.clone());
    let config = Config(&value);
    let body = config.get(&["body", "data"]).map(parsed);
    let usual = if body.is_some() { "POST" } else { "GET" };
    let word = config.text(&["method"])?.map_or_else(|| usual.to_owned(), |word| word.to_ascii_uppercase());
    let method = METHODS.contains(&word.as_str()).then(|| Method::from_bytes(word.as_bytes()).ok()).flatten();
    let method = method.ok_or_else(|| invalid(format!("method is not one of {}", METHODS.join(", "))))?;
    let path = config.text(&["path", "endpoint", "url"])?.unwrap_or_default();
    let mut url = below(base, &path).map_err(|what| invalid(format!("path {what}")))?;
    for (name, value) in config.pairs("query")? {
        url = with_parameter(&url, &name, &written(&value));
    }
    let mut request = Request::with_body(method, url, body.as_deref(), LIMITS);
    for (name, value) in config.pairs("headers")? {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("headers has a name that is none"))?;
        let value = HeaderValue::from_str(&written(&value))
            .map_err(|_| invalid(format!("headers has a value for {name} that cannot be sent")))?;
        request.headers.insert(name, value);
    }
    Ok(request)
}

/// The body of an answer.
fn read(response: &Response) -> Result<Value, StepError> {
    let data = answer::body(response);
    if let Some(error) = of_status("The service", response.status.as_u16()) {
        let said = data.ok().filter(|data| !data.is_null());
        let details = json!({ "status": response.status.as_u16(), "data": said });
        return Err(error.with_details(details));
    }
    data.map_err(of_step)
}

/// An answer that says in its body that nothing came of the call.
fn judged(operation: &Operation, data: Value) -> Result<Value, StepError> {
    let said = operation.ok.as_deref().and_then(|place| data.pointer(place)).and_then(Value::as_bool);
    if said != Some(false) {
        return Ok(data);
    }
    let reason = operation.reason.as_deref().and_then(|place| data.pointer(place)).and_then(Value::as_str);
    let message = match reason {
        Some(reason) => format!("The service refused the call: {reason}"),
        None => "The service refused the call".to_owned(),
    };
    Err(invalid(message).with_details(json!({ "data": data })))
}
