//! Tables `bulk_jobs` and `bulk_items`: acts on many runs, each run once.

use floe_model::{
    Fault, Timestamp,
    id::{JobId, RunId, WorkspaceId},
};

use crate::{Row, Tx, Value, params, statements};

/// Runs of one act at most (console contract, section 5.7).
pub const ITEMS_MAX: usize = 10_000;
/// Runs that are read at a time at most.
pub const PAGE_MAX: usize = 500;
/// Failures that are shown at most (console contract, section 5.7).
pub const ERRORS_MAX: usize = 100;

/// An act on many runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkJob {
    /// Whose runs.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: JobId,
    /// What it does, e.g. `runs.cancel`.
    pub kind: String,
    /// `running`, `done` or `cancelled`.
    pub status: String,
    /// JSON: how it is to be done.
    pub request: String,
    /// JSON: who asked for it.
    pub actor: String,
    /// Runs.
    pub total: u64,
    /// Runs on which it was done.
    pub done: u64,
    /// Runs on which it could not be done.
    pub failed: u64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// What became of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemEnd {
    /// The run.
    pub run: RunId,
    /// The run that was made of it.
    pub result: Option<RunId>,
    /// Why nothing could be done: code and sentence.
    pub error: Option<(String, String)>,
}

statements! {
    /// A new act.
    INSERT = both(
        "insert into bulk_jobs (workspace_id, id, kind, status, request, actor, total, done, failed, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8)"
    );
    /// Its runs.
    ADD = bulk("insert into bulk_items (workspace_id, job_id, run_id, status)", [id, id, id, text], "on conflict do nothing");
    /// One act.
    FIND = both(
        "select workspace_id, id, kind, status, request, actor, total, done, failed, created_at, finished_at from bulk_jobs
         where workspace_id = $1 and id = $2"
    ) -> [id, id, text, text, json, json, int, int, int, time, opt time];
    /// The newest acts.
    NEWEST = both(
        "select workspace_id, id, kind, status, request, actor, total, done, failed, created_at, finished_at from bulk_jobs
         where workspace_id = $1 order by id desc limit $2"
    ) -> [id, id, text, text, json, json, int, int, int, time, opt time];
    /// Runs on which nothing was done yet, in order.
    OPEN = both(
        "select run_id from bulk_items where workspace_id = $1 and job_id = $2 and status = 'open' and run_id > $3
         order by run_id limit $4"
    ) -> [id];
    /// Settles a run of an act that goes on, once.
    SETTLE = both(
        "update bulk_items set status = $4, result_id = $5, error_code = $6, error_message = $7
         where workspace_id = $1 and job_id = $2 and run_id = $3 and status = 'open'
             and exists (select 1 from bulk_jobs where workspace_id = $1 and id = $2 and status = 'running')"
    );
    /// Counts settled runs.
    COUNT = both(
        "update bulk_jobs set done = done + $3, failed = failed + $4 where workspace_id = $1 and id = $2"
    );
    /// Ends an act, once.
    END = both(
        "update bulk_jobs set status = $3, finished_at = $4 where workspace_id = $1 and id = $2 and status = 'running'"
    );
    /// Runs on which nothing could be done, in order.
    FAILED = both(
        "select run_id, result_id, error_code, error_message from bulk_items
         where workspace_id = $1 and job_id = $2 and status = 'failed' order by run_id limit $3"
    ) -> [id, opt id, opt text, opt text];
}

/// Writes a new act with its runs, [`ITEMS_MAX`] at most, each once; they are `job.total` in number.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, job: &BulkJob, runs: &[RunId]) -> Result<(), Fault> {
    let (request, actor) = (job.request.as_str(), job.actor.as_str());
    let values = params![job.workspace, job.id, &job.kind, &job.status, request, actor, job.total, job.created_at];
    tx.execute(&INSERT, values)?;
    let rows: Vec<[Value<'_>; 4]> = runs
        .iter()
        .take(ITEMS_MAX)
        .map(|run| [job.workspace.into(), job.id.into(), (*run).into(), "open".into()])
        .collect();
    tx.bulk(&ADD, &rows).map(drop)
}

/// One act.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: JobId) -> Result<Option<BulkJob>, Fault> {
    tx.row(&FIND, params![workspace, id], job)
}

/// The newest acts of a workspace, at most `limit` ([`PAGE_MAX`] at most).
///
/// # Errors
/// Of the database.
pub fn newest(tx: &mut Tx<'_>, workspace: WorkspaceId, limit: usize) -> Result<Vec<BulkJob>, Fault> {
    tx.rows(&NEWEST, params![workspace, limit.min(PAGE_MAX)], job)
}

/// Runs after one on which nothing was done yet, at most `limit` ([`PAGE_MAX`] at most).
///
/// # Errors
/// Of the database.
pub fn open_items(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    id: JobId,
    after: RunId,
    limit: usize,
) -> Result<Vec<RunId>, Fault> {
    tx.rows(&OPEN, params![workspace, id, after, limit.min(PAGE_MAX)], |row| row.id(0).map(RunId))
}

/// Settles one run; false when it was settled before, or the act has ended. Then nothing may be done to it.
///
/// # Errors
/// Of the database.
pub fn settle(tx: &mut Tx<'_>, workspace: WorkspaceId, id: JobId, end: &ItemEnd) -> Result<bool, Fault> {
    let status = if end.error.is_some() { "failed" } else { "done" };
    let (code, message) = end.error.as_ref().map(|(code, message)| (code.as_str(), message.as_str())).unzip();
    Ok(tx.execute(&SETTLE, params![workspace, id, end.run, status, end.result, code, message])? == 1)
}

/// Adds to the counts of settled runs.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, id: JobId, done: u64, failed: u64) -> Result<(), Fault> {
    tx.execute(&COUNT, params![workspace, id, done, failed]).map(drop)
}

/// Ends an act as `done` or `cancelled`; false when it had ended.
///
/// # Errors
/// Of the database.
pub fn end(tx: &mut Tx<'_>, workspace: WorkspaceId, id: JobId, status: &str, at: Timestamp) -> Result<bool, Fault> {
    Ok(tx.execute(&END, params![workspace, id, status, at])? == 1)
}

/// Runs on which nothing could be done, in order of id, [`ERRORS_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn failures(tx: &mut Tx<'_>, workspace: WorkspaceId, id: JobId) -> Result<Vec<ItemEnd>, Fault> {
    tx.rows(&FAILED, params![workspace, id, ERRORS_MAX], |row| {
        let error = row.opt_string(2)?.zip(row.opt_string(3)?);
        Ok(ItemEnd { run: RunId(row.id(0)?), result: row.opt_id(1)?.map(RunId), error })
    })
}

fn job(row: &Row<'_>) -> Result<BulkJob, Fault> {
    Ok(BulkJob {
        workspace: WorkspaceId(row.id(0)?),
        id: JobId(row.id(1)?),
        kind: row.string(2)?,
        status: row.string(3)?,
        request: row.string(4)?,
        actor: row.string(5)?,
        total: row.int(6)?.unsigned_abs(),
        done: row.int(7)?.unsigned_abs(),
        failed: row.int(8)?.unsigned_abs(),
        created_at: row.time(9)?,
        finished_at: row.opt_time(10)?,
    })
}
