//! The step type `tool-action`: one call of an installed tool (Flow API contract, section 6.5).
//!
//! A tool is a connection of the workspace: a service with a base URL and credentials, or an MCP server. The step never sees the
//! credentials, and they are taken out of what comes back.

use std::sync::Arc;

use floe_engine::catalog::{Choices, EffectSpec, Execution, Field, FieldKind as K, StepSpec};
use floe_engine::event::StepError;
use floe_model::Fault;
use floe_model::access::Caller;
use floe_model::id::AgentId;
use floe_runtime::Platform;
use floe_runtime::connections::{self, MCP, Opened, below, with_parameter};
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use floe_runtime::outside::{Limits, OutsideError, Request, Response};
use floe_runtime::tools::{ToolCall, ToolFault};
use http::Method;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::config::{Config, bad_value};
use crate::Agents;
use crate::tools::Toolbox;

/// Time for one attempt unless the step says otherwise, in milliseconds.
const TIMEOUT_MS: u64 = 30_000;
/// Most that a step may ask for, in milliseconds.
const TIMEOUT_MS_MAX: u64 = 120_000;
/// Of one call. Redirects are judged anew, and credentials do not go along to another origin.
const LIMITS: Limits =
    Limits { total_ms: TIMEOUT_MS, connect_ms: 10_000, response_bytes_max: 1024 * 1024, redirects_max: 3 };
/// Characters of a secret from which on it is looked for in answers.
const SECRET_MIN: usize = 6;
/// Methods that a call can have.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

pub(super) static SPEC: StepSpec = StepSpec {
    key: "tool-action",
    aliases: &[],
    name: "Use a tool",
    category: "ai",
    description: "Makes one call of a connection or an MCP server of the workspace, with its credentials.",
    fields: &[
        Field::new("toolId", "Tool", K::Text, "Id or name of a connection.").required().choices(Choices::Tools),
        Field::new("action", "Action", K::Text, "request, send_message, or the name of an MCP server's tool.")
            .required()
            .choices(Choices::ToolActions),
        Field::new("args", "Arguments", K::KeyValue, "What the action takes.").choices(Choices::Secrets),
    ],
    outputs: &[("result", "what the tool gave; of a request {status, body}")],
    waits: false,
    execution: Execution::Effect(EffectSpec {
        touches_world: true,
        timeout_ms: TIMEOUT_MS,
        timeout_ms_max: TIMEOUT_MS_MAX,
    }),
};

/// Uses tools.
pub(super) struct ToolAction(pub(super) Arc<Agents>);

impl Effect for ToolAction {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { run(&self.0, platform, &call).await.map(|result| json!({ "result": result })).into() })
    }
}

async fn run(agents: &Arc<Agents>, platform: &Arc<Platform>, call: &EffectCall) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let (tool, action) = (config.required("toolId")?, config.required("action")?);
    let args = config.object("args")?.unwrap_or_default();
    let (own, workspace, named) = (Arc::clone(platform), call.scope.workspace, tool.trim().to_owned());
    let opened = platform.store.read(move |tx| connections::open(tx, &own, workspace, &named)).await;
    let opened = opened
        .map_err(internal)?
        .ok_or_else(|| StepError::new("tool_not_found", "There is no such connection, or it is not active"))?;
    let done = if opened.row.kind == MCP {
        of_server(agents, call, &opened, action.trim(), args).await
    } else {
        of_service(platform, call, &opened, action.trim(), &args).await
    };
    match done {
        Ok(result) => Ok(hidden(result, &opened)),
        Err(error) => Err(StepError { message: hide(&error.message, &opened), ..error }),
    }
}

/// A call of a tool of an MCP server.
async fn of_server(
    agents: &Arc<Agents>,
    call: &EffectCall,
    opened: &Opened,
    action: &str,
    args: Map<String, Value>,
) -> Result<Value, StepError> {
    let mut headers = HeaderMap::new();
    let url = opened.authorize(opened.setting("url").unwrap_or_default().to_owned(), &mut headers).map_err(refused)?;
    let sent = headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.into())));
    let definition = json!({
        "type": "mcp", "name": opened.row.name, "url": url, "headers": sent.collect::<Map<String, Value>>(),
        "allowed_tools": [action],
    });
    let toolbox = Toolbox::open(agents, call.scope, &[definition], 0).await;
    if let Some(problem) = toolbox.problems.first() {
        return Err(tool_error(&problem.fault));
    }
    let Some(spec) = toolbox.specs().into_iter().next() else {
        return Err(StepError::new("tool_not_found", format!("The server has no tool {}", shortened(action))));
    };
    let asked = ToolCall {
        scope: call.scope,
        caller: Arc::new(Caller::system(call.scope.workspace, call.scope.mode)),
        agent: AgentId(0),
        key: call.key.clone(),
        arguments: Value::Object(args),
        depth: 0,
        chain: call.chain.clone(),
        deadline_ms: call.timeout_ms,
    };
    toolbox.call(&agents.platform, &spec.name, asked).await.map_err(|fault| tool_error(&fault))
}

/// A call of a service.
async fn of_service(
    platform: &Arc<Platform>,
    call: &EffectCall,
    opened: &Opened,
    action: &str,
    args: &Map<String, Value>,
) -> Result<Value, StepError> {
    if !connections::operations(&opened.row.provider, &opened.row.kind).contains(&action) {
        let message = format!("The connection {} cannot be asked for {}", opened.row.name, shortened(action));
        return Err(StepError::new("tool_not_found", message));
    }
    let base = opened.setting("base_url").ok_or_else(|| tool_failed("The connection has no base_url"))?;
    let mut asked = match action {
        "send_message" => message(base, &opened.row.provider, args)?,
        _ => request(base, args)?,
    };
    asked.mark(&call.key);
    asked.url = opened.authorize(asked.url, &mut asked.headers).map_err(refused)?;
    asked.limits.total_ms = call.timeout_ms;
    let response = platform.outside.send(asked).await.map_err(|error| outside_error(&error))?;
    read(&response)
}

fn message(base: &str, provider: &str, args: &Map<String, Value>) -> Result<Request, StepError> {
    let text = args.get("text").and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| bad_value("args", "needs text"))?;
    let key = if provider == "discord" { "content" } else { "text" };
    Ok(Request::with_body(Method::POST, base.to_owned(), Some(&json!({ key: text })), LIMITS))
}

/// Any call below the base URL.
fn request(base: &str, args: &Map<String, Value>) -> Result<Request, StepError> {
    let text = |key: &str| match args.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(bad_value("args", &format!("holds a {key} that is no text"))),
    };
    let body = args.get("body").filter(|body| !body.is_null());
    let usual = if body.is_some() { "POST" } else { "GET" };
    let word = text("method")?.unwrap_or(usual).trim().to_ascii_uppercase();
    let method = METHODS.contains(&word.as_str()).then(|| Method::from_bytes(word.as_bytes()).ok()).flatten();
    let method = method.ok_or_else(|| bad_value("args", &format!("needs a method of {}", METHODS.join(", "))))?;
    let url = below(base, text("path")?.unwrap_or_default());
    let mut url = url.map_err(|what| bad_value("args", &format!("holds a path that {what}")))?;
    for (name, value) in pairs(args, "query")? {
        url = with_parameter(&url, name, &value);
    }
    let mut asked = Request::with_body(method, url, body, LIMITS);
    for (name, value) in pairs(args, "headers")? {
        let name =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad_value("args", "holds a header that is none"))?;
        let value =
            HeaderValue::from_str(&value).map_err(|_| bad_value("args", "holds a header that cannot be sent"))?;
        asked.headers.insert(name, value);
    }
    Ok(asked)
}

fn pairs<'a>(args: &'a Map<String, Value>, key: &str) -> Result<Vec<(&'a str, String)>, StepError> {
    match args.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(map)) => {
            let written = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Ok(map
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.as_str(), written(value)))
                .collect())
        }
        Some(_) => Err(bad_value("args", &format!("holds {key} that are no object"))),
    }
}

fn read(response: &Response) -> Result<Value, StepError> {
    let status = response.status.as_u16();
    let body = match std::str::from_utf8(&response.body) {
        Ok("") => Value::Null,
        Ok(text) => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        Err(_) => return Err(tool_failed("The tool answered with something that is no text")),
    };
    if status < 400 {
        return Ok(json!({ "status": status, "body": body }));
    }
    let error =
        tool_failed(&format!("The tool answered with status {status}")).with_details(json!({ "status": status }));
    let may_pass = status == 429 || status >= 500;
    Err(StepError { retryable: may_pass, ..error })
}

fn tool_failed(message: &str) -> StepError {
    StepError::new("tool_error", message)
}

fn tool_error(fault: &ToolFault) -> StepError {
    let error = tool_failed(&fault.message).with_details(json!({ "reason": fault.code }));
    StepError { retryable: matches!(fault.code, "timeout" | "unreachable"), ..error }
}

fn outside_error(error: &OutsideError) -> StepError {
    let told = tool_failed(&format!("The call failed: {error}")).with_details(json!({ "reason": error.code() }));
    let is_final =
        matches!(error, OutsideError::InvalidUrl(_) | OutsideError::Blocked(_) | OutsideError::TooLarge { .. });
    StepError { retryable: !is_final, ..told }
}

fn refused(fault: Fault) -> StepError {
    tool_failed(fault.message())
}

fn internal(fault: Fault) -> StepError {
    tracing::error!(%fault, source = ?std::error::Error::source(&fault), "a connection cannot be opened");
    StepError::retryable("internal_error", "The step broke off")
}

fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// A value in which no text of the secret is left.
fn hidden(value: Value, opened: &Opened) -> Value {
    match value {
        Value::String(text) => Value::String(hide(&text, opened)),
        Value::Array(items) => items.into_iter().map(|item| hidden(item, opened)).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, hidden(value, opened))).collect(),
        other => other,
    }
}

fn hide(text: &str, opened: &Opened) -> String {
    let secrets = opened.secrets().filter(|secret| secret.len() >= SECRET_MIN);
    secrets.fold(text.to_owned(), |text, secret| if text.contains(secret) { text.replace(secret, "***") } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_made_of_its_arguments() {
        let args = json!({ "path": "/v1", "query": { "q": "a b", "none": null }, "headers": { "x-a": "1" }, "body": { "n": 1 } });
        let asked = request("https://crm.example", args.as_object().expect("an object")).expect("a request");
        assert_eq!((asked.method.as_str(), asked.url.as_str()), ("POST", "https://crm.example/v1?q=a%20b"));
        assert_eq!(
            (asked.body.as_ref(), asked.headers["content-type"].as_bytes()),
            (br#"{"n":1}"#.as_slice(), b"application/json".as_slice())
        );
        for wrong in [
            json!({ "method": "TRACE" }),
            json!({ "path": 1 }),
            json!({ "headers": { "a b": "c" } }),
            json!({ "query": [] }),
        ] {
            assert_eq!(
                request("https://x.example", wrong.as_object().expect("an object")).expect_err("refused").code,
                "bad_value"
            );
        }
    }
}
