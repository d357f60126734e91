//! Whose turn it is to write.
//!
//! On SQLite one thread carries out all writes. If the shards wrote whenever they have something, that thread would take their writes together,
//! answer all of them at once, and have nothing to do while all of them go on: the threads would wait for each other in turns. So one
//! shard writes at a time, and the others go on meanwhile; what comes to be dirty there is in their next write.

use std::sync::Arc;

use floe_store::Dialect;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turns of all shards.
#[derive(Debug)]
pub(super) struct Turns(Option<Arc<Semaphore>>);

/// The right to write, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn(
    #[expect(dead_code, reason = "gives the turn to the next when it is dropped")] Option<OwnedSemaphorePermit>,
);

impl Turns {
    /// On PostgreSQL it is always everybody's turn.
    pub(super) fn of(dialect: Dialect) -> Self {
        Self(match dialect {
            Dialect::Sqlite => Some(Arc::new(Semaphore::new(1))),
            Dialect::Postgres => None,
        })
    }

    /// The turn, if nobody has it.
    pub(super) fn take(&self) -> Option<Turn> {
        match &self.0 {
            None => Some(Turn(None)),
            Some(turns) => Arc::clone(turns).try_acquire_owned().ok().map(|permit| Turn(Some(permit))),
        }
    }

    /// Waits for the turn.
    pub(super) async fn wait(&self) -> Turn {
        match &self.0 {
            None => Turn(None),
            // It is never closed.
            Some(turns) => Turn(Arc::clone(turns).acquire_owned().await.ok()),
        }
    }
}
