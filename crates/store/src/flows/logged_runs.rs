//! Tables `runs` and `run_journal`, as far as the log of a flow reads them: which runs can have entries in a period, and their journals.
//!
//! A run has entries from its beginning to its end. Nearly all runs are short, so those that began last are nearly all that matter;
//! the others are found by index `runs_long`, or are not over.

use floe_model::{
    Fault, Timestamp,
    id::{FlowId, RunId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// How long a run lasts at most to count as short, in seconds; the predicate of index `runs_long`.
pub const SHORT_SECONDS: i64 = 60;
/// Runs of one look-up at most.
pub const PAGE_MAX: usize = 1_000;

/// What the log needs of a run beside its journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRun {
    /// Its id.
    pub id: RunId,
    /// The version that it follows.
    pub version: u32,
    /// Digest of the definition's text.
    pub document_hash: [u8; 32],
    /// `client`, `share`, `schedule`, …
    pub source_kind: String,
    /// The credential that started it, e.g. `key:<id>`.
    pub started_by: String,
    /// `queued`, `running`, `waiting`, `completed`, `failed` or `cancelled`.
    pub status: String,
    /// When it was accepted.
    pub queued_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Bytes of its journal.
    pub journal_bytes: u64,
}

/// Which runs are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Period<'a> {
    /// Whose runs.
    pub workspace: WorkspaceId,
    /// Of which flow.
    pub flow: FlowId,
    /// Runs that ended before are left out, where that is cheap to know.
    pub from: Timestamp,
    /// Only runs whose id is below: those that were accepted before some instant.
    pub below: RunId,
    /// Comma-separated statuses, each wrapped in commas; every status when absent.
    pub statuses: Option<&'a str>,
}

macro_rules! logged_runs {
    ($tail:literal) => {
        logged_runs!("runs r", $tail)
    };
    ($runs:literal, $tail:literal) => {
        concat!(
            "select r.id, r.version, r.document_hash, r.source_kind, r.started_by, r.status, r.queued_at, r.finished_at,
                 cast(coalesce((select sum(octet_length(j.events)) from run_journal j
                     where j.workspace_id = r.workspace_id and j.run_id = r.id), 0) as bigint)
             from ",
            $runs,
            " where r.workspace_id = $1 and ",
            $tail
        )
    };
}

statements! {
    /// One run.
    ONE = both(logged_runs!("r.id = $2 and r.flow_id = $3")) -> [id, int, bytes, text, text, text, time, opt time, int];
    /// Those that were accepted last.
    NEWEST = both(logged_runs!(
        "r.flow_id = $2 and r.id < $3 and (cast($4 as text) is null or $4 like '%,' || r.status || ',%')
         order by r.id desc limit $5"
    )) -> [id, int, bytes, text, text, text, time, opt time, int];
    /// Long ones, those that ended last first.
    LONG = both(logged_runs!(
        "r.flow_id = $2 and r.id < $3 and (cast($4 as text) is null or $4 like '%,' || r.status || ',%')
         and r.finished_at > r.queued_at + 60000000 and r.finished_at >= $5
         order by r.finished_at desc limit $6"
    )) -> [id, int, bytes, text, text, text, time, opt time, int];
    /// Those that wait, the newest first.
    WAITING = both(logged_runs!(
        "r.flow_id = $2 and r.id < $3 and r.status = 'waiting' order by r.id desc limit $4"
    )) -> [id, int, bytes, text, text, text, time, opt time, int];
    /// Those that move, the newest first. There are few; SQLite, which keeps no statistics, would look through all runs of the flow.
    MOVING = split {
        sqlite: logged_runs!(
            "runs r indexed by runs_moving",
            "r.flow_id = $2 and r.id < $3 and r.status in ('queued', 'running') order by r.id desc limit $4"
        ),
        postgres: logged_runs!(
            "r.flow_id = $2 and r.id < $3 and r.status in ('queued', 'running') order by r.id desc limit $4"
        ),
    } -> [id, int, bytes, text, text, text, time, opt time, int];
    /// Journals of some runs, in order.
    JOURNALS = split {
        sqlite: "select run_id, events from run_journal
             where workspace_id = $1 and run_id in (select unhex(replace(value, '-', '')) from json_each($2))
             order by run_id, seq",
        postgres: "select run_id, events from run_journal
             where workspace_id = $1 and run_id in (select json_array_elements_text($2::text::json)::uuid)
             order by run_id, seq",
    } -> [id, json];
}

/// One run of a flow.
///
/// # Errors
/// Of the database.
pub fn one(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId, run: RunId) -> Result<Option<LoggedRun>, Fault> {
    tx.row(&ONE, params![workspace, run, flow], logged)
}

/// Runs that were accepted last, at most `limit` ([`PAGE_MAX`] at most). The period's beginning is not looked at.
///
/// # Errors
/// Of the database.
pub fn newest(tx: &mut Tx<'_>, period: Period<'_>, limit: usize) -> Result<Vec<LoggedRun>, Fault> {
    let Period { workspace, flow, below, statuses, .. } = period;
    tx.rows(&NEWEST, params![workspace, flow, below, statuses, limit.min(PAGE_MAX)], logged)
}

/// Runs that lasted for more than [`SHORT_SECONDS`] and ended in the period or after it, those that ended last first.
///
/// # Errors
/// Of the database.
pub fn long(tx: &mut Tx<'_>, period: Period<'_>, limit: usize) -> Result<Vec<LoggedRun>, Fault> {
    let Period { workspace, flow, from, below, statuses } = period;
    tx.rows(&LONG, params![workspace, flow, below, statuses, from, limit.min(PAGE_MAX)], logged)
}

/// Runs that are not over, the newest first: at most `limit` that wait and as many that move.
///
/// # Errors
/// Of the database.
pub fn open(tx: &mut Tx<'_>, period: Period<'_>, limit: usize) -> Result<[Vec<LoggedRun>; 2], Fault> {
    let Period { workspace, flow, below, .. } = period;
    let values = params![workspace, flow, below, limit.min(PAGE_MAX)];
    Ok([tx.rows(&WAITING, values, logged)?, tx.rows(&MOVING, values, logged)?])
}

/// The chunks of the journals of some runs: those of one run stand together and in order.
///
/// # Errors
/// Of the database.
pub fn journals(tx: &mut Tx<'_>, workspace: WorkspaceId, runs: &[RunId]) -> Result<Vec<(RunId, String)>, Fault> {
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let runs = serde_json::to_string(runs).map_err(Fault::internal)?;
    tx.rows(&JOURNALS, params![workspace, &runs], |row| Ok((RunId(row.id(0)?), row.string(1)?)))
}

fn logged(row: &Row<'_>) -> Result<LoggedRun, Fault> {
    Ok(LoggedRun {
        id: RunId(row.id(0)?),
        version: row.u32(1)?,
        document_hash: row.bytes(2)?.try_into().map_err(|_| row.mismatch(2, "a digest of 32 bytes"))?,
        source_kind: row.string(3)?,
        started_by: row.string(4)?,
        status: row.string(5)?,
        queued_at: row.time(6)?,
        finished_at: row.opt_time(7)?,
        journal_bytes: row.int(8)?.unsigned_abs(),
    })
}
