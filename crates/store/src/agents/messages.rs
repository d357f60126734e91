//! Table `thread_messages`: what was said in a thread, numbered from 1. Messages of an exchange that came to nothing are kept and hidden
//! (console contract, section 11, row 6).

use floe_model::{
    Fault, Scope, Timestamp,
    agents::message::{Content, Role},
    id::{ExchangeId, MessageId, ThreadId, WorkspaceId},
};
use serde_json::Value as Json;

use super::word;
use crate::{Row, Tx, Value, params, statements};

/// Messages of one page at most.
pub const PAGE_MAX: usize = 500;

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its number in its thread.
    pub seq: i64,
    /// Its id.
    pub id: MessageId,
    /// The exchange that it came with; none for one that a person or a template sent.
    pub exchange: Option<ExchangeId>,
    /// Who it is from.
    pub role: Role,
    /// What it says.
    pub content: Content,
    /// `human` for a person's in the agent's place.
    pub author: Option<String>,
    /// Whether it is of an exchange that came to nothing.
    pub is_hidden: bool,
    /// `up` or `down`.
    pub rating: Option<String>,
    /// What was said with the rating.
    pub rating_comment: Option<String>,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// Who a message is from when a person wrote it in the agent's place.
pub const HUMAN: &str = "human";

statements! {
    /// New ones.
    INSERT = bulk(
        "insert into thread_messages (workspace_id, mode, thread_id, seq, id, exchange_id, role, content, author, is_hidden, created_at)",
        [id, text, id, int, id, opt id, text, json, opt text, bool, time]
    );
    /// The last ones up to a number that are not hidden, newest first.
    LAST = both(
        "select seq, id, exchange_id, role, content, author, is_hidden, rating, rating_comment, created_at from thread_messages
         where workspace_id = $1 and thread_id = $2 and seq <= $3 and seq > $4 and not is_hidden order by seq desc limit $5"
    ) -> [int, id, opt id, text, json, opt text, bool, opt text, opt text, time];
    /// By id, of one thread.
    FIND = both(
        "select seq, id, exchange_id, role, content, author, is_hidden, rating, rating_comment, created_at from thread_messages
         where workspace_id = $1 and thread_id = $2 and id = $3"
    ) -> [int, id, opt id, text, json, opt text, bool, opt text, opt text, time];
    /// What somebody thinks of one.
    RATE = both("update thread_messages set rating = $4, rating_comment = $5 where workspace_id = $1 and thread_id = $2 and id = $3");
    /// What is hidden of an exchange that came to nothing.
    DELETE_HIDDEN = both(
        "delete from thread_messages where workspace_id = $1 and thread_id = $2 and exchange_id = $3 and is_hidden"
    );
    /// All of a thread, for good.
    DELETE_OF = both("delete from thread_messages where workspace_id = $1 and thread_id = $2");
}

/// Adds messages to a thread that the transaction holds.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, scope: Scope, thread: ThreadId, messages: &[Message]) -> Result<(), Fault> {
    let contents: Vec<String> = messages.iter().map(|message| message.content.to_json().to_string()).collect();
    let rows: Vec<[Value<'_>; 11]> = messages
        .iter()
        .zip(&contents)
        .map(|(message, content)| {
            [
                scope.workspace.into(),
                scope.mode.into(),
                thread.into(),
                message.seq.into(),
                message.id.into(),
                message.exchange.into(),
                message.role.as_str().into(),
                content.into(),
                (&message.author).into(),
                message.is_hidden.into(),
                message.created_at.into(),
            ]
        })
        .collect();
    tx.bulk_later(&INSERT, &rows)
}

/// The last `limit` ([`PAGE_MAX`] at most) messages that are not hidden, with numbers over `after` and up to `upto`, oldest first.
///
/// # Errors
/// Of the database.
pub fn last(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    thread: ThreadId,
    (after, upto): (i64, i64),
    limit: usize,
) -> Result<Vec<Message>, Fault> {
    let mut list = tx.rows(&LAST, params![workspace, thread, upto, after, limit.min(PAGE_MAX)], message)?;
    list.reverse();
    Ok(list)
}

/// One message of a thread.
///
/// # Errors
/// Of the database.
pub fn find(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    thread: ThreadId,
    id: MessageId,
) -> Result<Option<Message>, Fault> {
    tx.row(&FIND, params![workspace, thread, id], message)
}

/// Notes what somebody thinks of a message; false when the thread has no such message.
///
/// # Errors
/// Of the database.
pub fn rate(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    thread: ThreadId,
    id: MessageId,
    rating: &str,
    comment: &Option<String>,
) -> Result<bool, Fault> {
    Ok(tx.execute(&RATE, params![workspace, thread, id, rating, comment])? == 1)
}

/// Removes the hidden messages of an exchange, whose question is asked again.
///
/// # Errors
/// Of the database.
pub fn delete_hidden(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    thread: ThreadId,
    exchange: ExchangeId,
) -> Result<u64, Fault> {
    tx.execute(&DELETE_HIDDEN, params![workspace, thread, exchange])
}

/// Removes the messages of a thread for good.
///
/// # Errors
/// Of the database.
pub fn delete_of(tx: &mut Tx<'_>, workspace: WorkspaceId, thread: ThreadId) -> Result<u64, Fault> {
    tx.execute(&DELETE_OF, params![workspace, thread])
}

pub(crate) fn message(row: &Row<'_>) -> Result<Message, Fault> {
    let role = word(row.text(3)?, Role::parse)?;
    let json: Json = serde_json::from_str(row.text(4)?).map_err(Fault::internal)?;
    // What was stored was a message once; an empty text is one that somebody said nothing with.
    let content = Content::parse(role, &json).unwrap_or_else(|| Content::Text(String::new()));
    Ok(Message {
        seq: row.int(0)?,
        id: MessageId(row.id(1)?),
        exchange: row.opt_id(2)?.map(ExchangeId),
        role,
        content,
        author: row.opt_string(5)?,
        is_hidden: row.bool(6)?,
        rating: row.opt_string(7)?,
        rating_comment: row.opt_string(8)?,
        created_at: row.time(9)?,
    })
}
