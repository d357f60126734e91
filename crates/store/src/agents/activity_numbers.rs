//! Numbers over table `agent_activity` (Agents contract, section 6): sums of a time, by day, model, tool and error.

use floe_model::{Fault, Scope, Timestamp, id::AgentId};

use crate::{Row, Tx, params, statements};

/// Models, tools or errors that are told apart at most; the most frequent ones.
const GROUPS_MAX: usize = 100;

/// Whose numbers, of which time.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Workspace and mode.
    pub scope: Scope,
    /// The agent.
    pub agent: AgentId,
    /// Not before.
    pub from: Timestamp,
    /// Before.
    pub to: Timestamp,
}

/// Sums of exchanges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Exchanges, whatever became of them.
    pub exchanges: i64,
    /// Those that failed.
    pub errors: i64,
    /// Credits, in thousandths.
    pub credits: i64,
    /// Tokens that went in.
    pub input_tokens: i64,
    /// Tokens that came out.
    pub output_tokens: i64,
    /// Exchanges whose time is known, and the sum of their milliseconds.
    pub timed: (i64, i64),
}

/// Calls of one tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSums {
    /// The tool.
    pub tool: String,
    /// Calls.
    pub calls: i64,
    /// Those that failed.
    pub errors: i64,
    /// Calls whose time is known, and the sum of their milliseconds.
    pub timed: (i64, i64),
}

/// Sums of an agent since an instant, as lists of agents show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recent {
    /// Threads in which something was asked.
    pub threads: i64,
    /// Exchanges that failed.
    pub errors: i64,
    /// Credits, in thousandths.
    pub credits: i64,
}

macro_rules! sums {
    () => {
        "count(*), count(case when type = 'chat.failed' then 1 end), cast(coalesce(sum(used_credits), 0) as bigint),
             cast(coalesce(sum(input_tokens), 0) as bigint), cast(coalesce(sum(output_tokens), 0) as bigint),
             count(case when type <> 'chat.failed' then execution_ms end),
             cast(coalesce(sum(case when type <> 'chat.failed' then execution_ms end), 0) as bigint)"
    };
}

macro_rules! exchanges {
    () => {
        "from agent_activity where workspace_id = $1 and mode = $2 and agent_id = $3 and at >= $4 and at < $5
             and type in ('chat.completed', 'chat.failed', 'chat.blocked')"
    };
}

statements! {
    /// All exchanges of the time.
    TOTAL = both(concat!("select ", sums!(), " ", exchanges!())) -> [int, int, int, int, int, int, int];
    /// Threads in which something was asked.
    THREADS = both(concat!("select count(distinct thread) ", exchanges!())) -> [int];
    /// Calls of tools, and handoffs.
    OTHERS = both(
        "select count(case when type = 'tool.called' then 1 end), count(case when type = 'handoff.started' then 1 end)
         from agent_activity where workspace_id = $1 and mode = $2 and agent_id = $3 and at >= $4 and at < $5
             and type in ('tool.called', 'handoff.started')"
    ) -> [int, int];
    /// By day.
    BY_DAY = both(concat!(
        "select at / 86400000000, ", sums!(), " ", exchanges!(), " group by at / 86400000000 order by at / 86400000000 limit 100"
    )) -> [int, int, int, int, int, int, int, int];
    /// By model.
    BY_MODEL = both(concat!(
        "select model, ", sums!(), " ", exchanges!(), " and model is not null group by model order by 2 desc, model limit $6"
    )) -> [text, int, int, int, int, int, int, int];
    /// By tool.
    BY_TOOL = both(
        "select tool, count(*), count(case when status = 'error' then 1 end), count(execution_ms),
             cast(coalesce(sum(execution_ms), 0) as bigint)
         from agent_activity where workspace_id = $1 and mode = $2 and agent_id = $3 and at >= $4 and at < $5
             and type = 'tool.called' and tool is not null
         group by tool order by 2 desc, tool limit $6"
    ) -> [text, int, int, int, int];
    /// By error.
    ERRORS = both(
        "select error, count(*) from agent_activity
         where workspace_id = $1 and mode = $2 and agent_id = $3 and at >= $4 and at < $5
             and type = 'chat.failed' and error is not null
         group by error order by 2 desc, error limit $6"
    ) -> [text, int];
    /// The time of the exchange at a place, when they are in the order of their times.
    NTH = both(
        "select execution_ms from agent_activity
         where workspace_id = $1 and mode = $2 and agent_id = $3 and at >= $4 and at < $5
             and type in ('chat.completed', 'chat.blocked') and execution_ms is not null
         order by execution_ms limit 1 offset $6"
    ) -> [int];
    /// What some agents did since an instant.
    RECENT = split {
        sqlite: "select agent_id, count(distinct case when type <> 'tool.called' then thread end),
                 count(case when type = 'chat.failed' then 1 end), cast(coalesce(sum(used_credits), 0) as bigint)
             from agent_activity where workspace_id = $1 and mode = $2 and at >= $3
                 and agent_id in (select unhex(value) from json_each($4))
                 and type in ('chat.completed', 'chat.failed', 'chat.blocked')
             group by agent_id",
        postgres: "select agent_id, count(distinct case when type <> 'tool.called' then thread end),
                 count(case when type = 'chat.failed' then 1 end), cast(coalesce(sum(used_credits), 0) as bigint)
             from agent_activity where workspace_id = $1 and mode = $2 and at >= $3
                 and agent_id in (select json_array_elements_text($4::text::json)::uuid)
                 and type in ('chat.completed', 'chat.failed', 'chat.blocked')
             group by agent_id",
    } -> [id, int, int, int];
}

/// Sums of all exchanges.
///
/// # Errors
/// Of the database.
pub fn total(tx: &mut Tx<'_>, asked: Asked) -> Result<Sums, Fault> {
    let Asked { scope, agent, from, to } = asked;
    let values = params![scope.workspace, scope.mode, agent, from, to];
    Ok(tx.row(&TOTAL, values, |row| sums(row, 0))?.unwrap_or_default())
}

/// In how many threads something was asked.
///
/// # Errors
/// Of the database.
pub fn threads(tx: &mut Tx<'_>, asked: Asked) -> Result<i64, Fault> {
    let Asked { scope, agent, from, to } = asked;
    let values = params![scope.workspace, scope.mode, agent, from, to];
    Ok(tx.row(&THREADS, values, |row| row.int(0))?.unwrap_or(0))
}

/// Calls of tools, and handoffs to people.
///
/// # Errors
/// Of the database.
pub fn tools_and_handoffs(tx: &mut Tx<'_>, asked: Asked) -> Result<(i64, i64), Fault> {
    let Asked { scope, agent, from, to } = asked;
    let values = params![scope.workspace, scope.mode, agent, from, to];
    Ok(tx.row(&OTHERS, values, |row| Ok((row.int(0)?, row.int(1)?)))?.unwrap_or((0, 0)))
}

/// By UTC day (days since 1970), the oldest first; days without exchanges are left out.
///
/// # Errors
/// Of the database.
pub fn by_day(tx: &mut Tx<'_>, asked: Asked) -> Result<Vec<(i64, Sums)>, Fault> {
    let Asked { scope, agent, from, to } = asked;
    let values = params![scope.workspace, scope.mode, agent, from, to];
    tx.rows(&BY_DAY, values, |row| Ok((row.int(0)?, sums(row, 1)?)))
}

/// By model, the most frequent first.
///
/// # Errors
/// Of the database.
pub fn by_model(tx: &mut Tx<'_>, asked: Asked) -> Result<Vec<(String, Sums)>, Fault> {
    let Asked { scope, agent, from, to } = asked;
    let values = params![scope.workspace, scope.mode, agent, from, to, GROUPS_MAX];
    tx.rows(&BY_MODEL, values, |row| Ok((row.string(0)?, sums(row, 1)?)))
}

/// By tool, the most frequent first.
///
/// # Errors
/// Of the database.
pub fn by_tool(tx: &mut Tx<'_>, asked: Asked) -> Result<Vec<ToolSums>, Fault> {
    let Asked { scope, agent, from, to } = asked;
    let values = params![scope.workspace, scope.mode, agent, from, to, GROUPS_MAX];
    tx.rows(&BY_TOOL, values, |row| {
        let timed = (row.int(3)?, row.int(4)?);
        Ok(ToolSums { tool: row.string(0)?, calls: row.int(1)?, errors: row.int(2)?, timed })
    })
}

/// Why exchanges failed, the most frequent first.
///
/// # Errors
/// Of the database.
pub fn errors(tx: &mut Tx<'_>, asked: Asked) -> Result<Vec<(String, i64)>, Fault> {
    let Asked { scope, agent, from, to } = asked;
    let values = params![scope.workspace, scope.mode, agent, from, to, GROUPS_MAX];
    tx.rows(&ERRORS, values, |row| Ok((row.string(0)?, row.int(1)?)))
}

/// The milliseconds of the answered exchange at a place from 0, when they are in the order of their times.
///
/// # Errors
/// Of the database.
pub fn nth_time(tx: &mut Tx<'_>, asked: Asked, place: i64) -> Result<Option<i64>, Fault> {
    let Asked { scope, agent, from, to } = asked;
    tx.row(&NTH, params![scope.workspace, scope.mode, agent, from, to, place], |row| row.int(0))
}

/// What some agents did since an instant; agents that did nothing are left out.
///
/// # Errors
/// Of the database.
pub fn recent(
    tx: &mut Tx<'_>,
    scope: Scope,
    agents: &[AgentId],
    since: Timestamp,
) -> Result<Vec<(AgentId, Recent)>, Fault> {
    let ids: Vec<String> = agents.iter().map(|id| format!("{:032x}", id.0)).collect();
    let ids = serde_json::to_string(&ids).map_err(Fault::internal)?;
    tx.rows(&RECENT, params![scope.workspace, scope.mode, since, &ids], |row| {
        let recent = Recent { threads: row.int(1)?, errors: row.int(2)?, credits: row.int(3)? };
        Ok((AgentId(row.id(0)?), recent))
    })
}

fn sums(row: &Row<'_>, first: usize) -> Result<Sums, Fault> {
    Ok(Sums {
        exchanges: row.int(first)?,
        errors: row.int(first + 1)?,
        credits: row.int(first + 2)?,
        input_tokens: row.int(first + 3)?,
        output_tokens: row.int(first + 4)?,
        timed: (row.int(first + 5)?, row.int(first + 6)?),
    })
}
