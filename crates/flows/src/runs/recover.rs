//! What a starting server does with the runs that were under way when the last one ended.

use floe_model::Fault;
use floe_model::id::RunId;
use floe_store::flows::runs::{self, Moving};

use super::admission::Ticket;
use super::engine::RunEngine;
use super::message::Request;

/// Runs looked up at a time.
const PAGE: usize = 500;
/// Times in a row that a run may be found under way with the same journal before it is given up.
const RECOVERIES_MAX: u32 = 20;

impl RunEngine {
    /// Finds places for the runs that were under way, oldest first; those without one are queued. Waiting runs need
    /// nothing: an answer or the job of their due time brings them back. Returns how many were found.
    ///
    /// # Errors
    /// Of the database.
    pub async fn recover(&self) -> Result<usize, Fault> {
        let store = &self.core.platform.store;
        let mut after = RunId(0);
        let mut found = 0;
        loop {
            let page = store.read(move |tx| runs::moving(tx, after, PAGE)).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after = last.run;
            found += page.len();
            let begun: Vec<Moving> = page.iter().filter(|moving| moving.had_begun).cloned().collect();
            let counts = store.write(move |tx| count(tx, &begun)).await?;
            for moving in &page {
                let is_poison = counts.iter().any(|(run, times)| *run == moving.run && *times > RECOVERIES_MAX);
                if is_poison {
                    tracing::error!(run.id = %moving.run, "a run is given up: it was under way at each of the last ends");
                    self.core.send(moving.workspace, moving.run, Request::Park);
                } else {
                    self.core.admit(ticket(moving), true);
                }
            }
        }
    }
}

fn count(tx: &mut floe_store::Tx<'_>, begun: &[Moving]) -> Result<Vec<(RunId, u32)>, Fault> {
    begun.iter().map(|moving| Ok((moving.run, runs::recovered(tx, moving.workspace, moving.run)?))).collect()
}

fn ticket(moving: &Moving) -> Ticket {
    Ticket {
        workspace: moving.workspace,
        flow: moving.flow,
        run: moving.run,
        flow_max: super::shard::flow_max(&moving.settings),
    }
}
