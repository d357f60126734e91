//! Table `schedules`: when a flow starts by itself (Flow API contract, section 9).

use floe_model::{
    Fault, Timestamp,
    flows::{Overlap, ScheduleSource},
    id::{FlowId, RunId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Schedules that one look-up of several flows finds at most.
pub const FLOWS_MAX: usize = 1_000;

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRow {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of which flow.
    pub flow: FlowId,
    /// False once it was cancelled.
    pub active: bool,
    /// The pattern as it was given.
    pub cron: String,
    /// IANA time zone.
    pub timezone: String,
    /// JSON object as it was given: `{inputs?}`.
    pub data: String,
    /// What happens at a time at which the last run still goes on.
    pub overlap: Overlap,
    /// Where it comes from.
    pub source: ScheduleSource,
    /// Why it does not fire although it is active.
    pub paused_reason: Option<String>,
    /// The time for which its job waits.
    pub next_at: Option<Timestamp>,
    /// When it fired last.
    pub last_at: Option<Timestamp>,
    /// The run of that firing.
    pub last_run: Option<RunId>,
    /// Status of that run; of a firing that made no run, what is written here.
    pub last_status: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was set, cancelled, paused or resumed.
    pub updated_at: Timestamp,
}

macro_rules! select_schedules {
    ($tail:literal) => {
        concat!(
            "select s.workspace_id, s.flow_id, s.active, s.cron, s.timezone, s.data, s.overlap, s.source, s.paused_reason, s.next_at,
                 s.last_at, s.last_run_id, coalesce(s.last_status, r.status), s.created_at, s.updated_at
             from schedules s left join runs r on r.workspace_id = s.workspace_id and r.id = s.last_run_id ",
            $tail
        )
    };
}

statements! {
    /// Sets or replaces a schedule.
    PUT = both(
        "insert into schedules (workspace_id, flow_id, active, cron, timezone, data, overlap, source, paused_reason, next_at,
             last_at, last_run_id, last_status, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         on conflict (workspace_id, flow_id) do update set active = excluded.active, cron = excluded.cron,
             timezone = excluded.timezone, data = excluded.data, overlap = excluded.overlap, source = excluded.source,
             paused_reason = excluded.paused_reason, next_at = excluded.next_at, last_at = excluded.last_at,
             last_run_id = excluded.last_run_id, last_status = excluded.last_status, updated_at = excluded.updated_at"
    );
    /// Moves a schedule on from a due time, when that is still the one for which it waits.
    FIRED = both(
        "update schedules set next_at = $4, last_at = $5, last_run_id = $6, last_status = $7
         where workspace_id = $1 and flow_id = $2 and next_at = $3 and active"
    );
    /// Moves a schedule on from a due time at which nothing was started.
    PASSED = both(
        "update schedules set next_at = $4 where workspace_id = $1 and flow_id = $2 and next_at = $3 and active"
    );
    /// The schedule of a flow.
    FIND = both(select_schedules!("where s.workspace_id = $1 and s.flow_id = $2"))
        -> [id, id, bool, text, text, json, text, text, opt text, opt time, opt time, opt id, opt text, time, time];
    /// Those in force below an id, highest first.
    BELOW = both(select_schedules!(
        "where s.workspace_id = $1 and s.flow_id < $2 and s.active and (s.flow_id = $3 or $3 is null)
         order by s.flow_id desc limit $4"
    )) -> [id, id, bool, text, text, json, text, text, opt text, opt time, opt time, opt id, opt text, time, time];
    /// How many are in force.
    COUNT = both("select count(*) from schedules where workspace_id = $1 and active and (flow_id = $2 or $2 is null)") -> [int];
    /// The schedules of some flows.
    OF_FLOWS = split {
        sqlite: select_schedules!(
            "where s.workspace_id = $1 and s.flow_id in (select unhex(replace(value, '-', '')) from json_each($2)) limit $3"
        ),
        postgres: select_schedules!(
            "where s.workspace_id = $1 and s.flow_id in (select json_array_elements_text($2::text::json)::uuid) limit $3"
        ),
    } -> [id, id, bool, text, text, json, text, text, opt text, opt time, opt time, opt id, opt text, time, time];
}

/// Sets or replaces the schedule of a flow. The status of its last run is not written unless there is no such run.
///
/// # Errors
/// Of the database.
pub fn put(tx: &mut Tx<'_>, schedule: &ScheduleRow) -> Result<(), Fault> {
    let without_run = schedule.last_status.as_deref().filter(|_| schedule.last_run.is_none());
    tx.execute(
        &PUT,
        params![
            schedule.workspace,
            schedule.flow,
            schedule.active,
            &schedule.cron,
            &schedule.timezone,
            &schedule.data,
            schedule.overlap.as_str(),
            schedule.source.as_str(),
            &schedule.paused_reason,
            schedule.next_at,
            schedule.last_at,
            schedule.last_run,
            without_run,
            schedule.created_at,
            schedule.updated_at
        ],
    )?;
    Ok(())
}

/// What became of a due time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Firing<'a> {
    /// Whose schedule.
    pub workspace: WorkspaceId,
    /// Of which flow.
    pub flow: FlowId,
    /// The time for which it waited.
    pub due: Timestamp,
    /// The time for which it waits now.
    pub next: Option<Timestamp>,
    /// When it fired.
    pub at: Timestamp,
    /// The run.
    pub run: Option<RunId>,
    /// What became of it, when there is no run.
    pub status: Option<&'a str>,
}

/// Moves a schedule on after it fired; false when it no longer waits for that time.
///
/// # Errors
/// Of the database.
pub fn fired(tx: &mut Tx<'_>, firing: &Firing<'_>) -> Result<bool, Fault> {
    let Firing { workspace, flow, due, next, at, run, status } = *firing;
    Ok(tx.execute(&FIRED, params![workspace, flow, due, next, at, run, status])? == 1)
}

/// Moves a schedule on from a time at which nothing was started; false when it no longer waits for that time.
///
/// # Errors
/// Of the database.
pub fn passed(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    flow: FlowId,
    due: Timestamp,
    next: Option<Timestamp>,
) -> Result<bool, Fault> {
    Ok(tx.execute(&PASSED, params![workspace, flow, due, next])? == 1)
}

/// The schedule of a flow, also a cancelled one.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId) -> Result<Option<ScheduleRow>, Fault> {
    tx.row(&FIND, params![workspace, flow], schedule)
}

/// The schedules of some flows ([`FLOWS_MAX`] at most), in no order.
///
/// # Errors
/// Of the database.
pub fn of_flows(tx: &mut Tx<'_>, workspace: WorkspaceId, flows: &[FlowId]) -> Result<Vec<ScheduleRow>, Fault> {
    if flows.is_empty() {
        return Ok(Vec::new());
    }
    let flows = serde_json::to_string(flows).map_err(Fault::internal)?;
    tx.rows(&OF_FLOWS, params![workspace, &flows, FLOWS_MAX], schedule)
}

/// Up to `limit` ([`FLOWS_MAX`] at most) schedules in force below an id (`None`: from the highest), highest first; of one flow, or of all.
///
/// # Errors
/// Of the database.
pub fn below(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    flow: Option<FlowId>,
    below: Option<FlowId>,
    limit: usize,
) -> Result<Vec<ScheduleRow>, Fault> {
    let below = below.unwrap_or(FlowId(u128::MAX));
    tx.rows(&BELOW, params![workspace, below, flow, limit.min(FLOWS_MAX)], schedule)
}

/// How many schedules are in force; of one flow, or of all.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: Option<FlowId>) -> Result<u64, Fault> {
    Ok(tx.row(&COUNT, params![workspace, flow], |row| row.int(0))?.unwrap_or(0).unsigned_abs())
}

fn schedule(row: &Row<'_>) -> Result<ScheduleRow, Fault> {
    Ok(ScheduleRow {
        workspace: WorkspaceId(row.id(0)?),
        flow: FlowId(row.id(1)?),
        active: row.bool(2)?,
        cron: row.string(3)?,
        timezone: row.string(4)?,
        data: row.string(5)?,
        overlap: Overlap::parse(row.text(6)?).ok_or_else(|| row.mismatch(6, "a rule for overlaps"))?,
        source: ScheduleSource::parse(row.text(7)?).ok_or_else(|| row.mismatch(7, "a source of schedules"))?,
        paused_reason: row.opt_string(8)?,
        next_at: row.opt_time(9)?,
        last_at: row.opt_time(10)?,
        last_run: row.opt_id(11)?.map(RunId),
        last_status: row.opt_string(12)?,
        created_at: row.time(13)?,
        updated_at: row.time(14)?,
    })
}
