//! Executions (workflows contract, section 8.2): runs of workflows and flows.

use floe_agents::exchanges;
use floe_flows::questions::Way;
use floe_flows::triggers;
use floe_flows::workflows::{Execution, Listing, Status, find_id};
use floe_model::id::{ExchangeId, RunId, TriggerId};
use floe_model::{Fault, FaultKind, Mode};
use serde_json::{Value, json};

use super::shapes::executions as shapes;
use super::shapes::{PAGING, WIRE_ID, enveloped, paged};
use super::{Envelope, KEY, Page, SURFACE, errors};
use crate::flows::late::once;
use crate::http::shape::words;
use crate::http::{Call, Reply, Route};

/// What is missing when an execution is.
const WHAT: &str = "Execution";
/// Characters of the id of a node at most (section 13).
const NODE_ID_MAX: usize = 128;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/v1/executions", KEY, list)
            .scope("executions:read")
            .doc("List executions")
            .about("Newest first.")
            .queries(PAGING)
            .query("workflow_id", WIRE_ID, "Of this workflow")
            .query("status", words(Status::WORDS), "In this state")
            .query("trigger_id", WIRE_ID, "Started by this trigger")
            .answers(200, paged!(shapes::EXECUTION)),
        Route::get(&SURFACE, "/v1/executions/{id}", KEY, get)
            .scope("executions:read")
            .doc("Get an execution")
            .answers(200, enveloped!(shapes::EXECUTION)),
        Route::post(&SURFACE, "/v1/executions/{id}/cancel", KEY, cancel)
            .scope("executions:read")
            .also_scopes(&["executions:cancel"])
            .doc("Cancel an execution")
            .answers(200, enveloped!(shapes::CANCELLED)),
        Route::post(&SURFACE, "/v1/executions/{id}/submit-response", KEY, submit)
            .scope("executions:read")
            .also_scopes(&["workflows:execute"])
            .doc("Answer a review")
            .takes(shapes::RESPONSE)
            .answers(200, enveloped!(shapes::EXECUTION)),
    ]
}

/// The execution that a path names.
pub(super) fn run_id(call: &Call) -> Result<RunId, Fault> {
    let text = call.param("id")?;
    RunId::parse(text).map_err(|_| errors::missing(WHAT, text))
}

/// A fault of a service that looked for the execution of the path.
pub(super) fn named(call: &Call, fault: Fault) -> Fault {
    errors::named(fault, WHAT, call.param("id").unwrap_or_default())
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let page = Page::of(&call);
    let filter = filter(&call).await?;
    let found = call.app.flows.executions_page(&call.ctx, filter, page.number(), page.limit()).await?;
    let data = found.data.iter().map(Execution::to_json).collect();
    Ok(Envelope::of(&call).page(data, found.total, page))
}

/// An unknown workflow or trigger leaves nothing; an unknown state is a mistake.
async fn filter(call: &Call) -> Result<Listing, Fault> {
    let given = |name: &str| call.query.get(name).filter(|text| !text.is_empty());
    let state = |text: &str| {
        Status::parse(text).ok_or_else(|| {
            Fault::field("/status", "value", format!("status must be one of: {}", Status::WORDS.join(", ")))
        })
    };
    let workflow = match given("workflow_id") {
        None => None,
        Some(text) => {
            let (workspace, text) = (call.ctx.caller.workspace, text.to_owned());
            let found = call.ctx.store.read(move |tx| match find_id(tx, workspace, &text) {
                Err(fault) if fault.kind() == FaultKind::NotFound => Ok(None),
                found => found.map(Some),
            });
            Some(found.await?)
        }
    };
    let trigger = match given("trigger_id") {
        None => None,
        Some(text) => {
            let (workspace, text) = (call.ctx.caller.workspace, text.to_owned());
            let found = call.ctx.store.read(move |tx| match triggers::find_id(tx, workspace, &text) {
                // Nothing was started by what is not there.
                Err(fault) if fault.kind() == FaultKind::NotFound => Ok(TriggerId(0)),
                found => found,
            });
            Some(found.await?)
        }
    };
    Ok(Listing { workflow, status: given("status").map(state).transpose()?, trigger })
}

async fn get(call: Call) -> Result<Reply, Fault> {
    let run = run_id(&call)?;
    let data = match call.app.flows.execution(&call.ctx, run).await {
        Ok(found) => found.to_json(),
        Err(fault) if fault.kind() == FaultKind::NotFound => reply(&call, run).await?,
        Err(fault) => return Err(fault),
    };
    Ok(Envelope::of(&call).ok(&data))
}

/// What an agent is asked in a thread is an execution too: of no workflow, and read by its id only.
async fn reply(call: &Call, id: RunId) -> Result<Value, Fault> {
    let scope = call.ctx.caller.scope();
    let found = call.ctx.store.read(move |tx| exchanges::execution(tx, scope, ExchangeId(id.0))).await?;
    let found = found.ok_or_else(|| errors::missing(WHAT, call.param("id").unwrap_or_default()))?;
    let error = found.error.as_ref();
    let duration = found.started_at.zip(found.ended_at).map(|(start, end)| end.millis_since(start).max(0));
    Ok(json!({
        "id": exchanges::execution_name(found.id),
        "workflow_id": null,
        "workflow_name": found.agent_name,
        "status": found.status,
        "inputs": { "content": found.content },
        "outputs": found.reply.as_ref().map(|content| json!({ "content": content })),
        "error": error.map(|why| json!({ "code": errors::FAILED, "message": why, "node_id": null })),
        "error_message": error,
        "started_at": found.started_at,
        "completed_at": found.ended_at,
        "created_at": found.accepted_at,
        "duration_ms": duration,
        "trigger_id": null,
        "test": found.mode == Mode::Test,
        "pause_context": null,
    }))
}

async fn cancel(call: Call) -> Result<Reply, Fault> {
    call.fields()?;
    let run = run_id(&call)?;
    let act = |_| async {
        let outcome = call.app.flows.cancel_execution(&call.ctx, run, Some(call.peer.to_string())).await;
        let mut data = outcome.map_err(|fault| named(&call, fault))?.to_json();
        data["cancelled_at"] = data["completed_at"].clone();
        data["message"] = json!("The execution was cancelled");
        Ok(Envelope::of(&call).ok(&data))
    };
    once(&call, call.ctx.ids.next_bits(), act).await
}

async fn submit(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let response = body.value("response").unwrap_or(Value::Null);
    let node = body.text("node_id", 1, NODE_ID_MAX);
    body.finish_ignoring_unknown()?;
    let run = run_id(&call)?;
    let act = |_| async {
        let way = Way { via: "api", ip: Some(call.peer.to_string()) };
        let outcome = call.app.flows.submit_response(&call.ctx, run, node.as_deref(), response, &way).await;
        let found = outcome.map_err(|fault| named(&call, fault))?;
        call.trace.caused_run(run);
        Ok(Envelope::of(&call).ok(&found.to_json()))
    };
    once(&call, call.ctx.ids.next_bits(), act).await
}
