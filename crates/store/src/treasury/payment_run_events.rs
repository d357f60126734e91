//! Tables `payment_run_events` and `payment_run_files`: what happened in a run, for whoever watches it, and which files were added.

use floe_model::{Fault, Scope, Timestamp, id::PaymentRunId};

use crate::{Change, Row, Tx, Value, params, statements};

/// Events of one page at most.
pub const PAGE_MAX: usize = 500;
/// What [`Change::Record`] calls a payment run.
pub const RECORD: &str = "payment_run";

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEvent {
    /// Its number in the run, from 1.
    pub seq: i64,
    /// What happened.
    pub kind: String,
    /// JSON object.
    pub data: String,
    /// When.
    pub at: Timestamp,
}

statements! {
    /// Events.
    ADD = bulk(
        "insert into payment_run_events (workspace_id, mode, run_id, seq, type, data, at)", [id, text, id, int, text, json, int]
    );
    /// Events after a number.
    AFTER = both(
        "select seq, type, data, at from payment_run_events
         where workspace_id = $1 and mode = $2 and run_id = $3 and seq > $4 order by seq limit $5"
    ) -> [int, text, json, time];
    /// Events of a kind.
    OF_KIND = both(
        "select seq, type, data, at from payment_run_events
         where workspace_id = $1 and mode = $2 and run_id = $3 and type = $4 order by seq limit $5"
    ) -> [int, text, json, time];
    /// The next number, from the run, which is held by this.
    NEXT = both(
        "update payment_runs set last_event = last_event + 1, updated_at = case when updated_at < $4 then $4 else updated_at end
         where workspace_id = $1 and mode = $2 and id = $3 returning last_event"
    ) -> [int];
    /// A file, new or known; how often it was added.
    FILE = both(
        "insert into payment_run_files (workspace_id, mode, run_id, hash, times, at) values ($1, $2, $3, $4, 1, $5)
         on conflict (workspace_id, mode, run_id, hash) do update set times = payment_run_files.times + 1, at = excluded.at
         returning times"
    ) -> [int];
}

/// Writes events with the numbers that they have, and tells whoever watches the run.
///
/// # Errors
/// Of the database.
pub fn add(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId, events: &[RunEvent]) -> Result<(), Fault> {
    let rows: Vec<[Value<'_>; 7]> = events
        .iter()
        .map(|event| {
            [
                scope.workspace.into(),
                scope.mode.into(),
                run.0.into(),
                event.seq.into(),
                (&event.kind).into(),
                (&event.data).into(),
                event.at.into(),
            ]
        })
        .collect();
    tx.bulk(&ADD, &rows)?;
    tx.announce(Change::Record { workspace: scope.workspace, kind: RECORD, id: run.0 });
    Ok(())
}

/// Writes one event with the next number of its run, whose instant of the last change it moves.
///
/// # Errors
/// Of the database; an internal fault when there is no such run.
pub fn append(
    tx: &mut Tx<'_>,
    scope: Scope,
    run: PaymentRunId,
    kind: &str,
    data: &str,
    at: Timestamp,
) -> Result<(), Fault> {
    let seq = tx
        .row(&NEXT, params![scope.workspace, scope.mode, run.0, at], |row| row.int(0))?
        .ok_or_else(|| Fault::internal("there is no payment run for its event"))?;
    add(tx, scope, run, &[RunEvent { seq, kind: kind.to_owned(), data: data.to_owned(), at }])
}

/// Up to `limit` ([`PAGE_MAX`] at most) events after a number, in order.
///
/// # Errors
/// Of the database.
pub fn after(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId, seq: i64, limit: usize) -> Result<Vec<RunEvent>, Fault> {
    tx.rows(&AFTER, params![scope.workspace, scope.mode, run.0, seq, limit.min(PAGE_MAX)], event)
}

/// The first events of a kind, in order, [`PAGE_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn of_kind(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId, kind: &str) -> Result<Vec<RunEvent>, Fault> {
    tx.rows(&OF_KIND, params![scope.workspace, scope.mode, run.0, kind, PAGE_MAX], event)
}

/// Notes that a file was added to a run; answers how often it was by now.
///
/// # Errors
/// Of the database.
pub fn note_file(
    tx: &mut Tx<'_>,
    scope: Scope,
    run: PaymentRunId,
    hash: &[u8; 32],
    at: Timestamp,
) -> Result<i64, Fault> {
    tx.row(&FILE, params![scope.workspace, scope.mode, run.0, hash, at], |row| row.int(0))?
        .ok_or_else(|| Fault::internal("a file was not noted"))
}

fn event(row: &Row<'_>) -> Result<RunEvent, Fault> {
    Ok(RunEvent { seq: row.int(0)?, kind: row.string(1)?, data: row.string(2)?, at: row.time(3)? })
}
