//! Tables `runs` and `run_results` as the workflow API reads them: page by page, with what each run was given and came to.

use floe_model::{
    Fault, Mode,
    id::{FlowId, RunId, TriggerId, WorkspaceId},
};

use super::runs::{self, RunRow};
use crate::{Row, Tx, Value, params, statements};

/// Executions of one page at most.
pub const PAGE_MAX: usize = 100;

/// What a run of a workflow was given and came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunResult {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of which run.
    pub run: RunId,
    /// JSON object.
    pub inputs: String,
    /// JSON object; none when it came to nothing.
    pub outputs: Option<String>,
}

/// A run with its inputs and outputs, as far as they are known without its journal.
#[derive(Debug, Clone)]
pub struct ExecutionRow {
    /// The run.
    pub run: RunRow,
    /// JSON: what it was given; none when nothing was written of it.
    pub inputs: Option<String>,
    /// JSON: what it came to.
    pub outputs: Option<String>,
}

/// Which executions a list shows.
#[derive(Debug, Clone, Default)]
pub struct ExecutionFilter {
    /// Of one workflow.
    pub flow: Option<FlowId>,
    /// Comma-separated statuses of runs, each wrapped in commas.
    pub statuses: Option<&'static str>,
    /// Of one mode; both otherwise. Those of live are counted as all but those in test mode.
    pub mode: Option<Mode>,
    /// Started by this trigger.
    pub trigger: Option<TriggerId>,
}

/// Columns of a run and of its results, which the mapper reads in this order.
macro_rules! select_executions {
    ($from:literal, $tail:literal) => {
        concat!(
            "select r.workspace_id, r.id, r.mode, r.flow_id, r.flow_name, r.version, r.is_draft, r.document_hash, r.status,
                 r.trigger_type, r.trigger_step, r.source_kind, r.source, r.parent_run_id, r.depth, r.started_by, r.settings,
                 r.queued_at, r.started_at, r.finished_at, r.active_ms, r.step_count, r.current_step, r.wait_kind, r.wait_step,
                 r.error_code, r.error_message, r.error_step, r.revision, s.inputs, s.outputs
             from ", $from, " left join run_results s on s.workspace_id = r.workspace_id and s.run_id = r.id ", $tail
        )
    };
}

/// What a filter leaves: parameters $1 to $3.
macro_rules! shown {
    ($from:expr, $tail:literal) => {
        concat!(
            $from,
            // As this API sees it, what waits for time is running, and what asks somebody is waiting, also while it goes on elsewhere.
            "where r.workspace_id = $1 and (cast($2 as text) is null or $2 like '%,' ||
                     case when r.status not in ('running', 'waiting') then r.status
                         when coalesce(r.wait_kind, 'delay') = 'delay' then 'running' else 'waiting' end || ',%')
                 and (cast($3 as text) is null or r.mode = $3) ",
            $tail
        )
    };
}

statements! {
    /// What a run was given and came to; written once, at its end.
    PUT = bulk(
        "insert into run_results (workspace_id, run_id, inputs, outputs)",
        [id, id, json, opt json],
        "on conflict (workspace_id, run_id) do update set outputs = excluded.outputs"
    );
    /// One execution.
    FIND = both(select_executions!("runs r", "where r.workspace_id = $1 and r.id = $2"))
        -> [id, id, text, id, text, int, bool, bytes, text, text, text, text, json, opt id, int, text, json, time, opt time, opt time,
        opt int, int, opt text, opt text, opt text, opt text, opt text, opt text, int, opt json, opt json];
    /// All, the newest first.
    LIST = both(shown!(select_executions!("runs r", ""), "order by r.id desc limit $4 offset $5"))
        -> [id, id, text, id, text, int, bool, bytes, text, text, text, text, json, opt id, int, text, json, time, opt time, opt time,
        opt int, int, opt text, opt text, opt text, opt text, opt text, opt text, int, opt json, opt json];
    /// Those of a workflow, the newest first.
    LIST_OF_FLOW = split {
        sqlite: shown!(
            select_executions!("runs r indexed by runs_flow", ""), "and r.flow_id = $6 order by r.id desc limit $4 offset $5"
        ),
        postgres: shown!(select_executions!("runs r", ""), "and r.flow_id = $6 order by r.id desc limit $4 offset $5"),
    } -> [id, id, text, id, text, int, bool, bytes, text, text, text, text, json, opt id, int, text, json, time, opt time, opt time,
        opt int, int, opt text, opt text, opt text, opt text, opt text, opt text, int, opt json, opt json];
    /// Those that a trigger started, the newest first.
    LIST_OF_TRIGGER = both(shown!(
        select_executions!("trigger_runs t join runs r on r.workspace_id = t.workspace_id and r.id = t.run_id", ""),
        "and t.workspace_id = $1 and t.trigger_id = $6 and (r.flow_id = $7 or $7 is null)
             order by t.run_id desc limit $4 offset $5"
    )) -> [id, id, text, id, text, int, bool, bytes, text, text, text, text, json, opt id, int, text, json, time, opt time, opt time,
        opt int, int, opt text, opt text, opt text, opt text, opt text, opt text, int, opt json, opt json];
    /// How many a trigger started.
    COUNT_OF_TRIGGER = both(shown!(
        "select count(*) from trigger_runs t join runs r on r.workspace_id = t.workspace_id and r.id = t.run_id ",
        "and t.workspace_id = $1 and t.trigger_id = $4 and (r.flow_id = $5 or $5 is null)"
    )) -> [int];
    /// How many there are.
    COUNT = both(shown!("select count(*) from runs r ", "")) -> [int];
    /// How many there are, when nothing but the workspace and the mode count: from indexes alone, and where few are in test mode
    /// all of them are counted once.
    COUNT_ALL = split {
        sqlite: "select (select count(*) from runs indexed by runs_flow where workspace_id = $1)
                - case when cast($2 as text) is null then 0 else
                    (select count(*) from runs indexed by runs_test where workspace_id = $1 and mode = 'test') end",
        postgres: "select (select count(*) from runs where workspace_id = $1)
                - case when cast($2 as text) is null then 0 else
                    (select count(*) from runs where workspace_id = $1 and mode = 'test') end",
    } -> [int];
    /// The same of one workflow.
    COUNT_ALL_OF_FLOW = split {
        sqlite: "select (select count(*) from runs indexed by runs_flow where workspace_id = $1 and flow_id = $3)
                - case when cast($2 as text) is null then 0 else (select count(*) from runs indexed by runs_test
                    where workspace_id = $1 and flow_id = $3 and mode = 'test') end",
        postgres: "select (select count(*) from runs where workspace_id = $1 and flow_id = $3)
                - case when cast($2 as text) is null then 0 else
                    (select count(*) from runs where workspace_id = $1 and flow_id = $3 and mode = 'test') end",
    } -> [int];
    /// How many a workflow has.
    COUNT_OF_FLOW = split {
        sqlite: shown!("select count(*) from runs r indexed by runs_flow ", "and r.flow_id = $4"),
        postgres: shown!("select count(*) from runs r ", "and r.flow_id = $4"),
    } -> [int];
}

/// Writes what runs were given and came to.
///
/// # Errors
/// Of the database.
pub fn put(tx: &mut Tx<'_>, results: &[&RunResult]) -> Result<(), Fault> {
    if results.is_empty() {
        return Ok(());
    }
    let rows: Vec<[Value<'_>; 4]> = results
        .iter()
        .map(|one| [one.workspace.into(), one.run.into(), (&one.inputs).into(), one.outputs.as_deref().into()])
        .collect();
    tx.bulk_later(&PUT, &rows)
}

/// One execution.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId) -> Result<Option<ExecutionRow>, Fault> {
    tx.row(&FIND, params![workspace, run], map)
}

/// Up to `limit` ([`PAGE_MAX`] at most) executions from `skip` on, the newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &ExecutionFilter,
    limit: usize,
    skip: u64,
) -> Result<(Vec<ExecutionRow>, u64), Fault> {
    let ExecutionFilter { flow, statuses, mode, trigger } = *filter;
    let limit = limit.min(PAGE_MAX);
    let (rows, total) = match (trigger, flow) {
        (Some(trigger), flow) => (
            tx.rows(&LIST_OF_TRIGGER, params![workspace, statuses, mode, limit, skip, trigger, flow], map)?,
            tx.row(&COUNT_OF_TRIGGER, params![workspace, statuses, mode, trigger, flow], |row| row.int(0))?,
        ),
        (None, Some(flow)) => (
            tx.rows(&LIST_OF_FLOW, params![workspace, statuses, mode, limit, skip, flow], map)?,
            match mode {
                None | Some(Mode::Live) if statuses.is_none() => {
                    tx.row(&COUNT_ALL_OF_FLOW, params![workspace, mode, flow], |row| row.int(0))?
                }
                _ => tx.row(&COUNT_OF_FLOW, params![workspace, statuses, mode, flow], |row| row.int(0))?,
            },
        ),
        (None, None) => (
            tx.rows(&LIST, params![workspace, statuses, mode, limit, skip], map)?,
            match mode {
                None | Some(Mode::Live) if statuses.is_none() => {
                    tx.row(&COUNT_ALL, params![workspace, mode], |row| row.int(0))?
                }
                _ => tx.row(&COUNT, params![workspace, statuses, mode], |row| row.int(0))?,
            },
        ),
    };
    Ok((rows, total.unwrap_or(0).unsigned_abs()))
}

fn map(row: &Row<'_>) -> Result<ExecutionRow, Fault> {
    Ok(ExecutionRow { run: runs::run(row)?, inputs: row.opt_string(29)?, outputs: row.opt_string(30)? })
}
