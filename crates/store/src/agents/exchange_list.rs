//! Exchanges of table `exchanges` among the runs of all products: what a list shows of each, in the order of ids.

use floe_model::{
    Fault, Scope, Timestamp,
    agents::{
        envelope::Finish,
        exchange::{Channel, ExchangeState},
    },
    id::{AgentId, ExchangeId, InboxId, ThreadId},
};

use super::{opt_word, word};
use crate::{Row, Tx, params, statements};

/// Rows of one page at most.
pub const PAGE_MAX: usize = 500;

/// What a list shows of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// Its id.
    pub id: ExchangeId,
    /// The agent.
    pub agent: AgentId,
    /// The agent's name; none when nothing is known of it any more.
    pub agent_name: Option<String>,
    /// The thread.
    pub thread: ThreadId,
    /// Where it stands.
    pub state: ExchangeState,
    /// The way by which it came.
    pub channel: Channel,
    /// Who asked, as JSON.
    pub started_by: String,
    /// Version of the agent's configuration.
    pub config_version: i64,
    /// 200, 402, 500 or 503, once it is over.
    pub code: Option<i64>,
    /// How an answered one ended.
    pub finish: Option<Finish>,
    /// Why one was not answered.
    pub error: Option<String>,
    /// Calls of tools.
    pub tool_calls: i64,
    /// Credits taken, in thousandths.
    pub credits: i64,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When a process first ran it.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// What waits for an approval because of it.
    pub asks: Option<InboxId>,
}

/// The part of the order of ids that is looked at, ends left out.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// Above this one.
    pub above: u128,
    /// Below this one.
    pub below: u128,
    /// Whether the newest come first.
    pub newest_first: bool,
}

/// A brief of exchanges: $1 the workspace, $2 the mode.
macro_rules! brief {
    ($rest:literal) => {
        concat!(
            "select e.id, e.agent_id, a.name, e.thread_id, e.state, e.channel, e.started_by, e.config_version, e.code, e.finish_reason,
                 e.error, e.tool_calls, e.credits, e.accepted_at, e.started_at, e.finished_at,
                 case when e.finish_reason = 'approval' then
                     (select i.id from agent_items i where i.workspace_id = e.workspace_id and i.exchange_id = e.id
                          and i.status = 'open' order by i.id limit 1) end
             from exchanges e left join agents a on a.workspace_id = e.workspace_id and a.id = e.agent_id
             where e.workspace_id = $1 and e.mode = $2 and ",
            $rest
        )
    };
}

statements! {
    /// A page, newest first.
    NEWEST = both(brief!("e.id > $3 and e.id < $4 order by e.id desc limit $5"))
        -> [id, id, opt text, id, text, text, json, int, opt int, opt text, opt text, int, int, time, opt time, opt time, opt id];
    /// A page, oldest first.
    OLDEST = both(brief!("e.id > $3 and e.id < $4 order by e.id limit $5"))
        -> [id, id, opt text, id, text, text, json, int, opt int, opt text, opt text, int, int, time, opt time, opt time, opt id];
    /// One.
    FIND = both(brief!("e.id = $3"))
        -> [id, id, opt text, id, text, text, json, int, opt int, opt text, opt text, int, int, time, opt time, opt time, opt id];
}

/// Up to `limit` ([`PAGE_MAX`] at most) exchanges of a workspace and mode.
///
/// # Errors
/// Of the database.
pub fn page(tx: &mut Tx<'_>, scope: Scope, range: Range, limit: usize) -> Result<Vec<Brief>, Fault> {
    let statement = if range.newest_first { &NEWEST } else { &OLDEST };
    let (above, below) = (ExchangeId(range.above), ExchangeId(range.below));
    tx.rows(statement, params![scope.workspace, scope.mode, above, below, limit.min(PAGE_MAX)], brief)
}

/// One exchange.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, scope: Scope, id: ExchangeId) -> Result<Option<Brief>, Fault> {
    tx.row(&FIND, params![scope.workspace, scope.mode, id], brief)
}

fn brief(row: &Row<'_>) -> Result<Brief, Fault> {
    Ok(Brief {
        id: ExchangeId(row.id(0)?),
        agent: AgentId(row.id(1)?),
        agent_name: row.opt_string(2)?,
        thread: ThreadId(row.id(3)?),
        state: word(row.text(4)?, ExchangeState::parse)?,
        channel: word(row.text(5)?, Channel::parse)?,
        started_by: row.string(6)?,
        config_version: row.int(7)?,
        code: row.opt_int(8)?,
        finish: opt_word(row.opt_text(9)?, Finish::parse)?,
        error: row.opt_string(10)?,
        tool_calls: row.int(11)?,
        credits: row.int(12)?,
        accepted_at: row.time(13)?,
        started_at: row.opt_time(14)?,
        finished_at: row.opt_time(15)?,
        asks: row.opt_id(16)?.map(InboxId),
    })
}
