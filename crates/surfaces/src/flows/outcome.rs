//! The state of a run as execute and resume answer it (Flow API contract, sections 3 and 4).

use floe_flows::runs::{RunErrorView, RunState};
use floe_model::id::RunId;
use floe_model::{Fault, FaultKind};
use http::StatusCode;
use http::header::HeaderName;
use serde_json::{Map, Value, json};

use super::errors;
use crate::http::{Call, FaultSite, Reply};

const RUN_ID: HeaderName = HeaderName::from_static("x-flow-run-id");
const RUN_STATUS: HeaderName = HeaderName::from_static("x-flow-run-status");

/// How a state is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The output alone; a failure is an error.
    Client,
    /// With `success` and `outputs`.
    Library,
    /// With status, run and output.
    Metadata,
}

/// The answer for a run that ended, waits, or goes on (`None`).
pub(super) fn reply(call: &Call, form: Form, run: RunId, state: Option<&RunState>) -> Reply {
    let status = state.map_or("running", |state| state.status);
    let reply = match (status, state) {
        ("completed", Some(state)) => completed(form, run, state.output.as_deref().unwrap_or(&Value::Null)),
        ("waiting", Some(state)) => waiting(form, state),
        ("failed", Some(RunState { error: Some(error), .. })) => failed(call, form, run, error),
        ("cancelled", _) => cancelled(call, run),
        _ => running(form, run),
    };
    with_run(reply, run, status)
}

/// The present state of a run on whose account nothing happened: 200 whatever it is.
pub(super) fn present(call: &Call, state: &RunState) -> Reply {
    match state.status {
        "completed" | "waiting" | "failed" => reply(call, Form::Metadata, state.run, Some(state)),
        status => with_run(ok(&json!({ "status": status, "appRunId": state.run })), state.run, status),
    }
}

/// The run of an answer that says that it waits or goes on.
pub(super) fn unfinished_run(reply: &Reply) -> Option<RunId> {
    let text = |name: &HeaderName| reply.headers.get(name)?.to_str().ok();
    let status = text(&RUN_STATUS)?;
    matches!(status, "waiting" | "running" | "queued").then(|| RunId::parse(text(&RUN_ID)?).ok()).flatten()
}

/// `{code, message, stepId, stepName, stepType}`.
pub(super) fn brief_error(error: &RunErrorView) -> Value {
    let (id, name, kind) = step_of(error);
    json!({ "code": error.code, "message": error.message, "stepId": id, "stepName": name, "stepType": kind })
}

fn completed(form: Form, run: RunId, output: &Value) -> Reply {
    match form {
        Form::Client => ok(output),
        Form::Library => ok(&json!({ "success": true, "outputs": output, "status": "completed", "appRunId": run })),
        Form::Metadata => ok(&json!({ "status": "completed", "appRunId": run, "output": output })),
    }
}

fn waiting(form: Form, state: &RunState) -> Reply {
    let mut envelope = head(form);
    envelope.insert("status".to_owned(), json!("waiting"));
    envelope.insert("appRunId".to_owned(), json!(state.run));
    if let Some(wait) = &state.wait {
        envelope.insert("waitState".to_owned(), wait.wait_state());
        envelope.insert("pendingAction".to_owned(), wait.pending_action());
    }
    ok(&Value::Object(envelope))
}

fn running(form: Form, run: RunId) -> Reply {
    let mut body = head(form);
    body.insert("status".to_owned(), json!("running"));
    body.insert("appRunId".to_owned(), json!(run));
    Reply::value(StatusCode::ACCEPTED, &Value::Object(body))
}

/// A failure of the flow is never 5xx: callers and proxies repeat those, and with them the flow's effects.
fn failed(call: &Call, form: Form, run: RunId, error: &RunErrorView) -> Reply {
    match form {
        Form::Client => {
            let (id, name, kind) = step_of(error);
            let fault = Fault::new(FaultKind::Unprocessable, "flow_execution_failed", error.message.clone());
            refusal(
                call,
                &fault.with_details(json!({
                    "status": "failed", "appRunId": run,
                    "stepId": id, "stepName": name, "stepType": kind, "code": error.code, "message": error.message,
                })),
            )
        }
        Form::Library => {
            let message = &error.message;
            ok(&json!({ "success": false, "outputs": {}, "error": message, "status": "failed", "appRunId": run }))
        }
        Form::Metadata => ok(&json!({ "status": "failed", "appRunId": run, "error": brief_error(error) })),
    }
}

fn cancelled(call: &Call, run: RunId) -> Reply {
    let fault = Fault::conflict("run_cancelled", "The run was cancelled");
    refusal(call, &fault.with_details(json!({ "appRunId": run })))
}

fn refusal(call: &Call, fault: &Fault) -> Reply {
    errors::render(fault, &FaultSite { request_id: call.ctx.request_id, path: &call.path, at: call.ctx.now() })
}

/// What the library form has before everything else while there is no output.
fn head(form: Form) -> Map<String, Value> {
    let mut head = Map::new();
    if form == Form::Library {
        head.insert("success".to_owned(), json!(false));
        head.insert("outputs".to_owned(), json!({}));
    }
    head
}

fn step_of(error: &RunErrorView) -> (Option<&str>, Option<&str>, Option<&str>) {
    match &error.step {
        Some((id, name, kind)) => (Some(id), Some(name), Some(kind)),
        None => (None, None, None),
    }
}

fn ok(body: &Value) -> Reply {
    Reply::value(StatusCode::OK, body)
}

fn with_run(reply: Reply, run: RunId, status: &str) -> Reply {
    reply.text_header(RUN_ID, &run.to_string()).text_header(RUN_STATUS, status)
}
