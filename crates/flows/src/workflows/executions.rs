//! Runs as executions (workflow API contract, section 8.2).

use std::collections::HashMap;

use floe_engine::event::{Event, Happening};
use floe_model::access::Permission;
use floe_model::id::{FlowId, RunId, TriggerId, WorkspaceId};
use floe_model::{Fault, FaultKind, Mode, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::executions::{self, ExecutionFilter, ExecutionRow};
use floe_store::flows::journal;
use floe_store::flows::runs::RunRow;
use floe_store::platform::audit::{Actor, Entry, Target};
use serde_json::{Value, json};

use super::ids::{self, shown_id};
use super::pause::pause_of;
use crate::Flows;
use crate::definitions::{Page, may_see_runs};
use crate::triggers;

/// Which executions a list shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listing {
    /// Of one workflow; `Some(None)` of one that is not there: none.
    pub workflow: Option<Option<FlowId>>,
    /// Status in the words of the workflow API.
    pub status: Option<Status>,
    /// Started by this trigger.
    pub trigger: Option<TriggerId>,
}

/// Statuses of executions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Accepted.
    Pending,
    /// Under way.
    Running,
    /// Waits for a person or an event.
    Paused,
    /// Over, as it should.
    Completed,
    /// Over, with an error.
    Failed,
    /// Ended from outside.
    Cancelled,
}

impl Status {
    /// Every word.
    pub const WORDS: &'static [&'static str] = &["pending", "running", "paused", "completed", "failed", "cancelled"];
    const ALL: [Self; 6] = [Self::Pending, Self::Running, Self::Paused, Self::Completed, Self::Failed, Self::Cancelled];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// The status of a run. Waiting for time is running: nobody can do anything about it. A run that asks somebody is paused, also while
    /// other branches of it go on.
    #[must_use]
    pub fn of(run: &RunRow) -> Self {
        let is_asking = run.wait_kind.as_deref().is_some_and(|kind| kind != "delay");
        match run.status.as_str() {
            "queued" => Self::Pending,
            "running" | "waiting" if is_asking => Self::Paused,
            "completed" => Self::Completed,
            "failed" => Self::Failed,
            "cancelled" => Self::Cancelled,
            _ => Self::Running,
        }
    }

    /// Whether nothing changes any more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The words of runs that it stands for, as a filter of the store takes them.
    const fn of_runs(self) -> &'static str {
        match self {
            Self::Pending => ",queued,",
            Self::Running => ",running,",
            Self::Paused => ",waiting,",
            Self::Completed => ",completed,",
            Self::Failed => ",failed,",
            Self::Cancelled => ",cancelled,",
        }
    }
}

/// Why an execution failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionError {
    /// `node_execution_failed`, `workflow_timeout`, `invalid_definition` or `internal_error`.
    pub code: &'static str,
    /// Sentence for a person.
    pub message: String,
    /// The node that failed.
    pub node_id: Option<String>,
}

/// An execution.
#[derive(Debug, Clone)]
pub struct Execution {
    /// The run.
    pub run: RunId,
    /// Its automation.
    pub workflow: FlowId,
    /// The id of that as it is shown.
    pub workflow_shown_id: String,
    /// The name of that when the run began.
    pub workflow_name: String,
    /// Its status.
    pub status: Status,
    /// What it was given.
    pub inputs: Value,
    /// What it came to; kept as far as it got when it failed or was cancelled.
    pub outputs: Option<Value>,
    /// Why it failed.
    pub error: Option<ExecutionError>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// The trigger that started it.
    pub trigger_shown_id: Option<String>,
    /// Live or test.
    pub mode: Mode,
    /// What it waits for.
    pub pause_context: Option<Value>,
}

impl Execution {
    /// From its begin to its end, in milliseconds.
    #[must_use]
    pub fn duration_ms(&self) -> Option<i64> {
        Some(self.completed_at?.millis_since(self.started_at?))
    }

    /// The error object of the workflow API.
    #[must_use]
    pub fn error_json(&self) -> Value {
        self.error.as_ref().map_or(
            Value::Null,
            |error| json!({ "code": error.code, "message": error.message, "node_id": error.node_id }),
        )
    }

    /// The execution object of the workflow API.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "id": ids::execution(self.run),
            "workflow_id": self.workflow_shown_id,
            "workflow_name": self.workflow_name,
            "status": self.status.as_str(),
            "inputs": self.inputs,
            "outputs": self.outputs,
            "error": self.error_json(),
            "error_message": self.error.as_ref().map(|error| &error.message),
            "started_at": self.started_at,
            "completed_at": self.completed_at,
            "created_at": self.created_at,
            "duration_ms": self.duration_ms(),
            "trigger_id": self.trigger_shown_id,
            "test": self.mode == Mode::Test,
            "pause_context": self.pause_context,
        })
    }
}

impl Flows {
    /// Executions that the caller sees, the newest first: page `page` (from 1) of `per_page` each. Live callers see those of live, test
    /// callers both (console contract, section 2.5).
    ///
    /// # Errors
    /// Of the database.
    pub async fn executions_page(
        &self,
        ctx: &Ctx,
        listing: Listing,
        page: u64,
        per_page: u64,
    ) -> Result<Page<Execution>, Fault> {
        let flow = match listing.workflow {
            Some(None) => return Ok(Page { data: Vec::new(), total: 0 }),
            Some(Some(flow)) => Some(flow),
            None => None,
        };
        let filter = ExecutionFilter {
            flow,
            statuses: listing.status.map(Status::of_runs),
            mode: (ctx.caller.mode == Mode::Live).then_some(Mode::Live),
            trigger: listing.trigger,
        };
        let skip = page.saturating_sub(1).saturating_mul(per_page);
        let limit = usize::try_from(per_page).unwrap_or(executions::PAGE_MAX);
        let workspace = ctx.caller.workspace;
        let reading = move |tx: &mut Tx<'_>| {
            let (rows, total) = executions::list(tx, workspace, &filter, limit, skip)?;
            let mut names = Names::default();
            let found = rows.into_iter().map(|row| view(tx, &mut names, row)).collect::<Result<Vec<_>, Fault>>()?;
            Ok((found, total))
        };
        let (found, total) = ctx.store.read(reading).await?;
        let mut data = Vec::with_capacity(found.len());
        for (execution, rest) in found {
            data.push(self.completed(ctx, execution, rest).await?);
        }
        Ok(Page { data, total })
    }

    /// One execution that the caller sees.
    ///
    /// # Errors
    /// 404 for one that is not there or may not be seen.
    pub async fn execution(&self, ctx: &Ctx, run: RunId) -> Result<Execution, Fault> {
        let caller = ctx.clone();
        let reading = move |tx: &mut Tx<'_>| {
            let row = executions::find(tx, caller.caller.workspace, run)?;
            let row = row.ok_or_else(|| not_found(run))?;
            if caller.caller.mode == Mode::Live && row.run.mode == Mode::Test && caller.caller.member.is_none() {
                return Err(not_found(run));
            }
            may_see_runs(tx, &caller, row.run.flow).map_err(|fault| match fault.kind() {
                FaultKind::NotFound => not_found(run),
                _ => fault,
            })?;
            view(tx, &mut Names::default(), row)
        };
        let (execution, rest) = ctx.store.read(reading).await?;
        self.completed(ctx, execution, rest).await
    }

    /// Cancels an execution that is not over.
    ///
    /// # Errors
    /// 404; 403 without the permission to run; 400 `validation_error` with `details.status` for one that is over.
    pub async fn cancel_execution(&self, ctx: &Ctx, run: RunId, ip: Option<String>) -> Result<Execution, Fault> {
        let before = self.execution(ctx, run).await?;
        if ctx.caller.member.is_some() && !ctx.caller.may(Permission::Run) {
            let fault = Fault::forbidden("Your role does not allow cancelling executions");
            return Err(fault.with_details(json!({ "required": "run" })));
        }
        if before.status.is_over() {
            return Err(is_over(before.status));
        }
        let entry = cancelling(ctx, &before, ip);
        match self.runs.cancel(ctx.caller.workspace, run, Some(ctx.caller.name.clone()), Some(entry)).await {
            Ok(_) => {}
            Err(fault) if fault.code() == "run_finished" => {
                return Err(is_over(self.execution(ctx, run).await?.status));
            }
            Err(fault) => return Err(fault),
        }
        self.execution(ctx, run).await
    }

    /// An execution of a flow of steps with its output, which only its journal tells.
    async fn completed(&self, ctx: &Ctx, execution: Execution, run: Option<RunRow>) -> Result<Execution, Fault> {
        let Some(run) = run else { return Ok(execution) };
        let result = self.result_of(ctx, &run).await?;
        let outputs = result.state.output.as_ref().map(|output| match output.as_ref() {
            Value::Object(map) => Value::Object(map.clone()),
            other => json!({ "output": other }),
        });
        Ok(Execution { outputs, ..execution })
    }
}

/// There is no such execution, as the workflow API words it.
pub(super) fn not_found(run: RunId) -> Fault {
    Fault::new(FaultKind::NotFound, "not_found", "Execution not found")
        .with_details(json!({ "resource": "Execution", "id": ids::execution(run) }))
}

fn is_over(status: Status) -> Fault {
    let message = format!("The execution is {} and cannot be cancelled", status.as_str());
    Fault::new(FaultKind::Invalid, "validation_error", message).with_details(json!({ "status": status.as_str() }))
}

fn cancelling(ctx: &Ctx, execution: &Execution, ip: Option<String>) -> Entry {
    Entry {
        id: ctx.ids.next(),
        workspace: ctx.caller.workspace,
        seq: None,
        mode: Some(execution.mode),
        product: "workflows".to_owned(),
        action: "cancelled_run".to_owned(),
        actor: Actor::of(&ctx.caller),
        target: Some(Target {
            kind: "run".to_owned(),
            id: Some(execution.run.0),
            name: Some(execution.workflow_name.clone()),
        }),
        run_id: Some(execution.run),
        detail: json!({ "flow_id": execution.workflow, "status": execution.status.as_str() }).to_string(),
        request_id: Some(ctx.request_id),
        ip,
        at: ctx.now(),
    }
}

/// The ids under which workflows and triggers are shown, each looked up once for a page.
#[derive(Default)]
struct Names {
    workflows: HashMap<FlowId, String>,
    triggers: HashMap<TriggerId, String>,
}

impl Names {
    fn of_workflow(&mut self, tx: &mut Tx<'_>, workspace: WorkspaceId, id: FlowId) -> Result<String, Fault> {
        if let Some(known) = self.workflows.get(&id) {
            return Ok(known.clone());
        }
        let shown = shown_id(tx, workspace, id)?;
        Ok(self.workflows.entry(id).or_insert(shown).clone())
    }

    fn of_trigger(&mut self, tx: &mut Tx<'_>, id: TriggerId) -> Result<String, Fault> {
        if let Some(known) = self.triggers.get(&id) {
            return Ok(known.clone());
        }
        let shown = triggers::shown_id_of(tx, id)?;
        Ok(self.triggers.entry(id).or_insert(shown).clone())
    }
}

/// What is shown of a row, and the run when that is not all: what a flow of steps came to is only in its journal.
fn view(tx: &mut Tx<'_>, names: &mut Names, row: ExecutionRow) -> Result<(Execution, Option<RunRow>), Fault> {
    let ExecutionRow { run, inputs, outputs } = row;
    let status = Status::of(&run);
    let is_whole = inputs.is_some() || status != Status::Completed;
    let inputs = match inputs {
        Some(text) => serde_json::from_str(&text).map_err(Fault::internal)?,
        None => given(tx, run.workspace, run.id)?,
    };
    let outputs = outputs.map(|text| serde_json::from_str(&text)).transpose().map_err(Fault::internal)?;
    let pause_context = match status {
        Status::Paused => pause_of(tx, &run)?,
        _ => None,
    };
    let source: Value = serde_json::from_str(&run.source).unwrap_or_default();
    let trigger_id = source.get("triggerId").and_then(Value::as_str).and_then(|id| TriggerId::parse(id).ok());
    let trigger_shown_id = trigger_id.map(|id| names.of_trigger(tx, id)).transpose()?;
    let execution = Execution {
        run: run.id,
        workflow: run.flow,
        workflow_shown_id: names.of_workflow(tx, run.workspace, run.flow)?,
        workflow_name: run.flow_name.clone(),
        status,
        inputs,
        outputs,
        error: error_of(&run, status),
        created_at: run.queued_at,
        started_at: run.started_at,
        completed_at: run.finished_at,
        trigger_shown_id,
        mode: run.mode,
        pause_context,
    };
    Ok((execution, (!is_whole).then_some(run)))
}

/// What a run was given, from the beginning of its journal.
fn given(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId) -> Result<Value, Fault> {
    let Some(chunk) = journal::first(tx, workspace, run)? else { return Ok(json!({})) };
    let events: Vec<Event> = serde_json::from_str(&chunk).map_err(Fault::internal)?;
    let began = events.into_iter().find_map(|event| match event.what {
        Happening::Began(beginning) => Some(Value::Object(beginning.inputs)),
        _ => None,
    });
    Ok(began.unwrap_or_else(|| json!({})))
}

fn error_of(run: &RunRow, status: Status) -> Option<ExecutionError> {
    if status != Status::Failed {
        return None;
    }
    let code = run.error_code.as_deref().unwrap_or("internal_error");
    let code = match code {
        "run_timeout" | "workflow_timeout" => "workflow_timeout",
        "invalid_definition" => "invalid_definition",
        _ if run.error_step.is_some() => "node_execution_failed",
        _ => "internal_error",
    };
    let message = run.error_message.clone().unwrap_or_else(|| "The execution failed".to_owned());
    Some(ExecutionError { code, message, node_id: run.error_step.clone() })
}
