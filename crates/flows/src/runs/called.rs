//! Runs to which other runs lead: those that they call, and those of error flows.

use std::sync::Arc;

use floe_engine::event::{Place, StepError};
use floe_engine::machine::{Machine, Outcome};
use floe_engine::plan::{Callee, Work};
use floe_model::access::{Caller, Credential, Member, Role, TreasuryRole};
use floe_model::flows::{Engine, FlowSettings, Level};
use floe_model::id::{FlowId, KeyId, MemberId, RunId, SessionId, TokenId, WorkspaceId};
use floe_model::{Fault, FaultKind, Mode, Scope, Timestamp};
use floe_runtime::child_runs::{ChildCall, Hindrance};
use floe_store::Tx;
use floe_store::access::{groups, keys, tokens};
use floe_store::flows::flows;
use floe_store::flows::runs::RunRow;
use floe_store::platform::child_calls;
use serde_json::{Map, Value, json};

use super::engine::Core;
use super::live::Live;
use super::message::Child;
use super::origin::{DEPTH_MAX, Origin};
use super::start::{Begin, NewRun, check_inputs, choose_entry};
use super::state::RunErrorView;
use crate::definitions::{self, Resolved, Runnable, VersionChoice};
use crate::workflows;

/// Calls of a run that are looked at for the one that it waits for.
const CALLS_MAX: usize = 100;

/// A node that calls a child run.
pub(super) struct CallerOf {
    /// The run that it belongs to.
    pub(super) row: RunRow,
    callee: Callee,
    key: String,
    step: String,
}

impl CallerOf {
    /// The node at a place; none when its call is not wanted any more.
    pub(super) fn at(live: &Live, place: Place) -> Option<Self> {
        let attempt = live.machine.calls(place)?;
        let node = live.machine.plan().node(place.node);
        let Work::Child { callee, .. } = node.work else { return None };
        Some(Self { row: live.row.clone(), callee, key: call_key(place, attempt), step: node.id.clone() })
    }
}

/// What names a call within its run.
pub(super) fn call_key(place: Place, attempt: u32) -> String {
    format!("{}.{}.{attempt}", place.frame, place.node)
}

/// Looks up what a node calls; what is no flow begins now.
pub(super) async fn begin_child(core: &Core, caller: CallerOf, call: Arc<Value>) -> Result<Child, Hindrance> {
    if caller.callee == Callee::Flow {
        return prepare_child(core, &caller.row, &call).await.map(|new| Child::New(Box::new(new)));
    }
    let Some(kind) = core.child_runs.iter().find(|kind| kind.callee() == caller.callee) else {
        return Err(StepError::new("NOT_CONFIGURED", "This server cannot run what the node calls").into());
    };
    let CallerOf { row, key, step, .. } = caller;
    let (workspace, flow, started_by) = (row.workspace, row.flow, row.started_by);
    let people = core.platform.store.read(move |tx| {
        let owner = flows::find_any(tx, workspace, flow)?.and_then(|flow| flow.owner);
        Ok((owner, person_behind(tx, workspace, &started_by)?))
    });
    let (owner, starter) = people.await.map_err(Hindrance::Database)?;
    let scope = Scope { workspace, mode: row.mode };
    let call =
        ChildCall { scope, caller: row.id, key, step, flow, flow_name: row.flow_name, owner, starter, input: call };
    kind.start(call).await.map(Child::Begun)
}

/// The member that a credential is, or that made it.
fn person_behind(tx: &mut Tx<'_>, workspace: WorkspaceId, credential: &str) -> Result<Option<MemberId>, Fault> {
    let Some((kind, id)) = credential.split_once(':') else { return Ok(None) };
    match kind {
        "member" => Ok(MemberId::parse(id).ok()),
        "token" => match TokenId::parse(id) {
            Ok(token) => Ok(tokens::owner(tx, workspace, token)?.map(|(member, _)| member)),
            Err(_) => Ok(None),
        },
        "key" => match KeyId::parse(id) {
            Ok(key) => Ok(keys::find(tx, workspace, key)?.and_then(|key| key.created_by)),
            Err(_) => Ok(None),
        },
        _ => Ok(None),
    }
}

/// Gives up the call of what is no flow: it begins nothing from now on, and what it has begun is ended where its rules allow that.
pub(super) async fn give_up(core: &Core, scope: Scope, caller: RunId, key: &str) -> Result<(), Fault> {
    let void = child_calls::ChildCall {
        caller,
        key: key.to_owned(),
        step: String::new(),
        child: None,
        author: None,
        created_at: core.platform.clock.now(),
    };
    let noted = core.platform.store.write(move |tx| child_calls::note(tx, scope, &void)).await?;
    match noted.child {
        Some(child) => cancel(core, scope.workspace, child).await,
        None => Ok(()),
    }
}

/// The payment run that a run waits for, and since when.
///
/// # Errors
/// Of the database.
pub(crate) fn called_payment(tx: &mut Tx<'_>, run: &RunRow) -> Result<Option<(RunId, Timestamp)>, Fault> {
    let scope = Scope { workspace: run.workspace, mode: run.mode };
    let calls = child_calls::of_caller(tx, scope, run.id, CALLS_MAX)?;
    let waiting = calls.into_iter().find(|call| Some(&call.step) == run.wait_step.as_ref());
    Ok(waiting.and_then(|call| Some((call.child?, call.created_at))))
}

/// What came of a called run that is no flow's; none while it goes on.
pub(super) async fn outcome(
    core: &Core,
    workspace: WorkspaceId,
    child: RunId,
) -> Result<Option<Result<Value, StepError>>, Fault> {
    for kind in &core.child_runs {
        if let Some(outcome) = kind.outcome(workspace, child).await? {
            return Ok(Some(outcome));
        }
    }
    Ok(None)
}

/// Ends a called run that is no flow's, where its rules allow that.
pub(super) async fn cancel(core: &Core, workspace: WorkspaceId, child: RunId) -> Result<(), Fault> {
    for kind in &core.child_runs {
        kind.cancel(workspace, child).await?;
    }
    Ok(())
}

/// Looks up the flow that a `call-flow` step names and checks what it is given.
async fn prepare_child(core: &Core, parent: &RunRow, call: &Value) -> Result<NewRun, Hindrance> {
    if parent.depth + 1 > DEPTH_MAX {
        let message = format!("Flows call each other more than {DEPTH_MAX} deep");
        return Err(StepError::new("depth_limit", message).into());
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
        Some(_) => return Err(wrong("version must be latest or a number").into()),
    };
    let inputs = call.get("inputs").and_then(Value::as_object).cloned().unwrap_or_default();
    let origin = Origin { parent: Some(parent.id), depth: parent.depth + 1, ..Origin::after(parent, "sub-flow") };
    let run = RunId(core.platform.ids.next_bits());
    prepare(core, parent, flow, version, inputs, origin, run).await
}

/// The automation that a node of a workflow names: by its id in any spelling, or the one that it was given at import.
async fn called_workflow(core: &Core, parent: &RunRow, id: &Value) -> Result<FlowId, Hindrance> {
    let workspace = parent.workspace;
    let id = id.as_str().unwrap_or_default().trim().to_owned();
    let missing = format!("There is no workflow {id:?}");
    let found = core.platform.store.read(move |tx| workflows::ids::known_id(tx, workspace, &id)).await;
    let found = found.map_err(Hindrance::Database)?;
    found.ok_or_else(|| StepError::new("NOT_FOUND", missing).into())
}

/// The run of an error flow, if the failed run's flow names one.
pub(super) async fn error_run(
    core: &Core,
    row: &RunRow,
    machine: &Machine,
    run: RunId,
) -> Result<Option<NewRun>, Hindrance> {
    let flow = FlowSettings::stored(&row.settings).error_flow_id;
    let (Some(flow), Some(Outcome::Failed(failure))) = (flow, machine.outcome()) else { return Ok(None) };
    let error = RunErrorView::of(machine.plan(), failure).to_json();
    let mut inputs = Map::new();
    inputs.insert("appRunId".to_owned(), json!(row.id));
    inputs.insert("flowId".to_owned(), json!(row.flow));
    inputs.insert("error".to_owned(), error);
    let origin = Origin::after(row, "error-flow");
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
) -> Result<NewRun, Hindrance> {
    let failed = |fault: Fault| {
        let details = json!({ "code": fault.code() });
        StepError::new("sub_flow_failed", fault.message().to_owned()).with_details(details).into()
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
    let unread = |fault: Fault| match fault.kind() {
        FaultKind::Internal | FaultKind::Overloaded => Hindrance::Database(fault),
        _ => failed(fault),
    };
    let (resolved, owner) = found.await.map_err(unread)?;
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
        Engine::Workflow => {
            workflows::require_active(resolved.activity)?;
            workflows::convert(&plan, inputs)?
        }
    };
    let (workspace, mode, trigger) = (from.workspace, from.mode, Value::Null);
    Ok(NewRun::of(&Runnable::new(resolved, plan), Begin { run, workspace, mode, entry, trigger, inputs, origin }))
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
