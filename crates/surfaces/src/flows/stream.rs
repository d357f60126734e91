//! A run as a stream of server-sent events (Flow API contract, section 13).
//!
//! Each message is one event of the run's journal and `id:` is the revision after it, so that `Last-Event-ID` goes on exactly
//! where a stream was cut. A message tells of one thing first: `done` when the run is over with it, `wait` when a question was
//! asked, `run` when it began or was let in, else `step`. `delta` (the text of a model) comes with the steps that have one.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use floe_flows::run_feed::{Moment, RunFeed, wait_for_change};
use floe_model::id::RunId;
use floe_model::{Fault, FaultKind};
use http_body_util::channel::{Channel, Sender};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::outcome::brief_error;
use super::{OWN_RUNS, SURFACE, run_wire};
use crate::http::shape::{COUNT, TEXT};
use crate::http::{Call, Reply, Route};

const MEDIA: &str = "text/event-stream";
/// Streams of one process at a time.
const STREAMS_MAX: usize = 1_000;
/// Messages that wait for a slow reader; then the run is read no further until he has caught up.
const MESSAGES_WAITING: usize = 64;
/// Pause between two looks at a run that another server may move, and at the reader's rights.
const LOOK_EVERY: Duration = Duration::from_millis(900);
/// Time without a message after which a comment tells that the stream lives (Flow API contract, section 13).
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// Time after which a reader who takes nothing is given up.
const STALLED: Duration = Duration::from_secs(60);

static STREAMS: AtomicUsize = AtomicUsize::new(0);

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
    let place = Place::take().ok_or_else(|| {
        Fault::new(FaultKind::Overloaded, "overloaded", "Too many streams are open").with_retry_after(5)
    })?;
    let feed = call.app.flows.follow(&call.ctx, run).await?;
    let (mut sender, body) = Channel::<Bytes, io::Error>::new(MESSAGES_WAITING);
    tokio::spawn(async move {
        // A reader who went away ends it like one who has seen everything.
        let _ = tell(&call, feed, run, after, &mut sender).await;
        drop(place);
    });
    Ok(Reply::stream(MEDIA, Body::new(body)))
}

/// The revision up to which the reader has seen the run.
fn last_event_id(call: &Call) -> Result<u64, Fault> {
    let Some(text) = call.header("last-event-id").filter(|text| !text.is_empty()) else { return Ok(0) };
    let wrong = || Fault::field("/Last-Event-ID", "type", "Last-Event-ID must be the id of an event of this stream");
    text.parse().map_err(|_| wrong())
}

/// Why a stream ends before the run does.
enum Cut {
    Gone,
    Refused,
}

async fn tell(
    call: &Call,
    mut feed: RunFeed,
    run: RunId,
    after: u64,
    sender: &mut Sender<Bytes, io::Error>,
) -> Result<(), Cut> {
    // Tells clients and proxies at once that the stream has begun.
    send(sender, ": stream\n\n".to_owned()).await?;
    let mut last_sent = Instant::now();
    loop {
        // Watch first, so that a change between the read and the wait is not missed.
        let changed = call.app.flows.runs.watch(run);
        let messages = feed.advance(&call.ctx, after, message).await.map_err(|fault| {
            tracing::warn!(run.id = %run, %fault, "a run cannot be followed further");
            Cut::Refused
        })?;
        for message in messages {
            send(sender, message).await?;
            last_sent = Instant::now();
        }
        if feed.is_over() {
            return Ok(());
        }
        wait_for_change(changed, LOOK_EVERY).await;
        if last_sent.elapsed() >= COMMENT_EVERY {
            send(sender, ": still here\n\n".to_owned()).await?;
            last_sent = Instant::now();
        }
        still_allowed(call, run).await?;
    }
}

async fn send(sender: &mut Sender<Bytes, io::Error>, text: String) -> Result<(), Cut> {
    match tokio::time::timeout(STALLED, sender.send_data(Bytes::from(text))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Cut::Gone),
    }
}

/// A stream ends when the session or token that opened it does, and when the run may no longer be seen.
async fn still_allowed(call: &Call, run: RunId) -> Result<(), Cut> {
    call.prove_again().await.map_err(|_| Cut::Refused)?;
    if !call.app.flows.runs.is_running() {
        return Err(Cut::Gone);
    }
    match call.app.flows.run_row(&call.ctx, run).await {
        Err(fault) if fault.kind() == FaultKind::NotFound => Err(Cut::Refused),
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

/// One of the places for streams, given back when it is dropped.
struct Place(());

impl Place {
    fn take() -> Option<Self> {
        let taken = STREAMS.fetch_add(1, Ordering::AcqRel);
        let place = Self(());
        // A place that was one too many is given back by its drop.
        (taken < STREAMS_MAX).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        STREAMS.fetch_sub(1, Ordering::AcqRel);
    }
}
