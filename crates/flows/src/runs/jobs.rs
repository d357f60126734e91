//! The slice's jobs: waits whose time has come, news of child runs, error flows; and the start of child runs.

use std::sync::Arc;

use floe_engine::event::StepError;
use floe_engine::machine::{Machine, Outcome};
use floe_model::access::{Caller, Credential, Member, Role, TreasuryRole};
use floe_model::flows::{Activity, Engine, FlowSettings, Level};
use floe_model::id::{FlowId, MemberId, RunId, SessionId, WaitId, WorkspaceId};
use floe_model::{Fault, Mode};
use floe_runtime::Platform;
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_store::Tx;
use floe_store::access::groups;
use floe_store::flows::flows;
use floe_store::flows::runs::RunRow;
use floe_store::platform::jobs::Job;
use serde_json::{Map, Value, json};

use super::engine::{Core, RunEngine};
use super::load::load;
use super::message::ChildNews;
use super::start::{DEPTH_MAX, NewRun, Origin, check_inputs, choose_entry};
use super::state::{RunErrorView, RunState};
use super::{JOB_CANCEL, JOB_CHILD, JOB_ERROR_FLOW, JOB_WAIT_DUE};
use crate::definitions::{self, Resolved, VersionChoice};
use crate::workflows;

/// What makes the id of an error run from that of the failed run, so that it is started once.
const ERROR_RUN_BITS: u128 = 0x0e44;

/// The slice's job handlers.
#[must_use]
pub fn handlers(engine: &RunEngine) -> Vec<Arc<dyn JobHandler>> {
    vec![
        Arc::new(WaitDue(engine.clone())),
        Arc::new(ChildChanged(engine.clone())),
        Arc::new(StartErrorFlow(engine.clone())),
        Arc::new(CancelRun(engine.clone())),
    ]
}

/// A wait's time has come.
struct WaitDue(RunEngine);

impl JobHandler for WaitDue {
    fn kind(&self) -> &'static str {
        JOB_WAIT_DUE
    }

    fn run<'a>(&'a self, _: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let (Some(run), Some(wait)) = (run_in(&job.payload, "run"), job.subject_id) else { return Ok(()) };
            self.0.due(job.workspace, run, WaitId(wait)).await
        })
    }
}

/// A child run waits, goes on or has ended: its parent is told how it stands now.
struct ChildChanged(RunEngine);

impl JobHandler for ChildChanged {
    fn kind(&self) -> &'static str {
        JOB_CHILD
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let (Some(parent), Some(child)) = (run_in(&job.payload, "parent"), job.subject_id) else { return Ok(()) };
            let child = RunId(child);
            let plans = &self.0.core.plans;
            let Some(loaded) = load(&platform.store, plans, job.workspace, child).await? else { return Ok(()) };
            let machine = Machine::recover(Arc::clone(&loaded.plan), &loaded.events);
            let news = news_of(&loaded.row, &machine);
            self.0.tell_parent(job.workspace, parent, child, news).await
        })
    }
}

/// A run is no longer wanted.
struct CancelRun(RunEngine);

impl JobHandler for CancelRun {
    fn kind(&self) -> &'static str {
        JOB_CANCEL
    }

    fn run<'a>(&'a self, _: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let Some(run) = job.subject_id.map(RunId) else { return Ok(()) };
            let payload: Value = serde_json::from_str(&job.payload).unwrap_or_default();
            let by = payload.get("by").and_then(Value::as_str).map(str::to_owned);
            match self.0.cancel(job.workspace, run, by, None).await {
                Err(fault) if !matches!(fault.code(), "run_finished" | "not_found") => Err(fault),
                _ => Ok(()),
            }
        })
    }
}

/// A run has failed: its flow names another one to be started with the error.
struct StartErrorFlow(RunEngine);

impl JobHandler for StartErrorFlow {
    fn kind(&self) -> &'static str {
        JOB_ERROR_FLOW
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let Some(failed) = job.subject_id.map(RunId) else { return Ok(()) };
            let core = &self.0.core;
            let Some(loaded) = load(&platform.store, &core.plans, job.workspace, failed).await? else { return Ok(()) };
            let machine = Machine::recover(Arc::clone(&loaded.plan), &loaded.events);
            let run = RunId(failed.0 ^ ERROR_RUN_BITS);
            let workspace = job.workspace;
            if load(&platform.store, &core.plans, workspace, run).await?.is_some() {
                return Ok(());
            }
            match error_run(core, &loaded.row, &machine, run).await {
                Ok(Some(new)) => self.0.run(new, 0).await.map(|_| ()),
                Ok(None) => Ok(()),
                Err(error) => {
                    tracing::warn!(run.id = %failed, error.code = %error.code, "the error flow cannot be started");
                    Ok(())
                }
            }
        })
    }
}

/// Looks up the flow that a `call-flow` step names and checks what it is given.
pub(super) async fn prepare_child(core: &Core, parent: &RunRow, call: &Value) -> Result<NewRun, StepError> {
    if parent.depth + 1 > DEPTH_MAX {
        let message = format!("Flows call each other more than {DEPTH_MAX} deep");
        return Err(StepError::new("depth_limit", message));
    }
    let wrong = |message: &str| StepError::new("sub_flow_failed", message);
    let flow = match call.get("workflowId") {
        None => call.get("flowId").and_then(Value::as_str).and_then(|id| FlowId::parse(id).ok()),
        Some(id) => Some(called_workflow(core, parent, id).await?),
    };
    let flow = flow.ok_or_else(|| wrong("flowId is not a flow's id"))?;
    let version = match call.get("version") {
        None | Some(Value::Null) => VersionChoice::Latest,
        Some(Value::Number(number)) => VersionChoice::Number(number.as_u64().unwrap_or(0) as u32),
        Some(Value::String(text)) => crate::execute::parse_version(text).map_err(|fault| wrong(fault.message()))?,
        Some(_) => return Err(wrong("version must be latest or a number")),
    };
    let inputs = call.get("inputs").and_then(Value::as_object).cloned().unwrap_or_default();
    let origin = Origin {
        kind: "sub-flow",
        source: json!({ "kind": "sub-flow", "hookId": null, "tokenId": null, "userId": null, "ip": null }),
        started_by: parent.started_by.clone(),
        user: Value::Null,
        parent: Some(parent.id),
        depth: parent.depth + 1,
    };
    let run = RunId(core.platform.ids.next_bits());
    prepare(core, parent, flow, version, inputs, origin, run).await
}

/// The automation that a node of a workflow names: by its id in any spelling, or the one that it was given at import.
async fn called_workflow(core: &Core, parent: &RunRow, id: &Value) -> Result<FlowId, StepError> {
    let workspace = parent.workspace;
    let id = id.as_str().unwrap_or_default().trim().to_owned();
    let missing = format!("There is no workflow {id:?}");
    let found = core.platform.store.read(move |tx| workflows::ids::known_id(tx, workspace, &id)).await;
    let found = found.map_err(|fault| StepError::new("INTERNAL", fault.message().to_owned()))?;
    found.ok_or_else(|| StepError::new("NOT_FOUND", missing))
}

/// The run of an error flow, if the failed run's flow names one.
async fn error_run(core: &Core, row: &RunRow, machine: &Machine, run: RunId) -> Result<Option<NewRun>, StepError> {
    let flow = FlowSettings::stored(&row.settings).error_flow_id;
    let (Some(flow), Some(Outcome::Failed(failure))) = (flow, machine.outcome()) else { return Ok(None) };
    let error = RunErrorView::of(machine.plan(), failure).to_json();
    let mut inputs = Map::new();
    inputs.insert("appRunId".to_owned(), json!(row.id));
    inputs.insert("flowId".to_owned(), json!(row.flow));
    inputs.insert("error".to_owned(), error);
    let origin = Origin {
        kind: "error-flow",
        source: json!({ "kind": "error-flow", "hookId": null, "tokenId": null, "userId": null, "ip": null }),
        started_by: row.started_by.clone(),
        user: Value::Null,
        parent: None,
        depth: 0,
    };
    prepare(core, row, flow, VersionChoice::Latest, inputs, origin, run).await.map(Some)
}

/// A run of another flow of the same workspace, which the owner of this run's flow must be able to see.
async fn prepare(
    core: &Core,
    from: &RunRow,
    flow: FlowId,
    version: VersionChoice,
    inputs: Map<String, Value>,
    origin: Origin,
    run: RunId,
) -> Result<NewRun, StepError> {
    let failed = |fault: Fault| {
        let details = json!({ "code": fault.code() });
        StepError::new("sub_flow_failed", fault.message().to_owned()).with_details(details)
    };
    let (workspace, caller_flow) = (from.workspace, from.flow);
    let found = core.platform.store.read(move |tx| {
        let resolved = definitions::resolve(tx, workspace, flow, version)?;
        let caller = match flows::find_any(tx, workspace, caller_flow)? {
            Some(flow) => Some(owner_as_caller(tx, workspace, flow.owner)?),
            None => None,
        };
        Ok((resolved, caller))
    });
    let (resolved, owner) = found.await.map_err(failed)?;
    let visible = owner.is_some_and(|owner| definitions::may(&owner, &resolved.access, Level::View));
    if !visible {
        return Err(failed(Fault::not_found("Flow")));
    }
    new_run(core, from, resolved, inputs, origin, run).map_err(failed)
}

fn new_run(
    core: &Core,
    from: &RunRow,
    resolved: Resolved,
    inputs: Map<String, Value>,
    origin: Origin,
    run: RunId,
) -> Result<NewRun, Fault> {
    let plan = core.plans.compile(resolved.document_hash, &resolved.definition)?;
    let entry = choose_entry(&plan, origin.kind, None)?;
    let inputs = match resolved.engine {
        Engine::Flow => check_inputs(&plan.entries[entry], inputs, "")?,
        Engine::Workflow if resolved.activity == Activity::Inactive => {
            return Err(Fault::conflict("workflow_inactive", "The called workflow is inactive"));
        }
        Engine::Workflow => workflows::convert(&workflows::declared(&resolved, core.plans.catalog()), inputs)?,
    };
    Ok(NewRun {
        run,
        workspace: from.workspace,
        mode: from.mode,
        flow: resolved.flow_id,
        shown_id: resolved.shown_id,
        flow_name: resolved.flow_name,
        version: resolved.version,
        is_draft: resolved.is_draft,
        document_hash: resolved.document_hash,
        settings: resolved.settings,
        plan,
        entry,
        trigger: Value::Null,
        inputs,
        origin,
    })
}

fn news_of(row: &RunRow, machine: &Machine) -> ChildNews {
    match machine.outcome() {
        Some(Outcome::Completed(output)) => ChildNews::Ended(Ok(Arc::clone(output))),
        Some(Outcome::Failed(failure)) => {
            let inner = RunErrorView::of(machine.plan(), failure).to_json();
            let details = json!({ "appRunId": row.id, "error": inner });
            let message = format!("The called flow failed: {}", failure.error.message);
            ChildNews::Ended(Err(StepError::new("sub_flow_failed", message).with_details(details)))
        }
        Some(Outcome::Cancelled) => {
            let details = json!({ "appRunId": row.id });
            ChildNews::Ended(Err(
                StepError::new("sub_flow_failed", "The called flow was cancelled").with_details(details)
            ))
        }
        None => {
            let state = RunState::of(row, machine);
            ChildNews::Paused(state.wait.map(|wait| Box::new(wait.wait_state())))
        }
    }
}

/// The owner of a flow with no more than a member's ordinary rights; the server for flows that it made itself.
fn owner_as_caller(tx: &mut Tx<'_>, workspace: WorkspaceId, owner: Option<MemberId>) -> Result<Caller, Fault> {
    let mut caller = Caller::system(workspace, Mode::Live);
    if let Some(id) = owner {
        let groups = groups::of_member(tx, workspace, id)?.into_iter().map(|group| group.id).collect();
        caller.credential = Credential::Session(SessionId(0));
        caller.member = Some(Member {
            id,
            name: String::new(),
            email: String::new(),
            role: Role::Builder,
            treasury_role: TreasuryRole::Reader,
            groups,
        });
    }
    Ok(caller)
}

fn run_in(payload: &str, key: &str) -> Option<RunId> {
    let payload: Value = serde_json::from_str(payload).ok()?;
    RunId::parse(payload.get(key)?.as_str()?).ok()
}
