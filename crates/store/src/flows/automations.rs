//! Table `flows` as lists of both languages read it, and the numbers of their runs that such a list shows.

use floe_model::{
    Fault,
    id::{FlowId, RunId, WorkspaceId},
};

use super::flows::{self, FlowRow};
use super::runs::{self, RunRow};
use crate::{Tx, params, statements};

/// Automations of one page at most.
pub const PAGE_MAX: usize = 200;

/// Runs of an automation since a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recent {
    /// Those that completed.
    pub completed: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that wait now, however old they are.
    pub waiting: u64,
}

macro_rules! select_flows {
    ($tail:literal) => {
        concat!(
            "select workspace_id, id, name, description, icon, tags, visibility, sharing, settings, owner_id, created_by,
                 latest_version, draft_version, next_version, revision, triggers, created_at, updated_at, engine, activity
             from flows where workspace_id = $1 and deleted_at is null ",
            $tail
        )
    };
}

statements! {
    /// Automations below an id, the newest ids first.
    PAGE_NEWEST = both(select_flows!("and id < $2 order by id desc limit $3"))
        -> [id, id, text, text, opt text, json, text, json, json, opt id, json, opt int, opt int, int, int, json, time, time, text, text];
    /// Automations above an id, the oldest ids first.
    PAGE_OLDEST = both(select_flows!("and id > $2 order by id limit $3"))
        -> [id, id, text, text, opt text, json, text, json, json, opt id, json, opt int, opt int, int, int, json, time, time, text, text];
    /// Automations that can be run from outside, the newest first.
    PUBLISHED = both(select_flows!(
        "and latest_version is not null order by created_at desc, id desc limit $2 offset $3"
    )) -> [id, id, text, text, opt text, json, text, json, json, opt id, json, opt int, opt int, int, int, json, time, time, text, text];
    /// How many of those there are.
    PUBLISHED_COUNT = both(
        "select count(*) from flows where workspace_id = $1 and deleted_at is null and latest_version is not null"
    ) -> [int];
    /// The newest run.
    LAST_RUN = split {
        sqlite: "select id from runs indexed by runs_flow where workspace_id = $1 and flow_id = $2 order by id desc limit 1",
        postgres: "select id from runs where workspace_id = $1 and flow_id = $2 order by id desc limit 1",
    } -> [id];
    /// Runs from an id on: all, and those of each status that few have. Each number comes from an index alone.
    RECENT = split {
        sqlite: "select (select count(*) from runs indexed by runs_flow where workspace_id = $1 and flow_id = $2 and id >= $3),
                 (select count(*) from runs indexed by runs_flow_status where workspace_id = $1 and flow_id = $2
                     and (status = 'waiting' or status = 'failed' or status = 'cancelled') and status = 'failed' and id >= $3),
                 (select count(*) from runs indexed by runs_flow_status where workspace_id = $1 and flow_id = $2
                     and (status = 'waiting' or status = 'failed' or status = 'cancelled') and status in ('waiting', 'cancelled') and id >= $3),
                 (select count(*) from runs indexed by runs_moving where workspace_id = $1 and flow_id = $2
                     and status in ('queued', 'running') and id >= $3),
                 (select count(*) from runs indexed by runs_flow_status where workspace_id = $1 and flow_id = $2
                     and (status = 'waiting' or status = 'failed' or status = 'cancelled') and status = 'waiting')",
        postgres: "select (select count(*) from runs where workspace_id = $1 and flow_id = $2 and id >= $3),
                 (select count(*) from runs where workspace_id = $1 and flow_id = $2 and status = 'failed' and id >= $3),
                 (select count(*) from runs where workspace_id = $1 and flow_id = $2 and status in ('waiting', 'cancelled')
                     and id >= $3),
                 (select count(*) from runs where workspace_id = $1 and flow_id = $2 and status in ('queued', 'running')
                     and id >= $3),
                 (select count(*) from runs where workspace_id = $1 and flow_id = $2 and status = 'waiting')",
    } -> [int, int, int, int, int];
}

/// Automations of a workspace in the order of ids, up to `limit` ([`PAGE_MAX`] at most) after one.
///
/// # Errors
/// Of the database.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    after: Option<FlowId>,
    newest_first: bool,
    limit: usize,
) -> Result<Vec<FlowRow>, Fault> {
    let limit = limit.min(PAGE_MAX);
    if newest_first {
        let below = after.unwrap_or(FlowId(u128::MAX));
        return tx.rows(&PAGE_NEWEST, params![workspace, below, limit], flows::flow);
    }
    tx.rows(&PAGE_OLDEST, params![workspace, after.unwrap_or(FlowId(0)), limit], flows::flow)
}

/// Automations with a published version, the newest first: up to `limit` ([`PAGE_MAX`] at most) from `skip` on, and how many there are.
///
/// # Errors
/// Of the database.
pub fn published(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    limit: usize,
    skip: u64,
) -> Result<(Vec<FlowRow>, u64), Fault> {
    let rows = tx.rows(&PUBLISHED, params![workspace, limit.min(PAGE_MAX), skip], flows::flow)?;
    let total = tx.row(&PUBLISHED_COUNT, params![workspace], |row| row.int(0))?;
    Ok((rows, total.unwrap_or(0).unsigned_abs()))
}

/// The newest run of an automation.
///
/// # Errors
/// Of the database.
pub fn last_run(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId) -> Result<Option<RunRow>, Fault> {
    match tx.row(&LAST_RUN, params![workspace, flow], |row| row.id(0).map(RunId))? {
        Some(run) => runs::find(tx, workspace, run),
        None => Ok(None),
    }
}

/// What became of the runs of an automation whose ids are not below `since`.
///
/// # Errors
/// Of the database.
pub fn recent(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId, since: RunId) -> Result<Recent, Fault> {
    let found = tx.row(&RECENT, params![workspace, flow, since], |row| {
        let mut numbers = [0; 5];
        for (at, number) in numbers.iter_mut().enumerate() {
            *number = row.int(at)?.unsigned_abs();
        }
        Ok(numbers)
    })?;
    let [all, failed, others, moving, waiting] = found.unwrap_or_default();
    Ok(Recent { completed: all.saturating_sub(failed + others + moving), failed, waiting })
}
