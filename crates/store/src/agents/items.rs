//! Table `agent_items`: what waits for a person because of an agent, as the inbox shows it (console contract, section 5.5).

use floe_model::{
    Fault, Mode, Scope, Timestamp,
    id::{AgentId, ExchangeId, InboxId, ThreadId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Items of one page at most.
pub const PAGE_MAX: usize = 200;
/// Open items that are counted at most.
pub const COUNTED_MAX: usize = 10_000;

/// A call of a tool that waits for its approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoppedCall {
    /// The exchange that it stopped.
    pub exchange: ExchangeId,
    /// Names it within its exchange, as the model does.
    pub id: String,
    /// Names it everywhere: what is sent as `Idempotency-Key`.
    pub key: String,
    /// The tool.
    pub tool: String,
    /// JSON object: the arguments.
    pub arguments: String,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Whose, in which mode.
    pub scope: Scope,
    /// Its id.
    pub id: InboxId,
    /// The agent.
    pub agent: AgentId,
    /// The agent's name when it was asked.
    pub agent_name: String,
    /// The conversation.
    pub thread: ThreadId,
    /// Its id as the agent API spells it.
    pub alias: String,
    /// The call that waits; none for a conversation that a person has taken over.
    pub call: Option<StoppedCall>,
    /// What was said when it was handed over.
    pub note: Option<String>,
    /// Digest of what is answered.
    pub content_hash: String,
    /// The credential of whoever talked to the agent, e.g. `key:<id>`.
    pub started_by: String,
    /// JSON `{type, id, name}`: who that is.
    pub requester: String,
    /// `open`, `answered` or `cancelled`.
    pub status: String,
    /// `approve`, `reject` or `release`.
    pub decision: Option<String>,
    /// A word about it.
    pub comment: Option<String>,
    /// JSON `{type, id, name, via}`: who answered.
    pub answered_by: Option<String>,
    /// When it was closed.
    pub answered_at: Option<Timestamp>,
    /// When it was asked.
    pub created_at: Timestamp,
}

impl Item {
    /// The word of its kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        if self.call.is_some() { KIND_TOOL } else { KIND_HANDOFF }
    }
}

/// The kind of a call that waits.
pub const KIND_TOOL: &str = "agent_tool";
/// The kind of a conversation in the hands of a person.
pub const KIND_HANDOFF: &str = "agent_handoff";

/// The end of an item.
#[derive(Debug, Clone)]
pub struct End<'a> {
    /// `answered` or `cancelled`.
    pub status: &'static str,
    /// What was decided.
    pub decision: Option<&'a str>,
    /// A word about it.
    pub comment: Option<&'a str>,
    /// JSON: who answered.
    pub by: Option<&'a str>,
    /// When.
    pub at: Timestamp,
}

/// Which items a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// `open`, `answered`, …; every status when absent.
    pub status: Option<String>,
    /// The one kind that is asked for; both when absent.
    pub kind: Option<&'static str>,
    /// Live or test only.
    pub mode: Option<Mode>,
    /// Text in the agent's or tool's name, the arguments or the note.
    pub text: Option<String>,
}

/// The columns of an item in the order of [`item`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select workspace_id, id, mode, agent_id, agent_name, thread_id, alias, exchange_id, call_id, call_key, tool, arguments,
                 note, content_hash, started_by, requester, status, decision, comment, answered_by, answered_at, created_at
             from agent_items where workspace_id = $1 ",
            $rest
        )
    };
}

/// A list: $2 is the last item of the page before, $3 to $6 are the filter.
macro_rules! list {
    ($after:literal, $status:literal, $order:literal) => {
        concat!(
            "select workspace_id, id, mode, agent_id, agent_name, thread_id, alias, exchange_id, call_id, call_key, tool, arguments,
                 note, content_hash, started_by, requester, status, decision, comment, answered_by, answered_at, created_at
             from agent_items where workspace_id = $1 and (",
            $after,
            " or $2 is null) and ",
            $status,
            " and (mode = $4 or $4 is null) and (kind = $5 or $5 is null)
             and (lower(agent_name) like $6 escape '\\' or lower(tool) like $6 escape '\\' or lower(arguments) like $6 escape '\\'
                 or lower(note) like $6 escape '\\' or $6 is null) ",
            $order,
            " limit $7"
        )
    };
}

statements! {
    /// A new one; a call that was asked for before is left as it is.
    INSERT = both(
        "insert into agent_items (workspace_id, id, mode, kind, agent_id, agent_name, thread_id, alias, exchange_id, call_id, call_key,
             tool, arguments, note, content_hash, started_by, requester, status, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'open', $18)
         on conflict do nothing"
    );
    /// Closes one, once.
    CLOSE = both(
        "update agent_items set status = $3, decision = $4, comment = $5, answered_by = $6, answered_at = $7
         where workspace_id = $1 and id = $2 and status = 'open'"
    );
    /// Closes what is open of a conversation.
    CLOSE_OF_THREAD = both(
        "update agent_items set status = $3, decision = $4, comment = $5, answered_by = $6, answered_at = $7
         where workspace_id = $1 and thread_id = $2 and status = 'open' and (kind = $8 or $8 is null)"
    );
    /// One.
    FIND = both(select!("and id = $2"))
        -> [id, id, text, id, text, id, text, opt id, opt text, opt text, opt text, opt json, opt text, text, text, json, text, opt text,
            opt text, opt json, opt time, time];
    /// Those of an exchange, in the order in which they were asked.
    OF_EXCHANGE = both(select!("and exchange_id = $2 order by id limit $3"))
        -> [id, id, text, id, text, id, text, opt id, opt text, opt text, opt text, opt json, opt text, text, text, json, text, opt text,
            opt text, opt json, opt time, time];
    /// What is open of a conversation.
    OPEN_OF_THREAD = both(select!("and thread_id = $2 and status = 'open' order by id limit $3"))
        -> [id, id, text, id, text, id, text, opt id, opt text, opt text, opt text, opt json, opt text, text, text, json, text, opt text,
            opt text, opt json, opt time, time];
    /// A page, newest first.
    LIST_NEWEST = both(list!("id < $2", "(status = $3 or $3 is null)", "order by id desc"))
        -> [id, id, text, id, text, id, text, opt id, opt text, opt text, opt text, opt json, opt text, text, text, json, text, opt text,
            opt text, opt json, opt time, time];
    /// A page, oldest first.
    LIST_OLDEST = both(list!("id > $2", "(status = $3 or $3 is null)", "order by id"))
        -> [id, id, text, id, text, id, text, opt id, opt text, opt text, opt text, opt json, opt text, text, text, json, text, opt text,
            opt text, opt json, opt time, time];
    /// A page of one status, newest first.
    LIST_STATUS_NEWEST = both(list!("id < $2", "status = $3", "order by id desc"))
        -> [id, id, text, id, text, id, text, opt id, opt text, opt text, opt text, opt json, opt text, text, text, json, text, opt text,
            opt text, opt json, opt time, time];
    /// A page of one status, oldest first.
    LIST_STATUS_OLDEST = both(list!("id > $2", "status = $3", "order by id"))
        -> [id, id, text, id, text, id, text, opt id, opt text, opt text, opt text, opt json, opt text, text, text, json, text, opt text,
            opt text, opt json, opt time, time];
}

/// Adds an open item; false when the same call, or the same conversation, waits already.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, item: &Item) -> Result<bool, Fault> {
    let call = item.call.as_ref();
    let values = params![
        item.scope.workspace,
        item.id,
        item.scope.mode,
        item.kind(),
        item.agent,
        &item.agent_name,
        item.thread,
        &item.alias,
        call.map(|call| call.exchange),
        call.map(|call| call.id.as_str()),
        call.map(|call| call.key.as_str()),
        call.map(|call| call.tool.as_str()),
        call.map(|call| call.arguments.as_str()),
        item.note.as_deref(),
        &item.content_hash,
        &item.started_by,
        &item.requester,
        item.created_at,
    ];
    Ok(tx.execute(&INSERT, values)? == 1)
}

/// Closes an item; false when it was closed before.
///
/// # Errors
/// Of the database.
pub fn close(tx: &mut Tx<'_>, workspace: WorkspaceId, id: InboxId, end: &End<'_>) -> Result<bool, Fault> {
    let values = params![workspace, id, end.status, end.decision, end.comment, end.by, end.at];
    Ok(tx.execute(&CLOSE, values)? == 1)
}

/// Closes what is open of a conversation, of one kind or of both; how many.
///
/// # Errors
/// Of the database.
pub fn close_of_thread(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    thread: ThreadId,
    kind: Option<&'static str>,
    end: &End<'_>,
) -> Result<u64, Fault> {
    let values = params![workspace, thread, end.status, end.decision, end.comment, end.by, end.at, kind];
    tx.execute(&CLOSE_OF_THREAD, values)
}

/// One item, in either mode.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: InboxId) -> Result<Option<Item>, Fault> {
    tx.row(&FIND, params![workspace, id], item)
}

/// The calls of an exchange that waited or wait, in the order in which they were asked, [`PAGE_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn of_exchange(tx: &mut Tx<'_>, workspace: WorkspaceId, exchange: ExchangeId) -> Result<Vec<Item>, Fault> {
    tx.rows(&OF_EXCHANGE, params![workspace, exchange, PAGE_MAX], item)
}

/// What is open of a conversation, oldest first, [`PAGE_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn open_of_thread(tx: &mut Tx<'_>, workspace: WorkspaceId, thread: ThreadId) -> Result<Vec<Item>, Fault> {
    tx.rows(&OPEN_OF_THREAD, params![workspace, thread, PAGE_MAX], item)
}

/// Items after one (`None`: from the first), at most `limit` ([`PAGE_MAX`] at most).
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &Filter,
    newest_first: bool,
    after: Option<InboxId>,
    limit: usize,
) -> Result<Vec<Item>, Fault> {
    let like = filter.text.as_deref().map(crate::flows::waits::contains_pattern);
    let (status, limit) = (filter.status.as_deref(), limit.min(PAGE_MAX));
    let values = params![workspace, after, status, filter.mode, filter.kind, like.as_deref(), limit];
    let statement = match (status, newest_first) {
        (None, true) => &LIST_NEWEST,
        (None, false) => &LIST_OLDEST,
        (Some(_), true) => &LIST_STATUS_NEWEST,
        (Some(_), false) => &LIST_STATUS_OLDEST,
    };
    tx.rows(statement, values, item)
}

fn item(row: &Row<'_>) -> Result<Item, Fault> {
    let call = match row.opt_id(7)? {
        None => None,
        Some(exchange) => Some(StoppedCall {
            exchange: ExchangeId(exchange),
            id: row.string(8)?,
            key: row.string(9)?,
            tool: row.string(10)?,
            arguments: row.string(11)?,
        }),
    };
    Ok(Item {
        scope: Scope { workspace: WorkspaceId(row.id(0)?), mode: row.mode(2)? },
        id: InboxId(row.id(1)?),
        agent: AgentId(row.id(3)?),
        agent_name: row.string(4)?,
        thread: ThreadId(row.id(5)?),
        alias: row.string(6)?,
        call,
        note: row.opt_string(12)?,
        content_hash: row.string(13)?,
        started_by: row.string(14)?,
        requester: row.string(15)?,
        status: row.string(16)?,
        decision: row.opt_string(17)?,
        comment: row.opt_string(18)?,
        answered_by: row.opt_string(19)?,
        answered_at: row.opt_time(20)?,
        created_at: row.time(21)?,
    })
}
