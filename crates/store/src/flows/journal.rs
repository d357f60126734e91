//! Table `run_journal`: the events of each run, in the chunks in which they were written.

use floe_model::{
    Fault,
    id::{RunId, WorkspaceId},
};

use crate::{Tx, Value, params, statements};

/// One chunk of a run's journal.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// Whose run.
    pub workspace: WorkspaceId,
    /// Which run.
    pub run: RunId,
    /// Number of the first event in it, from 0.
    pub seq: u64,
    /// JSON array of events.
    pub events: String,
}

statements! {
    /// Adds chunks. A chunk that is already there fails the transaction: two writers moved one run.
    APPEND = bulk("insert into run_journal (workspace_id, run_id, seq, events)", [id, id, int, json]);
    /// The chunks of a run, in order.
    READ = both(
        "select events from run_journal where workspace_id = $1 and run_id = $2 order by seq"
    ) -> [json];
    /// The last chunk of a run.
    LAST = both(
        "select seq, events from run_journal where workspace_id = $1 and run_id = $2 order by seq desc limit 1"
    ) -> [int, json];
    /// The first chunk of a run.
    FIRST = both("select events from run_journal where workspace_id = $1 and run_id = $2 order by seq limit 1") -> [json];
    /// The chunks of a run from an event on, in order.
    READ_FROM = both(
        "select events from run_journal where workspace_id = $1 and run_id = $2 and seq >= $3 order by seq"
    ) -> [json];
}

/// Adds chunks.
///
/// # Errors
/// When one of them is there already, and of the database.
pub fn append(tx: &mut Tx<'_>, chunks: &[&Chunk]) -> Result<(), Fault> {
    if chunks.is_empty() {
        return Ok(());
    }
    let rows: Vec<[Value<'_>; 4]> = chunks
        .iter()
        .map(|chunk| [chunk.workspace.into(), chunk.run.into(), chunk.seq.into(), (&chunk.events).into()])
        .collect();
    tx.bulk_later(&APPEND, &rows)
}

/// The chunks of a run, in order; empty for a run that is not there.
///
/// # Errors
/// Of the database.
pub fn read(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId) -> Result<Vec<String>, Fault> {
    tx.rows(&READ, params![workspace, run], |row| row.string(0))
}

/// The chunks that begin at event `seq` or later, in order.
///
/// # Errors
/// Of the database.
pub fn read_from(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId, seq: u64) -> Result<Vec<String>, Fault> {
    tx.rows(&READ_FROM, params![workspace, run, seq], |row| row.string(0))
}

/// The last chunk of a run with the number of its first event: how far the run has come, without reading the rest.
///
/// # Errors
/// Of the database.
pub fn last(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId) -> Result<Option<(u64, String)>, Fault> {
    tx.row(&LAST, params![workspace, run], |row| Ok((row.int(0)?.unsigned_abs(), row.string(1)?)))
}

/// The first chunk of a run: what it began with.
///
/// # Errors
/// Of the database.
pub fn first(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId) -> Result<Option<String>, Fault> {
    tx.row(&FIRST, params![workspace, run], |row| row.string(0))
}
