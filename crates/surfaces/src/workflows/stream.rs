//! An execution as a stream of events (workflows contract, sections 9.1 and 9.2), from its journal: it does not matter which server moves
//! it.

use floe_flows::run_feed::{RunFeed, wait_for_change};
use floe_flows::workflows::{Execution, ids};
use floe_model::{Fault, FaultKind, Timestamp};

use super::executions::{named, run_id};
use super::stream_base::{self, StreamPlace, resumed};
use super::stream_events::Teller;
use super::{KEY, SURFACE};
use crate::http::shape::TEXT;
use crate::http::{Call, Reply, Route};
use crate::stream::{Cut, EVENT, LOOK_EVERY, MEDIA, Messages};

/// Hours after the end for which every event is told again.
const KEPT_H: i64 = 24;
const HOUR_MS: i64 = 3_600_000;

pub(super) fn routes() -> Vec<Route> {
    let stream = Route::get(&SURFACE, "/v1/executions/{id}/events", KEY, follow)
        .scope("executions:read")
        .takes_query_key()
        .doc("Follow an execution")
        .about(
            "Server-sent events: connected, every event so far, then what comes. The stream ends after execution:completed, \
             execution:failed or execution:cancelled. A comment comes every 3 seconds.",
        )
        .query("api_key", TEXT, "The key, for programs that cannot set headers")
        .query("last_event_id", TEXT, "As the header Last-Event-ID")
        .header("Last-Event-ID", TEXT, "The id of the event after which to go on; everything for one that is not known")
        .answers_media(200, MEDIA, EVENT)
        .refuses(429, &["rate_limit_exceeded"]);
    vec![stream]
}

async fn follow(call: Call) -> Result<Reply, Fault> {
    let run = run_id(&call)?;
    let execution = call.app.flows.execution(&call.ctx, run).await.map_err(|fault| named(&call, fault))?;
    let feed = call.app.flows.follow(&call.ctx, run).await.map_err(|fault| named(&call, fault))?;
    let place = StreamPlace::take(&call)?;
    let after = resumed(&call, &ids::execution(run));
    let app = std::sync::Arc::clone(&call.app);
    Ok(stream_base::reply(&app.settings, place, move |reader| tell(call, feed, execution, after, reader)))
}

/// Whether an execution ended so long ago that only its end is told.
fn is_old(execution: &Execution, now: Timestamp) -> bool {
    execution.completed_at.is_some_and(|end| now.millis_since(end) > KEPT_H * HOUR_MS)
}

async fn tell(
    call: Call,
    mut feed: RunFeed,
    execution: Execution,
    after: u64,
    mut reader: Messages,
) -> Result<(), Cut> {
    let (run, now) = (execution.run, call.ctx.now());
    let mut teller = Teller::new(&execution, after, is_old(&execution, now));
    reader.send(teller.connected(execution.status.as_str(), now)).await?;
    let mut ended = execution.status.is_over().then_some(execution);
    loop {
        // Watch first, so that a change between the read and the wait is not missed.
        let changed = call.app.flows.runs.watch(run);
        let told = feed.advance(&call.ctx, 0, |moment| teller.moment(moment)).await.map_err(|fault| {
            tracing::warn!(run.id = %run, %fault, "an execution cannot be followed further");
            Cut
        })?;
        for message in told.into_iter().flatten() {
            reader.send(message).await?;
        }
        if feed.is_over() {
            let ended = match ended.take() {
                Some(execution) => execution,
                None => call.app.flows.execution(&call.ctx, run).await.map_err(|_| Cut)?,
            };
            if let Some(message) = teller.ended(&ended, feed.machine().last_at()) {
                reader.send(message).await?;
            }
            return Ok(());
        }
        wait_for_change(changed, LOOK_EVERY).await;
        reader.go_on(&call).await?;
        still_there(&call, run).await?;
    }
}

/// A stream also ends when the execution is removed.
async fn still_there(call: &Call, run: floe_model::id::RunId) -> Result<(), Cut> {
    match call.app.flows.run_row(&call.ctx, run).await {
        Err(fault) if fault.kind() == FaultKind::NotFound => Err(Cut),
        _ => Ok(()),
    }
}
