//! Waiting until the database takes writes again.
//!
//! A run whose write failed is read again from disk, and would make its effects again only to fail again. So it first waits until a
//! small write succeeds. Of all runs that wait one tries, for the others too.

use std::time::Duration;

use floe_model::Timestamp;
use floe_runtime::Platform;
use floe_store::platform::probe;
use tokio::sync::Mutex;

/// Pause after the first try that failed; it doubles with each further one.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
/// Longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Time for which a try that succeeded counts for others, in milliseconds.
const FRESH_MS: i64 = 1_000;

/// When a small write last succeeded after one had failed.
#[derive(Default)]
pub(super) struct Room(Mutex<Option<Timestamp>>);

impl Room {
    /// Waits until a small write succeeds, or `is_over`.
    pub(super) async fn wait(&self, platform: &Platform, is_over: impl Fn() -> bool) {
        let mut seen = self.0.lock().await;
        let mut pause = PAUSE_FIRST;
        while !is_over() {
            let now = platform.clock.now();
            if seen.is_some_and(|at| (0..FRESH_MS).contains(&now.millis_since(at))) {
                return;
            }
            match platform.store.write(move |tx| probe::write(tx, now)).await {
                Ok(()) => *seen = Some(now),
                Err(fault) => {
                    tracing::warn!(%fault, pause_ms = pause.as_millis() as u64, "runs wait until the database takes writes");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }
}

/// Pause before a run is taken up again that could not be read or written so many times in a row.
pub(super) fn pause_before(times: u32) -> Duration {
    const LONGEST: Duration = Duration::from_secs(60);
    PAUSE_FIRST.saturating_mul(1 << times.saturating_sub(1).min(16)).min(LONGEST)
}
