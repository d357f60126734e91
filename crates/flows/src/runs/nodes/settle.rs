//! Waiting for a run that another node moves.

use std::sync::Arc;
use std::time::Duration;

use floe_engine::machine::Machine;
use floe_model::Fault;
use floe_model::id::{RunId, WorkspaceId};
use floe_store::flows::runs;
use tokio::sync::oneshot;

use super::super::engine::{Core, RunEngine};
use super::super::load::load;
use super::super::state::RunState;

/// Longest pause between two looks; what the owner tells comes sooner.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Answers whoever asked when the run has ended or waits, for as long as he listens.
pub(super) fn later(
    core: Arc<Core>,
    workspace: WorkspaceId,
    run: RunId,
    mut settled: oneshot::Sender<Result<RunState, Fault>>,
) {
    tokio::spawn(async move {
        let state = tokio::select! {
            state = on_disk(&core, workspace, run) => state,
            () = settled.closed() => return,
        };
        let _ = settled.send(state);
    });
}

impl RunEngine {
    /// Whether there is such a run.
    ///
    /// # Errors
    /// Of the database.
    pub(in super::super) async fn is_on_disk(&self, workspace: WorkspaceId, run: RunId) -> Result<bool, Fault> {
        let found = self.core.platform.store.read(move |tx| runs::find(tx, workspace, run)).await?;
        Ok(found.is_some())
    }

    /// Waits up to `wait_ms` for a run's end or its next wait, as the database tells it; `None` when it goes on.
    ///
    /// # Errors
    /// `not_found`, and of the database.
    pub(in super::super) async fn settle_on_disk(
        &self,
        workspace: WorkspaceId,
        run: RunId,
        wait_ms: u64,
    ) -> Result<Option<RunState>, Fault> {
        let settled = on_disk(&self.core, workspace, run);
        tokio::time::timeout(Duration::from_millis(wait_ms), settled).await.map_or(Ok(None), |state| state.map(Some))
    }
}

async fn on_disk(core: &Arc<Core>, workspace: WorkspaceId, run: RunId) -> Result<RunState, Fault> {
    loop {
        let changed = core.watch(run);
        let loaded = load(&core.platform.store, &core.plans, workspace, run).await?;
        let loaded = loaded.ok_or_else(|| Fault::not_found("Run"))?;
        let machine = Machine::recover(Arc::clone(&loaded.plan), &loaded.events);
        let state = RunState::of(&loaded.row, &machine);
        if state.is_over() || state.status == "waiting" {
            return Ok(state);
        }
        let _ = tokio::time::timeout(LOOK_EVERY, changed).await;
    }
}
