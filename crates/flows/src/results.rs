//! What a run has come to, read without folding its journal where that can be avoided: polls, outputs, errors.
//!
//! A run that is over never changes, so what was folded once is remembered, on every server alike. Whether the caller may see it
//! is asked each time, of the row.

use std::sync::Arc;
use std::time::Duration;

use floe_engine::event::{Beginning, Event, Happening};
use floe_engine::records::{History, StepStatus};
use floe_model::Fault;
use floe_model::id::{RunId, WorkspaceId};
use floe_runtime::Ctx;
use floe_store::flows::journal;
use floe_store::flows::runs::RunRow;
use quick_cache::sync::Cache;
use serde::de::IgnoredAny;
use tokio::time::Instant;

use crate::Flows;
use crate::runs::{self, RunState};

/// Results that are remembered.
const RESULTS_MAX: usize = 2_000;
/// Bytes of an output that is remembered at most.
const OUTPUT_BYTES_MAX: usize = 16 * 1024;
/// Pause between two looks at a run that another server may move.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a run has come to.
#[derive(Debug, Clone)]
pub struct RunResult {
    /// Its state.
    pub state: RunState,
    /// Steps that are completed.
    pub completed_steps: usize,
}

/// Results of runs that are over.
pub(crate) struct Results(Cache<(WorkspaceId, RunId), Arc<RunResult>>);

impl Default for Results {
    fn default() -> Self {
        Self(Cache::new(RESULTS_MAX))
    }
}

impl Flows {
    /// What a run that the caller may see has come to.
    ///
    /// # Errors
    /// 404 for a run that is not there or may not be seen.
    pub async fn run_result(&self, ctx: &Ctx, run: RunId) -> Result<Arc<RunResult>, Fault> {
        let row = self.run_row(ctx, run).await?;
        self.result_of(ctx, &row).await
    }

    /// A run's result once its revision is above `after` or it is over, or as it is when `wait_ms` have passed.
    ///
    /// # Errors
    /// 404 for a run that is not there or may not be seen.
    pub async fn poll_run(&self, ctx: &Ctx, run: RunId, after: u64, wait_ms: u64) -> Result<Arc<RunResult>, Fault> {
        let deadline = Instant::now() + Duration::from_millis(wait_ms);
        loop {
            // Watch first, so that a change between the read and the wait is not missed.
            let changed = self.runs.watch(run);
            let row = self.run_row(ctx, run).await?;
            let is_over = is_over(&row);
            if is_over || Instant::now() >= deadline || self.revision(ctx, run).await? > after {
                return self.result_of(ctx, &row).await;
            }
            let until = deadline.min(Instant::now() + LOOK_EVERY);
            if let Ok(Err(_)) = tokio::time::timeout_at(until, changed).await {
                // Nobody tells of this run any more; look from time to time.
                tokio::time::sleep_until(until).await;
            }
        }
    }

    /// What a run that the caller may see began with; nothing when it has no journal.
    ///
    /// # Errors
    /// 404 for a run that is not there or may not be seen.
    pub async fn run_beginning(&self, ctx: &Ctx, run: RunId) -> Result<(RunRow, Option<Box<Beginning>>), Fault> {
        let row = self.run_row(ctx, run).await?;
        let workspace = row.workspace;
        let Some(chunk) = ctx.store.read(move |tx| journal::first(tx, workspace, run)).await? else {
            return Ok((row, None));
        };
        let events: Vec<Event> = serde_json::from_str(&chunk).map_err(Fault::internal)?;
        let beginning = events.into_iter().find_map(|event| match event.what {
            Happening::Began(beginning) => Some(beginning),
            _ => None,
        });
        Ok((row, beginning))
    }

    /// How many events the journal of a run holds.
    async fn revision(&self, ctx: &Ctx, run: RunId) -> Result<u64, Fault> {
        let workspace = ctx.caller.workspace;
        let Some((first, chunk)) = ctx.store.read(move |tx| journal::last(tx, workspace, run)).await? else {
            return Ok(0);
        };
        let events: Vec<IgnoredAny> = serde_json::from_str(&chunk).map_err(Fault::internal)?;
        Ok(first + events.len() as u64)
    }

    /// What a run has come to; looks at no permission.
    pub(crate) async fn result_of(&self, ctx: &Ctx, row: &RunRow) -> Result<Arc<RunResult>, Fault> {
        let key = (row.workspace, row.id);
        if let Some(known) = self.results.0.get(&key).filter(|_| is_over(row)) {
            return Ok(known);
        }
        let loaded = runs::load(&ctx.store, &self.plans, row.workspace, row.id).await?;
        let loaded = loaded.ok_or_else(|| Fault::not_found("Run"))?;
        let history = History::fold(Arc::clone(&loaded.plan), &loaded.events);
        let state = RunState::of(&loaded.row, &history.machine);
        let completed_steps = history.steps.iter().filter(|step| step.status == StepStatus::Completed).count();
        let result = Arc::new(RunResult { state, completed_steps });
        let bytes = result.state.output.as_ref().map_or(0, |output| output.to_string().len());
        if result.state.is_over() && bytes <= OUTPUT_BYTES_MAX {
            self.results.0.insert(key, Arc::clone(&result));
        }
        Ok(result)
    }
}

/// Whether the row says that the run is over; then nothing of it changes any more.
#[must_use]
pub fn is_over(row: &RunRow) -> bool {
    matches!(row.status.as_str(), "completed" | "failed" | "cancelled")
}
