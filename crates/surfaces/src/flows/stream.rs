//! A run as a stream of server-sent events (Flow API contract, section 13).
//!
//! Each message is one event of the run's journal and `id:` is the revision after it, so that `Last-Event-ID` goes on exactly
//! where a stream was cut. A message tells of one thing first: `done` when the run is over with it, `wait` when a question was
//! asked, `run` when it began or was let in, else `step`. `delta` (the text of a model) comes with the steps that have one.

use floe_flows::run_feed::{Moment, RunFeed, wait_for_change};
use floe_model::id::RunId;
use floe_model::{Fault, FaultKind};
use serde_json::{Value, json};

use super::outcome::brief_error;
use super::{OWN_RUNS, SURFACE, run_wire};
use crate::http::shape::{COUNT, TEXT};
use crate::http::{Call, Reply, Route};
use crate::stream::{self as streams, Cut, LOOK_EVERY, MEDIA, Messages, Place};

pub(super) fn routes() -> Vec<Route> {
    let stream = Route::get(&SURFACE, "/v1/flowrun/stream/{id}", OWN_RUNS, stream)
        .scope("flows.read")
        .doc("Follow a run")
        .about("Server-sent events run, step, wait and done; the stream ends after done. A comment comes every 15 seconds.")
        .header("Last-Event-ID", COUNT, "The revision after which to go on")
        .answers_media(200, MEDIA, TEXT)
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
    // Tells clients and proxies at once that the stream has begun.
    reader.send(": stream\n\n".to_owned()).await?;
    loop {
        // Watch first, so that a change between the read and the wait is not missed.
        let changed = call.app.flows.runs.watch(run);
        let messages = feed.advance(&call.ctx, after, message).await.map_err(|fault| {
            tracing::warn!(run.id = %run, %fault, "a run cannot be followed further");
            Cut
        })?;
        for message in messages {
            reader.send(message).await?;
        }
        if feed.is_over() {
            return Ok(());
        }
        wait_for_change(changed, LOOK_EVERY).await;
        reader.go_on(call).await?;
        still_allowed(call, run).await?;
    }
}

/// A stream also ends when the run may no longer be seen.
async fn still_allowed(call: &Call, run: RunId) -> Result<(), Cut> {
    match call.app.flows.run_row(&call.ctx, run).await {
        Err(fault) if fault.kind() == FaultKind::NotFound => Err(Cut),
        _ => Ok(()),
    }
}

fn message(moment: &Moment<'_>) -> String {
    let state = &moment.state;
    format!("event: {}\nid: {}\ndata: {}\n\n", moment.kind.as_str(), state.revision, data(moment))
}

fn data(moment: &Moment<'_>) -> Value {
    let state = &moment.state;
    let plan = moment.machine.plan();
    let steps: Vec<Value> = moment.steps.iter().map(|record| run_wire::step(plan, record, false)).collect();
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
