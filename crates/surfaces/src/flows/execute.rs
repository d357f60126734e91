//! Starting runs (Flow API contract, section 3).

use floe_flows::definitions::VersionChoice;
use floe_flows::runs::RunState;
use floe_flows::{Execute, WAIT_MS_MAX, WayIn, parse_version};
use floe_model::id::{FlowId, RunId};
use floe_model::{Fault, FaultKind};
use serde_json::{Map, Value};

use super::form_inputs;
use super::late::{Turn, in_progress, once};
use super::outcome::{self, Form};
use super::shapes::outcome as shapes;
use super::{BODY_LIMIT, CLIENT, DASHBOARD, SURFACE};
use crate::http::shape::{FLAG, JSON_OBJECT, TEXT, text};
use crate::http::{Call, Fields, Reply, Route};

/// Characters of `x-hook-id` at most (Flow API contract, section 1.1).
const HOOK_ID_MAX: usize = 128;
/// Characters of a trigger step's id at most.
pub(super) const STEP_ID_MAX: usize = 64;

pub(super) fn routes() -> Vec<Route> {
    let of_clients = |route: Route| {
        route
            .query("version", TEXT, "A number, or latest")
            .query("async", FLAG, "Whether to answer 202 at once")
            .raw_body()
            .takes(JSON_OBJECT)
            .or_takes_media("multipart/form-data", JSON_OBJECT)
            .refuses(400, &["invalid_version"])
            .refuses(409, &["flow_not_published", "version_not_published", "api_trigger_required", "run_cancelled"])
    };
    let routes = [
        of_clients(Route::post(&SURFACE, "/v1/client/flow/{id}/execute", CLIENT, client))
            .doc("Execute a flow")
            .about("The body is the input. Answers with the output alone, or with what the run waits for.")
            .answers(200, shapes::CLIENT)
            .answers(202, shapes::RUNNING)
            .refuses(422, &["flow_execution_failed"]),
        of_clients(Route::post(&SURFACE, "/v1/sdk/flow/{id}/execute", CLIENT, library))
            .doc("Execute a flow for a library")
            .answers(200, shapes::LIBRARY)
            .answers(202, shapes::LIBRARY_RUNNING),
        Route::post(&SURFACE, "/v1/flow/execute/{id}", DASHBOARD, dashboard)
            .doc("Execute a flow from the dashboard")
            .takes(shapes::EXECUTE)
            .answers(200, shapes::CLIENT)
            .answers(202, shapes::RUNNING)
            .refuses(400, &["invalid_version"])
            .refuses(409, &["flow_not_published", "version_not_published", "run_cancelled"])
            .refuses(422, &["flow_execution_failed", "invalid_definition"]),
    ];
    let hook = "Kept with the run as source.hookId";
    let common =
        |route: Route| route.scope("flows.run").body_limit(BODY_LIMIT).header("x-hook-id", text(0, HOOK_ID_MAX), hook);
    routes.into_iter().map(common).collect()
}

async fn client(call: Call) -> Result<Reply, Fault> {
    let request = read_client(&call).await?;
    start(&call, request, Form::Client).await
}

async fn library(call: Call) -> Result<Reply, Fault> {
    let request = read_client(&call).await?;
    start(&call, request, Form::Library).await
}

async fn dashboard(call: Call) -> Result<Reply, Fault> {
    let (request, form) = read_dashboard(&call)?;
    start(&call, request, form).await
}

/// Starts the run and answers with its state; a repeat of the same call starts it at most once.
pub(super) async fn start(call: &Call, request: Execute, form: Form) -> Result<Reply, Fault> {
    let first_run = request.run.0;
    let act = |turn| async move {
        let mut request = request;
        if let Turn::Again(subject) = turn {
            request.run = RunId(subject);
            if let Some(state) = earlier(call, request.run).await? {
                return Ok(outcome::reply(call, form, state.run, Some(&state)));
            }
        }
        let (run, wait_ms) = (request.run, request.wait_ms);
        let state = call.app.flows.execute(&call.ctx, request).await?;
        call.trace.caused_run(run);
        // Whoever does not want to wait is told the same whether the run was quick or not.
        Ok(outcome::reply(call, form, run, state.as_ref().filter(|_| wait_ms > 0)))
    };
    once(call, first_run, act).await
}

/// The state of a run that an earlier try of the same call started; `None` when it did not come to that.
async fn earlier(call: &Call, run: RunId) -> Result<Option<RunState>, Fault> {
    match call.app.flows.run_history(&call.ctx, run).await {
        Ok(found) if found.state.is_over() || found.state.status == "waiting" => Ok(Some(found.state)),
        Ok(_) => Err(in_progress()),
        Err(fault) if fault.kind() == FaultKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The client form: the body is the input object, or a form with its values.
async fn read_client(call: &Call) -> Result<Execute, Fault> {
    let flow: FlowId = call.id("id", "Flow")?;
    let version = call.query.get("version").map_or(Ok(VersionChoice::Latest), parse_version)?;
    let is_async = call.query.flag("async")?.unwrap_or(false);
    let inputs = form_inputs::read(call, flow, version, &WayIn::Client).await?;
    Ok(Execute { wait_ms: wait_ms(is_async), ..request(call, flow, version, WayIn::Client, inputs)? })
}

/// The body as the input object.
pub(super) fn read_inputs(call: &Call) -> Result<Map<String, Value>, Fault> {
    match call.json_value_or_empty()? {
        Value::Object(inputs) => Ok(inputs),
        _ => Err(Fault::field("", "type", "The inputs must be a JSON object")),
    }
}

fn read_dashboard(call: &Call) -> Result<(Execute, Form), Fault> {
    let flow: FlowId = call.id("id", "Flow")?;
    let mut body = call.fields()?;
    let inputs = body.object("inputs").unwrap_or_default();
    let version = read_version(&mut body)?;
    let form = if body.flag("returnExecutionMetadata").unwrap_or(false) { Form::Metadata } else { Form::Client };
    let is_async = body.flag("async").unwrap_or(false);
    let trigger = body.text("trigger", 1, STEP_ID_MAX);
    body.finish_ignoring_unknown()?;
    let request = request(call, flow, version, WayIn::Dashboard { trigger }, inputs)?;
    Ok((Execute { wait_ms: wait_ms(is_async), ..request }, form))
}

/// A number, `latest` or `draft`; without one the draft if there is one, else the latest.
fn read_version(body: &mut Fields) -> Result<VersionChoice, Fault> {
    match body.value("version") {
        None => Ok(VersionChoice::DraftElseLatest),
        Some(Value::String(word)) if word == "draft" => Ok(VersionChoice::Draft),
        Some(Value::String(word)) => parse_version(&word),
        Some(other) => parse_version(&other.to_string()),
    }
}

fn request(
    call: &Call,
    flow: FlowId,
    version: VersionChoice,
    way: WayIn,
    inputs: Map<String, Value>,
) -> Result<Execute, Fault> {
    let (ip, run) = (Some(call.peer.to_string()), call.ctx.ids.next());
    Ok(Execute { flow, version, way, inputs, hook_id: hook_id(call)?, ip, run, wait_ms: 0 })
}

/// Header `x-hook-id`.
pub(super) fn hook_id(call: &Call) -> Result<Option<String>, Fault> {
    // Any text: clients write UTF-8 into headers.
    let hook_id = call.headers.get("x-hook-id").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    if hook_id.as_ref().is_some_and(|id| id.chars().count() > HOOK_ID_MAX) {
        let message = format!("x-hook-id must have at most {HOOK_ID_MAX} characters");
        return Err(Fault::field("/x-hook-id", "length", message));
    }
    Ok(hook_id)
}

pub(super) const fn wait_ms(is_async: bool) -> u64 {
    if is_async { 0 } else { WAIT_MS_MAX }
}
