//! Table `runs`: one row a run, for lists and for finding what is under way. The journal is the truth.

use floe_model::{
    Fault, Mode, Timestamp,
    id::{FlowId, RunId, WorkspaceId},
};

use crate::{Row, Tx, Value, params, statements};

/// Runs of one page at most.
pub const PAGE_MAX: usize = 1_000;

/// A run's row.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// Whose run.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: RunId,
    /// Live or test.
    pub mode: Mode,
    /// The flow.
    pub flow: FlowId,
    /// The flow's name when the run began.
    pub flow_name: String,
    /// The version that it follows to its end.
    pub version: u32,
    /// Whether that was a draft.
    pub is_draft: bool,
    /// Digest of the definition's text.
    pub document_hash: [u8; 32],
    /// `queued`, `running`, `waiting`, `completed`, `failed` or `cancelled`.
    pub status: String,
    /// Type of the trigger.
    pub trigger_type: String,
    /// Id of the trigger step.
    pub trigger_step: String,
    /// `client`, `dashboard`, `share`, …
    pub source_kind: String,
    /// JSON: `{kind, hookId, tokenId, userId, ip}`.
    pub source: String,
    /// The run that called this one.
    pub parent: Option<RunId>,
    /// How many runs stand above.
    pub depth: u32,
    /// The credential that started it, e.g. `key:<id>`.
    pub started_by: String,
    /// JSON: the flow's settings at the start.
    pub settings: String,
    /// When it was accepted.
    pub queued_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Active time, waiting left out.
    pub active_ms: Option<i64>,
    /// Steps executed.
    pub step_count: u32,
    /// The step that it is at.
    pub current_step: Option<String>,
    /// What it waits for.
    pub wait_kind: Option<String>,
    /// The step that waits.
    pub wait_step: Option<String>,
    /// Code of the error that ended it.
    pub error_code: Option<String>,
    /// Its message.
    pub error_message: Option<String>,
    /// The step that failed.
    pub error_step: Option<String>,
    /// Events in the journal when the row was written.
    pub revision: u64,
}

/// A run that was under way when the server ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moving {
    /// Whose run.
    pub workspace: WorkspaceId,
    /// Which run.
    pub run: RunId,
    /// Its flow.
    pub flow: FlowId,
    /// JSON: the flow's settings at the start.
    pub settings: String,
    /// Whether it had begun to move, rather than waited for its turn.
    pub had_begun: bool,
    /// How often it was taken up with the journal that it has now.
    pub recoveries: u32,
}

/// Which runs a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Comma-separated statuses, each wrapped in commas: `,failed,cancelled,`.
    pub statuses: Option<String>,
    /// Type of the trigger.
    pub trigger: Option<String>,
    /// Version.
    pub version: Option<u32>,
    /// Kind of source.
    pub source: Option<String>,
    /// Began at or after.
    pub from: Option<Timestamp>,
    /// Began before.
    pub to: Option<Timestamp>,
    /// Text in the error, as a `like` pattern in lower case.
    pub error_like: Option<String>,
}

/// Orders of a list; ties are broken by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOrder {
    /// Newest first.
    Newest,
    /// Oldest first.
    Oldest,
    /// Longest first.
    Longest,
    /// Shortest first.
    Shortest,
}

/// Columns of [`RunRow`], in the order of the mapper.
macro_rules! select_runs {
    ($tail:literal) => {
        select_runs!("runs", $tail)
    };
    ($from:literal, $tail:literal) => {
        concat!(
            "select workspace_id, id, mode, flow_id, flow_name, version, is_draft, document_hash, status, trigger_type,
                 trigger_step, source_kind, source, parent_run_id, depth, started_by, settings, queued_at, started_at, finished_at,
                 active_ms, step_count, current_step, wait_kind, wait_step, error_code, error_message, error_step, revision
             from ",
            $from,
            " ",
            $tail
        )
    };
}

/// Which runs of a flow a list shows: parameters $3 to $9.
macro_rules! filter_runs {
    ($tail:literal) => {
        concat!(
            "where workspace_id = $1 and flow_id = $2
                 and (cast($3 as text) is null or $3 like '%,' || status || ',%')
                 and (cast($4 as text) is null or trigger_type = $4)
                 and (version = $5 or $5 is null)
                 and (cast($6 as text) is null or source_kind = $6)
                 and (started_at >= $7 or $7 is null)
                 and (started_at < $8 or $8 is null)
                 and (cast($9 as text) is null or lower(error_message) like $9 escape '\\' or lower(error_code) like $9 escape '\\') ",
            $tail
        )
    };
}

macro_rules! list_runs {
    ($order:literal) => {
        list_runs!("runs", $order)
    };
    ($from:literal, $order:literal) => {
        concat!(select_runs!($from, ""), filter_runs!($order))
    };
}

statements! {
    /// One run.
    FIND = both(select_runs!("where workspace_id = $1 and id = $2")) -> [id, id, text, id, text, int, bool, bytes, text, text,
        text, text, json, opt id, int, text, json, time, opt time, opt time, opt int, int, opt text, opt text, opt text, opt text,
        opt text, opt text, int];
    /// Runs of a flow, newest first.
    LIST_NEWEST = split {
        // SQLite would take the primary key, which has the order, and look at every run of the workspace; so below.
        sqlite: list_runs!("runs indexed by runs_flow", "order by id desc limit $10 offset $11"),
        postgres: list_runs!("order by id desc limit $10 offset $11"),
    } -> [id, id, text, id, text, int, bool, bytes, text, text,
        text, text, json, opt id, int, text, json, time, opt time, opt time, opt int, int, opt text, opt text, opt text, opt text,
        opt text, opt text, int];
    /// Runs of a flow, oldest first.
    LIST_OLDEST = split {
        sqlite: list_runs!("runs indexed by runs_flow", "order by id limit $10 offset $11"),
        postgres: list_runs!("order by id limit $10 offset $11"),
    } -> [id, id, text, id, text, int, bool, bytes, text, text,
        text, text, json, opt id, int, text, json, time, opt time, opt time, opt int, int, opt text, opt text, opt text, opt text,
        opt text, opt text, int];
    /// Runs of a flow, longest first.
    LIST_LONGEST = both(list_runs!("order by coalesce(active_ms, -1) desc, id desc limit $10 offset $11")) -> [id, id, text, id, text,
        int, bool, bytes, text, text, text, text, json, opt id, int, text, json, time, opt time, opt time, opt int, int, opt text,
        opt text, opt text, opt text, opt text, opt text, int];
    /// Runs of a flow, shortest first.
    LIST_SHORTEST = both(list_runs!("order by coalesce(active_ms, -1), id limit $10 offset $11")) -> [id, id, text, id, text, int,
        bool, bytes, text, text, text, text, json, opt id, int, text, json, time, opt time, opt time, opt int, int, opt text,
        opt text, opt text, opt text, opt text, opt text, int];
    /// How many runs of a flow a filter finds.
    COUNT = both(concat!("select count(*) from runs ", filter_runs!(""))) -> [int];
    /// Runs of a flow that are not over.
    OPEN_OF_FLOW = split {
        sqlite: "select id from runs indexed by runs_flow
             where workspace_id = $1 and flow_id = $2 and status in ('queued', 'running', 'waiting') order by id limit $3",
        postgres: "select id from runs where workspace_id = $1 and flow_id = $2 and status in ('queued', 'running', 'waiting')
             order by id limit $3",
    } -> [id];
    /// Child runs that are not over.
    OPEN_CHILDREN = split {
        sqlite: "select id from runs indexed by runs_parent
             where workspace_id = $1 and parent_run_id = $2 and status in ('queued', 'running', 'waiting') order by id limit $3",
        postgres: "select id from runs where workspace_id = $1 and parent_run_id = $2 and status in ('queued', 'running', 'waiting')
             order by id limit $3",
    } -> [id];
    /// Runs that were under way, in order of id.
    MOVING = both(
        "select workspace_id, id, flow_id, settings, status,
             case when recovered_at = (select max(seq) from run_journal
                     where run_journal.workspace_id = runs.workspace_id and run_journal.run_id = runs.id)
                 then recoveries else 0 end
         from runs where status in ('queued', 'running') and id > $1 order by id limit $2"
    ) -> [id, id, id, json, text, int];
    /// Notes that a run is taken up; counts how often that happened with the same journal.
    RECOVERED = both(
        "update runs set
             recoveries = case when recovered_at = (select max(seq) from run_journal where workspace_id = $1 and run_id = $2)
                 then recoveries + 1 else 1 end,
             recovered_at = (select coalesce(max(seq), -1) from run_journal where workspace_id = $1 and run_id = $2)
         where workspace_id = $1 and id = $2 returning recoveries"
    ) -> [int];
}

/// One run.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: RunId) -> Result<Option<RunRow>, Fault> {
    tx.row(&FIND, params![workspace, id], run)
}

/// Runs of a flow, `limit` ([`PAGE_MAX`] at most) from `skip` on.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    flow: FlowId,
    filter: &RunFilter,
    order: RunOrder,
    limit: usize,
    skip: usize,
) -> Result<Vec<RunRow>, Fault> {
    let sql = match order {
        RunOrder::Newest => &LIST_NEWEST,
        RunOrder::Oldest => &LIST_OLDEST,
        RunOrder::Longest => &LIST_LONGEST,
        RunOrder::Shortest => &LIST_SHORTEST,
    };
    let mut values = filter_values(workspace, flow, filter).to_vec();
    values.extend_from_slice(params![limit.min(PAGE_MAX), skip]);
    tx.rows(sql, &values, run)
}

/// How many runs of a flow a filter finds.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId, filter: &RunFilter) -> Result<u64, Fault> {
    let count = tx.row(&COUNT, &filter_values(workspace, flow, filter), |row| row.int(0))?;
    Ok(count.unwrap_or(0).unsigned_abs())
}

/// Runs of a flow that are not over, oldest first, at most `limit`.
///
/// # Errors
/// Of the database.
pub fn open_of_flow(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId, limit: usize) -> Result<Vec<RunId>, Fault> {
    tx.rows(&OPEN_OF_FLOW, params![workspace, flow, limit], |row| row.id(0).map(RunId))
}

/// Child runs that are not over, oldest first, at most `limit`.
///
/// # Errors
/// Of the database.
pub fn open_children(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    parent: RunId,
    limit: usize,
) -> Result<Vec<RunId>, Fault> {
    tx.rows(&OPEN_CHILDREN, params![workspace, parent, limit], |row| row.id(0).map(RunId))
}

/// Runs that were under way when the server ended, in order of id after `after`.
///
/// # Errors
/// Of the database.
pub fn moving(tx: &mut Tx<'_>, after: RunId, limit: usize) -> Result<Vec<Moving>, Fault> {
    tx.rows(&MOVING, params![after, limit.min(PAGE_MAX)], |row| {
        Ok(Moving {
            workspace: WorkspaceId(row.id(0)?),
            run: RunId(row.id(1)?),
            flow: FlowId(row.id(2)?),
            settings: row.string(3)?,
            had_begun: row.text(4)? == "running",
            recoveries: row.u32(5)?,
        })
    })
}

/// Notes that a server takes up a run that was under way; returns how often in a row that happened with the same journal.
///
/// # Errors
/// Of the database.
pub fn recovered(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId) -> Result<u32, Fault> {
    Ok(tx.row(&RECOVERED, params![workspace, run], |row| row.u32(0))?.unwrap_or(0))
}

/// Parameters $1 to $9 of a list.
fn filter_values(workspace: WorkspaceId, flow: FlowId, filter: &RunFilter) -> [Value<'_>; 9] {
    [
        workspace.into(),
        flow.into(),
        filter.statuses.as_deref().into(),
        filter.trigger.as_deref().into(),
        filter.version.into(),
        filter.source.as_deref().into(),
        filter.from.into(),
        filter.to.into(),
        filter.error_like.as_deref().into(),
    ]
}

/// Maps the columns of a run, in the order of [`RunRow`].
pub(super) fn run(row: &Row<'_>) -> Result<RunRow, Fault> {
    let document_hash = row.bytes(7)?.try_into().map_err(|_| row.mismatch(7, "a digest of 32 bytes"))?;
    Ok(RunRow {
        workspace: WorkspaceId(row.id(0)?),
        id: RunId(row.id(1)?),
        mode: row.mode(2)?,
        flow: FlowId(row.id(3)?),
        flow_name: row.string(4)?,
        version: row.u32(5)?,
        is_draft: row.bool(6)?,
        document_hash,
        status: row.string(8)?,
        trigger_type: row.string(9)?,
        trigger_step: row.string(10)?,
        source_kind: row.string(11)?,
        source: row.string(12)?,
        parent: row.opt_id(13)?.map(RunId),
        depth: row.u32(14)?,
        started_by: row.string(15)?,
        settings: row.string(16)?,
        queued_at: row.time(17)?,
        started_at: row.opt_time(18)?,
        finished_at: row.opt_time(19)?,
        active_ms: row.opt_int(20)?,
        step_count: row.u32(21)?,
        current_step: row.opt_string(22)?,
        wait_kind: row.opt_string(23)?,
        wait_step: row.opt_string(24)?,
        error_code: row.opt_string(25)?,
        error_message: row.opt_string(26)?,
        error_step: row.opt_string(27)?,
        revision: row.int(28)?.unsigned_abs(),
    })
}
