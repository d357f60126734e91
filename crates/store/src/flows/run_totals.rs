//! Sums over the runs of one flow in a period, from table `runs`. A run counts at its start, or while it queues at its arrival.

use floe_model::{
    Fault, Timestamp,
    id::{FlowId, RunId, WorkspaceId},
};

use crate::{Tx, params, statements};

/// Kinds of runs told apart at most: statuses × versions × triggers.
const GROUPS_MAX: usize = 10_000;
/// Days at most: ten years.
const DAYS_MAX: usize = 3_660;
/// Errors at most.
const ERRORS_MAX: usize = 10;
/// Durations looked at: those of the newest runs.
const DURATIONS_MAX: usize = 10_000;
/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// Runs that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Their status.
    pub status: String,
    /// Version of the flow.
    pub version: u32,
    /// Type of the trigger.
    pub trigger: String,
    /// How many.
    pub count: u64,
}

/// The runs of one day in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// Its beginning.
    pub at: Timestamp,
    /// Runs.
    pub total: u64,
    /// Those that completed.
    pub completed: u64,
    /// Those that failed.
    pub failed: u64,
    /// Credits that they took, in thousandths.
    pub credits: i64,
}

/// An error that ended runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorCount {
    /// Its code.
    pub code: Option<String>,
    /// The step that failed.
    pub step: Option<String>,
    /// How many runs.
    pub count: u64,
}

/// Which runs are summed.
#[derive(Debug, Clone, Copy)]
pub struct Period {
    /// Whose runs.
    pub workspace: WorkspaceId,
    /// Of which flow.
    pub flow: FlowId,
    /// Not before.
    pub from: Timestamp,
    /// Before.
    pub to: Timestamp,
}

statements! {
    /// How many runs a flow has with ids of a range.
    COUNT_BETWEEN = both("select count(*) from runs where workspace_id = $1 and flow_id = $2 and id >= $3 and id < $4") -> [int];
    /// How many runs a flow has whose ids are not lower.
    COUNT_FROM = both("select count(*) from runs where workspace_id = $1 and flow_id = $2 and id >= $3") -> [int];
    /// Runs by status, version and trigger.
    GROUPS = both(
        "select status, version, trigger_type, count(*) from runs
         where workspace_id = $1 and flow_id = $2 and coalesce(started_at, queued_at) >= $3 and coalesce(started_at, queued_at) < $4
         group by status, version, trigger_type order by status, version, trigger_type limit $5"
    ) -> [text, int, text, int];
    /// Runs by day, the latest day first.
    DAYS = both(
        "select coalesce(started_at, queued_at) / 86400000000, count(*),
             sum(case when status = 'completed' then 1 else 0 end), sum(case when status = 'failed' then 1 else 0 end)
         from runs
         where workspace_id = $1 and flow_id = $2 and coalesce(started_at, queued_at) >= $3 and coalesce(started_at, queued_at) < $4
         group by 1 order by 1 desc limit $5"
    ) -> [int, int, int, int];
    /// What the runs of each day took.
    CREDITS = both(
        "select coalesce(r.started_at, r.queued_at) / 86400000000, cast(-sum(e.amount) as bigint)
         from runs r join credit_entries e on e.workspace_id = r.workspace_id and e.run_id = r.id
         where r.workspace_id = $1 and r.flow_id = $2 and coalesce(r.started_at, r.queued_at) >= $3
             and coalesce(r.started_at, r.queued_at) < $4
         group by 1 order by 1 desc limit $5"
    ) -> [int, int];
    /// Errors, the most frequent first.
    ERRORS = both(
        "select error_code, error_step, count(*) from runs
         where workspace_id = $1 and flow_id = $2 and coalesce(started_at, queued_at) >= $3 and coalesce(started_at, queued_at) < $4
             and status = 'failed'
         group by error_code, error_step order by count(*) desc, error_code, error_step limit $5"
    ) -> [opt text, opt text, int];
    /// Active times of the newest runs that are over, the shortest first.
    DURATIONS = both(
        "select active_ms from
             (select active_ms from runs
              where workspace_id = $1 and flow_id = $2 and coalesce(started_at, queued_at) >= $3
                  and coalesce(started_at, queued_at) < $4 and active_ms is not null
              order by id desc limit $5) newest
         order by active_ms"
    ) -> [int];
    /// Runs of a flow that wait now.
    WAITING = both("select count(*) from runs where workspace_id = $1 and flow_id = $2 and status = 'waiting'") -> [int];
}

/// How many runs of a flow have an id from `from` on and lower than `before`. The index alone answers.
///
/// # Errors
/// Of the database.
pub fn count_between(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    flow: FlowId,
    from: RunId,
    before: RunId,
) -> Result<u64, Fault> {
    let count = tx.row(&COUNT_BETWEEN, params![workspace, flow, from, before], |row| row.int(0))?;
    Ok(count.unwrap_or(0).unsigned_abs())
}

/// How many runs of a flow have the id `from` or a higher one. The index alone answers.
///
/// # Errors
/// Of the database.
pub fn count_from(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId, from: RunId) -> Result<u64, Fault> {
    let count = tx.row(&COUNT_FROM, params![workspace, flow, from], |row| row.int(0))?;
    Ok(count.unwrap_or(0).unsigned_abs())
}

/// Runs by status, version and trigger.
///
/// # Errors
/// Of the database.
pub fn groups(tx: &mut Tx<'_>, period: Period) -> Result<Vec<Group>, Fault> {
    let Period { workspace, flow, from, to } = period;
    tx.rows(&GROUPS, params![workspace, flow, from, to, GROUPS_MAX], |row| {
        Ok(Group {
            status: row.string(0)?,
            version: row.u32(1)?,
            trigger: row.string(2)?,
            count: row.int(3)?.unsigned_abs(),
        })
    })
}

/// Days with runs, the earliest first.
///
/// # Errors
/// Of the database.
pub fn days(tx: &mut Tx<'_>, period: Period) -> Result<Vec<Day>, Fault> {
    let Period { workspace, flow, from, to } = period;
    let mut days = tx.rows(&DAYS, params![workspace, flow, from, to, DAYS_MAX], |row| {
        Ok(Day {
            at: Timestamp(row.int(0)?.saturating_mul(DAY_US)),
            total: row.int(1)?.unsigned_abs(),
            completed: row.int(2)?.unsigned_abs(),
            failed: row.int(3)?.unsigned_abs(),
            credits: 0,
        })
    })?;
    let taken =
        tx.rows(&CREDITS, params![workspace, flow, from, to, DAYS_MAX], |row| Ok((row.int(0)?, row.int(1)?)))?;
    for (day, credits) in taken {
        let at = Timestamp(day.saturating_mul(DAY_US));
        if let Some(found) = days.iter_mut().find(|found| found.at == at) {
            found.credits = credits;
        }
    }
    days.reverse();
    Ok(days)
}

/// The most frequent errors.
///
/// # Errors
/// Of the database.
pub fn errors(tx: &mut Tx<'_>, period: Period) -> Result<Vec<ErrorCount>, Fault> {
    let Period { workspace, flow, from, to } = period;
    tx.rows(&ERRORS, params![workspace, flow, from, to, ERRORS_MAX], |row| {
        Ok(ErrorCount { code: row.opt_string(0)?, step: row.opt_string(1)?, count: row.int(2)?.unsigned_abs() })
    })
}

/// Active times in milliseconds of the newest runs that are over, the shortest first.
///
/// # Errors
/// Of the database.
pub fn durations(tx: &mut Tx<'_>, period: Period) -> Result<Vec<i64>, Fault> {
    let Period { workspace, flow, from, to } = period;
    tx.rows(&DURATIONS, params![workspace, flow, from, to, DURATIONS_MAX], |row| row.int(0))
}

/// How many runs of a flow wait now, whenever they began.
///
/// # Errors
/// Of the database.
pub fn waiting(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId) -> Result<u64, Fault> {
    Ok(tx.row(&WAITING, params![workspace, flow], |row| row.int(0))?.unwrap_or(0).unsigned_abs())
}
