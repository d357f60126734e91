//! A run in time: its spans and what happened to it (console contract, section 5.7).

use floe_engine::event::{Event, Happening};
use floe_engine::plan::Work;
use floe_flows::history::RunHistory;
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::id::RunId;
use floe_store::flows::reruns::Rerun;
use serde_json::{Value, json};

use super::shapes::runs as shapes;
use super::{Rights, SURFACE, run_exchanges, run_payments, run_phases, run_wire};
use crate::http::{Auth, Call, Reply, Route};
use crate::run_credits::Taken;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/runs/{id}/timeline", Auth::MEMBER, timeline)
            .needs(Permission::Read)
            .doc("Show the timeline of a run")
            .answers(200, shapes::TIMELINE),
        Route::get(&SURFACE, "/console/v1/runs/{id}/spans/{span_id}", Auth::MEMBER, span)
            .needs(Permission::Read)
            .doc("Show a span of a run")
            .answers(200, shapes::SPAN_DETAIL),
    ]
}

async fn timeline(call: Call) -> Result<Reply, Fault> {
    let run: RunId = call.id("id", "Run")?;
    Reply::ok(&timeline_object(&call, run).await?)
}

/// The spans of a run of whichever product, and what happened to it.
///
/// # Errors
/// 404 for a run that the caller does not see; of the database.
pub(super) async fn timeline_object(call: &Call, run: RunId) -> Result<Value, Fault> {
    if let Some((own, payment)) = run_payments::find(call, run.0).await? {
        return run_phases::timeline(call, &own, &payment).await;
    }
    if let Some(exchange) = run_exchanges::find(call, run.0).await? {
        return run_exchanges::timeline(call, exchange).await;
    }
    let (found, events) = call.app.flows.run_journal(&call.ctx, run).await?;
    let repetitions = call.app.flows.repetitions(&call.ctx, run).await?;
    let plan = found.history.machine.plan();
    let now = call.ctx.now();
    let steps = found.history.steps.iter().enumerate();
    let mut spans: Vec<Value> = steps.map(|(at, record)| run_wire::span_object(plan, at, record, now)).collect();
    Taken::of(call, run).await?.fill(&mut spans);
    let mut told: Vec<Value> = events.iter().filter_map(|event| event_object(&found, event)).collect();
    told.extend(found.state.is_over().then(|| ended(&found)));
    told.extend(repetitions.iter().map(repeated));
    Ok(json!({ "spans": spans, "events": told }))
}

async fn span(call: Call) -> Result<Reply, Fault> {
    let run: RunId = call.id("id", "Run")?;
    let index = run_wire::span_index(call.param("span_id")?);
    if let Some((own, payment)) = run_payments::find(&call, run.0).await? {
        let index = index.ok_or_else(|| Fault::not_found("Span"))?;
        return run_phases::span_detail(&call, &own, &payment, index).await;
    }
    if let Some(exchange) = run_exchanges::find(&call, run.0).await? {
        let index = index.ok_or_else(|| Fault::not_found("Span"))?;
        return run_exchanges::span_detail(&call, exchange, index).await;
    }
    let found = call.app.flows.run_history(&call.ctx, run).await?;
    let record = index.and_then(|index| Some((index, found.history.steps.get(index)?)));
    let (index, record) = record.ok_or_else(|| Fault::not_found("Span"))?;
    let plan = found.history.machine.plan();
    let is_effect = matches!(&plan.node(record.node).work, Work::Effect(work) if work.touches_world);
    let mut shown = run_wire::span_detail(plan, index, record, is_effect, call.ctx.now());
    Taken::of(&call, run).await?.fill([&mut shown]);
    Reply::ok(&shown)
}

/// What an event of the journal tells of the run as a whole; what it tells of one step is in that step's span.
fn event_object(found: &RunHistory, event: &Event) -> Option<Value> {
    let plan = found.history.machine.plan();
    let step = event.what.place().map(|place| plan.node(place.node).id.clone());
    let (kind, by, run) = match &event.what {
        Happening::Began(beginning) => {
            // A trial with pins takes them over from no other run.
            let of = beginning.reuse.as_ref().map(|reuse| reuse.of).filter(|of| *of != beginning.run);
            ("run.accepted", None, of)
        }
        Happening::Admitted => ("run.started", None, None),
        Happening::WaitOpened(_) => ("run.waiting", None, None),
        Happening::Answered { by, .. } => ("run.resumed", by.clone(), None),
        Happening::Expired { .. } => ("wait.expired", None, None),
        Happening::Retried { .. } => ("step.retried", None, None),
        Happening::ChildStarted { child, .. } => ("child.started", None, Some(*child)),
        Happening::ChildEnded { child, .. } => ("child.ended", None, Some(*child)),
        Happening::Cancelled { by } => ("run.cancel_asked", by.clone(), None),
        _ => return None,
    };
    Some(json!({ "at": event.at, "type": kind, "step_id": step, "by": by, "run_id": run }))
}

fn ended(found: &RunHistory) -> Value {
    let kind = format!("run.{}", found.state.status);
    let step = found.state.error.as_ref().and_then(|error| error.step.as_ref()).map(|(id, ..)| id);
    json!({ "at": found.history.machine.last_at(), "type": kind, "step_id": step, "by": null, "run_id": null })
}

fn repeated(rerun: &Rerun) -> Value {
    json!({
        "at": rerun.created_at, "type": "run.rerun", "step_id": rerun.from_step, "by": null, "run_id": rerun.run,
    })
}
