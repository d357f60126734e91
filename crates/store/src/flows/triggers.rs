//! Tables `triggers` and `trigger_runs`: what starts workflows and flows, and what it started (Workflow API contract, section 11).

use floe_model::{
    Fault, Mode, Timestamp,
    flows::{Engine, trigger::TriggerKind},
    id::{FlowId, RunId, TriggerId, WorkspaceId},
};

use crate::{Change, Row, Tx, params, statements};

/// Triggers of one page at most.
pub const PAGE_MAX: usize = 1_000;
/// Triggers of one workflow or flow that are looked at.
pub const FLOW_MAX: usize = 1_000;
/// Triggers that one event fires at most.
pub const SOURCE_MAX: usize = 1_000;

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerRow {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: TriggerId,
    /// The id that was given when it was made, when that is no spelling of ours.
    pub alias: Option<String>,
    /// What it starts.
    pub flow: FlowId,
    /// Whether that is a workflow or a flow.
    pub engine: Engine,
    /// Shown name.
    pub name: String,
    /// What fires it.
    pub kind: TriggerKind,
    /// The node or step of the definition that it belongs to.
    pub node: Option<String>,
    /// JSON object: what that node said when it was last taken over.
    pub node_config: Option<String>,
    /// JSON object.
    pub config: String,
    /// What an event trigger listens to: the name of an event of this server, or `<provider>/<event>`.
    pub source: Option<String>,
    /// Whether it fires.
    pub enabled: bool,
    /// Mode of the runs that it starts by itself.
    pub mode: Mode,
    /// What callers of its address prove themselves with, sealed.
    pub secret: Option<Vec<u8>>,
    /// Runs that it has started.
    pub count: i64,
    /// When it started the last one.
    pub last_at: Option<Timestamp>,
    /// The last one.
    pub last_run: Option<RunId>,
    /// The tick for which a schedule waits.
    pub next_at: Option<Timestamp>,
    /// A tick that waits for the end of the last run.
    pub buffered_at: Option<Timestamp>,
    /// Counts what people change.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// Which triggers a list shows; an empty filter shows all.
#[derive(Debug, Clone, Copy, Default)]
pub struct TriggerFilter {
    /// Of one workflow or flow.
    pub flow: Option<FlowId>,
    /// Of one kind.
    pub kind: Option<TriggerKind>,
    /// That fire, or do not.
    pub enabled: Option<bool>,
}

/// What a firing changes.
#[derive(Debug, Clone, Copy)]
pub struct Fired {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Which trigger.
    pub trigger: TriggerId,
    /// The run that it started.
    pub run: RunId,
    /// When.
    pub at: Timestamp,
}

macro_rules! select_triggers {
    ($tail:literal) => {
        concat!(
            "select workspace_id, id, alias, flow_id, engine, name, type, node_id, node_config, config, source, enabled, mode, secret,
                 trigger_count, last_triggered_at, last_run_id, next_at, buffered_at, revision, created_at, updated_at
             from triggers ",
            $tail
        )
    };
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into triggers (workspace_id, id, alias, flow_id, engine, name, type, node_id, node_config, config, source, enabled,
             mode, secret, trigger_count, next_at, revision, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, $15, 1, $16, $16)"
    );
    /// One.
    FIND = both(select_triggers!("where workspace_id = $1 and id = $2")) -> [id, id, opt text, id, text, text, text, opt text,
        opt json, json, opt text, bool, text, opt bytes, int, opt time, opt id, opt time, opt time, int, time, time];
    /// One, held until the transaction ends.
    HOLD = split {
        sqlite: select_triggers!("where workspace_id = $1 and id = $2"),
        postgres: select_triggers!("where workspace_id = $1 and id = $2 for update"),
    } -> [id, id, opt text, id, text, text, text, opt text, opt json, json, opt text, bool, text, opt bytes, int, opt time, opt id,
        opt time, opt time, int, time, time];
    /// The one that an address names.
    BY_ID = both(select_triggers!("where id = $1")) -> [id, id, opt text, id, text, text, text, opt text, opt json, json, opt text,
        bool, text, opt bytes, int, opt time, opt id, opt time, opt time, int, time, time];
    /// The one that was made with this id.
    BY_ALIAS = both(select_triggers!("where alias = $1")) -> [id, id, opt text, id, text, text, text, opt text, opt json, json,
        opt text, bool, text, opt bytes, int, opt time, opt id, opt time, opt time, int, time, time];
    /// The workflows that were given this id; another workspace may have given the same.
    NAMED = both("select id from workflow_aliases where kind = 'workflow' and alias = $1 limit 2") -> [id];
    /// Those of one workflow or flow, oldest first.
    OF_FLOW = both(select_triggers!("where flow_id = $1 order by id limit $2")) -> [id, id, opt text, id, text, text, text, opt text,
        opt json, json, opt text, bool, text, opt bytes, int, opt time, opt id, opt time, opt time, int, time, time];
    /// A page, newest first.
    PAGE = both(select_triggers!(
        "where workspace_id = $1 and (flow_id = $2 or $2 is null) and (cast($3 as text) is null or type = $3)
         order by created_at desc, id desc limit $4 offset $5"
    )) -> [id, id, opt text, id, text, text, text, opt text, opt json, json, opt text, bool, text, opt bytes, int, opt time, opt id,
        opt time, opt time, int, time, time];
    /// Those after an id, highest id first.
    BELOW = both(select_triggers!(
        "where workspace_id = $1 and id < $2 and (flow_id = $3 or $3 is null) and (cast($4 as text) is null or type = $4)
             and (enabled = $5 or $5 is null)
         order by id desc limit $6"
    )) -> [id, id, opt text, id, text, text, text, opt text, opt json, json, opt text, bool, text, opt bytes, int, opt time, opt id,
        opt time, opt time, int, time, time];
    /// How many a list has.
    COUNT = both(
        "select count(*) from triggers where workspace_id = $1 and (flow_id = $2 or $2 is null)
             and (cast($3 as text) is null or type = $3) and (enabled = $4 or $4 is null)"
    ) -> [int];
    /// Those that listen to an event.
    LISTENING = both(select_triggers!(
        "where workspace_id = $1 and source = $2 and enabled and mode = $3 order by id limit $4"
    )) -> [id, id, opt text, id, text, text, text, opt text, opt json, json, opt text, bool, text, opt bytes, int, opt time, opt id,
        opt time, opt time, int, time, time];
    /// Whether anything listens to one of some events of this server, by their names between commas.
    HEARS = both(
        "select source, id from triggers where workspace_id = $1 and source is not null and enabled and mode = $2
             and $3 like '%,' || source || ',%' order by id limit $4"
    ) -> [text, id];
    /// What is changed of one.
    UPDATE = both(
        "update triggers set name = $3, config = $4, node_config = $5, source = $6, enabled = $7, mode = $8, secret = $9,
             next_at = $10, buffered_at = $11, updated_at = $12, revision = revision + 1
         where workspace_id = $1 and id = $2"
    );
    /// A schedule waits for another tick.
    WAIT = both("update triggers set next_at = $3, buffered_at = $4 where workspace_id = $1 and id = $2");
    /// One has started a run.
    FIRED = both(
        "update triggers set trigger_count = trigger_count + 1, last_triggered_at = $3, last_run_id = $4
         where workspace_id = $1 and id = $2"
    );
    /// What it started.
    STARTED = both("insert into trigger_runs (workspace_id, trigger_id, run_id) values ($1, $2, $3)");
    /// How the run of the last tick stands; what a person started in between is in nobody's way.
    LAST_TICK = both(
        "select r.status from trigger_runs t join runs r on r.workspace_id = t.workspace_id and r.id = t.run_id
         where t.workspace_id = $1 and t.trigger_id = $2 and r.source_kind = 'schedule' order by t.run_id desc limit 1"
    ) -> [text];
    /// Gone.
    DELETE = both("delete from triggers where workspace_id = $1 and id = $2");
    /// What it started is not told any more.
    DELETE_RUNS = both("delete from trigger_runs where workspace_id = $1 and trigger_id = $2");
}

/// Adds a trigger.
///
/// # Errors
/// Of the database; `already_exists` for an id or alias that is taken.
pub fn insert(tx: &mut Tx<'_>, one: &TriggerRow) -> Result<(), Fault> {
    tx.execute(
        &INSERT,
        params![
            one.workspace,
            one.id,
            &one.alias,
            one.flow,
            one.engine.as_str(),
            &one.name,
            one.kind.as_str(),
            &one.node,
            &one.node_config,
            &one.config,
            &one.source,
            one.enabled,
            one.mode,
            one.secret.as_deref(),
            one.next_at,
            one.created_at
        ],
    )?;
    announce(tx, one.workspace, one.id);
    Ok(())
}

/// One trigger.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: TriggerId) -> Result<Option<TriggerRow>, Fault> {
    tx.row(&FIND, params![workspace, id], trigger)
}

/// One trigger, held until the transaction ends.
///
/// # Errors
/// Of the database.
pub fn hold(tx: &mut Tx<'_>, workspace: WorkspaceId, id: TriggerId) -> Result<Option<TriggerRow>, Fault> {
    tx.row(&HOLD, params![workspace, id], trigger)
}

/// The trigger that an address names; whose it is, the row says.
///
/// # Errors
/// Of the database.
pub fn by_id(tx: &mut Tx<'_>, id: TriggerId) -> Result<Option<TriggerRow>, Fault> {
    tx.row(&BY_ID, params![id], trigger)
}

/// The trigger that was made with this id.
///
/// # Errors
/// Of the database.
pub fn by_alias(tx: &mut Tx<'_>, alias: &str) -> Result<Option<TriggerRow>, Fault> {
    tx.row(&BY_ALIAS, params![alias], trigger)
}

/// The workflow that was given this id, when only one was: an address names no workspace.
///
/// # Errors
/// Of the database.
pub fn workflow_named(tx: &mut Tx<'_>, alias: &str) -> Result<Option<FlowId>, Fault> {
    let found = tx.rows(&NAMED, params![alias], |row| row.id(0).map(FlowId))?;
    Ok(if let [one] = found[..] { Some(one) } else { None })
}

/// The triggers of one workflow or flow, oldest first, [`FLOW_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn of_flow(tx: &mut Tx<'_>, flow: FlowId) -> Result<Vec<TriggerRow>, Fault> {
    tx.rows(&OF_FLOW, params![flow, FLOW_MAX], trigger)
}

/// Up to `limit` ([`PAGE_MAX`] at most) triggers, newest first, after the first `skip`; `enabled` of the filter is not looked at.
///
/// # Errors
/// Of the database.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: TriggerFilter,
    skip: u64,
    limit: usize,
) -> Result<Vec<TriggerRow>, Fault> {
    let kind = filter.kind.map(TriggerKind::as_str);
    tx.rows(&PAGE, params![workspace, filter.flow, kind, limit.min(PAGE_MAX), skip], trigger)
}

/// Up to `limit` ([`PAGE_MAX`] at most) triggers below an id (`None`: from the highest), highest first.
///
/// # Errors
/// Of the database.
pub fn below(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: TriggerFilter,
    below: Option<u128>,
    limit: usize,
) -> Result<Vec<TriggerRow>, Fault> {
    let (below, kind) = (TriggerId(below.unwrap_or(u128::MAX)), filter.kind.map(TriggerKind::as_str));
    tx.rows(&BELOW, params![workspace, below, filter.flow, kind, filter.enabled, limit.min(PAGE_MAX)], trigger)
}

/// How many triggers a filter finds.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, filter: TriggerFilter) -> Result<u64, Fault> {
    let kind = filter.kind.map(TriggerKind::as_str);
    let count = tx.row(&COUNT, params![workspace, filter.flow, kind, filter.enabled], |row| row.int(0))?;
    Ok(count.unwrap_or(0).unsigned_abs())
}

/// The enabled triggers of a mode that listen to an event, [`SOURCE_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn listening(tx: &mut Tx<'_>, workspace: WorkspaceId, mode: Mode, source: &str) -> Result<Vec<TriggerRow>, Fault> {
    tx.rows(&LISTENING, params![workspace, source, mode, SOURCE_MAX], trigger)
}

/// Which triggers of a mode listen to one of these events of this server: name of the event and trigger.
///
/// # Errors
/// Of the database.
pub fn hears(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    mode: Mode,
    names: &[&str],
) -> Result<Vec<(String, TriggerId)>, Fault> {
    let names = format!(",{},", names.join(","));
    tx.rows(&HEARS, params![workspace, mode, &names, SOURCE_MAX], |row| Ok((row.string(0)?, TriggerId(row.id(1)?))))
}

/// Writes what is changed of a trigger: name, configuration, source, whether it fires, mode, secret, the tick it waits for.
///
/// # Errors
/// Of the database.
pub fn update(tx: &mut Tx<'_>, one: &TriggerRow) -> Result<(), Fault> {
    tx.execute(
        &UPDATE,
        params![
            one.workspace,
            one.id,
            &one.name,
            &one.config,
            &one.node_config,
            &one.source,
            one.enabled,
            one.mode,
            one.secret.as_deref(),
            one.next_at,
            one.buffered_at,
            one.updated_at
        ],
    )?;
    announce(tx, one.workspace, one.id);
    Ok(())
}

/// Writes the tick for which a schedule waits, and the one that waits for the end of a run.
///
/// # Errors
/// Of the database.
pub fn wait(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    id: TriggerId,
    next_at: Option<Timestamp>,
    buffered_at: Option<Timestamp>,
) -> Result<(), Fault> {
    tx.execute(&WAIT, params![workspace, id, next_at, buffered_at]).map(drop)
}

/// Whether the run of a schedule's last tick is not over.
///
/// # Errors
/// Of the database.
pub fn tick_goes_on(tx: &mut Tx<'_>, workspace: WorkspaceId, id: TriggerId) -> Result<bool, Fault> {
    let status = tx.row(&LAST_TICK, params![workspace, id], |row| row.string(0))?;
    Ok(status.is_some_and(|status| matches!(status.as_str(), "queued" | "running" | "waiting")))
}

/// Counts a run that a trigger started, and notes which.
///
/// # Errors
/// Of the database.
pub fn fired(tx: &mut Tx<'_>, fired: Fired) -> Result<(), Fault> {
    let Fired { workspace, trigger, run, at } = fired;
    tx.execute(&FIRED, params![workspace, trigger, at, run])?;
    tx.execute(&STARTED, params![workspace, trigger, run])?;
    announce(tx, workspace, trigger);
    Ok(())
}

/// Removes a trigger; the runs that it started stay.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, id: TriggerId) -> Result<(), Fault> {
    tx.execute(&DELETE, params![workspace, id])?;
    tx.execute(&DELETE_RUNS, params![workspace, id])?;
    announce(tx, workspace, id);
    Ok(())
}

fn announce(tx: &mut Tx<'_>, workspace: WorkspaceId, id: TriggerId) {
    tx.announce(Change::Record { workspace, kind: "trigger", id: id.0 });
}

fn trigger(row: &Row<'_>) -> Result<TriggerRow, Fault> {
    Ok(TriggerRow {
        workspace: WorkspaceId(row.id(0)?),
        id: TriggerId(row.id(1)?),
        alias: row.opt_string(2)?,
        flow: FlowId(row.id(3)?),
        engine: Engine::parse(row.text(4)?).ok_or_else(|| row.mismatch(4, "an engine"))?,
        name: row.string(5)?,
        kind: TriggerKind::parse(row.text(6)?).ok_or_else(|| row.mismatch(6, "a kind of triggers"))?,
        node: row.opt_string(7)?,
        node_config: row.opt_string(8)?,
        config: row.string(9)?,
        source: row.opt_string(10)?,
        enabled: row.bool(11)?,
        mode: row.mode(12)?,
        secret: row.opt_bytes(13)?.map(<[u8]>::to_vec),
        count: row.int(14)?,
        last_at: row.opt_time(15)?,
        last_run: row.opt_id(16)?.map(RunId),
        next_at: row.opt_time(17)?,
        buffered_at: row.opt_time(18)?,
        revision: row.int(19)?,
        created_at: row.time(20)?,
        updated_at: row.time(21)?,
    })
}
