//! A payment run in time: its phases as spans (console contract, section 5.7).

use floe_model::treasury::RunStatus;
use floe_model::{Fault, Timestamp};
use floe_runtime::Ctx;
use floe_store::treasury::payment_run_events::RunEvent;
use floe_treasury::runs::joined::{self, Listed};
use serde_json::{Value, json};

use super::run_wire::span_id;
use crate::http::{Call, Reply};

/// The phases of a run as spans, and what happened to it.
///
/// # Errors
/// Of the database.
pub(super) async fn timeline(call: &Call, own: &Ctx, run: &Listed) -> Result<Value, Fault> {
    let phases = phases(call, own, run).await?;
    let now = call.ctx.now();
    let spans: Vec<Value> = (0..phases.len()).filter_map(|at| span(&phases, at, now)).collect();
    let events: Vec<Value> = phases.iter().filter_map(|phase| event(phase, run)).collect();
    Ok(json!({ "spans": spans, "events": events }))
}

/// One phase of a run with everything a span has; payment runs keep what they were given and gave in their own report.
///
/// # Errors
/// `not_found`.
pub(super) async fn span_detail(call: &Call, own: &Ctx, run: &Listed, index: usize) -> Result<Reply, Fault> {
    let phases = phases(call, own, run).await?;
    let found = span(&phases, index, call.ctx.now()).ok_or_else(|| Fault::not_found("Span"))?;
    let mut shown = found;
    for name in ["input", "output", "request", "response"] {
        shown[name] = Value::Null;
    }
    shown["logs"] = json!([]);
    shown["attempts"] = json!([]);
    shown["truncated"] = json!(false);
    Reply::ok(&shown)
}

/// A change of state.
struct Phase {
    at: Timestamp,
    status: RunStatus,
}

async fn phases(call: &Call, own: &Ctx, run: &Listed) -> Result<Vec<Phase>, Fault> {
    let (scope, id) = (own.caller.scope(), run.run.id);
    let events = call.ctx.store.read(move |tx| joined::phases(tx, scope, id)).await?;
    Ok(events.iter().filter_map(phase).collect())
}

fn phase(event: &RunEvent) -> Option<Phase> {
    let data: Value = serde_json::from_str(&event.data).ok()?;
    Some(Phase { at: event.at, status: RunStatus::parse(data["phase"].as_str()?)? })
}

/// A phase as a span; its number counts all changes of state, so that it never changes. None for a state that takes no time.
fn span(phases: &[Phase], index: usize, now: Timestamp) -> Option<Value> {
    let phase = phases.get(index)?;
    let name = match phase.status {
        RunStatus::Planning => "Planning",
        RunStatus::Scoring => "Scoring",
        RunStatus::AwaitingApproval => "Approval",
        RunStatus::Executing => "Payouts",
        _ => return None,
    };
    let next = phases.get(index + 1);
    let end = next.map(|next| next.at);
    let length = |end: Timestamp| end.millis_since(phase.at).max(0);
    let waits = phase.status == RunStatus::AwaitingApproval;
    let status = match next.map(|next| next.status) {
        None if waits => "waiting",
        None => "running",
        Some(RunStatus::Failed) => "failed",
        Some(RunStatus::Cancelled) => "cancelled",
        Some(_) => "completed",
    };
    Some(json!({
        "id": span_id(index), "parent_id": null, "step_id": phase.status, "name": name, "type": "phase",
        "status": status, "attempt": 1, "iteration": [], "branch_id": null, "started_at": phase.at, "finished_at": end,
        "duration_ms": end.map(length), "wait_ms": if waits { length(end.unwrap_or(now)) } else { 0 },
        "credits": 0, "reused": false, "error": null,
    }))
}

fn event(phase: &Phase, run: &Listed) -> Option<Value> {
    let (kind, other) = match phase.status {
        RunStatus::Pending => ("run.accepted", run.run.retry_of),
        RunStatus::Planning => ("run.started", None),
        RunStatus::AwaitingApproval => ("run.waiting", None),
        RunStatus::Executing => ("run.resumed", None),
        RunStatus::Scoring => return None,
        RunStatus::Completed | RunStatus::CompletedWithErrors => ("run.completed", None),
        RunStatus::Failed => ("run.failed", None),
        RunStatus::Cancelled => ("run.cancelled", None),
    };
    Some(json!({ "at": phase.at, "type": kind, "step_id": null, "by": null, "run_id": other }))
}
