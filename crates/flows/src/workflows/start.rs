//! Starting an automation through the workflow API, by a trigger, or for a test (workflow API contract, sections 8.1 and 11).

use floe_engine::lang::graph;
use floe_engine::plan::Plan;
use floe_model::access::Caller;
use floe_model::flows::{Activity, Engine, Level};
use floe_model::id::{FlowId, RunId, TriggerId, WorkspaceId};
use floe_model::{Fault, FaultKind, FieldProblem, Mode};
use floe_runtime::Ctx;
use floe_store::Tx;
use serde_json::{Map, Value, json};

use super::compare::escaped;
use super::ids;
use crate::Flows;
use crate::definitions::{self, Resolved, Runnable, VersionChoice};
use crate::execute::started_by;
use crate::files;
use crate::runs::{Begin, NewRun, Origin, Plans, check_inputs, choose_entry, note_chain};

/// A run to be started.
#[derive(Debug, Clone)]
pub struct Start {
    /// The automation, of either language.
    pub workflow: FlowId,
    /// Its version; of [`VersionChoice::Latest`] only an active one.
    pub version: VersionChoice,
    /// The inputs as given.
    pub inputs: Map<String, Value>,
    /// Whether the inputs are taken as they are: what came from a webhook or a clock declares nothing.
    pub lenient: bool,
    /// What starts it, if that is a trigger.
    pub trigger: Option<StartTrigger>,
    /// Kind of the source: `api`, `webhook`, `schedule`, `event`, `manual`, `test`, …
    pub source: &'static str,
    /// Id of the run; a fresh one, or the one that an earlier try of the same call fixed.
    pub run: RunId,
    /// How many runs and agents stand above the run.
    pub depth: u32,
    /// The triggers whose runs led to it by events.
    pub chain: Vec<TriggerId>,
    /// Address of the caller.
    pub ip: Option<String>,
}

/// The trigger that starts a run.
#[derive(Debug, Clone)]
pub struct StartTrigger {
    /// Its record.
    pub id: TriggerId,
    /// The node or step that it belongs to; every trigger node starts when there is none of that id.
    pub step_id: Option<String>,
    /// `trigger` of the run.
    pub value: Value,
}

/// A run that was accepted.
#[derive(Debug, Clone)]
pub struct Started {
    /// The run.
    pub run: RunId,
    /// Its automation.
    pub workflow: FlowId,
    /// The language of that.
    pub engine: Engine,
    /// The id of that as it is shown.
    pub shown_id: String,
    /// The inputs as the run gets them.
    pub inputs: Map<String, Value>,
}

/// The version of an automation that a trigger starts.
///
/// # Errors
/// 404; 409 `workflow_inactive` for one that may not be started, `flow_not_published` for one without a version.
pub fn resolve_active(tx: &mut Tx<'_>, workspace: WorkspaceId, workflow: FlowId) -> Result<Resolved, Fault> {
    let resolved = definitions::resolve(tx, workspace, workflow, VersionChoice::Latest)?;
    require_active(resolved.activity)?;
    Ok(resolved)
}

/// Refuses what may not be started now.
///
/// # Errors
/// 409 `workflow_inactive`.
pub(crate) fn require_active(activity: Activity) -> Result<(), Fault> {
    match activity {
        Activity::Inactive => Err(Fault::conflict("workflow_inactive", "The workflow is inactive")),
        _ => Ok(()),
    }
}

/// A run of an automation for whoever inserts it with something else: a trigger. The inputs are taken as they are, but that a flow of
/// steps checks those that it declares.
///
/// # Errors
/// As [`resolve_active`]; 422 `invalid_definition`; 400 for inputs that a flow of steps refuses.
pub fn prepare(
    tx: &mut Tx<'_>,
    plans: &Plans,
    workspace: WorkspaceId,
    mode: Mode,
    start: &Start,
    started_by: String,
) -> Result<NewRun, Fault> {
    let resolved = match start.version {
        VersionChoice::Latest => resolve_active(tx, workspace, start.workflow)?,
        other => definitions::resolve(tx, workspace, start.workflow, other)?,
    };
    let plan = plans.compile(resolved.document_hash, &resolved.definition)?;
    let entry = entry_of(&plan, start);
    let inputs = match resolved.engine {
        Engine::Workflow => start.inputs.clone(),
        Engine::Flow => check_inputs(&plan.entries[entry], start.inputs.clone(), "/inputs")?,
    };
    let (trigger, origin) = (trigger_of(start), origin(None, start, started_by));
    let begin = Begin { run: start.run, workspace, mode, entry, trigger, inputs, origin };
    Ok(NewRun::of(&Runnable::new(resolved, plan), begin))
}

/// Brings the inputs of a workflow into the declared types (workflow API contract, section 8.1).
///
/// # Errors
/// 400 with an entry for each input that is missing or cannot be converted; paths are below `/inputs`.
pub(crate) fn convert(plan: &Plan, inputs: Map<String, Value>) -> Result<Map<String, Value>, Fault> {
    graph::convert_inputs(&plan.declared, inputs).map_err(|problems| {
        let problem = |(name, message): (String, String)| {
            FieldProblem::new(format!("/inputs/{}", escaped(&name)), "value", message)
        };
        Fault::validation(problems.into_iter().map(problem).collect())
    })
}

impl Flows {
    /// Starts an automation; the answer comes when the run is on disk, not when it ends.
    ///
    /// # Errors
    /// 404; 403 without the right to run; 400 `validation_error` for inputs that do not fit, and for an automation that is inactive or
    /// whose definition has errors; `overloaded` and `storage_full` when nothing was started.
    pub async fn start_workflow(&self, ctx: &Ctx, start: Start) -> Result<Started, Fault> {
        let (new, engine) = self.prepare_start(ctx, start).await?;
        let (run, workflow, shown_id, inputs) = (new.run, new.flow, new.shown_id.clone(), new.inputs.clone());
        self.runs.run(new, 0).await?;
        Ok(Started { run, workflow, engine, shown_id, inputs })
    }

    pub(super) async fn prepare_start(&self, ctx: &Ctx, start: Start) -> Result<(NewRun, Engine), Fault> {
        let missing = || ids::not_found(&ids::workflow(start.workflow));
        let runnable = match self.runnable(ctx, start.workflow, start.version).await {
            Ok(runnable) => runnable,
            Err(fault) if fault.code() == "invalid_definition" => return Err(refused(&fault)),
            Err(fault) if fault.kind() == FaultKind::NotFound || fault.code() == "flow_not_published" => {
                return Err(missing());
            }
            Err(fault) => return Err(fault),
        };
        if !definitions::may(&ctx.caller, &runnable.access, Level::View) {
            return Err(missing());
        }
        if !definitions::may(&ctx.caller, &runnable.access, Level::Run) {
            let fault = Fault::forbidden("Your role does not allow starting workflows");
            return Err(fault.with_details(json!({ "required": "run" })));
        }
        if start.version == VersionChoice::Latest && runnable.activity == Activity::Inactive {
            return Err(Fault::new(FaultKind::Invalid, "validation_error", "The workflow is inactive"));
        }
        let plan = &runnable.plan;
        let entry = entry_of(plan, &start);
        let inputs = self.take_inputs(ctx, &runnable, entry, &start).await?;
        let user = ctx.caller.member.as_ref();
        let mut origin = origin(Some(&ctx.caller), &start, started_by(&ctx.caller));
        origin.user = user.map_or(Value::Null, |member| json!({ "name": member.name, "email": member.email }));
        let begin = Begin {
            run: start.run,
            workspace: ctx.caller.workspace,
            mode: ctx.caller.mode,
            entry,
            trigger: trigger_of(&start),
            inputs,
            origin,
        };
        let new = NewRun::of(&runnable, begin);
        Ok((new, runnable.engine))
    }

    async fn take_inputs(
        &self,
        ctx: &Ctx,
        runnable: &Runnable,
        entry: usize,
        start: &Start,
    ) -> Result<Map<String, Value>, Fault> {
        let inputs = start.inputs.clone();
        match runnable.engine {
            Engine::Workflow if start.lenient => Ok(inputs),
            Engine::Workflow => convert(&runnable.plan, inputs),
            Engine::Flow => {
                let entry = &runnable.plan.entries[entry];
                let inputs = check_inputs(entry, inputs, "/inputs")?;
                files::resolve_inputs(ctx, &entry.inputs, inputs, "/inputs").await
            }
        }
    }
}

/// The definition has errors, in the words of the workflow API: each with its place below `definition`.
fn refused(fault: &Fault) -> Fault {
    let problems = fault.details().and_then(|details| details.get("problems")).and_then(Value::as_array);
    let errors = problems.into_iter().flatten().filter(|problem| problem["severity"] == "error");
    let field = |problem: &Value| {
        let place = match (problem["path"].as_str(), problem["node_id"].as_str(), problem["field"].as_str()) {
            (Some(path), ..) => path.to_owned(),
            (None, Some(node), Some(field)) => format!("/nodes/{}/{field}", escaped(node)),
            (None, Some(node), None) => format!("/nodes/{}", escaped(node)),
            (None, None, field) => field.map_or_else(String::new, |field| format!("/{field}")),
        };
        Some(FieldProblem::new(format!("/definition{place}"), "definition", problem["message"].as_str()?))
    };
    let refused = Fault::new(FaultKind::Invalid, "validation_error", fault.message().to_owned());
    refused.with_fields(errors.filter_map(field).collect())
}

/// The way into the plan: that of the trigger's node, else the one of calls.
fn entry_of(plan: &Plan, start: &Start) -> usize {
    let named = start.trigger.as_ref().and_then(|trigger| trigger.step_id.as_deref());
    let found = named.and_then(|id| plan.entries.iter().position(|entry| entry.step_id == id));
    // Never refused: without a trigger of that kind the first one is taken.
    found.unwrap_or_else(|| choose_entry(plan, "workflow", None).unwrap_or(0))
}

fn trigger_of(start: &Start) -> Value {
    match &start.trigger {
        Some(trigger) => trigger.value.clone(),
        None => Value::Null,
    }
}

fn origin(caller: Option<&Caller>, start: &Start, started_by: String) -> Origin {
    let member = caller.and_then(|caller| caller.member.as_ref());
    let mut source = json!({
        "kind": start.source, "hookId": null, "tokenId": null, "userId": member.map(|member| member.id), "ip": start.ip,
    });
    if let (Some(trigger), Value::Object(source)) = (&start.trigger, &mut source) {
        source.insert("triggerId".to_owned(), json!(trigger.id));
    }
    note_chain(&mut source, &start.chain);
    Origin { kind: start.source, source, started_by, user: Value::Null, parent: None, depth: start.depth }
}
