//! Table `exchanges`: what an agent was asked and what came of it (agents contract, section 2). An open exchange is run by one process
//! at a time: each time that one takes it the epoch counts up, and what is written with an older epoch is void.

use floe_model::{
    Fault, Mode, Scope, Timestamp,
    agents::{
        envelope::Finish,
        exchange::{Channel, ExchangeState},
    },
    id::{AgentId, ExchangeId, RequestId, ThreadId, WorkspaceId},
};

pub use super::exchange_owners::{
    announce_next, cancel, cancel_of_thread, claim, has_free, keep, release, start, to_cancel, withdraw,
};
use super::threads::Thread;
use super::{opt_word, word};
use crate::{Change, Row, Tx, params, statements};

/// What [`Change::Record`] calls an exchange.
pub const KIND: &str = "exchange";
/// What [`Change::Record`] calls an exchange that anyone may take.
pub const WORK: &str = "exchange_work";
/// What [`Change::Record`] calls an exchange, or the thread of exchanges, that is to stop.
pub const CANCEL_ASKED: &str = "exchange_cancel";
/// Exchanges of one claim at most.
pub const CLAIM_MAX: usize = 100;

/// An exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Whose, in which mode.
    pub scope: Scope,
    /// Its id.
    pub id: ExchangeId,
    /// The agent.
    pub agent: AgentId,
    /// The thread.
    pub thread: ThreadId,
    /// The thread as the agent API names it.
    pub alias: String,
    /// Its place among those of its thread.
    pub arrival: i64,
    /// Where it stands.
    pub state: ExchangeState,
    /// The process that has it.
    pub owner: Option<u128>,
    /// How often it was taken.
    pub epoch: i64,
    /// Whether nobody waits for it.
    pub is_background: bool,
    /// The way by which it came.
    pub channel: Channel,
    /// What makes a repeat the same exchange.
    pub key: Option<String>,
    /// The request that brought it.
    pub request: RequestId,
    /// Who asked, as JSON.
    pub started_by: String,
    /// Agents that stand above it.
    pub depth: u8,
    /// Version of the agent's configuration.
    pub config_version: i64,
    /// The configuration, when something unsaved is tried; JSON.
    pub config: Option<String>,
    /// What came in, as JSON.
    pub asked: String,
    /// Where its envelope is sent.
    pub callback_url: Option<String>,
    /// Credits put aside, in thousandths.
    pub held: i64,
    /// Somebody wants it to stop.
    pub cancel_asked: bool,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When a process first ran it.
    pub started_at: Option<Timestamp>,
    /// What came of it, once it is over.
    pub ended: Option<Ended>,
}

/// What came of an exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// 200, 402, 500 or 503.
    pub code: i64,
    /// How an answered one ended.
    pub finish: Option<Finish>,
    /// Why one was not answered: a stable code.
    pub error: Option<String>,
    /// What its envelope says beside the columns, as JSON.
    pub answer: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// Tokens that went in.
    pub input_tokens: i64,
    /// Tokens that came out.
    pub output_tokens: i64,
    /// Calls of tools.
    pub tool_calls: i64,
    /// Credits taken, in thousandths.
    pub credits: i64,
    /// The newest message of its thread with it; 0 when the thread never was.
    pub last_seq: i64,
    /// When it was over.
    pub at: Timestamp,
}

/// The columns of an exchange, for every statement that returns it.
macro_rules! columns {
    () => {
        "exchanges.workspace_id, exchanges.mode, exchanges.id, agent_id, thread_id, alias, arrival, state, owner, epoch, is_background,
             channel, key, request_id, started_by, depth, config_version, config, request, callback_url, held, cancel_asked,
             exchanges.accepted_at, started_at, code, finish_reason, error, answer, model, input_tokens, output_tokens, tool_calls,
             credits, last_seq, finished_at"
    };
}

pub(crate) use columns as exchange_columns;

statements! {
    /// A new one.
    INSERT = both(
        "insert into exchanges (workspace_id, mode, id, agent_id, thread_id, alias, arrival, state, owner, epoch, is_background, channel,
             key, request_id, started_by, depth, config_version, config, request, callback_url, held, cancel_asked, accepted_at,
             started_at, code, finish_reason, error, answer, model, input_tokens, output_tokens, tool_calls, credits, last_seq,
             finished_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26,
             $27, $28, $29, $30, $31, $32, $33, $34, $35)"
    );
    /// By id.
    FIND = both(concat!(
        "select ", columns!(), " from exchanges where workspace_id = $1 and mode = $2 and id = $3"
    )) -> [id, text, id, id, id, text, int, text, opt id, int, bool, text, opt text, id, json, int, int, opt json, json, opt text, int,
        bool, time, opt time, opt int, opt text, opt text, opt json, opt text, int, int, int, int, int, opt time];
    /// By what makes a repeat the same.
    BY_KEY = both(concat!(
        "select ", columns!(), " from exchanges where workspace_id = $1 and mode = $2 and key = $3"
    )) -> [id, text, id, id, id, text, int, text, opt id, int, bool, text, opt text, id, json, int, int, opt json, json, opt text, int,
        bool, time, opt time, opt int, opt text, opt text, opt json, opt text, int, int, int, int, int, opt time];
    /// An open one of the same thread that came before.
    EARLIER = both(
        "select id from exchanges where agent_id = $1 and thread_id = $2 and finished_at is null and arrival < $3 limit 1"
    ) -> [id];
    /// It is over.
    FINISH = both(
        "update exchanges set state = 'finished', owner = null, code = $5, finish_reason = $6, error = $7, answer = $8, model = $9,
             input_tokens = $10, output_tokens = $11, tool_calls = $12, credits = $13, last_seq = $14, finished_at = $15, held = 0
         where workspace_id = $1 and mode = $2 and id = $3 and epoch = $4 and finished_at is null"
    );
    /// Credits that open ones of an agent hold.
    HELD = split {
        // By itself SQLite would read every exchange of the mode, which two columns of the primary key lead to.
        sqlite: "select cast(coalesce(sum(held), 0) as bigint) from exchanges indexed by exchanges_open
             where agent_id = $3 and workspace_id = $1 and mode = $2 and finished_at is null",
        postgres: "select cast(coalesce(sum(held), 0) as bigint) from exchanges
             where agent_id = $3 and workspace_id = $1 and mode = $2 and finished_at is null",
    } -> [int];
    /// Credits that an agent used since a day.
    USED = both(
        "select cast(coalesce(sum(credits), 0) as bigint) from usage_totals
         where workspace_id = $1 and mode = $2 and day >= $3 and agent = $4"
    ) -> [int];
}

/// Adds an exchange.
///
/// # Errors
/// Of the database; a conflict when its key is known.
pub fn insert(tx: &mut Tx<'_>, exchange: &Exchange) -> Result<(), Fault> {
    let ended = exchange.ended.as_ref();
    let count = |of: fn(&Ended) -> i64| ended.map_or(0, of);
    let Exchange { scope, id, agent, thread, alias, arrival, state, owner, epoch, is_background, .. } = exchange;
    let Exchange { channel, key, request, started_by, depth, config_version, config, asked, .. } = exchange;
    let Exchange { callback_url, held, cancel_asked, accepted_at, started_at, .. } = exchange;
    let params = params![
        scope.workspace,
        scope.mode,
        *id,
        *agent,
        *thread,
        alias,
        *arrival,
        state.as_str(),
        *owner,
        *epoch,
        *is_background,
        channel.as_str(),
        key,
        *request,
        started_by,
        *depth,
        *config_version,
        config,
        asked,
        callback_url,
        *held,
        *cancel_asked,
        *accepted_at,
        *started_at,
        ended.map(|ended| ended.code),
        ended.and_then(|ended| ended.finish).map(Finish::as_str),
        ended.and_then(|ended| ended.error.as_deref()),
        ended.and_then(|ended| ended.answer.as_deref()),
        ended.and_then(|ended| ended.model.as_deref()),
        count(|ended| ended.input_tokens),
        count(|ended| ended.output_tokens),
        count(|ended| ended.tool_calls),
        count(|ended| ended.credits),
        count(|ended| ended.last_seq),
        ended.map(|ended| ended.at),
    ];
    tx.execute_later(&INSERT, params)?;
    if *state == ExchangeState::Waiting && owner.is_none() {
        tx.announce(Change::Record { workspace: scope.workspace, kind: WORK, id: id.0 });
    }
    tx.announce(Change::Record { workspace: scope.workspace, kind: KIND, id: id.0 });
    Ok(())
}

/// An exchange by id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, scope: Scope, id: ExchangeId) -> Result<Option<Exchange>, Fault> {
    tx.row(&FIND, params![scope.workspace, scope.mode, id], exchange)
}

/// An exchange by what makes a repeat the same.
///
/// # Errors
/// Of the database.
pub fn by_key(tx: &mut Tx<'_>, scope: Scope, key: &str) -> Result<Option<Exchange>, Fault> {
    tx.row(&BY_KEY, params![scope.workspace, scope.mode, key], exchange)
}

/// Whether an exchange of a thread is still open that came before the one that arrived last.
///
/// # Errors
/// Of the database.
pub fn has_earlier(tx: &mut Tx<'_>, thread: &Thread) -> Result<bool, Fault> {
    let Thread { agent, id, arrivals, .. } = thread;
    Ok(tx.row(&EARLIER, params![*agent, *id, *arrivals], |row| row.id(0))?.is_some())
}

/// Writes what came of an exchange; false when it is over or somebody else has it, and then nothing may be written in its name.
///
/// # Errors
/// Of the database.
pub fn finish(tx: &mut Tx<'_>, scope: Scope, id: ExchangeId, epoch: i64, ended: &Ended) -> Result<bool, Fault> {
    let Ended { code, finish, error, answer, model, input_tokens, output_tokens, tool_calls, credits, last_seq, at } =
        ended;
    let params = params![
        scope.workspace,
        scope.mode,
        id,
        epoch,
        *code,
        finish.map(Finish::as_str),
        error,
        answer,
        model,
        *input_tokens,
        *output_tokens,
        *tool_calls,
        *credits,
        *last_seq,
        *at,
    ];
    let done = tx.execute(&FINISH, params)? == 1;
    tx.announce(Change::Record { workspace: scope.workspace, kind: KIND, id: id.0 });
    Ok(done)
}

/// Credits that an agent has used since the beginning of a UTC day (counted from 1970), and those that its open exchanges hold, in
/// thousandths. Exact for whoever holds the ledger of the scope.
///
/// # Errors
/// Of the database.
pub fn used_since(tx: &mut Tx<'_>, scope: Scope, agent: AgentId, day: i64) -> Result<i64, Fault> {
    let name = agent.to_string();
    let used = tx.row(&USED, params![scope.workspace, scope.mode, day, &name], |row| row.int(0))?.unwrap_or(0);
    let held = tx.row(&HELD, params![scope.workspace, scope.mode, agent], |row| row.int(0))?.unwrap_or(0);
    Ok(used.saturating_add(held))
}

pub(crate) fn exchange(row: &Row<'_>) -> Result<Exchange, Fault> {
    Ok(Exchange {
        scope: Scope { workspace: WorkspaceId(row.id(0)?), mode: word(row.text(1)?, Mode::parse)? },
        id: ExchangeId(row.id(2)?),
        agent: AgentId(row.id(3)?),
        thread: ThreadId(row.id(4)?),
        alias: row.string(5)?,
        arrival: row.int(6)?,
        state: word(row.text(7)?, ExchangeState::parse)?,
        owner: row.opt_id(8)?,
        epoch: row.int(9)?,
        is_background: row.bool(10)?,
        channel: word(row.text(11)?, Channel::parse)?,
        key: row.opt_string(12)?,
        request: RequestId(row.id(13)?),
        started_by: row.string(14)?,
        depth: u8::try_from(row.int(15)?).unwrap_or(u8::MAX),
        config_version: row.int(16)?,
        config: row.opt_string(17)?,
        asked: row.string(18)?,
        callback_url: row.opt_string(19)?,
        held: row.int(20)?,
        cancel_asked: row.bool(21)?,
        accepted_at: row.time(22)?,
        started_at: row.opt_time(23)?,
        ended: ended(row)?,
    })
}

fn ended(row: &Row<'_>) -> Result<Option<Ended>, Fault> {
    let (Some(code), Some(at)) = (row.opt_int(24)?, row.opt_time(34)?) else { return Ok(None) };
    Ok(Some(Ended {
        code,
        finish: opt_word(row.opt_text(25)?, Finish::parse)?,
        error: row.opt_string(26)?,
        answer: row.opt_string(27)?,
        model: row.opt_string(28)?,
        input_tokens: row.int(29)?,
        output_tokens: row.int(30)?,
        tool_calls: row.int(31)?,
        credits: row.int(32)?,
        last_seq: row.int(33)?,
        at,
    }))
}
