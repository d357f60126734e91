//! How many calls are under way at each provider from this server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use floe_model::id::{ProviderId, WorkspaceId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Providers that are remembered before those without a call are forgotten.
const REMEMBERED_MAX: usize = 1_000;

/// A gate for each provider.
#[derive(Default)]
pub(super) struct Gates {
    gates: Mutex<HashMap<(WorkspaceId, ProviderId), Gate>>,
}

struct Gate {
    limit: usize,
    places: Arc<Semaphore>,
}

impl Gates {
    /// Waits for a place. What waits longer than it may is dropped by the caller. Another limit counts for calls that come after it.
    pub(super) async fn enter(&self, workspace: WorkspaceId, provider: ProviderId, limit: usize) -> Place {
        let places = self.places(workspace, provider, limit);
        // Gates are never closed.
        Place { _permit: places.acquire_owned().await.ok() }
    }

    fn places(&self, workspace: WorkspaceId, provider: ProviderId, limit: usize) -> Arc<Semaphore> {
        // A panic while the lock was held cannot leave the map half changed.
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() >= REMEMBERED_MAX {
            gates.retain(|_, gate| Arc::strong_count(&gate.places) > 1);
        }
        let fresh = || Gate { limit, places: Arc::new(Semaphore::new(limit)) };
        let gate = gates.entry((workspace, provider)).or_insert_with(fresh);
        if gate.limit != limit {
            *gate = fresh();
        }
        Arc::clone(&gate.places)
    }
}

/// A place at a provider; free again when it is dropped.
pub(super) struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}
