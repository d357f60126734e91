//! Table `threads`: conversations with agents (agents contract, section 2.4). Whoever adds to a thread has its row until the end of the
//! transaction, so what is added has one order.

use floe_model::{
    Fault, Scope, Timestamp,
    agents::exchange::{Channel, ThreadState},
    id::{AgentId, ThreadId},
};

use super::word;
use crate::{Change, Row, Tx, params, statements};

/// What [`Change::Record`] calls a thread.
pub const KIND: &str = "thread";

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Its id.
    pub id: ThreadId,
    /// The agent it is with.
    pub agent: AgentId,
    /// Its id on the agent API: a caller's own, or spelling B of `id`.
    pub alias: String,
    /// Who answers.
    pub state: ThreadState,
    /// The way by which it began.
    pub channel: Channel,
    /// What people call it.
    pub title: Option<String>,
    /// An object, as JSON.
    pub metadata: String,
    /// What was said when it was handed to a person.
    pub note: Option<String>,
    /// Stands for the messages up to `summary_seq`.
    pub summary: Option<String>,
    /// The last message that the summary tells of; 0 without one.
    pub summary_seq: i64,
    /// Exchanges that came in so far.
    pub arrivals: i64,
    /// Number of the newest message; 0 without one.
    pub last_seq: i64,
    /// Messages that are not hidden.
    pub message_count: i64,
    /// When the newest one came.
    pub last_message_at: Option<Timestamp>,
    /// When it began.
    pub created_at: Timestamp,
    /// When anything of it changed.
    pub updated_at: Timestamp,
}

/// The columns of a thread, for every statement that returns it.
macro_rules! columns {
    () => {
        "id, agent_id, alias, state, channel, title, metadata, note, summary, summary_seq, arrivals, last_seq, message_count,
             last_message_at, created_at, updated_at"
    };
}
pub(crate) use columns as thread_columns;

statements! {
    /// A new one, unless its alias is taken.
    INSERT = both(
        "insert into threads (workspace_id, mode, id, agent_id, alias, state, channel, title, metadata, summary_seq, arrivals, last_seq,
             message_count, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, 0, 0, $11, $11) on conflict do nothing"
    );
    /// An exchange comes in, by alias.
    ARRIVE = both(concat!(
        "update threads set arrivals = arrivals + 1, updated_at = $5
         where workspace_id = $1 and mode = $2 and agent_id = $3 and alias = $4 and deleted_at is null returning ", columns!()
    )) -> [id, id, text, text, text, opt text, json, opt text, opt text, int, int, int, int, opt time, time, time];
    /// An exchange comes in, by id.
    ARRIVE_BY_ID = both(concat!(
        "update threads set arrivals = arrivals + 1, updated_at = $5
         where workspace_id = $1 and mode = $2 and agent_id = $3 and id = $4 and deleted_at is null returning ", columns!()
    )) -> [id, id, text, text, text, opt text, json, opt text, opt text, int, int, int, int, opt time, time, time];
    /// By alias.
    BY_ALIAS = both(concat!(
        "select ", columns!(), " from threads
         where workspace_id = $1 and mode = $2 and agent_id = $3 and alias = $4 and deleted_at is null"
    )) -> [id, id, text, text, text, opt text, json, opt text, opt text, int, int, int, int, opt time, time, time];
    /// By id.
    FIND = both(concat!(
        "select ", columns!(), " from threads where workspace_id = $1 and mode = $2 and id = $3 and deleted_at is null"
    )) -> [id, id, text, text, text, opt text, json, opt text, opt text, int, int, int, int, opt time, time, time];
    /// By id, kept from others until the transaction ends.
    LOCK = split {
        sqlite: concat!("select ", columns!(), " from threads where workspace_id = $1 and mode = $2 and id = $3 and deleted_at is null"),
        postgres: concat!(
            "select ", columns!(), " from threads where workspace_id = $1 and mode = $2 and id = $3 and deleted_at is null for update"
        ),
    } -> [id, id, text, text, text, opt text, json, opt text, opt text, int, int, int, int, opt time, time, time];
    /// Messages were added.
    GREW = both(
        "update threads set last_seq = $4, message_count = message_count + $5, last_message_at = $6, updated_at = $6,
             summary = coalesce($7, summary), summary_seq = $8
         where workspace_id = $1 and mode = $2 and id = $3"
    );
    /// Another one answers.
    SET_STATE = both(
        "update threads set state = $4, note = $5, updated_at = $6
         where workspace_id = $1 and mode = $2 and id = $3 and deleted_at is null"
    );
    /// Its title and metadata.
    DESCRIBE = both(
        "update threads set title = $4, metadata = $5, updated_at = $6
         where workspace_id = $1 and mode = $2 and id = $3 and deleted_at is null"
    );
    /// Gone, but for what was counted.
    DELETE = both(
        "update threads set deleted_at = $4, updated_at = $4, state = 'closed', title = null, metadata = '{}', note = null, summary = null
         where workspace_id = $1 and mode = $2 and id = $3 and deleted_at is null"
    );
}

/// Adds a thread; false when its agent has one of this alias.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, scope: Scope, thread: &Thread) -> Result<bool, Fault> {
    let Thread { id, agent, alias, state, channel, title, metadata, arrivals, created_at, .. } = thread;
    let params = params![
        scope.workspace,
        scope.mode,
        *id,
        *agent,
        alias,
        state.as_str(),
        channel.as_str(),
        title,
        metadata,
        *arrivals,
        *created_at
    ];
    let is_new = tx.execute(&INSERT, params)? == 1;
    tx.announce(Change::Record { workspace: scope.workspace, kind: KIND, id: id.0 });
    Ok(is_new)
}

/// Counts an exchange that comes in, and keeps the thread until the end of the transaction: the thread with its new count, by the
/// name that a caller uses for it (its alias, or either spelling of its id); none when the agent has no such thread.
///
/// # Errors
/// Of the database.
pub fn arrive(
    tx: &mut Tx<'_>,
    scope: Scope,
    agent: AgentId,
    name: &str,
    now: Timestamp,
) -> Result<Option<Thread>, Fault> {
    let found = tx.row(&ARRIVE, params![scope.workspace, scope.mode, agent, name, now], thread)?;
    match (found, ThreadId::parse(name)) {
        (None, Ok(id)) => tx.row(&ARRIVE_BY_ID, params![scope.workspace, scope.mode, agent, id, now], thread),
        (found, _) => Ok(found),
    }
}

/// A thread of an agent by the name that a caller uses for it: its alias, or either spelling of its id.
///
/// # Errors
/// Of the database.
pub fn by_name(tx: &mut Tx<'_>, scope: Scope, agent: AgentId, name: &str) -> Result<Option<Thread>, Fault> {
    if let Some(found) = tx.row(&BY_ALIAS, params![scope.workspace, scope.mode, agent, name], thread)? {
        return Ok(Some(found));
    }
    let Ok(id) = ThreadId::parse(name) else { return Ok(None) };
    Ok(find(tx, scope, id)?.filter(|found| found.agent == agent))
}

/// A thread that was not deleted.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, scope: Scope, id: ThreadId) -> Result<Option<Thread>, Fault> {
    tx.row(&FIND, params![scope.workspace, scope.mode, id], thread)
}

/// A thread that was not deleted, kept from others until the transaction ends.
///
/// # Errors
/// Of the database.
pub fn lock(tx: &mut Tx<'_>, scope: Scope, id: ThreadId) -> Result<Option<Thread>, Fault> {
    tx.row(&LOCK, params![scope.workspace, scope.mode, id], thread)
}

/// What an addition changes.
#[derive(Debug, Clone, Default)]
pub struct Growth {
    /// Number of the newest message now.
    pub last_seq: i64,
    /// Messages that were added and are not hidden.
    pub shown: i64,
    /// A new summary.
    pub summary: Option<String>,
    /// The last message that the summary tells of.
    pub summary_seq: i64,
}

/// Notes that messages were added to a thread that the transaction holds.
///
/// # Errors
/// Of the database.
pub fn grew(tx: &mut Tx<'_>, scope: Scope, id: ThreadId, growth: &Growth, at: Timestamp) -> Result<(), Fault> {
    let Growth { last_seq, shown, summary, summary_seq } = growth;
    let params = params![scope.workspace, scope.mode, id, *last_seq, *shown, at, summary, *summary_seq];
    tx.execute_later(&GREW, params)?;
    tx.announce(Change::Record { workspace: scope.workspace, kind: KIND, id: id.0 });
    Ok(())
}

/// Lets somebody else answer; false when there is no such thread.
///
/// # Errors
/// Of the database.
pub fn set_state(
    tx: &mut Tx<'_>,
    scope: Scope,
    id: ThreadId,
    state: ThreadState,
    note: &Option<String>,
    at: Timestamp,
) -> Result<bool, Fault> {
    let done = tx.execute(&SET_STATE, params![scope.workspace, scope.mode, id, state.as_str(), note, at])? == 1;
    tx.announce(Change::Record { workspace: scope.workspace, kind: KIND, id: id.0 });
    Ok(done)
}

/// Gives a thread a title and metadata; false when there is no such thread.
///
/// # Errors
/// Of the database.
pub fn describe(
    tx: &mut Tx<'_>,
    scope: Scope,
    id: ThreadId,
    title: &Option<String>,
    metadata: &str,
    at: Timestamp,
) -> Result<bool, Fault> {
    Ok(tx.execute(&DESCRIBE, params![scope.workspace, scope.mode, id, title, metadata, at])? == 1)
}

/// Removes what a thread says, for good; what was counted stays. Its messages are removed with [`super::messages::delete_of`]. False
/// when there is no such thread.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, scope: Scope, id: ThreadId, at: Timestamp) -> Result<bool, Fault> {
    let done = tx.execute(&DELETE, params![scope.workspace, scope.mode, id, at])? == 1;
    tx.announce(Change::Record { workspace: scope.workspace, kind: KIND, id: id.0 });
    Ok(done)
}

pub(crate) fn thread(row: &Row<'_>) -> Result<Thread, Fault> {
    Ok(Thread {
        id: ThreadId(row.id(0)?),
        agent: AgentId(row.id(1)?),
        alias: row.string(2)?,
        state: word(row.text(3)?, ThreadState::parse)?,
        channel: word(row.text(4)?, Channel::parse)?,
        title: row.opt_string(5)?,
        metadata: row.string(6)?,
        note: row.opt_string(7)?,
        summary: row.opt_string(8)?,
        summary_seq: row.int(9)?,
        arrivals: row.int(10)?,
        last_seq: row.int(11)?,
        message_count: row.int(12)?,
        last_message_at: row.opt_time(13)?,
        created_at: row.time(14)?,
        updated_at: row.time(15)?,
    })
}
