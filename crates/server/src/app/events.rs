//! What becomes of events of apps after their answers: a loop on every node enters them, of which one at a time does something.
//!
//! The loop looks before it writes, so an idle server writes nothing; a kill at any moment leaves the rest to the next look, here or on
//! another node.

use std::sync::Arc;
use std::time::Duration;

use floe_placements::events::{Events, Rolled};
use tokio::task::JoinHandle;

use super::App;

/// Longest pause between two looks: what another node answered and could not enter any more.
const LOOK_PAUSE: Duration = Duration::from_secs(1);
/// Time in which events gather after the first: fewer and larger transactions, and numbers within a second.
const GATHER: Duration = Duration::from_millis(100);
/// Pause before the removal of old events is entered again after a failure.
const ENTER_PAUSE: Duration = Duration::from_secs(1);

/// Starts the loops.
pub(super) fn start(app: &App) -> [JoinHandle<()>; 2] {
    let events = &app.placements.events;
    [tokio::spawn(roll(Arc::clone(events))), tokio::spawn(enter_sweeps(Arc::clone(events)))]
}

async fn roll(events: Arc<Events>) {
    let mut fails = false;
    loop {
        let _ = tokio::time::timeout(LOOK_PAUSE, events.arrival()).await;
        tokio::time::sleep(GATHER).await;
        let mut outcome = events.roll().await;
        while matches!(outcome, Ok(Rolled::Some { more: true, .. })) {
            outcome = events.roll().await;
        }
        let outcome = match outcome {
            Ok(_) => events.flush_legacy().await,
            Err(fault) => Err(fault),
        };
        match outcome {
            Ok(()) => fails = false,
            Err(fault) if !std::mem::replace(&mut fails, true) => {
                tracing::warn!(%fault, "events of apps cannot be entered now; they wait in the journal");
            }
            Err(_) => {}
        }
    }
}

/// Enters the sweeps of old events.
async fn enter_sweeps(events: Arc<Events>) {
    while let Err(fault) = events.start_sweeps().await {
        tracing::warn!(%fault, "the removal of old events of apps cannot be scheduled now; trying again");
        tokio::time::sleep(ENTER_PAUSE).await;
    }
}
