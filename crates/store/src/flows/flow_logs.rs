//! Table `flow_logs`: what is logged about a flow and is told by nothing else (Flow API contract, section 9).

use floe_model::{
    Fault, Timestamp,
    id::{FlowId, LogId, RunId, WorkspaceId},
};

use crate::{Row, Tx, Value, params, statements};

/// Entries of one page at most.
pub const PAGE_MAX: usize = 25_000;

/// A log entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// Whose.
    pub workspace: WorkspaceId,
    /// About which flow.
    pub flow: FlowId,
    /// When.
    pub at: Timestamp,
    /// Its id.
    pub id: LogId,
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// E.g. `schedule.fired`.
    pub event: String,
    /// Sentence for a person.
    pub message: String,
    /// The run that it names.
    pub run: Option<RunId>,
    /// Version of the flow.
    pub version: Option<u32>,
    /// JSON: `{type, id, name}`.
    pub actor: String,
    /// JSON object with facts; never a secret.
    pub data: String,
}

/// Which entries a list shows; an empty filter shows all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Comma-separated levels, each wrapped in commas: `,warn,error,`.
    pub levels: Option<String>,
    /// Comma-separated events, wrapped in the same way.
    pub events: Option<String>,
    /// Entries that name this run.
    pub run: Option<RunId>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

macro_rules! filtered {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            " from flow_logs where workspace_id = $1 and flow_id = $2
                 and (cast($3 as text) is null or $3 like '%,' || level || ',%')
                 and (cast($4 as text) is null or $4 like '%,' || event || ',%')
                 and (run_id = $5 or $5 is null)
                 and at >= $6 and at < $7 ",
            $tail
        )
    };
}

statements! {
    /// A new entry. One for a due time that was settled already is not written.
    INSERT = both(
        "insert into flow_logs (workspace_id, flow_id, at, id, level, event, message, run_id, version, actor, data, fired_for)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing"
    );
    /// Old entries of a flow.
    PRUNE = both("delete from flow_logs where workspace_id = $1 and flow_id = $2 and at < $3");
    /// Newest first.
    LIST_NEWEST = both(filtered!(
        "select workspace_id, flow_id, at, id, level, event, message, run_id, version, actor, data",
        "order by at desc, id desc limit $8 offset $9"
    )) -> [id, id, time, id, text, text, text, opt id, opt int, json, json];
    /// Oldest first.
    LIST_OLDEST = both(filtered!(
        "select workspace_id, flow_id, at, id, level, event, message, run_id, version, actor, data",
        "order by at, id limit $8 offset $9"
    )) -> [id, id, time, id, text, text, text, opt id, opt int, json, json];
    /// How many a filter finds.
    COUNT = both(filtered!("select count(*)", "")) -> [int];
}

/// Adds an entry. With `fired_for`, the due time of the flow's schedule that it settles, it is added at most once; false when that
/// time was settled before, and the caller must undo what it did for it.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, entry: &LogRow, fired_for: Option<Timestamp>) -> Result<bool, Fault> {
    let written = tx.execute(
        &INSERT,
        params![
            entry.workspace,
            entry.flow,
            entry.at,
            entry.id,
            &entry.level,
            &entry.event,
            &entry.message,
            entry.run,
            entry.version,
            &entry.actor,
            &entry.data,
            fired_for
        ],
    )?;
    Ok(written == 1)
}

/// Removes the entries of a flow from before `before`; returns how many.
///
/// # Errors
/// Of the database.
pub fn prune(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId, before: Timestamp) -> Result<u64, Fault> {
    tx.execute(&PRUNE, params![workspace, flow, before])
}

/// Up to `limit` ([`PAGE_MAX`] at most) entries of a flow from `skip` on, by time and then by id.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    flow: FlowId,
    filter: &LogFilter,
    newest_first: bool,
    limit: usize,
    skip: usize,
) -> Result<Vec<LogRow>, Fault> {
    let mut values = values(workspace, flow, filter).to_vec();
    values.extend_from_slice(params![limit.min(PAGE_MAX), skip]);
    tx.rows(if newest_first { &LIST_NEWEST } else { &LIST_OLDEST }, &values, entry)
}

/// How many entries of a flow a filter finds.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId, filter: &LogFilter) -> Result<u64, Fault> {
    let count = tx.row(&COUNT, &values(workspace, flow, filter), |row| row.int(0))?;
    Ok(count.unwrap_or(0).unsigned_abs())
}

/// Parameters $1 to $7.
fn values(workspace: WorkspaceId, flow: FlowId, filter: &LogFilter) -> [Value<'_>; 7] {
    [
        workspace.into(),
        flow.into(),
        filter.levels.as_deref().into(),
        filter.events.as_deref().into(),
        filter.run.into(),
        filter.from.unwrap_or(Timestamp(i64::MIN)).into(),
        filter.to.unwrap_or(Timestamp(i64::MAX)).into(),
    ]
}

fn entry(row: &Row<'_>) -> Result<LogRow, Fault> {
    Ok(LogRow {
        workspace: WorkspaceId(row.id(0)?),
        flow: FlowId(row.id(1)?),
        at: row.time(2)?,
        id: LogId(row.id(3)?),
        level: row.string(4)?,
        event: row.string(5)?,
        message: row.string(6)?,
        run: row.opt_id(7)?.map(RunId),
        version: super::flows::opt_u32(row, 8)?,
        actor: row.string(9)?,
        data: row.string(10)?,
    })
}
