//! Table `agent_activity`: what happened to agents (Agents contract, section 6).

use floe_model::{
    Fault, Scope, Timestamp,
    agents::activity::Kind,
    id::{ActivityId, AgentId, EventId, ExchangeId, RequestId},
};

use crate::{Row, Tx, params, platform::events, statements};

/// Entries of one page at most, with the one behind it.
pub const PAGE_MAX: usize = 201;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Its id, which grows with time.
    pub id: ActivityId,
    /// The agent.
    pub agent: AgentId,
    /// What.
    pub kind: Kind,
    /// `success` or `error`, or a word that the kind has.
    pub status: String,
    /// The id of the thread as callers of the agent API know it.
    pub thread: Option<String>,
    /// The request that it came of.
    pub request: Option<RequestId>,
    /// The exchange, whose trace it leads to.
    pub exchange: Option<ExchangeId>,
    /// How the exchange came.
    pub channel: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// How long it took, milliseconds.
    pub execution_ms: Option<i64>,
    /// Credits that were taken, in thousandths.
    pub used_credits: i64,
    /// Tokens that went in.
    pub input_tokens: i64,
    /// Tokens that came out.
    pub output_tokens: i64,
    /// The tool.
    pub tool: Option<String>,
    /// A stable word or a sentence without secrets.
    pub error: Option<String>,
    /// JSON object with facts that have no member of their own.
    pub detail: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Something that happened, as it is written; [`NewActivity::new`] has the empty values.
pub type NewActivity = Activity;

impl Activity {
    /// Something that happened and went well, with everything else empty.
    #[must_use]
    pub fn new(id: ActivityId, agent: AgentId, kind: Kind, at: Timestamp) -> Self {
        Self {
            id,
            agent,
            kind,
            status: "success".to_owned(),
            thread: None,
            request: None,
            exchange: None,
            channel: None,
            model: None,
            execution_ms: None,
            used_credits: 0,
            input_tokens: 0,
            output_tokens: 0,
            tool: None,
            error: None,
            detail: None,
            at,
        }
    }
}

/// Which entries a list holds.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// One kind.
    pub kind: Option<Kind>,
    /// One status.
    pub status: Option<String>,
    /// One thread.
    pub thread: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

macro_rules! columns {
    () => {
        "id, agent_id, type, status, thread, request_id, exchange_id, channel, model, execution_ms, used_credits, input_tokens,
             output_tokens, tool, error, detail, at"
    };
}

statements! {
    /// A new one.
    ADD = both(
        "insert into agent_activity (workspace_id, mode, id, agent_id, type, status, thread, request_id, exchange_id, channel, model,
             execution_ms, used_credits, input_tokens, output_tokens, tool, error, detail, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"
    );
    /// By id.
    FIND = both(concat!(
        "select ", columns!(), " from agent_activity where workspace_id = $1 and mode = $2 and agent_id = $3 and id = $4"
    )) -> [id, id, text, text, opt text, opt id, opt id, opt text, opt text, opt int, int, int, int, opt text, opt text, opt json, time];
    /// A page, newest first.
    LIST = both(concat!(
        "select ", columns!(), " from agent_activity where workspace_id = $1 and mode = $2 and agent_id = $3 and id < $4
             and (type = $5 or $5 is null)
             and (status = $6 or $6 is null)
             and (thread = $7 or $7 is null)
             and (at >= $8 or $8 is null)
             and (at < $9 or $9 is null)
         order by id desc limit $10"
    )) -> [id, id, text, text, opt text, opt id, opt id, opt text, opt text, opt int, int, int, int, opt text, opt text, opt json, time];
    /// How many a filter finds.
    COUNT = both(
        "select count(*) from agent_activity where workspace_id = $1 and mode = $2 and agent_id = $3
             and (type = $4 or $4 is null)
             and (status = $5 or $5 is null)
             and (thread = $6 or $6 is null)
             and (at >= $7 or $7 is null)
             and (at < $8 or $8 is null)"
    ) -> [int];
}

/// Writes what happened, and the domain event `agents.<type>`, whose id has the same bits. Everyone who has something to tell calls this in the
/// transaction in which it happened.
///
/// # Errors
/// Of the database.
pub fn add(tx: &mut Tx<'_>, scope: Scope, activity: &NewActivity) -> Result<(), Fault> {
    let Activity { id, agent, kind, status, thread, request, exchange, channel, model, .. } = activity;
    let values = params![
        scope.workspace,
        scope.mode,
        *id,
        *agent,
        kind.as_str(),
        status,
        thread,
        *request,
        *exchange,
        channel,
        model,
        activity.execution_ms,
        activity.used_credits,
        activity.input_tokens,
        activity.output_tokens,
        &activity.tool,
        &activity.error,
        &activity.detail,
        activity.at
    ];
    tx.execute(&ADD, values)?;
    let told = events::NewEvent {
        id: EventId(id.0),
        kind: kind.event(),
        subject_id: Some(agent.0),
        data: event_data(activity).to_string(),
        created_at: activity.at,
    };
    events::publish(tx, scope, &told)
}

/// What subscribers are told.
fn event_data(activity: &Activity) -> serde_json::Value {
    let mut data = serde_json::json!({
        "id": activity.id.prefixed(),
        "agent_id": activity.agent,
        "status": activity.status,
    });
    let texts = [
        ("thread_id", &activity.thread),
        ("channel", &activity.channel),
        ("model", &activity.model),
        ("tool", &activity.tool),
        ("error", &activity.error),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            data[name] = text.as_str().into();
        }
    }
    if let Some(exchange) = activity.exchange {
        data["exchange_id"] = exchange.prefixed().into();
    }
    data
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, scope: Scope, agent: AgentId, id: ActivityId) -> Result<Option<Activity>, Fault> {
    tx.row(&FIND, params![scope.workspace, scope.mode, agent, id], map)
}

/// Up to `limit` ([`PAGE_MAX`] at most) entries of an agent before one (none: from the newest), newest first.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    scope: Scope,
    agent: AgentId,
    filter: &Filter,
    before: Option<ActivityId>,
    limit: usize,
) -> Result<Vec<Activity>, Fault> {
    let Filter { kind, status, thread, from, to } = filter;
    let (kind, before) = (kind.map(Kind::as_str), before.map_or(u128::MAX, |id| id.0));
    let (limit, Scope { workspace, mode }) = (limit.min(PAGE_MAX), scope);
    tx.rows(&LIST, params![workspace, mode, agent, before, kind, status, thread, *from, *to, limit], map)
}

/// How many a filter finds.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, scope: Scope, agent: AgentId, filter: &Filter) -> Result<i64, Fault> {
    let Filter { kind, status, thread, from, to } = filter;
    let kind = kind.map(Kind::as_str);
    let values = params![scope.workspace, scope.mode, agent, kind, status, thread, *from, *to];
    Ok(tx.row(&COUNT, values, |row| row.int(0))?.unwrap_or(0))
}

fn map(row: &Row<'_>) -> Result<Activity, Fault> {
    let kind = row.text(2)?;
    Ok(Activity {
        id: ActivityId(row.id(0)?),
        agent: AgentId(row.id(1)?),
        kind: Kind::parse(kind).ok_or_else(|| Fault::internal(format!("{kind} is no kind of activity")))?,
        status: row.string(3)?,
        thread: row.opt_string(4)?,
        request: row.opt_id(5)?.map(RequestId),
        exchange: row.opt_id(6)?.map(ExchangeId),
        channel: row.opt_string(7)?,
        model: row.opt_string(8)?,
        execution_ms: row.opt_int(9)?,
        used_credits: row.int(10)?,
        input_tokens: row.int(11)?,
        output_tokens: row.int(12)?,
        tool: row.opt_string(13)?,
        error: row.opt_string(14)?,
        detail: row.opt_string(15)?,
        at: row.time(16)?,
    })
}
