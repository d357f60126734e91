//! How often each key still uses the routes that were replaced: counted here, written now and then.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use floe_model::id::{KeyId, WorkspaceId};
use floe_model::{Fault, Timestamp};
use floe_store::placements::legacy_calls::{self, LegacyCalls};

use super::Events;

/// Keys and routes between two writes; what is beyond it is not counted.
const WAITING_MAX: usize = 10_000;

type Waiting = BTreeMap<(WorkspaceId, KeyId, &'static str), (u64, Timestamp)>;

/// Calls that are not written yet.
#[derive(Default)]
pub(super) struct Legacy(Mutex<Waiting>);

impl Events {
    /// Counts a call of a route that was replaced, e.g. `/v1/events`. Never waits.
    pub fn note_legacy(&self, workspace: WorkspaceId, key: KeyId, route: &'static str) {
        let now = self.platform.clock.now();
        let mut waiting = self.legacy.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WAITING_MAX && !waiting.contains_key(&(workspace, key, route)) {
            return;
        }
        let calls = waiting.entry((workspace, key, route)).or_insert((0, now));
        *calls = (calls.0 + 1, now);
    }

    /// Writes what was counted; nothing when nothing was.
    ///
    /// # Errors
    /// Of the database; then these calls are not counted.
    pub async fn flush_legacy(&self) -> Result<(), Fault> {
        let waiting = std::mem::take(&mut *self.legacy.0.lock().unwrap_or_else(PoisonError::into_inner));
        if waiting.is_empty() {
            return Ok(());
        }
        let calls: Vec<(WorkspaceId, LegacyCalls)> = waiting
            .into_iter()
            .map(|((workspace, key, route), (calls, last_at))| {
                (workspace, LegacyCalls { key, route: route.to_owned(), calls, last_at })
            })
            .collect();
        self.platform.store.write(move |tx| legacy_calls::add(tx, &calls)).await
    }
}
