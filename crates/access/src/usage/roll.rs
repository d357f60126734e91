//! Counting runs into the sums, once each.

use std::collections::BTreeMap;

use floe_model::access::credits::day_of;
use floe_model::id::{FlowId, RunId, WorkspaceId};
use floe_model::{Fault, Mode, Scope, Timestamp};
use floe_store::Tx;
use floe_store::access::usage::{self, Counts, Key, OpenRun, Run};

use super::FLOWS;
use crate::service::Access;

/// Runs of one transaction.
const PAGE: usize = 2_000;
/// Transactions of one round and workspace; the rest comes in the next round.
const PAGES_MAX: usize = 100;
/// Workspaces that are asked for at a time.
const WORKSPACES: usize = 500;
/// Milliseconds after which no transaction that began to write a run is still under way, and no clock of a node is behind.
const SETTLED_MS: i64 = 30_000;

type Sums = BTreeMap<(Mode, Key), Counts>;

impl Access {
    /// Counts the runs of all workspaces that arrived since the last time; reads only when there are none. The server calls it every few
    /// seconds, on every node: of several at once exactly one counts.
    ///
    /// # Errors
    /// Of the database; what was counted stays, the rest comes again.
    pub async fn roll_usage(&self) -> Result<(), Fault> {
        let store = &self.platform.store;
        let mut after = WorkspaceId(0);
        loop {
            let workspaces = store.read(move |tx| usage::workspaces(tx, after, WORKSPACES)).await?;
            for &workspace in &workspaces {
                self.roll_runs(workspace).await?;
                self.roll_open(workspace).await?;
            }
            match workspaces.last() {
                Some(&last) if workspaces.len() == WORKSPACES => after = last,
                _ => return Ok(()),
            }
        }
    }

    async fn roll_runs(&self, workspace: WorkspaceId) -> Result<(), Fault> {
        let store = &self.platform.store;
        let before = first_run(self.platform.clock.now().plus_millis(-SETTLED_MS));
        for _ in 0..PAGES_MAX {
            let reading = store.read(move |tx| {
                let mark = usage::mark(tx, workspace)?;
                Ok((mark, usage::runs(tx, workspace, mark, before, PAGE)?))
            });
            let (mark, runs) = reading.await?;
            let Some(last) = runs.last().map(|run| run.id) else { return Ok(()) };
            let is_full = runs.len() == PAGE;
            store.write_later(move |tx| count(tx, workspace, mark, last, &runs)).await?;
            if !is_full {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Looks which of the runs that were not over when they were counted are so now.
    async fn roll_open(&self, workspace: WorkspaceId) -> Result<(), Fault> {
        let store = &self.platform.store;
        let mut after = RunId(0);
        for _ in 0..PAGES_MAX {
            let open = store.read(move |tx| usage::still_open(tx, workspace, after, PAGE)).await?;
            let Some(last) = open.last().map(|run| run.id) else { return Ok(()) };
            let is_full = open.len() == PAGE;
            let over: Vec<OpenRun> = open.into_iter().filter(|run| run.status.as_deref().is_none_or(is_over)).collect();
            if !over.is_empty() {
                store.write_later(move |tx| close(tx, workspace, &over)).await?;
            }
            if !is_full {
                return Ok(());
            }
            after = last;
        }
        Ok(())
    }
}

/// Counts a page of runs, unless somebody else did.
fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, mark: RunId, last: RunId, runs: &[Run]) -> Result<(), Fault> {
    if !usage::move_mark(tx, workspace, mark, last)? {
        return Ok(());
    }
    let mut sums = Sums::new();
    let mut open = Vec::new();
    for run in runs {
        let day = day_of(run.queued_at);
        let errors = i64::from(run.status == "failed");
        *sums.entry((run.mode, key(day, run.flow))).or_default() += Counts { runs: 1, errors, ..Counts::default() };
        if !is_over(&run.status) {
            open.push((run.id, run.mode, day, run.flow));
        }
    }
    usage::note_open(tx, workspace, &open)?;
    add(tx, workspace, sums)
}

/// Counts the errors of runs that are over now, each once.
fn close(tx: &mut Tx<'_>, workspace: WorkspaceId, over: &[OpenRun]) -> Result<(), Fault> {
    let mut sums = Sums::new();
    for run in over {
        if usage::close(tx, workspace, run.id)? && run.status.as_deref() == Some("failed") {
            *sums.entry((run.mode, key(run.day, run.flow))).or_default() += Counts { errors: 1, ..Counts::default() };
        }
    }
    add(tx, workspace, sums)
}

fn add(tx: &mut Tx<'_>, workspace: WorkspaceId, sums: Sums) -> Result<(), Fault> {
    for mode in [Mode::Live, Mode::Test] {
        let own = sums.iter().filter(|((of, _), _)| *of == mode);
        let rows: Vec<(Key, Counts)> = own.map(|((_, key), counts)| (key.clone(), *counts)).collect();
        usage::add(tx, Scope { workspace, mode }, &rows)?;
    }
    Ok(())
}

fn key(day: i64, flow: FlowId) -> Key {
    Key { day, product: FLOWS.to_owned(), flow: flow.to_string(), ..Key::default() }
}

fn is_over(status: &str) -> bool {
    matches!(status, "completed" | "failed" | "cancelled")
}

/// The first id that a run of this time can have.
fn first_run(at: Timestamp) -> RunId {
    RunId(u128::from(at.millis().max(0).unsigned_abs()) << 80)
}
