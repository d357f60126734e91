//! Tables `usage_totals`, `usage_marks` and `usage_open`: sums by UTC day, and which runs are in them.
//!
//! Requests and credits are added in the transactions that write them. Runs are counted later, in pages, in the order of their
//! ids: that takes nothing from the way of a run. `usage_marks` tells how far that has come, so a sum over all time is the
//! totals and the few runs behind the mark.

use floe_model::{
    Fault, Mode, Scope, Timestamp,
    id::{FlowId, RunId, WorkspaceId},
};

use crate::{Row, Tx, Value, params, statements};

/// Groups of one answer at most.
pub const GROUPS_MAX: usize = 5_000;

/// What a sum is over; an empty text does not apply. The order is the order in which rows are written, so that writers that meet
/// do not wait for each other in a circle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Key {
    /// UTC day, counted from 1970.
    pub day: i64,
    /// `flows`, `console`, …
    pub product: String,
    /// Id of an API key or token.
    pub key: String,
    /// Name of a model.
    pub model: String,
    /// Id of an agent.
    pub agent: String,
    /// Id of a flow.
    pub flow: String,
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Requests.
    pub requests: i64,
    /// Runs, by the day on which they arrived.
    pub runs: i64,
    /// Requests answered with 400 or more, and runs that failed.
    pub errors: i64,
    /// Credits used, in thousandths.
    pub credits: i64,
    /// Tokens that went into models.
    pub input_tokens: i64,
    /// Tokens that came out of them.
    pub output_tokens: i64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.runs += other.runs;
        self.errors += other.errors;
        self.credits += other.credits;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
    }
}

/// By what a sum is taken apart.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one switch for each column of the table")]
pub struct GroupBy {
    /// Day.
    pub day: bool,
    /// Product.
    pub product: bool,
    /// Key.
    pub key: bool,
    /// Model.
    pub model: bool,
    /// Agent.
    pub agent: bool,
    /// Flow.
    pub flow: bool,
}

/// A run as it is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Live or test.
    pub mode: Mode,
    /// Its flow.
    pub flow: FlowId,
    /// When it arrived.
    pub queued_at: Timestamp,
    /// Its status.
    pub status: String,
}

/// A run that was not over when it was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRun {
    /// Its id.
    pub id: RunId,
    /// Live or test.
    pub mode: Mode,
    /// The day on which it arrived.
    pub day: i64,
    /// Its flow.
    pub flow: FlowId,
    /// Its status now; none when the run is gone.
    pub status: Option<String>,
}

statements! {
    /// Adds to sums.
    ADD = bulk(
        "insert into usage_totals (workspace_id, mode, day, product, key, model, agent, flow, requests, runs, errors, credits,
             input_tokens, output_tokens)",
        [id, text, int, text, text, text, text, text, int, int, int, int, int, int],
        "on conflict (workspace_id, mode, day, product, key, model, agent, flow) do update set
             requests = usage_totals.requests + excluded.requests,
             runs = usage_totals.runs + excluded.runs,
             errors = usage_totals.errors + excluded.errors,
             credits = usage_totals.credits + excluded.credits,
             input_tokens = usage_totals.input_tokens + excluded.input_tokens,
             output_tokens = usage_totals.output_tokens + excluded.output_tokens"
    );
    /// Sums of a time.
    SUM = both(
        "select case when $5 then day else 0 end, case when $6 then product else '' end, case when $7 then key else '' end,
             case when $8 then model else '' end, case when $9 then agent else '' end, case when $10 then flow else '' end,
             cast(sum(requests) as bigint), cast(sum(runs) as bigint), cast(sum(errors) as bigint), cast(sum(credits) as bigint),
             cast(sum(input_tokens) as bigint), cast(sum(output_tokens) as bigint)
         from usage_totals
         where workspace_id = $1 and mode = $2 and day >= $3 and day < $4
         group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6 limit $11"
    ) -> [int, text, text, text, text, text, int, int, int, int, int, int];
    /// How far the runs of a workspace are counted.
    MARK = both("select last_run from usage_marks where workspace_id = $1") -> [id];
    /// The first mark of a workspace.
    START = both("insert into usage_marks (workspace_id, last_run) values ($1, $2) on conflict do nothing");
    /// Moves a mark that is still where it was read.
    MOVE = both("update usage_marks set last_run = $3 where workspace_id = $1 and last_run = $2");
    /// Runs behind a mark.
    RUNS = both(
        "select id, mode, flow_id, queued_at, status from runs where workspace_id = $1 and id > $2 and id < $3 order by id limit $4"
    ) -> [id, text, id, time, text];
    /// Runs of a mode behind a mark, by day and flow.
    TAIL = both(
        "select queued_at / 86400000000, flow_id, count(*), sum(case when status = 'failed' then 1 else 0 end) from runs
         where workspace_id = $1 and id > $2 and mode = $3 and queued_at >= $4 and queued_at < $5
         group by 1, 2 order by 1, 2 limit $6"
    ) -> [int, id, int, int];
    /// Counted runs of a mode that were not over then and have failed since, by day and flow. The status is no way to them: many more
    /// have failed.
    LATE_ERRORS = both(
        "select o.day, o.flow_id, count(*) from usage_open o join runs r on r.workspace_id = o.workspace_id and r.id = o.run_id
         where o.workspace_id = $1 and o.mode = $2 and o.day >= $3 and o.day < $4 and coalesce(r.status, '') = 'failed'
         group by 1, 2 order by 1, 2 limit $5"
    ) -> [int, id, int];
    /// Notes runs that are not over.
    OPEN = bulk(
        "insert into usage_open (workspace_id, run_id, mode, day, flow_id)", [id, id, text, int, id], "on conflict do nothing"
    );
    /// Counted runs that were not over then.
    STILL_OPEN = both(
        "select o.run_id, o.mode, o.day, o.flow_id, r.status
         from usage_open o left join runs r on r.workspace_id = o.workspace_id and r.id = o.run_id
         where o.workspace_id = $1 and o.run_id > $2 order by o.run_id limit $3"
    ) -> [id, text, int, id, opt text];
    /// Forgets one of them.
    CLOSE = both("delete from usage_open where workspace_id = $1 and run_id = $2");
    /// Workspaces in the order of their ids.
    WORKSPACES = both("select id from workspaces where id > $1 order by id limit $2") -> [id];
}

/// Adds to the sums of a scope. `rows` must be sorted, and hold each key once.
///
/// # Errors
/// Of the database.
pub fn add(tx: &mut Tx<'_>, scope: Scope, rows: &[(Key, Counts)]) -> Result<(), Fault> {
    let rows: Vec<[Value<'_>; 14]> = rows
        .iter()
        .map(|(key, counts)| {
            [
                scope.workspace.into(),
                scope.mode.into(),
                key.day.into(),
                (&key.product).into(),
                (&key.key).into(),
                (&key.model).into(),
                (&key.agent).into(),
                (&key.flow).into(),
                counts.requests.into(),
                counts.runs.into(),
                counts.errors.into(),
                counts.credits.into(),
                counts.input_tokens.into(),
                counts.output_tokens.into(),
            ]
        })
        .collect();
    tx.bulk(&ADD, &rows).map(drop)
}

/// Sums from day `from` until before day `to`, taken apart as `by` says; what it does not say is empty in the keys. At most
/// [`GROUPS_MAX`] groups.
///
/// # Errors
/// Of the database.
pub fn sum(tx: &mut Tx<'_>, scope: Scope, from: i64, to: i64, by: GroupBy) -> Result<Vec<(Key, Counts)>, Fault> {
    let GroupBy { day, product, key, model, agent, flow } = by;
    tx.rows(
        &SUM,
        params![scope.workspace, scope.mode, from, to, day, product, key, model, agent, flow, GROUPS_MAX],
        |row| {
            let key = Key {
                day: row.int(0)?,
                product: row.string(1)?,
                key: row.string(2)?,
                model: row.string(3)?,
                agent: row.string(4)?,
                flow: row.string(5)?,
            };
            let counts = Counts {
                requests: row.int(6)?,
                runs: row.int(7)?,
                errors: row.int(8)?,
                credits: row.int(9)?,
                input_tokens: row.int(10)?,
                output_tokens: row.int(11)?,
            };
            Ok((key, counts))
        },
    )
}

/// Up to which run the runs of a workspace are in the sums.
///
/// # Errors
/// Of the database.
pub fn mark(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<RunId, Fault> {
    Ok(tx.row(&MARK, params![workspace], |row| row.id(0))?.map_or(RunId(0), RunId))
}

/// Moves the mark of a workspace when it is still where it was read; of several at once exactly one does. The same place is
/// allowed: it holds the mark until the end of the transaction.
///
/// # Errors
/// Of the database.
pub fn move_mark(tx: &mut Tx<'_>, workspace: WorkspaceId, from: RunId, to: RunId) -> Result<bool, Fault> {
    tx.execute(&START, params![workspace, RunId(0)])?;
    Ok(tx.execute(&MOVE, params![workspace, from, to])? == 1)
}

/// Up to `limit` runs behind a mark with ids below `before`, in the order of their ids.
///
/// # Errors
/// Of the database.
pub fn runs(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    after: RunId,
    before: RunId,
    limit: usize,
) -> Result<Vec<Run>, Fault> {
    tx.rows(&RUNS, params![workspace, after, before, limit], |row| {
        Ok(Run {
            id: RunId(row.id(0)?),
            mode: row.mode(1)?,
            flow: FlowId(row.id(2)?),
            queued_at: row.time(3)?,
            status: row.string(4)?,
        })
    })
}

/// What is not in the sums yet: day, flow, runs and how many of them failed. First the runs behind the mark, then the errors of
/// runs that were counted before they were over.
///
/// # Errors
/// Of the database.
pub fn not_summed(tx: &mut Tx<'_>, scope: Scope, from: i64, to: i64) -> Result<Vec<(i64, FlowId, i64, i64)>, Fault> {
    const DAY_US: i64 = 86_400_000_000;
    let mark = mark(tx, scope.workspace)?;
    let (since, until) = (from.saturating_mul(DAY_US), to.saturating_mul(DAY_US));
    let mut rows = tx.rows(&TAIL, params![scope.workspace, mark, scope.mode, since, until, GROUPS_MAX], |row| {
        Ok((row.int(0)?, FlowId(row.id(1)?), row.int(2)?, row.int(3)?))
    })?;
    rows.extend(tx.rows(&LATE_ERRORS, params![scope.workspace, scope.mode, from, to, GROUPS_MAX], |row| {
        Ok((row.int(0)?, FlowId(row.id(1)?), 0, row.int(2)?))
    })?);
    Ok(rows)
}

/// Notes counted runs that are not over: run, mode, day, flow.
///
/// # Errors
/// Of the database.
pub fn note_open(tx: &mut Tx<'_>, workspace: WorkspaceId, runs: &[(RunId, Mode, i64, FlowId)]) -> Result<(), Fault> {
    let rows: Vec<[Value<'_>; 5]> = runs
        .iter()
        .map(|(run, mode, day, flow)| [workspace.into(), (*run).into(), (*mode).into(), (*day).into(), (*flow).into()])
        .collect();
    tx.bulk(&OPEN, &rows).map(drop)
}

/// Up to `limit` counted runs that were not over then, after a run, with their statuses now.
///
/// # Errors
/// Of the database.
pub fn still_open(tx: &mut Tx<'_>, workspace: WorkspaceId, after: RunId, limit: usize) -> Result<Vec<OpenRun>, Fault> {
    tx.rows(&STILL_OPEN, params![workspace, after, limit], open_run)
}

/// Forgets that a counted run was not over; false when somebody else did.
///
/// # Errors
/// Of the database.
pub fn close(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId) -> Result<bool, Fault> {
    Ok(tx.execute(&CLOSE, params![workspace, run])? == 1)
}

/// Up to `limit` workspaces after one, in the order of their ids.
///
/// # Errors
/// Of the database.
pub fn workspaces(tx: &mut Tx<'_>, after: WorkspaceId, limit: usize) -> Result<Vec<WorkspaceId>, Fault> {
    tx.rows(&WORKSPACES, params![after, limit], |row| row.id(0).map(WorkspaceId))
}

fn open_run(row: &Row<'_>) -> Result<OpenRun, Fault> {
    Ok(OpenRun {
        id: RunId(row.id(0)?),
        mode: row.mode(1)?,
        day: row.int(2)?,
        flow: FlowId(row.id(3)?),
        status: row.opt_string(4)?,
    })
}
