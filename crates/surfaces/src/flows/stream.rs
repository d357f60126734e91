//! A run as a stream of server-sent events (Flow API contract, section 13).
//!
//! Each message is one event of the run's journal and `id:` is the revision after it, so that `Last-Event-ID` goes on exactly
//! where a stream was cut. A message tells of one thing first: `done` when the run is over with it, `wait` when a question was
//! asked, `run` when it began or was let in, else `step`. Between them comes `delta`, a piece of the text that a model says in a step.

use floe_flows::run_feed::{Moment, MomentKind, RunFeed, wait_for_change};
use floe_flows::runs::{Following, Words};
use floe_model::id::RunId;
use floe_model::{Fault, FaultKind};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::outcome::brief_error;
use super::{OWN_RUNS, SURFACE, run_wire};
use crate::http::shape::COUNT;
use crate::http::{Call, Reply, Route};
use crate::run_credits::Taken;
use crate::stream::{self as streams, Cut, EVENT, LOOK_EVERY, MEDIA, Messages, Place};

/// Types of steps that can cost something (Flow API contract, section 6.7).
const WITH_PRICE: [&str; 3] = ["ask-to-llm", "ask-peer", "extract-data"];

pub(super) fn routes() -> Vec<Route> {
    let stream = Route::get(&SURFACE, "/v1/flowrun/stream/{id}", OWN_RUNS, stream)
        .scope("flows.read")
        .doc("Follow a run")
        .about("Server-sent events run, step, delta, wait and done; the stream ends after done. A comment comes every 15 seconds.")
        .header("Last-Event-ID", COUNT, "The revision after which to go on")
        .answers_media(200, MEDIA, EVENT)
        .refuses(503, &["overloaded"]);
    vec![stream]
}

async fn stream(call: Call) -> Result<Reply, Fault> {
    let run: RunId = call.id("id", "Run")?;
    let after = last_event_id(&call)?;
    let place = Place::take()?;
    let feed = call.app.flows.follow(&call.ctx, run).await?;
    Ok(streams::reply(place, |messages| async move { tell(&call, feed, run, after, messages).await }))
}

/// The revision up to which the reader has seen the run.
fn last_event_id(call: &Call) -> Result<u64, Fault> {
    let Some(text) = call.header("last-event-id").filter(|text| !text.is_empty()) else { return Ok(0) };
    let wrong = || Fault::field("/Last-Event-ID", "type", "Last-Event-ID must be the id of an event of this stream");
    text.parse().map_err(|_| wrong())
}

async fn tell(call: &Call, mut feed: RunFeed, run: RunId, after: u64, mut reader: Messages) -> Result<(), Cut> {
    let mut words = call.app.flows.runs.follow_words(run);
    // Tells clients and proxies at once that the stream has begun.
    reader.send(": stream\n\n".to_owned()).await?;
    loop {
        // Watch first, so that a change between the read and the wait is not missed.
        let changed = call.app.flows.runs.watch(run);
        let messages = feed.advance(&call.ctx, after, message).await.map_err(|fault| {
            tracing::warn!(run.id = %run, %fault, "a run cannot be followed further");
            Cut
        })?;
        for (kind, revision, mut data) in messages {
            fill(call, run, &mut data).await?;
            reader.send(format!("event: {}\nid: {revision}\ndata: {data}\n\n", kind.as_str())).await?;
        }
        if feed.is_over() {
            return Ok(());
        }
        tell_words(&mut words, changed, run, &mut reader).await?;
        reader.go_on(call).await?;
        still_allowed(call, run).await?;
    }
}

/// Sends what models say until the run has changed. What was said comes before the step's result.
async fn tell_words(
    words: &mut Following,
    changed: oneshot::Receiver<()>,
    run: RunId,
    reader: &mut Messages,
) -> Result<(), Cut> {
    let mut change = std::pin::pin!(wait_for_change(changed, LOOK_EVERY));
    loop {
        tokio::select! {
            () = &mut change => break,
            said = words.next() => reader.send(delta(run, &said)).await?,
        }
    }
    while let Some(said) = words.ready() {
        reader.send(delta(run, &said)).await?;
    }
    Ok(())
}

/// A piece of text. It has no id: a stream that was cut goes on with the step's result.
fn delta(run: RunId, said: &Words) -> String {
    let data = json!({ "appRunId": run, "stepId": said.step_id, "attempt": said.attempt, "text": said.text });
    format!("event: delta\ndata: {data}\n\n")
}

/// A stream also ends when the run may no longer be seen.
async fn still_allowed(call: &Call, run: RunId) -> Result<(), Cut> {
    match call.app.flows.run_row(&call.ctx, run).await {
        Err(fault) if fault.kind() == FaultKind::NotFound => Err(Cut),
        _ => Ok(()),
    }
}

fn message(moment: &Moment<'_>) -> (MomentKind, u64, Value) {
    (moment.kind, moment.state.revision, data(moment))
}

/// Puts in what the steps of a message have cost. The ledger is asked after the journal, where results come later.
async fn fill(call: &Call, run: RunId, data: &mut Value) -> Result<(), Cut> {
    let Some(steps) = data["steps"].as_array_mut().filter(|steps| !steps.is_empty()) else { return Ok(()) };
    let costs = |step: &Value| step["type"].as_str().is_some_and(|kind| WITH_PRICE.contains(&kind));
    let taken = if steps.iter().any(costs) { Taken::of(call, run).await.map_err(|_| Cut)? } else { Taken::default() };
    taken.fill(steps);
    Ok(())
}

fn data(moment: &Moment<'_>) -> Value {
    let state = &moment.state;
    let plan = moment.machine.plan();
    let steps: Vec<Value> = moment.steps.iter().map(|(_, record)| run_wire::step(plan, record, false)).collect();
    let mut data = json!({
        "appRunId": state.run, "revision": state.revision, "status": state.status, "at": moment.at,
        "currentStepId": state.current_step, "steps": steps,
    });
    if let Some(wait) = &state.wait {
        data["waitState"] = wait.wait_state();
        data["pendingAction"] = wait.pending_action();
    }
    if let Some(output) = &state.output {
        data["output"] = json!(output);
    }
    if let Some(error) = &state.error {
        data["error"] = brief_error(error);
    }
    data
}
