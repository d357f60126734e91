//! Deleting a flow.

use floe_model::Fault;
use floe_model::flows::{Engine, Level};
use floe_model::id::{FlowId, JobId, RunId};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::FlowRow;
use floe_store::flows::{flows, pins, runs};
use floe_store::platform::jobs::{self, NewJob};
use serde_json::json;

use super::access::hold;
use super::trail;
use crate::runs::JOB_CANCEL;
use crate::schedules;
use crate::sharing;
use crate::triggers;

/// Open runs that one deletion ends at most; far more than may be open at a time.
const OPEN_RUNS_MAX: usize = 100_000;

/// What a deletion leaves to be done.
#[derive(Debug, Clone)]
pub struct Deleted {
    /// The flow.
    pub flow: FlowId,
    /// Its runs that are not over. Jobs cancel them; who answers a caller cancels them first, so that the answer finds them over.
    pub open_runs: Vec<RunId>,
}

/// Hides a flow: from now on it is not found. Its versions and runs stay for those who have their ids.
///
/// # Errors
/// 404; 403 without `manage`.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId) -> Result<Deleted, Fault> {
    let flow = hold(tx, ctx, id, Level::Manage)?;
    delete_held(tx, ctx, &flow)
}

/// Hides an automation of either language that is held, and ends what it does.
///
/// # Errors
/// Of the database.
pub(crate) fn delete_held(tx: &mut Tx<'_>, ctx: &Ctx, flow: &FlowRow) -> Result<Deleted, Fault> {
    let id = flow.id;
    if !flows::hide(tx, flow.workspace, id, ctx.now())? {
        return Err(Fault::internal(format!("flow {id} changed while it was held")));
    }
    let open_runs = runs::open_of_flow(tx, flow.workspace, id, OPEN_RUNS_MAX)?;
    sharing::end(tx, ctx, flow)?;
    schedules::end(tx, ctx, flow)?;
    triggers::end(tx, flow)?;
    pins::clear(tx, flow.workspace, id)?;
    for run in &open_runs {
        jobs::enqueue(tx, &cancelling(ctx, *run))?;
    }
    trail::announce(tx, ctx, id);
    let detail = json!({ "name": flow.name, "openRuns": open_runs.len() });
    if flow.engine == Engine::Workflow {
        crate::workflows::forget(tx, ctx, flow, detail)?;
    } else {
        trail::audit(tx, ctx, flow, "deleted_flow", detail)?;
        trail::tell(tx, ctx, flow, "flows.flow.deleted", None)?;
    }
    Ok(Deleted { flow: id, open_runs })
}

fn cancelling(ctx: &Ctx, run: RunId) -> NewJob {
    NewJob {
        id: ctx.ids.next::<JobId>(),
        workspace: ctx.caller.workspace,
        mode: None,
        kind: JOB_CANCEL,
        subject_id: Some(run.0),
        payload: json!({ "by": ctx.caller.name }).to_string(),
        due_at: ctx.now(),
        created_at: ctx.now(),
    }
}
