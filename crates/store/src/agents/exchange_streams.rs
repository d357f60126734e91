//! Tables `exchange_streams` and `exchange_pieces`: what is told of an answer while it is made, so that any node can tell it, also to
//! one who comes late (Workflow API contract, section 9.3).

use floe_model::{
    Fault, Scope, Timestamp,
    id::{ExchangeId, ThreadId},
};

use crate::{Change, Tx, params, statements};

/// What [`Change::Record`] calls new pieces of an exchange.
pub const PIECES: &str = "exchange_pieces";
/// Rows of pieces that one look reads at most.
pub const ROWS_MAX: usize = 1_000;

/// Some events of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pieces {
    /// Number of the first one, from 1.
    pub first: i64,
    /// A list, as JSON.
    pub events: String,
}

statements! {
    /// One begins.
    OPEN = both(
        "insert into exchange_streams (workspace_id, exchange_id, thread_id, created_at) values ($1, $2, $3, $4)
         on conflict (workspace_id, exchange_id) do nothing"
    );
    /// Some pieces more.
    ADD = both("insert into exchange_pieces (workspace_id, exchange_id, first, events) values ($1, $2, $3, $4)");
    /// Those after a number.
    AFTER = both(
        "select first, events from exchange_pieces
         where workspace_id = $1 and exchange_id = $2 and first > $3 order by first limit $4"
    ) -> [int, json];
    /// Somebody saw the end.
    TOLD = both(
        "update exchange_streams set told_at = $3 where workspace_id = $1 and exchange_id = $2 and told_at is null"
    );
    /// The newest one of a thread whose end nobody saw.
    UNTOLD = both(
        "select exchange_id, told_at from exchange_streams
         where workspace_id = $1 and thread_id = $2 order by created_at desc, exchange_id desc limit 1"
    ) -> [id, opt time];
    /// The pieces of what is over in a thread.
    FORGET_PIECES = both(
        "delete from exchange_pieces where workspace_id = $1 and exchange_id in (
             select exchange_id from exchange_streams where workspace_id = $1 and thread_id = $2)
             and exchange_id in (select id from exchanges where workspace_id = $1 and thread_id = $2 and finished_at is not null)"
    );
    /// That they were followed.
    FORGET = both(
        "delete from exchange_streams where workspace_id = $1 and thread_id = $2
             and exchange_id in (select id from exchanges where workspace_id = $1 and thread_id = $2 and finished_at is not null)"
    );
}

/// Notes that an exchange is followed; what was told of those of its thread that are over is forgotten.
///
/// # Errors
/// Of the database.
pub fn open(tx: &mut Tx<'_>, scope: Scope, thread: ThreadId, exchange: ExchangeId, at: Timestamp) -> Result<(), Fault> {
    forget(tx, scope, thread)?;
    tx.execute(&OPEN, params![scope.workspace, exchange, thread, at]).map(drop)
}

/// Adds pieces of an exchange that the transaction has; `first` numbers the first of them.
///
/// # Errors
/// Of the database.
pub fn add(tx: &mut Tx<'_>, scope: Scope, exchange: ExchangeId, first: i64, events: &str) -> Result<(), Fault> {
    tx.execute(&ADD, params![scope.workspace, exchange, first, events])?;
    tx.announce(Change::Record { workspace: scope.workspace, kind: PIECES, id: exchange.0 });
    Ok(())
}

/// Up to [`ROWS_MAX`] rows of pieces whose first number lies over `after`, in order.
///
/// # Errors
/// Of the database.
pub fn after(tx: &mut Tx<'_>, scope: Scope, exchange: ExchangeId, after: i64) -> Result<Vec<Pieces>, Fault> {
    let pieces = |row: &crate::Row<'_>| Ok(Pieces { first: row.int(0)?, events: row.string(1)? });
    tx.rows(&AFTER, params![scope.workspace, exchange, after, ROWS_MAX], pieces)
}

/// Notes that somebody saw the end of an exchange.
///
/// # Errors
/// Of the database.
pub fn told(tx: &mut Tx<'_>, scope: Scope, exchange: ExchangeId, at: Timestamp) -> Result<(), Fault> {
    tx.execute(&TOLD, params![scope.workspace, exchange, at]).map(drop)
}

/// The newest followed exchange of a thread, when nobody has seen its end.
///
/// # Errors
/// Of the database.
pub fn untold(tx: &mut Tx<'_>, scope: Scope, thread: ThreadId) -> Result<Option<ExchangeId>, Fault> {
    let found = tx.row(&UNTOLD, params![scope.workspace, thread], |row| {
        Ok((ExchangeId(row.id(0)?), row.opt_time(1)?.is_some()))
    })?;
    Ok(found.and_then(|(id, is_told)| (!is_told).then_some(id)))
}

/// Forgets what was told of the exchanges of a thread that are over.
///
/// # Errors
/// Of the database.
pub fn forget(tx: &mut Tx<'_>, scope: Scope, thread: ThreadId) -> Result<(), Fault> {
    tx.execute(&FORGET_PIECES, params![scope.workspace, thread])?;
    tx.execute(&FORGET, params![scope.workspace, thread]).map(drop)
}
