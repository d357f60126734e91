//! One request of JSON-RPC over HTTP, and its answer: as JSON, or in a stream of events.

use bytes::Bytes;
use floe_model::id::to_base32;
use floe_runtime::outside::{Limits, Opened, Request};
use floe_runtime::tools::ToolFault;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::super::http::{fault_of, marks};
use super::client::Client;
use crate::models::sse::Reader;

/// Bytes of an answer at most.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Time for each connection, in milliseconds.
const CONNECT_MS: u64 = 5_000;
/// Characters of what a server says of a failure that are told on.
const SAID_CHARS_MAX: usize = 500;
/// The code of JSON-RPC for a method that is not known.
const NO_SUCH_METHOD: i64 = -32_601;

const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");

/// What is sent.
pub(super) struct Message<'m> {
    pub(super) method: &'static str,
    pub(super) params: Value,
    pub(super) version: Option<&'m str>,
    pub(super) session: Option<&'m str>,
    pub(super) is_stateless: bool,
    /// Name of the tool that is called.
    pub(super) name: Option<&'m str>,
    /// Names the call, the same on every repeat.
    pub(super) key: Option<&'m str>,
    pub(super) expects_answer: bool,
}

impl Message<'_> {
    pub(super) const fn new(method: &'static str, params: Value) -> Self {
        Self {
            method,
            params,
            version: None,
            session: None,
            is_stateless: false,
            name: None,
            key: None,
            expects_answer: true,
        }
    }
}

/// What came back.
pub(super) struct Answer {
    pub(super) result: Value,
    /// The name of the session, when the server gave one.
    pub(super) session: Option<String>,
}

/// Why there is no result.
#[derive(Debug)]
pub(super) enum Refused {
    /// The server answered, and not with a result; what it said.
    Protocol(String),
    /// The server does not know the session any more.
    SessionEnded,
    /// There was no answer.
    Outside(ToolFault),
}

impl Refused {
    pub(super) fn malformed() -> Self {
        Self::Protocol("The MCP server gave no valid answer".to_owned())
    }
}

/// Sends one message and reads its answer.
pub(super) async fn exchange(client: &Client<'_>, message: &Message<'_>) -> Result<Answer, Refused> {
    let id = to_base32(client.platform.ids.next_bits());
    let request = request(client, message, &id);
    let mut opened = client.platform.outside.open(request).await.map_err(|error| Refused::Outside(fault_of(error)))?;
    check_status(&mut opened, message).await?;
    let session = opened.headers.get(SESSION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    if !message.expects_answer {
        return Ok(Answer { result: Value::Null, session });
    }
    let reply = match is_stream(&opened.headers) {
        true => from_stream(&mut opened, &id).await?,
        false => {
            let body = opened.rest().await.map_err(|error| Refused::Outside(fault_of(error)))?;
            let value: Value = serde_json::from_slice(&body).map_err(|_| Refused::malformed())?;
            pick(value, &id).ok_or_else(Refused::malformed)?
        }
    };
    result_of(reply).map(|result| Answer { result, session })
}

fn request(client: &Client<'_>, message: &Message<'_>, id: &str) -> Request {
    let mut body = json!({ "jsonrpc": "2.0", "method": message.method, "params": message.params });
    if message.expects_answer {
        body["id"] = json!(id);
    }
    let mut headers: HeaderMap = client.secrets.headers().clone();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    let mut put = |name: HeaderName, value: Option<&str>| {
        if let Some(value) = value.and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(name, value);
        }
    };
    put(VERSION, message.version);
    put(SESSION, message.session);
    if message.is_stateless {
        put(METHOD, Some(message.method));
        put(NAME, message.name);
    }
    headers.extend(marks(message.key.unwrap_or(id), client.mode));
    let limits = Limits {
        total_ms: client.limit_ms,
        connect_ms: CONNECT_MS,
        response_bytes_max: ANSWER_BYTES_MAX,
        redirects_max: 0,
    };
    Request { method: Method::POST, url: client.url.to_owned(), headers, body: Bytes::from(body.to_string()), limits }
}

/// A refusal by status: what it says is read, since servers put the reason into the body.
async fn check_status(opened: &mut Opened, message: &Message<'_>) -> Result<(), Refused> {
    let status = opened.status;
    if status.is_success() {
        return Ok(());
    }
    if status == StatusCode::NOT_FOUND && message.session.is_some() {
        return Err(Refused::SessionEnded);
    }
    let body = opened.rest().await.unwrap_or_default();
    let said = serde_json::from_slice::<Value>(&body).ok();
    let error = said.as_ref().and_then(|value| value.get("error"));
    let text = error.and_then(|error| error.get("message")).and_then(Value::as_str).unwrap_or_default();
    let text: String = text.chars().take(SAID_CHARS_MAX).collect();
    let fault = format!("The MCP server answered {}. {text}", status.as_u16());
    match status.as_u16() {
        // The word of a server that lets nobody in: another way of asking changes nothing.
        401 | 403 | 407 | 429 => Err(Refused::Outside(ToolFault::new("http_status", fault.trim_end()))),
        _ => Err(Refused::Protocol(fault.trim_end().to_owned())),
    }
}

fn is_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream")
}

/// Reads events until the answer comes; the stream is given up then, whether the server ends it or not. What it asks or tells
/// meanwhile is passed over.
async fn from_stream(opened: &mut Opened, id: &str) -> Result<Value, Refused> {
    let mut reader = Reader::default();
    let mut events = Vec::new();
    while let Some(piece) = opened.chunk().await.map_err(|error| Refused::Outside(fault_of(error)))? {
        reader.take(&piece, &mut events).map_err(|_| Refused::malformed())?;
        for event in events.drain(..) {
            let found = serde_json::from_str::<Value>(&event.data).ok().and_then(|value| pick(value, id));
            if let Some(reply) = found {
                return Ok(reply);
            }
        }
    }
    Err(Refused::malformed())
}

/// The answer to our request among what was sent: a message, or a list of them.
fn pick(value: Value, id: &str) -> Option<Value> {
    let is_ours = |message: &Value| {
        let has_outcome = message.get("result").is_some() || message.get("error").is_some();
        // An error about a request that could not be read has no id.
        has_outcome && matches!(&message["id"], Value::String(text) if text == id)
            || message.get("error").is_some() && message["id"].is_null()
    };
    match value {
        Value::Array(messages) => messages.into_iter().find(is_ours),
        message => Some(message).filter(is_ours),
    }
}

fn result_of(mut reply: Value) -> Result<Value, Refused> {
    match reply.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => {
            let error = &reply["error"];
            let code = error["code"].as_i64().unwrap_or(0);
            let said = error["message"].as_str().unwrap_or("The MCP server refused the call");
            let said = if code == NO_SUCH_METHOD { "The MCP server does not know this" } else { said };
            Err(Refused::Protocol(said.chars().take(SAID_CHARS_MAX).collect()))
        }
    }
}
