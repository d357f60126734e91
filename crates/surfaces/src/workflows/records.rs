//! Workflows (workflows contract, section 8.1): read and started, never written; see the console for that.

use floe_flows::definitions::VersionChoice;
use floe_flows::workflows::{Start, Started, Workflow, find_id, ids};
use floe_model::id::{FlowId, RunId};
use floe_model::{Fault, FaultKind};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::shapes::workflows as shapes;
use super::shapes::{PAGING, enveloped, paged};
use super::{Envelope, KEY, Page, SURFACE, errors};
use crate::flows::late::{Turn, once};
use crate::http::{Call, Reply, Route};

/// What is missing when a workflow is.
const WHAT: &str = "Workflow";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/v1/workflows", KEY, list)
            .scope("workflows:read")
            .doc("List workflows")
            .about("Newest first. Flows that are published are among them.")
            .queries(PAGING)
            .answers(200, paged!(shapes::WORKFLOW)),
        Route::get(&SURFACE, "/v1/workflows/{id}", KEY, get)
            .scope("workflows:read")
            .doc("Get a workflow")
            .answers(200, enveloped!(shapes::WORKFLOW)),
        Route::post(&SURFACE, "/v1/workflows/{id}/execute", KEY, execute)
            .scope("workflows:read")
            .also_scopes(&["workflows:execute"])
            .doc("Execute a workflow")
            .about("Answers at once; the execution is at Location, and its events below it.")
            .takes(shapes::EXECUTE)
            .answers(202, enveloped!(shapes::STARTED))
            .refuses(500, &[errors::FAILED]),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let page = Page::of(&call);
    let found = call.app.flows.workflows_page(&call.ctx, page.number(), page.limit()).await?;
    Ok(Envelope::of(&call).page(found.data.iter().map(Workflow::to_json).collect(), found.total, page))
}

async fn get(call: Call) -> Result<Reply, Fault> {
    let id = call.param("id")?;
    let found = call.app.flows.workflow(&call.ctx, id).await.map_err(|fault| errors::named(fault, WHAT, id))?;
    Ok(Envelope::of(&call).ok(&found.to_json()))
}

async fn execute(call: Call) -> Result<Reply, Fault> {
    let call = &call;
    let inputs = read_inputs(call)?;
    let id = call.param("id")?;
    let first: u128 = call.ctx.ids.next_bits();
    let act = |turn| async move {
        let run = match turn {
            Turn::First => RunId(first),
            // An earlier try of the same call may have started it.
            Turn::Again(subject) => RunId(subject),
        };
        if turn != Turn::First
            && let Some(reply) = earlier(call, run).await?
        {
            return Ok(reply);
        }
        let workflow = match FlowId::parse(id) {
            // Whether it is there is seen at the start.
            Ok(workflow) => workflow,
            Err(_) => {
                let (workspace, text) = (call.ctx.caller.workspace, id.to_owned());
                call.ctx.store.read(move |tx| find_id(tx, workspace, &text)).await?
            }
        };
        let start = Start {
            workflow,
            version: VersionChoice::Latest,
            inputs,
            lenient: false,
            trigger: None,
            source: "api",
            run,
            depth: 0,
            chain: Vec::new(),
            ip: Some(call.peer.to_string()),
        };
        let started = call.app.flows.start_workflow(&call.ctx, start).await;
        let Started { shown_id, inputs, .. } = started.map_err(|fault| not_started(fault, id))?;
        call.trace.caused_run(run);
        Ok(told(call, run, &shown_id, &Value::Object(inputs)))
    };
    once(call, first, act).await
}

/// What could not be stored was not started (contract, sections 1 and 8.1).
fn not_started(fault: Fault, id: &str) -> Fault {
    if fault.kind() != FaultKind::Internal {
        return errors::named(fault, WHAT, id);
    }
    tracing::error!(%fault, "an execution could not be started");
    errors::failed("The execution could not be started", None)
}

/// The answer to a call whose server ended before it gave one; none when nothing had been started.
async fn earlier(call: &Call, run: RunId) -> Result<Option<Reply>, Fault> {
    match call.app.flows.execution(&call.ctx, run).await {
        Ok(found) => Ok(Some(told(call, run, &found.workflow_shown_id, &found.inputs))),
        Err(fault) if fault.kind() == FaultKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn told(call: &Call, run: RunId, workflow: &str, inputs: &Value) -> Reply {
    let id = ids::execution(run);
    let data = json!({ "execution_id": id, "workflow_id": workflow, "status": "pending", "inputs": inputs });
    Envelope::of(call).made(StatusCode::ACCEPTED, &format!("/executions/{id}"), &data)
}

/// The member `inputs` of a body.
pub(super) fn read_inputs(call: &Call) -> Result<Map<String, Value>, Fault> {
    let mut body = call.fields()?;
    let inputs = body.object("inputs").unwrap_or_default();
    body.finish_ignoring_unknown()?;
    Ok(inputs)
}
