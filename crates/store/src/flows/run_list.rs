//! Table `runs` as the joined list reads it: in the order of ids, from an index that fits what is looked for.
//!
//! A page is a range of one index and never more: what a filter asks beyond that is looked at by the caller, who also says how
//! many rows it is ready to look at.

use floe_model::{
    Fault,
    id::{FlowId, RunId, WorkspaceId},
};

use super::runs::{self, RunRow};
use crate::{Row, Tx, params, statements};

/// Rows of one page at most.
pub const PAGE_MAX: usize = 1_000;

/// A run with the run that it repeats.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The run.
    pub run: RunRow,
    /// The run that it repeats.
    pub rerun_of: Option<RunId>,
}

/// Which index is walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Walk {
    /// All runs of the workspace.
    All,
    /// Those of a flow.
    Flow(FlowId),
    /// Those of a status that few runs have: `waiting`, `failed` or `cancelled`.
    Status(&'static str),
    /// Those of a flow and of such a status.
    FlowStatus(FlowId, &'static str),
    /// Those that wait for their turn, or move: `queued` and `running`.
    Moving,
    /// Those that ended with an error.
    Error(String),
    /// Those that a run has called.
    Parent(RunId),
}

/// A part of the order of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Above this id.
    pub above: u128,
    /// Below this id.
    pub below: u128,
    /// Whether the highest ids come first.
    pub newest_first: bool,
}

/// Runs of a range of an index: parameters $1 to $4, and what the index is walked by. SQLite is told which index: it would take
/// the primary key, which has the order, and look at every run.
macro_rules! walk {
    ($from:literal, $by:literal, $order:literal) => {
        concat!(
            "select runs.workspace_id, id, mode, flow_id, flow_name, version, is_draft, document_hash, status, trigger_type,
                 trigger_step, source_kind, source, parent_run_id, depth, started_by, settings, queued_at, started_at, finished_at,
                 active_ms, step_count, current_step, wait_kind, wait_step, error_code, error_message, error_step, revision,
                 rerun_of
             from ", $from, " left join reruns on reruns.workspace_id = runs.workspace_id and reruns.run_id = runs.id
             where runs.workspace_id = $1 and id > $2 and id < $3 ",
            $by, " order by id ", $order, " limit $4"
        )
    };
}

statements! {
    /// All, the oldest first.
    ALL = both(walk!("runs", "", "asc")) -> [id, id, text, id, text, int, bool, bytes, text, text, text, text, json, opt id, int, text, json, time,
        opt time, opt time, opt int, int, opt text, opt text, opt text, opt text, opt text, opt text, int, opt id];
    /// All, the newest first.
    ALL_NEWEST = both(walk!("runs", "", "desc")) -> [id, id, text, id, text, int, bool, bytes, text, text, text, text, json, opt id, int, text,
        json, time, opt time, opt time, opt int, int, opt text, opt text, opt text, opt text, opt text, opt text, int, opt id];
    /// Of a flow, the oldest first.
    FLOW = split {
        sqlite: walk!("runs indexed by runs_flow", "and flow_id = $5", "asc"),
        postgres: walk!("runs", "and flow_id = $5", "asc"),
    } -> [id, id, text, id, text, int, bool, bytes, text, text, text, text, json, opt id, int,
        text, json, time, opt time, opt time, opt int, int, opt text, opt text, opt text, opt text, opt text, opt text, int, opt id];
    /// Of a flow, the newest first.
    FLOW_NEWEST = split {
        sqlite: walk!("runs indexed by runs_flow", "and flow_id = $5", "desc"),
        postgres: walk!("runs", "and flow_id = $5", "desc"),
    } -> [id, id, text, id, text, int, bool, bytes, text, text, text, text, json,
        opt id, int, text, json, time, opt time, opt time, opt int, int, opt text, opt text, opt text, opt text, opt text, opt text,
        int, opt id];
    /// Of a status, the oldest first.
    STATUS = split {
        sqlite: walk!("runs indexed by runs_status", "and (status = 'waiting' or status = 'failed' or status = 'cancelled') and status = $5", "asc"),
        postgres: walk!("runs", "and (status = 'waiting' or status = 'failed' or status = 'cancelled') and status = $5", "asc"),
    } -> [id, id, text, id, text, int, bool,
        bytes, text, text, text, text, json, opt id, int, text, json, time, opt time, opt time, opt int, int, opt text, opt text,
        opt text, opt text, opt text, opt text, int, opt id];
    /// Of a status, the newest first.
    STATUS_NEWEST = split {
        sqlite: walk!("runs indexed by runs_status", "and (status = 'waiting' or status = 'failed' or status = 'cancelled') and status = $5", "desc"),
        postgres: walk!("runs", "and (status = 'waiting' or status = 'failed' or status = 'cancelled') and status = $5", "desc"),
    } -> [id, id, text, id, text,
        int, bool, bytes, text, text, text, text, json, opt id, int, text, json, time, opt time, opt time, opt int, int, opt text,
        opt text, opt text, opt text, opt text, opt text, int, opt id];
    /// Of a flow and a status, the oldest first.
    FLOW_STATUS = split {
        sqlite: walk!("runs indexed by runs_flow_status", "and (status = 'waiting' or status = 'failed' or status = 'cancelled') and status = $5 and flow_id = $6", "asc"),
        postgres: walk!("runs", "and (status = 'waiting' or status = 'failed' or status = 'cancelled') and status = $5 and flow_id = $6", "asc"),
    } -> [id, id, text,
        id, text, int, bool, bytes, text, text, text, text, json, opt id, int, text, json, time, opt time, opt time, opt int, int,
        opt text, opt text, opt text, opt text, opt text, opt text, int, opt id];
    /// Of a flow and a status, the newest first.
    FLOW_STATUS_NEWEST = split {
        sqlite: walk!("runs indexed by runs_flow_status", "and (status = 'waiting' or status = 'failed' or status = 'cancelled') and status = $5 and flow_id = $6", "desc"),
        postgres: walk!("runs", "and (status = 'waiting' or status = 'failed' or status = 'cancelled') and status = $5 and flow_id = $6", "desc"),
    } -> [id,
        id, text, id, text, int, bool, bytes, text, text, text, text, json, opt id, int, text, json, time, opt time, opt time, opt int,
        int, opt text, opt text, opt text, opt text, opt text, opt text, int, opt id];
    /// Not over and not waiting, the oldest first.
    MOVING = split {
        sqlite: walk!("runs indexed by runs_moving", "and status in ('queued', 'running')", "asc"),
        postgres: walk!("runs", "and status in ('queued', 'running')", "asc"),
    } -> [id, id, text, id, text, int, bool, bytes, text, text, text, text,
        json, opt id, int, text, json, time, opt time, opt time, opt int, int, opt text, opt text, opt text, opt text, opt text,
        opt text, int, opt id];
    /// Not over and not waiting, the newest first.
    MOVING_NEWEST = split {
        sqlite: walk!("runs indexed by runs_moving", "and status in ('queued', 'running')", "desc"),
        postgres: walk!("runs", "and status in ('queued', 'running')", "desc"),
    } -> [id, id, text, id, text, int, bool, bytes, text, text,
        text, text, json, opt id, int, text, json, time, opt time, opt time, opt int, int, opt text, opt text, opt text, opt text,
        opt text, opt text, int, opt id];
    /// With an error, the oldest first.
    ERROR = split {
        sqlite: walk!("runs indexed by runs_error", "and error_code = $5", "asc"),
        postgres: walk!("runs", "and error_code = $5", "asc"),
    } -> [id, id, text, id, text, int, bool, bytes, text, text, text, text, json, opt id, int,
        text, json, time, opt time, opt time, opt int, int, opt text, opt text, opt text, opt text, opt text, opt text, int, opt id];
    /// With an error, the newest first.
    ERROR_NEWEST = split {
        sqlite: walk!("runs indexed by runs_error", "and error_code = $5", "desc"),
        postgres: walk!("runs", "and error_code = $5", "desc"),
    } -> [id, id, text, id, text, int, bool, bytes, text, text, text, text, json,
        opt id, int, text, json, time, opt time, opt time, opt int, int, opt text, opt text, opt text, opt text, opt text, opt text,
        int, opt id];
    /// Called by a run, the oldest first.
    PARENT = split {
        sqlite: walk!("runs indexed by runs_parent", "and parent_run_id = $5", "asc"),
        postgres: walk!("runs", "and parent_run_id = $5", "asc"),
    } -> [id, id, text, id, text, int, bool, bytes, text, text, text, text, json, opt id,
        int, text, json, time, opt time, opt time, opt int, int, opt text, opt text, opt text, opt text, opt text, opt text, int,
        opt id];
    /// Called by a run, the newest first.
    PARENT_NEWEST = split {
        sqlite: walk!("runs indexed by runs_parent", "and parent_run_id = $5", "desc"),
        postgres: walk!("runs", "and parent_run_id = $5", "desc"),
    } -> [id, id, text, id, text, int, bool, bytes, text, text, text, text,
        json, opt id, int, text, json, time, opt time, opt time, opt int, int, opt text, opt text, opt text, opt text, opt text,
        opt text, int, opt id];
}

/// Runs of a range of an index, at most `limit` ([`PAGE_MAX`] at most).
///
/// # Errors
/// Of the database.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    walk: &Walk,
    range: Range,
    limit: usize,
) -> Result<Vec<Listed>, Fault> {
    let Range { above, below, newest_first } = range;
    let (above, below, limit) = (RunId(above), RunId(below), limit.min(PAGE_MAX));
    let sql = |oldest, newest| if newest_first { newest } else { oldest };
    match walk {
        Walk::All => tx.rows(sql(&ALL, &ALL_NEWEST), params![workspace, above, below, limit], listed),
        Walk::Flow(flow) => tx.rows(sql(&FLOW, &FLOW_NEWEST), params![workspace, above, below, limit, *flow], listed),
        Walk::Status(status) => {
            tx.rows(sql(&STATUS, &STATUS_NEWEST), params![workspace, above, below, limit, *status], listed)
        }
        Walk::FlowStatus(flow, status) => {
            let values = params![workspace, above, below, limit, *status, *flow];
            tx.rows(sql(&FLOW_STATUS, &FLOW_STATUS_NEWEST), values, listed)
        }
        Walk::Moving => tx.rows(sql(&MOVING, &MOVING_NEWEST), params![workspace, above, below, limit], listed),
        Walk::Error(code) => {
            tx.rows(sql(&ERROR, &ERROR_NEWEST), params![workspace, above, below, limit, code.as_str()], listed)
        }
        Walk::Parent(parent) => {
            tx.rows(sql(&PARENT, &PARENT_NEWEST), params![workspace, above, below, limit, *parent], listed)
        }
    }
}

fn listed(row: &Row<'_>) -> Result<Listed, Fault> {
    Ok(Listed { run: runs::run(row)?, rerun_of: row.opt_id(29)?.map(RunId) })
}
