//! What goes on beside the answers: snapshots follow the configuration, and what was left behind is written.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use floe_model::Fault;
use floe_model::id::WorkspaceId;
use floe_store::placements::revisions;
use floe_store::{Change, Dialect};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::Serving;

/// Time for which things are gathered before they are written.
const FLUSH_PAUSE: Duration = Duration::from_millis(300);
/// Pause between two looks at the revisions where other nodes change them too; they also tell.
const LOOK_PAUSE_SHARED: Duration = Duration::from_millis(500);
/// Pause between two looks where only this process does: for what is due at a time, and for what failed.
const LOOK_PAUSE: Duration = Duration::from_secs(2);
/// Pause after the database gave no answer.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// Workspaces that are read at the start.
const PRELOADED_MAX: usize = 1_000;
/// Changes that are taken together.
const CHANGES_MAX: usize = 1_024;

impl Serving {
    /// Keeps everything that is held up to date and writes what waits, until it is dropped. First every workspace that configured
    /// something is read, so that the first device of each finds it ready.
    pub async fn run(self: Arc<Self>) {
        let changes = self.platform.store.watch();
        tokio::join!(self.preload(), self.follow(changes), self.write_behind());
    }

    async fn preload(&self) {
        let revisions = match self.platform.store.read(revisions::all).await {
            Ok(revisions) => revisions,
            // They are read when they are asked for.
            Err(fault) => return tracing::warn!(%fault, "configurations of placements cannot be read ahead"),
        };
        for (workspace, _) in revisions.into_iter().take(PRELOADED_MAX) {
            if let Err(fault) = self.config(workspace).await {
                tracing::warn!(%fault, "a configuration of placements cannot be read ahead");
            }
        }
    }

    async fn follow(&self, mut changes: Receiver<Change>) {
        let pause = match self.platform.store.dialect() {
            Dialect::Postgres => LOOK_PAUSE_SHARED,
            Dialect::Sqlite => LOOK_PAUSE,
        };
        let mut fails = false;
        loop {
            let told = tokio::time::timeout(pause, next(&mut changes)).await;
            let outcome = match told {
                Ok(Told::Of(workspaces)) => self.refresh_all(workspaces).await,
                Ok(Told::Everything) | Err(_) => self.look(self.platform.store.dialect() == Dialect::Postgres).await,
                Ok(Told::Closed) => return,
            };
            match outcome {
                Ok(()) => fails = false,
                Err(fault) => {
                    if !std::mem::replace(&mut fails, true) {
                        tracing::warn!(%fault, "devices are answered from what is in memory: the configuration cannot be read now");
                    }
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
            }
        }
    }

    /// Compares what is held with what is in the database; where only this process writes, only what failed or is due.
    async fn look(&self, is_shared: bool) -> Result<(), Fault> {
        let held = self.held();
        if held.is_empty() {
            return Ok(());
        }
        let now = self.platform.clock.now();
        let is_due = |workspace: &WorkspaceId| self.snapshot_of(*workspace).is_some_and(|one| one.looks_again(now));
        let due: Vec<WorkspaceId> = held.iter().copied().filter(is_due).collect();
        if !is_shared && due.is_empty() {
            return Ok(());
        }
        let revisions = self.platform.store.read(revisions::all).await?;
        let is_old = |(workspace, revision): &(WorkspaceId, i64)| {
            self.snapshot_of(*workspace).is_some_and(|held| held.revision != *revision)
        };
        let old = revisions.iter().filter(|one| is_old(one)).map(|(workspace, _)| *workspace);
        self.refresh_all(old.chain(due).collect()).await
    }

    async fn refresh_all(&self, workspaces: HashSet<WorkspaceId>) -> Result<(), Fault> {
        let mut outcome = Ok(());
        for workspace in workspaces {
            // One that fails does not keep the others from being read.
            outcome = self.refresh(workspace).await.and(outcome);
        }
        outcome
    }

    async fn write_behind(&self) {
        let mut fails = false;
        loop {
            self.behind.arrival().await;
            tokio::time::sleep(FLUSH_PAUSE).await;
            match self.flush().await {
                Ok(()) => fails = false,
                Err(fault) if !std::mem::replace(&mut fails, true) => {
                    tracing::warn!(%fault, "assignments and counts of placements wait: they cannot be written now");
                }
                Err(_) => {}
            }
        }
    }
}

/// What the store told.
enum Told {
    /// These were changed.
    Of(HashSet<WorkspaceId>),
    /// Some word of it was lost.
    Everything,
    /// The store is gone.
    Closed,
}

/// The next changes of placements, taken together.
async fn next(changes: &mut Receiver<Change>) -> Told {
    let mut workspaces = HashSet::new();
    loop {
        let change = if workspaces.is_empty() {
            changes.recv().await
        } else {
            match changes.try_recv() {
                Ok(change) => Ok(change),
                Err(_) => return Told::Of(workspaces),
            }
        };
        match change {
            Ok(Change::Record { workspace, kind: revisions::RECORD, .. }) => {
                workspaces.insert(workspace);
                if workspaces.len() >= CHANGES_MAX {
                    return Told::Of(workspaces);
                }
            }
            Ok(Change::Many) | Err(RecvError::Lagged(_)) => return Told::Everything,
            Ok(_) => {}
            Err(RecvError::Closed) => return Told::Closed,
        }
    }
}
