//! The messages of table `thread_messages` as the workflow API lists them: one for each question, one for each reply (Workflow API
//! contract, section 8.5).
//!
//! A reply with calls of tools is several rows, the calls and what they gave among them. The last of them stands for all. A question that
//! came to nothing is hidden elsewhere and shown here.

use floe_model::{
    Fault,
    id::{ThreadId, WorkspaceId},
};

use super::messages::{Message, message};
use crate::{Tx, params, statements};

/// Messages of one page at most.
pub const PAGE_MAX: usize = 100;
/// Rows that one reply consists of at most, as far as they are looked at.
pub const REPLY_ROWS_MAX: i64 = 500;
/// Rows that one look reads at most.
const ROWS_MAX: usize = 20_000;

macro_rules! shown {
    () => {
        "from thread_messages m where m.workspace_id = $1 and m.thread_id = $2
             and (m.role in ('user', 'system') or (not m.is_hidden and not exists (
                 select 1 from thread_messages n where n.workspace_id = m.workspace_id and n.thread_id = m.thread_id
                     and n.seq = m.seq + 1 and n.exchange_id = m.exchange_id and n.role in ('assistant', 'tool'))))"
    };
}

statements! {
    /// A page, oldest first.
    PAGE = both(concat!(
        "select m.seq, m.id, m.exchange_id, m.role, m.content, m.author, m.is_hidden, m.rating, m.rating_comment, m.created_at ",
        shown!(), " order by m.seq limit $3 offset $4"
    )) -> [int, id, opt id, text, json, opt text, bool, opt text, opt text, time];
    /// How many there are.
    COUNT = both(concat!("select count(*) ", shown!())) -> [int];
    /// Every row between two numbers that is not hidden.
    BETWEEN = both(
        "select seq, id, exchange_id, role, content, author, is_hidden, rating, rating_comment, created_at from thread_messages
         where workspace_id = $1 and thread_id = $2 and seq > $3 and seq <= $4 and not is_hidden order by seq limit $5"
    ) -> [int, id, opt id, text, json, opt text, bool, opt text, opt text, time];
}

/// Up to `limit` ([`PAGE_MAX`] at most) messages of a thread behind the first `offset`, oldest first.
///
/// # Errors
/// Of the database.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    thread: ThreadId,
    limit: usize,
    offset: i64,
) -> Result<Vec<Message>, Fault> {
    tx.rows(&PAGE, params![workspace, thread, limit.min(PAGE_MAX), offset], message)
}

/// How many messages [`page`] has over all pages.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, thread: ThreadId) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![workspace, thread], |row| row.int(0))?.unwrap_or(0))
}

/// The rows of a thread with numbers over `after` and up to `upto` that are not hidden, in order.
///
/// # Errors
/// Of the database.
pub fn between(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    thread: ThreadId,
    (after, upto): (i64, i64),
) -> Result<Vec<Message>, Fault> {
    tx.rows(&BETWEEN, params![workspace, thread, after, upto, ROWS_MAX], message)
}
