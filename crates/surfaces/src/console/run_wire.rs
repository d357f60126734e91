//! Runs of the joined list on the wire (console contract, section 5.7).

use floe_engine::plan::Plan;
use floe_engine::records::{Attempt, StepRecord, StepStatus};
use floe_flows::run_list::RunItem;
use floe_flows::workflows::ids;
use floe_model::Timestamp;
use floe_model::flows::Engine;
use floe_model::id::InboxId;
use serde_json::{Value, json};

use super::inbox_wire::kind_of;

/// Bytes of one value that is shown whole (console contract, section 5.7).
const VALUE_BYTES_MAX: usize = 256 * 1024;

/// A run. Absent values are null, never left out; what it has cost is put in by `run_credits`.
pub(super) fn run_object(item: &RunItem, now: Timestamp) -> Value {
    let run = &item.listed.run;
    let starter = &item.starter;
    let error = run
        .error_code
        .as_ref()
        .map(|code| json!({ "code": code, "message": run.error_message, "step_id": run.error_step }));
    let waiting_on = run.wait_kind.as_ref().map(|kind| {
        let (inbox, since) = item.asked.unzip();
        json!({
            "inbox_id": inbox.map(|wait| InboxId(wait.0).prefixed()), "kind": wait_word(kind), "since": since,
        })
    });
    // Time since it began that was not spent at work.
    let wait_ms = run
        .started_at
        .zip(run.active_ms)
        .map(|(started, active_ms)| (run.finished_at.unwrap_or(now).millis_since(started) - active_ms).max(0));
    // Each in the spelling of the API that makes it (console contract, section 1.2).
    let (kind, id, definition) = match item.engine {
        Engine::Flow => ("flow", run.id.to_string(), run.flow.to_string()),
        Engine::Workflow => ("workflow", ids::execution(run.id), ids::workflow(run.flow)),
    };
    let (status, product_status) = item.statuses();
    json!({
        "id": id, "kind": kind, "name": run.flow_name, "definition_id": definition, "version": run.version,
        "mode": run.mode.as_str(), "status": status, "product_status": product_status, "warnings": 0,
        "trigger": run.trigger_type, "source": run.source_kind,
        "started_by": { "type": starter.kind, "id": starter.id, "name": starter.name },
        "waiting_on": waiting_on,
        "progress": { "steps": run.step_count, "current_step": run.current_step },
        "created_at": run.queued_at, "started_at": run.started_at, "finished_at": run.finished_at,
        "duration_ms": run.active_ms, "wait_ms": wait_ms, "credits": null, "error": error,
        "parent_id": run.parent, "rerun_of": item.listed.rerun_of,
    })
}

/// The kind of an item of the inbox where there is one; else the word of the product.
fn wait_word(kind: &str) -> &str {
    if matches!(kind, "user-approval" | "show-form" | "client-tool" | "human-review" | "webhook-wait") {
        kind_of(kind)
    } else {
        kind
    }
}

/// The id of a step's span: its number in the order of start, which never changes.
pub(super) fn span_id(index: usize) -> String {
    (index + 1).to_string()
}

/// The position of a span.
pub(super) fn span_index(id: &str) -> Option<usize> {
    id.parse::<usize>().ok()?.checked_sub(1).filter(|index| span_id(*index) == id)
}

/// A step as a span of a timeline; what it has cost is put in by `run_credits`.
pub(super) fn span_object(plan: &Plan, index: usize, record: &StepRecord, now: Timestamp) -> Value {
    let node = plan.node(record.node);
    let length = |end: Timestamp| end.millis_since(record.started_at).max(0);
    let iteration: Vec<Value> =
        record.iteration.iter().map(|pass| json!({ "step_id": pass.step_id, "index": pass.index })).collect();
    let waits =
        matches!(node.kind.as_str(), "user-approval" | "show-form" | "client-tool" | "delay" | "humanReview" | "wait");
    let wait_ms = if waits && !record.reused { length(record.finished_at.unwrap_or(now)) } else { 0 };
    json!({
        "id": span_id(index), "parent_id": record.parent.map(span_id), "step_id": node.id, "name": node.name,
        "type": node.kind, "status": record.status.as_str(), "attempt": record.attempt, "iteration": iteration,
        "branch_id": record.branch_id, "started_at": record.started_at, "finished_at": record.finished_at,
        "duration_ms": record.finished_at.map(length), "wait_ms": wait_ms, "credits": null, "reused": record.reused,
        "error": record.error.as_ref().map(|error| json!({ "code": error.code, "message": error.message })),
    })
}

/// A span with what the step was given and gave.
pub(super) fn span_detail(plan: &Plan, index: usize, record: &StepRecord, is_effect: bool, now: Timestamp) -> Value {
    let mut span = span_object(plan, index, record, now);
    let mut truncated = false;
    let mut shown = |value: Option<&Value>| match value {
        None => Value::Null,
        Some(value) => {
            let bytes = value.to_string().len();
            if bytes <= VALUE_BYTES_MAX {
                return value.clone();
            }
            truncated = true;
            json!({ "$truncated": true, "bytes": bytes })
        }
    };
    let (input, output) = (shown(record.input.as_deref()), shown(record.output.as_deref()));
    let logs = shown(Some(&json!(record.logs)));
    span["truncated"] = json!(truncated);
    span["request"] = if is_effect { input.clone() } else { Value::Null };
    span["response"] = if is_effect { output.clone() } else { Value::Null };
    span["input"] = input;
    span["output"] = output;
    span["logs"] = if logs.is_array() { logs } else { json!([]) };
    span["attempts"] =
        record.attempts.iter().enumerate().map(|(at, attempt)| attempt_object(at, attempt, record)).collect();
    span
}

fn attempt_object(at: usize, attempt: &Attempt, record: &StepRecord) -> Value {
    let is_last = at + 1 == record.attempts.len();
    let status = match (&attempt.error, attempt.finished_at) {
        (Some(_), _) => "failed",
        (None, None) => "running",
        (None, Some(_)) if is_last && record.status == StepStatus::Cancelled => "cancelled",
        (None, Some(_)) => "completed",
    };
    json!({
        "attempt": at + 1, "status": status, "started_at": attempt.started_at, "finished_at": attempt.finished_at,
        "duration_ms": attempt.finished_at.map(|end| end.millis_since(attempt.started_at).max(0)),
        "error": attempt.error.as_ref().map(|error| json!({ "code": error.code, "message": error.message })),
    })
}
