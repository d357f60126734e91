//! What an execution that waits for somebody shows (workflow API contract, section 8.2, `pause_context`).

use floe_engine::event::Question;
use floe_model::{Fault, Timestamp};
use floe_store::Tx;
use floe_store::flows::runs::{self, RunRow};
use floe_store::flows::waits::{self, WaitRow};
use serde_json::{Map, Value, json};

use crate::runs::{DEPTH_MAX, WAITS_FOR_PAYMENTS, called_payment};

/// Runs that a run has called and that are looked through for the question that it waits for.
const CHILDREN_MAX: usize = 20;

/// A question that pauses an execution.
#[derive(Debug, Clone, Copy)]
pub struct Pause<'a> {
    /// What would end it: `human-review`, `webhook-wait`, or a kind of the steps language.
    pub kind: &'a str,
    /// The node that asks.
    pub node_id: &'a str,
    /// Its name.
    pub node_name: &'a str,
    /// What it asks.
    pub question: &'a Map<String, Value>,
    /// When it asked.
    pub paused_at: Timestamp,
    /// When its time comes.
    pub expires_at: Option<Timestamp>,
}

/// The `pause_context` of the workflow API.
#[must_use]
pub fn pause_json(pause: &Pause<'_>) -> Value {
    let member = |names: &[&str]| names.iter().find_map(|name| pause.question.get(*name)).cloned().unwrap_or_default();
    let reason = match pause.kind {
        "human-review" => "human_review",
        "webhook-wait" => "webhook",
        "payment-run" => "payment_run",
        other => other,
    };
    json!({
        "reason": reason,
        "node_id": pause.node_id,
        "node_name": pause.node_name,
        "paused_at": pause.paused_at,
        "prompt": member(&["prompt", "message", "title"]),
        "description": member(&["description"]),
        "variable_name": member(&["variable_name", "variableName"]),
        "input_type": member(&["input_type", "inputType"]),
        "placeholder": member(&["placeholder"]),
        "validation": member(&["validation"]),
        "required": member(&["required"]),
        "expires_at": pause.expires_at,
    })
}

/// What an execution that is paused waits for; none when that is gone by now.
///
/// # Errors
/// Of the database.
pub(super) fn pause_of(tx: &mut Tx<'_>, run: &RunRow) -> Result<Option<Value>, Fault> {
    match pending(tx, run, DEPTH_MAX)? {
        Some(wait) => Ok(Some(pause_context(&wait))),
        None => pause_for_payments(tx, run),
    }
}

/// The oldest question that a run waits for: its own, else one of a run that it has called.
pub(super) fn pending(tx: &mut Tx<'_>, run: &RunRow, depth: u32) -> Result<Option<WaitRow>, Fault> {
    if let Some(wait) = waits::open_of_run(tx, run.workspace, run.id, 1)?.pop() {
        return Ok(Some(wait));
    }
    if depth == 0 || run.wait_kind.as_deref() != Some("sub-flow") {
        return Ok(None);
    }
    for child in runs::open_children(tx, run.workspace, run.id, CHILDREN_MAX)? {
        if let Some(child) = runs::find(tx, run.workspace, child)?
            && let Some(wait) = pending(tx, &child, depth - 1)?
        {
            return Ok(Some(wait));
        }
    }
    Ok(None)
}

/// What is shown of a run that waits for a payment run.
fn pause_for_payments(tx: &mut Tx<'_>, run: &RunRow) -> Result<Option<Value>, Fault> {
    let (Some(kind), Some(node)) = (run.wait_kind.as_deref(), run.wait_step.as_deref()) else { return Ok(None) };
    let found = if kind == WAITS_FOR_PAYMENTS { called_payment(tx, run)? } else { None };
    let Some((payment, paused_at)) = found else { return Ok(None) };
    let prompt = format!("Waits until the payment run {payment} is approved and paid");
    let question = Map::from_iter([("prompt".to_owned(), prompt.into())]);
    let pause = Pause { kind, node_id: node, node_name: node, question: &question, paused_at, expires_at: None };
    Ok(Some(pause_json(&pause)))
}

/// What a question asks, as the workflow API shows it.
fn pause_context(wait: &WaitRow) -> Value {
    let question: Map<String, Value> = serde_json::from_str(&wait.question).unwrap_or_default();
    pause_json(&Pause {
        kind: &wait.kind,
        node_id: &wait.step_id,
        node_name: &wait.step_name,
        question: &question,
        paused_at: wait.created_at,
        expires_at: (wait.due_at < wait.created_at.plus_seconds(Question::ENDLESS_S)).then_some(wait.due_at),
    })
}
