//! What callers are told of a run.

use std::sync::Arc;

use floe_engine::event::{Question, QuestionKind};
use floe_engine::machine::{Machine, Outcome, RunError};
use floe_engine::plan::{Callee, Plan, Work};
use floe_model::Timestamp;
use floe_model::id::{FlowId, RunId, WaitId};
use floe_store::flows::runs::RunRow;
use serde_json::{Map, Value, json};

/// What a run waits for that waits for a payment run.
pub(crate) const WAITS_FOR_PAYMENTS: &str = "payment-run";

/// The state of a run at one moment.
#[derive(Debug, Clone)]
pub struct RunState {
    /// Its id.
    pub run: RunId,
    /// Its flow.
    pub flow: FlowId,
    /// `queued`, `running`, `waiting`, `completed`, `failed` or `cancelled`.
    pub status: &'static str,
    /// The output, once completed.
    pub output: Option<Arc<Value>>,
    /// The error, once failed.
    pub error: Option<RunErrorView>,
    /// What it waits for.
    pub wait: Option<WaitView>,
    /// Number of changes so far.
    pub revision: u64,
    /// The step that it is at.
    pub current_step: Option<String>,
    /// Steps executed.
    pub step_count: u32,
}

/// Why a run failed (Flow API contract, section 6.7, last row).
#[derive(Debug, Clone)]
pub struct RunErrorView {
    /// Stable code.
    pub code: String,
    /// Sentence for a person.
    pub message: String,
    /// The step that failed: id, name, type.
    pub step: Option<(String, String, String)>,
    /// Which attempt it was.
    pub attempt: u32,
    /// Whether another attempt may help.
    pub retryable: bool,
    /// Facts for programs.
    pub details: Value,
    /// When.
    pub occurred_at: Timestamp,
}

/// What a run waits for.
#[derive(Debug, Clone)]
pub struct WaitView {
    /// The question's id; a paused child has its own in `body`.
    pub wait: Option<WaitId>,
    /// `user-approval`, `client-tool`, `show-form`, `delay`, `sub-flow` or `payment-run`.
    pub kind: &'static str,
    /// The step that waits.
    pub step_id: String,
    /// Its shown name.
    pub step_name: String,
    /// What is shown of the question.
    pub body: Map<String, Value>,
    /// When it was asked.
    pub created_at: Option<Timestamp>,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
}

impl RunState {
    /// The state that a machine is in.
    #[must_use]
    pub fn of(row: &RunRow, machine: &Machine) -> Self {
        let plan = machine.plan();
        let (output, error) = match machine.outcome() {
            Some(Outcome::Completed(output)) => (Some(Arc::clone(output)), None),
            Some(Outcome::Failed(failure)) => (None, Some(RunErrorView::of(plan, failure))),
            Some(Outcome::Cancelled) | None => (None, None),
        };
        Self {
            run: row.id,
            flow: row.flow,
            status: status(machine, row.status == "queued"),
            output,
            error,
            wait: wait_of(machine),
            revision: machine.revision(),
            current_step: machine.current_node().map(|node| plan.node(node).id.clone()),
            step_count: machine.steps_executed(),
        }
    }

    /// The child run whose question this run waits for.
    #[must_use]
    pub fn paused_child(&self) -> Option<RunId> {
        let wait = self.wait.as_ref().filter(|wait| wait.kind == "sub-flow")?;
        RunId::parse(wait.body.get("childRunId")?.as_str()?).ok()
    }

    /// Whether the status is final.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.status, "completed" | "failed" | "cancelled")
    }
}

impl RunErrorView {
    /// The error of a run, with the step that it came from.
    #[must_use]
    pub fn of(plan: &Plan, failure: &RunError) -> Self {
        let step = failure.node.map(|node| plan.node(node));
        Self {
            code: failure.error.code.clone(),
            message: failure.error.message.clone(),
            step: step.map(|node| (node.id.clone(), node.name.clone(), node.kind.clone())),
            attempt: failure.attempt,
            retryable: failure.error.retryable,
            details: failure.error.details.clone().unwrap_or_else(|| json!({})),
            occurred_at: failure.at,
        }
    }

    /// The error as the contract shows it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (id, name, kind) = match &self.step {
            Some((id, name, kind)) => (Some(id), Some(name), Some(kind)),
            None => (None, None, None),
        };
        json!({
            "code": self.code, "message": self.message, "stepId": id, "stepName": name, "stepType": kind,
            "attempt": self.attempt, "retryable": self.retryable, "details": self.details,
            "occurredAt": self.occurred_at,
        })
    }
}

impl WaitView {
    /// `waitState` of the Flow API (contract section 4).
    #[must_use]
    pub fn wait_state(&self) -> Value {
        let mut state = Map::new();
        state.insert("waitId".to_owned(), json!(self.wait));
        state.insert("type".to_owned(), json!(self.kind));
        state.insert("stepId".to_owned(), json!(self.step_id));
        state.insert("stepName".to_owned(), json!(self.step_name));
        state.extend(self.body.clone());
        state.insert("createdAt".to_owned(), json!(self.created_at));
        state.insert("expiresAt".to_owned(), json!(self.expires_at));
        Value::Object(state)
    }

    /// `pendingAction` of the Flow API (contract section 4).
    #[must_use]
    pub fn pending_action(&self) -> Value {
        let mut action = Map::new();
        action.insert("type".to_owned(), json!(self.kind));
        action.extend(self.body.clone());
        action.insert("timestamp".to_owned(), json!(self.created_at));
        Value::Object(action)
    }
}

/// The word for a machine's state.
#[must_use]
pub fn status(machine: &Machine, queued: bool) -> &'static str {
    match machine.outcome() {
        Some(Outcome::Completed(_)) => "completed",
        Some(Outcome::Failed(_)) => "failed",
        Some(Outcome::Cancelled) => "cancelled",
        None if queued => "queued",
        None if machine.is_waiting() => "waiting",
        None => "running",
    }
}

/// Brings a row up to date with the machine.
pub(super) fn fill_row(row: &mut RunRow, machine: &Machine, queued: bool) {
    let plan = Arc::clone(machine.plan());
    row.status = status(machine, queued).to_owned();
    row.started_at = (!queued && machine.beginning().is_some()).then(|| machine.started_at());
    row.finished_at = machine.outcome().map(|_| machine.last_at());
    row.active_ms = machine.outcome().map(|_| machine.active_ms(machine.last_at()));
    row.step_count = machine.steps_executed();
    row.revision = machine.revision();
    row.current_step = machine.current_node().map(|node| plan.node(node).id.clone());
    let wait = if row.status == "waiting" { wait_of(machine) } else { asked_beside(machine) };
    row.wait_kind = wait.as_ref().map(|wait| wait.kind.to_owned());
    row.wait_step = wait.map(|wait| wait.step_id);
    if let Some(Outcome::Failed(failure)) = machine.outcome() {
        row.error_code = Some(failure.error.code.clone());
        row.error_message = Some(failure.error.message.clone());
        row.error_step = failure.node.map(|node| plan.node(node).id.clone());
    }
}

/// What a run of a workflow asks while other branches go on: it counts as paused then.
fn asked_beside(machine: &Machine) -> Option<WaitView> {
    if !machine.is_graph() || machine.outcome().is_some() {
        return None;
    }
    if let Some(question) = machine.asking().next() {
        return Some(question_view(machine.plan(), question));
    }
    paused_child(machine)
}

/// What a run waits for, when it waits. Of a workflow it is what it asks, before any delay.
fn wait_of(machine: &Machine) -> Option<WaitView> {
    if !machine.is_waiting() {
        return None;
    }
    let plan = machine.plan();
    let asked = machine.asking().next().filter(|_| machine.is_graph());
    if let Some(question) = asked.or_else(|| machine.questions().next()) {
        return Some(question_view(plan, question));
    }
    paused_child(machine)
}

/// The question of a called run.
fn paused_child(machine: &Machine) -> Option<WaitView> {
    let plan = machine.plan();
    let (place, child, shown) = machine.paused_child()?;
    let node = plan.node(place.node);
    let mut body = Map::new();
    let kind = match node.work {
        Work::Child { callee: Callee::PaymentRun, .. } => {
            body.insert("paymentRunId".to_owned(), json!(child));
            WAITS_FOR_PAYMENTS
        }
        _ => {
            body.insert("childRunId".to_owned(), json!(child));
            body.insert("waitState".to_owned(), shown.clone());
            "sub-flow"
        }
    };
    let instant = |key: &str| shown.get(key).and_then(Value::as_str).and_then(Timestamp::parse);
    Some(WaitView {
        wait: shown.get("waitId").and_then(Value::as_str).and_then(|id| WaitId::parse(id).ok()),
        kind,
        step_id: node.id.clone(),
        step_name: node.name.clone(),
        body,
        created_at: instant("createdAt"),
        expires_at: instant("expiresAt"),
    })
}

fn question_view(plan: &Plan, question: &Question) -> WaitView {
    let node = plan.node(question.place.node);
    let mut body = question.body.clone();
    body.remove("approvers");
    let (kind, expires_at) = match question.kind {
        QuestionKind::Answer(kind) => (kind.as_str(), question.expires_at()),
        QuestionKind::Delay { .. } | QuestionKind::Poll => ("delay", None),
    };
    WaitView {
        wait: Some(question.wait),
        kind,
        step_id: node.id.clone(),
        step_name: node.name.clone(),
        body,
        created_at: Some(question.asked_at),
        expires_at,
    }
}
