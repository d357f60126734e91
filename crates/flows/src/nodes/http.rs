//! The node type `http`: one call through the guarded client (Workflow API contract, section 18). What is sent and how an answer is read is
//! that of the step type `http-request`; this turns the node's configuration into the step's, and the answer into the node's record.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_runtime::Platform;
use floe_runtime::connections::Opened;
use floe_runtime::connections::below;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture, Effected};
use floe_runtime::outside::{Request, Response};
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::config::Config;
use super::connection::{self, is_below};
use super::failure::{auth, invalid, of_outside, of_step};
use super::spec;
use crate::steps::http_request::{answer, compose};

/// Time for a call unless the node says otherwise, in seconds (Workflow API contract, section 18).
const TIMEOUT_S: u64 = 30;
/// Most that a node may ask for, in seconds.
const TIMEOUT_S_MAX: u64 = 300;
/// Methods that a node may use.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
/// The header of a key.
const KEY_HEADER: HeaderName = HeaderName::from_static("x-api-key");
/// A record over this size would be cut to a preview, so the data then stands in it once: `body` is read as `data` anyway.
const TWICE_BYTES_MAX: usize = 400 * 1024;

static SPEC: StepSpec = spec::outside("node-http", "HTTP request");

/// Makes HTTP calls.
pub(super) struct Http;

impl Effect for Http {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    /// The safe methods only read (RFC 9110, section 9.2.1).
    fn sends(&self, input: &Value) -> bool {
        let method = Config(input).text(&["method"]).ok().flatten().unwrap_or_default().to_ascii_uppercase();
        !matches!(method.as_str(), "" | "GET" | "HEAD" | "OPTIONS")
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move {
            let opened = match opened(platform, &call).await {
                Ok(opened) => opened,
                Err(error) => return Effected::failed(error),
            };
            let effected = perform(platform, &call, opened.as_ref()).await.into();
            match &opened {
                Some(opened) => connection::without_secret(opened, effected),
                None => effected,
            }
        })
    }
}

async fn opened(platform: &Arc<Platform>, call: &EffectCall) -> Result<Option<Opened>, StepError> {
    match Config(&call.input).text(&["connectionId"])? {
        Some(id) => connection::choose(platform, call.scope.workspace, Some(&*id), &[]).await.map(Some),
        None => Ok(None),
    }
}

async fn perform(platform: &Arc<Platform>, call: &EffectCall, opened: Option<&Opened>) -> Result<Value, StepError> {
    let request = request(call, opened)?;
    let response = platform.outside.send(request).await.map_err(|error| of_outside("The HTTP request", error))?;
    record(&response)
}

/// The request of a node's configuration.
fn request(call: &EffectCall, opened: Option<&Opened>) -> Result<Request, StepError> {
    let config = Config(&call.input);
    let timeout_s = config.number(&["timeout"], TIMEOUT_S, 1..=TIMEOUT_S_MAX)?;
    let input = Arc::new(as_step(config, opened)?);
    let call = EffectCall { input, timeout_ms: call.timeout_ms.min(timeout_s * 1_000), ..call.clone() };
    let mut request = compose::compose(&call).map_err(of_step)?.request;
    authorize(config, &mut request.headers)?;
    if let Some(opened) = opened {
        let Some(base) = opened.setting("base_url") else {
            return Err(auth("The connection has no base_url, so its credentials are sent nowhere"));
        };
        if !is_below(base, &request.url) {
            return Err(auth("url is not below the base URL of the connection, so its credentials are not sent there"));
        }
        request.url = opened.authorize(request.url, &mut request.headers).map_err(|fault| invalid(fault.message()))?;
    }
    Ok(request)
}

/// The configuration in the words of the step `http-request`.
fn as_step(config: Config<'_>, opened: Option<&Opened>) -> Result<Value, StepError> {
    let mut url = config.required(&["url"])?.into_owned();
    if let Some(base) = opened.and_then(|opened| opened.setting("base_url"))
        && !url.contains("://")
    {
        url = below(base, &url).map_err(|what| invalid(format!("url {what}")))?;
    }
    let method = config.text(&["method"])?.unwrap_or_default().to_ascii_uppercase();
    if !method.is_empty() && !METHODS.contains(&method.as_str()) {
        return Err(invalid(format!("method is not one of {}", METHODS.join(", "))));
    }
    let has_body = !matches!(method.as_str(), "GET" | "HEAD");
    let body = config.get(&["body"]).filter(|_| has_body);
    let said = config.text(&["bodyType"])?;
    let kind = match said.as_deref() {
        Some("raw" | "text") => "text",
        Some(kind @ ("json" | "form" | "multipart" | "none")) => kind,
        Some(_) => return Err(invalid("bodyType is not one of json, form, raw")),
        None if body.and_then(Value::as_str).is_some_and(|text| !is_json(text)) => "text",
        None => "json",
    };
    Ok(json!({
        "url": url,
        "method": Some(method).filter(|method| !method.is_empty()),
        "headers": config.pairs("headers")?,
        "query": config.pairs("queryParams")?,
        "body": body,
        "bodyType": kind,
        "failOnStatus": false,
    }))
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// The credentials that stand in the node itself.
fn authorize(config: Config<'_>, headers: &mut HeaderMap) -> Result<(), StepError> {
    let kind = config.text(&["authType"])?.unwrap_or_default();
    let given = || config.required(&["authCredentials"]);
    let (name, value) = match kind.to_ascii_lowercase().as_str() {
        "" | "none" => return Ok(()),
        "basic" => (AUTHORIZATION, format!("Basic {}", STANDARD.encode(given()?.as_bytes()))),
        "bearer" => (AUTHORIZATION, format!("Bearer {}", given()?)),
        "apikey" | "api_key" => (KEY_HEADER, given()?.into_owned()),
        _ => return Err(invalid("authType is not one of none, basic, bearer, apiKey")),
    };
    let mut value = HeaderValue::from_str(&value)
        .map_err(|_| invalid("authCredentials hold a character that no header can carry"))?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

fn record(response: &Response) -> Result<Value, StepError> {
    let data = answer::body(response).map_err(of_step)?;
    let mut record = Map::from_iter([
        ("status".to_owned(), json!(response.status.as_u16())),
        ("statusText".to_owned(), json!(response.status.canonical_reason().unwrap_or_default())),
        ("headers".to_owned(), Value::Object(answer::headers(&response.headers))),
    ]);
    if response.body.len() <= TWICE_BYTES_MAX {
        record.insert("body".to_owned(), data.clone());
    }
    record.insert("data".to_owned(), data);
    record.insert("responseTime".to_owned(), json!(response.duration_ms));
    Ok(Value::Object(record))
}
