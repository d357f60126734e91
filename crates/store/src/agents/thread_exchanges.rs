//! The exchanges of one thread in table `exchanges`, in the order in which they came.

use floe_model::{Fault, Scope, id::ThreadId};

use super::exchanges::{Exchange, exchange, exchange_columns};
use super::threads::Thread;
use crate::{Tx, params, statements};

/// Open exchanges of a thread that one look reads at most.
pub const OPEN_MAX: usize = 200;

statements! {
    /// The one that came last.
    NEWEST = both(concat!(
        "select ", exchange_columns!(), " from exchanges
         where workspace_id = $1 and thread_id = $2 order by arrival desc limit 1"
    )) -> [id, text, id, id, id, text, int, text, opt id, int, bool, text, opt text, id, json, int, int, opt json, json, opt text, int,
        bool, time, opt time, opt int, opt text, opt text, opt json, opt text, int, int, int, int, int, opt time];
    /// The first one that came after an arrival.
    NEXT = both(concat!(
        "select ", exchange_columns!(), " from exchanges
         where workspace_id = $1 and thread_id = $2 and arrival > $3 order by arrival limit 1"
    )) -> [id, text, id, id, id, text, int, text, opt id, int, bool, text, opt text, id, json, int, int, opt json, json, opt text, int,
        bool, time, opt time, opt int, opt text, opt text, opt json, opt text, int, int, int, int, int, opt time];
    /// Those that are not over.
    OPEN = both(concat!(
        "select ", exchange_columns!(), " from exchanges
         where agent_id = $1 and thread_id = $2 and finished_at is null order by arrival limit $3"
    )) -> [id, text, id, id, id, text, int, text, opt id, int, bool, text, opt text, id, json, int, int, opt json, json, opt text, int,
        bool, time, opt time, opt int, opt text, opt text, opt json, opt text, int, int, int, int, int, opt time];
}

/// The exchange of a thread that came last.
///
/// # Errors
/// Of the database.
pub fn newest(tx: &mut Tx<'_>, scope: Scope, thread: ThreadId) -> Result<Option<Exchange>, Fault> {
    tx.row(&NEWEST, params![scope.workspace, thread], exchange)
}

/// The first exchange of a thread with a higher arrival.
///
/// # Errors
/// Of the database.
pub fn next(tx: &mut Tx<'_>, scope: Scope, thread: ThreadId, arrival: i64) -> Result<Option<Exchange>, Fault> {
    tx.row(&NEXT, params![scope.workspace, thread, arrival], exchange)
}

/// Up to [`OPEN_MAX`] exchanges of a thread that are not over, in the order in which they came.
///
/// # Errors
/// Of the database.
pub fn open(tx: &mut Tx<'_>, thread: &Thread) -> Result<Vec<Exchange>, Fault> {
    tx.rows(&OPEN, params![thread.agent, thread.id, OPEN_MAX], exchange)
}
