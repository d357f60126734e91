//! Reading runs: what the journal tells, for people and programs (Flow API contract, section 7).

use std::sync::Arc;

use floe_engine::event::Event;
use floe_engine::records::History;
use floe_model::access::Credential;
use floe_model::flows::Level;
use floe_model::id::{FlowId, RunId};
use floe_model::{Fault, Mode};
use floe_runtime::Ctx;
use floe_store::flows::runs::{self as rows, RunFilter, RunOrder, RunRow};

use crate::Flows;
use crate::definitions;
use crate::execute::started_by;
use crate::runs::{self, RunState};

/// A run with its history.
pub struct RunHistory {
    /// Its row as last written; the machine in `history` may be ahead of it.
    pub row: RunRow,
    /// The folded journal.
    pub history: History,
    /// Its state.
    pub state: RunState,
}

/// One page of a flow's runs.
pub struct RunPage {
    /// Rows.
    pub rows: Vec<RunRow>,
    /// How many the filter finds.
    pub total: u64,
}

impl Flows {
    /// A run that the caller may see: a member who can see its flow, or the credential that started it.
    ///
    /// # Errors
    /// 404 for a run that is not there or may not be seen.
    pub async fn run_row(&self, ctx: &Ctx, run: RunId) -> Result<RunRow, Fault> {
        let caller = ctx.clone();
        ctx.store
            .read(move |tx| {
                let row = rows::find(tx, caller.caller.workspace, run)?.ok_or_else(|| Fault::not_found("Run"))?;
                if row.started_by == started_by(&caller.caller) {
                    return Ok(row);
                }
                // Keys of workflows act for the workspace, live ones for live mode alone (console contract, section 2.5).
                let by_workspace = matches!(caller.caller.credential, Credential::WorkflowsKey(_))
                    && (caller.caller.mode == Mode::Test || row.mode == Mode::Live);
                if caller.caller.member.is_none() && !by_workspace {
                    return Err(Fault::not_found("Run"));
                }
                definitions::may_see_runs(tx, &caller, row.flow).map_err(|_| Fault::not_found("Run"))?;
                Ok(row)
            })
            .await
    }

    /// A run with its history, for a caller who may see it.
    ///
    /// # Errors
    /// 404 for a run that is not there or may not be seen.
    pub async fn run_history(&self, ctx: &Ctx, run: RunId) -> Result<RunHistory, Fault> {
        Ok(self.run_journal(ctx, run).await?.0)
    }

    /// A run with its history and the events that it is folded from, for a caller who may see it.
    ///
    /// # Errors
    /// 404 for a run that is not there or may not be seen.
    pub async fn run_journal(&self, ctx: &Ctx, run: RunId) -> Result<(RunHistory, Vec<Event>), Fault> {
        self.run_row(ctx, run).await?;
        let loaded = runs::load(&ctx.store, &self.plans, ctx.caller.workspace, run).await?;
        let loaded = loaded.ok_or_else(|| Fault::not_found("Run"))?;
        let history = History::fold(Arc::clone(&loaded.plan), &loaded.events);
        let state = RunState::of(&loaded.row, &history.machine);
        Ok((RunHistory { row: loaded.row, history, state }, loaded.events))
    }

    /// Runs of a flow that the caller may see.
    ///
    /// # Errors
    /// 404 for a flow that is not there or may not be seen.
    pub async fn list_runs(
        &self,
        ctx: &Ctx,
        flow: FlowId,
        filter: RunFilter,
        order: RunOrder,
        limit: usize,
        skip: usize,
    ) -> Result<RunPage, Fault> {
        let (caller, counts) = (ctx.clone(), Arc::clone(&self.counts));
        ctx.store
            .read(move |tx| {
                let (_, _, level) = definitions::visible(tx, &caller, flow)?;
                debug_assert!(level >= Level::View);
                let workspace = caller.caller.workspace;
                let total = if filter == RunFilter::default() {
                    counts.count(tx, workspace, flow, caller.now())?
                } else {
                    rows::count(tx, workspace, flow, &filter)?
                };
                let rows = rows::list(tx, workspace, flow, &filter, order, limit, skip)?;
                Ok(RunPage { rows, total })
            })
            .await
    }
}
