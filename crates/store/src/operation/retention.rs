//! Removing what has served its time: finished runs with everything that belongs to them, and old domain events.
//!
//! Ids are in the order of time, so runs that may be old are found by their key alone, a page at a time; no index is kept for it.

use floe_model::{
    Fault, Timestamp,
    id::{RunId, WorkspaceId},
};

use crate::{Tx, params, statements};

/// Runs looked at in one step at most.
pub const RUNS_MAX: usize = 100;
/// Events removed in one step at most.
pub const EVENTS_MAX: usize = 500;

/// What one step over runs did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Runs removed.
    pub removed: u64,
    /// Where the next step goes on; none when this workspace is done.
    pub next: Option<RunId>,
}

statements! {
    /// The next workspace.
    NEXT_WORKSPACE = both("select id from workspaces where id > $1 order by id limit 1") -> [id];
    /// A page of the runs that were made before an instant.
    PAGE = both("select id from runs where workspace_id = $1 and id > $2 and id < $3 order by id limit $4") -> [id];
    /// The journals of the finished runs of a page.
    JOURNALS = both(
        "delete from run_journal where workspace_id = $1 and run_id in
             (select id from runs where workspace_id = $1 and id > $2 and id <= $3 and finished_at < $4)"
    );
    /// Their questions.
    WAITS = both(
        "delete from waits where workspace_id = $1 and run_id in
             (select id from runs where workspace_id = $1 and id > $2 and id <= $3 and finished_at < $4)"
    );
    /// Their folders.
    RUN_FILES = both(
        "delete from run_files where workspace_id = $1 and run_id in
             (select id from runs where workspace_id = $1 and id > $2 and id <= $3 and finished_at < $4)"
    );
    /// The bytes of the files that they were started with or wrote.
    FILE_CHUNKS = both(
        "delete from file_chunks where workspace_id = $1 and file_id in
             (select files.id from files join runs on runs.workspace_id = files.workspace_id and runs.id = files.run_id
              where files.workspace_id = $1 and runs.id > $2 and runs.id <= $3 and runs.finished_at < $4)"
    );
    /// These files.
    FILES = both(
        "delete from files where workspace_id = $1 and run_id in
             (select id from runs where workspace_id = $1 and id > $2 and id <= $3 and finished_at < $4)"
    );
    /// What says which runs they repeated.
    RERUNS = both(
        "delete from reruns where workspace_id = $1 and run_id in
             (select id from runs where workspace_id = $1 and id > $2 and id <= $3 and finished_at < $4)"
    );
    /// What they were given and came to.
    RESULTS = both(
        "delete from run_results where workspace_id = $1 and run_id in
             (select id from runs where workspace_id = $1 and id > $2 and id <= $3 and finished_at < $4)"
    );
    /// Which triggers started them.
    TRIGGERED = both(
        "delete from trigger_runs where workspace_id = $1 and run_id in
             (select id from runs where workspace_id = $1 and id > $2 and id <= $3 and finished_at < $4)"
    );
    /// The finished runs of a page.
    RUNS = both("delete from runs where workspace_id = $1 and id > $2 and id <= $3 and finished_at < $4");
    /// Work in bulk that is over.
    BULK_JOB = both("select workspace_id, id from bulk_jobs where finished_at < $1 order by finished_at limit 1") -> [id, id];
    /// What it was about.
    BULK_ITEMS = both("delete from bulk_items where workspace_id = $1 and job_id = $2");
    /// Itself.
    BULK_GONE = both("delete from bulk_jobs where workspace_id = $1 and id = $2");
    /// The oldest events, with their ages; never the newest one, whose position SQLite would give again.
    OLDEST_EVENTS = split {
        sqlite: "select commit_group, position, created_at from events
             where position < (select max(position) from events) order by position limit $1",
        postgres: "select commit_group, position, created_at from events order by commit_group, position limit $1",
    } -> [int, int, time];
    /// Events up to a place.
    EVENTS = split {
        sqlite: "delete from events where $1 >= 0 and position <= $2",
        postgres: "delete from events where (commit_group, position) <= ($1, $2)",
    };
}

/// The workspace after another one, in the order of ids.
///
/// # Errors
/// Of the database.
pub fn next_workspace(tx: &mut Tx<'_>, after: WorkspaceId) -> Result<Option<WorkspaceId>, Fault> {
    tx.row(&NEXT_WORKSPACE, params![after], |row| row.id(0).map(WorkspaceId))
}

/// Removes those of the next [`RUNS_MAX`] runs after `after` that ended before `before`.
///
/// # Errors
/// Of the database.
pub fn sweep_runs(tx: &mut Tx<'_>, workspace: WorkspaceId, after: RunId, before: Timestamp) -> Result<Swept, Fault> {
    let bound = RunId(first_id_at(before));
    let page = tx.rows(&PAGE, params![workspace, after, bound, RUNS_MAX], |row| row.id(0).map(RunId))?;
    let Some(last) = page.last().copied() else { return Ok(Swept { removed: 0, next: None }) };
    for statement in [&JOURNALS, &WAITS, &RUN_FILES, &FILE_CHUNKS, &FILES, &RERUNS, &RESULTS, &TRIGGERED] {
        tx.execute(statement, params![workspace, after, last, before])?;
    }
    let removed = tx.execute(&RUNS, params![workspace, after, last, before])?;
    Ok(Swept { removed, next: (page.len() >= RUNS_MAX).then_some(last) })
}

/// Removes one piece of work in bulk that was over before `before`; false when there is none.
///
/// # Errors
/// Of the database.
pub fn sweep_bulk(tx: &mut Tx<'_>, before: Timestamp) -> Result<bool, Fault> {
    let found = tx.row(&BULK_JOB, params![before], |row| Ok((WorkspaceId(row.id(0)?), row.id(1)?)))?;
    let Some((workspace, id)) = found else { return Ok(false) };
    tx.execute(&BULK_ITEMS, params![workspace, id])?;
    tx.execute(&BULK_GONE, params![workspace, id])?;
    Ok(true)
}

/// Removes the oldest events that are older than `before`, [`EVENTS_MAX`] at most; returns how many.
///
/// # Errors
/// Of the database.
pub fn sweep_events(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, Fault> {
    let oldest = tx.rows(&OLDEST_EVENTS, params![EVENTS_MAX], |row| Ok((row.int(0)?, row.int(1)?, row.time(2)?)))?;
    // Their order is that of time but for moments; the first young event ends the sweep.
    let Some((group, position, _)) = oldest.into_iter().take_while(|(.., at)| *at < before).last() else {
        return Ok(0);
    };
    tx.execute(&EVENTS, params![group, position])
}

/// The smallest id that can be made at an instant: its first 48 bits are the milliseconds (RFC 9562, UUIDv7).
fn first_id_at(at: Timestamp) -> u128 {
    u128::from(at.millis().max(0).unsigned_abs()) << 80
}
