//! Setting, reading and cancelling the schedule of a flow.

use floe_model::Fault;
use floe_model::flows::{Cron, Level, Overlap, ScheduleSource, Zone};
use floe_model::id::FlowId;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::access::workspaces;
use floe_store::flows::schedules::{self, ScheduleRow};
use serde_json::{Value, json};

use super::wait::{cron, next_of, write};
use crate::definitions::{self, hold};
use crate::logs::{Event, Note, note};

/// A schedule to be set.
#[derive(Debug, Clone)]
pub struct NewSchedule {
    text: String,
    cron: Cron,
    zone: Option<(String, Zone)>,
    overlap: Overlap,
    data: Value,
}

impl NewSchedule {
    /// Takes a pattern, a zone (that of the workspace when none is given), the rule for overlaps, and the values that the runs get:
    /// `data` is an object `{inputs?}`.
    ///
    /// # Errors
    /// 400 `invalid_cron`; 400 `validation_error` for an unknown zone.
    pub fn new(text: &str, timezone: Option<&str>, overlap: Overlap, data: Value) -> Result<Self, Fault> {
        let zone = match timezone {
            Some(name) => Some((name.to_owned(), known_zone(name)?)),
            None => None,
        };
        Ok(Self { text: text.trim().to_owned(), cron: cron(text)?, zone, overlap, data })
    }
}

/// Sets or replaces the schedule of a flow.
///
/// # Errors
/// 404; 403 without `edit`; 409 `flow_not_published`.
pub fn set(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId, new: &NewSchedule) -> Result<ScheduleRow, Fault> {
    let flow = hold(tx, ctx, id, Level::Edit)?;
    if flow.pointers.latest.is_none() {
        return Err(Fault::conflict("flow_not_published", "The flow has no published version"));
    }
    let (timezone, zone) = match &new.zone {
        Some(given) => given.clone(),
        None => zone_of_workspace(tx, ctx)?,
    };
    let before = schedules::find(tx, flow.workspace, id)?;
    let schedule = ScheduleRow {
        active: true,
        cron: new.text.clone(),
        timezone,
        data: new.data.to_string(),
        overlap: new.overlap,
        source: ScheduleSource::Api,
        paused_reason: None,
        next_at: Some(next_of(&new.cron, &zone, ctx.now())?),
        updated_at: ctx.now(),
        ..before.unwrap_or_else(|| fresh(ctx, id))
    };
    write(tx, ctx, &schedule)?;
    note_set(tx, ctx, &schedule)?;
    let detail = json!({ "cron": schedule.cron, "timezone": schedule.timezone, "overlap": schedule.overlap.as_str() });
    definitions::audit(tx, ctx, &flow, "scheduled_flow", detail)?;
    Ok(schedule)
}

/// The schedule of a flow that the caller may see, also a cancelled one.
///
/// # Errors
/// 404.
pub fn get(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId) -> Result<Option<ScheduleRow>, Fault> {
    let (flow, ..) = definitions::visible(tx, ctx, id)?;
    schedules::find(tx, flow.workspace, id)
}

/// Cancels the schedule of a flow; one that is cancelled, or not there, stays as it is.
///
/// # Errors
/// 404; 403 without `edit`.
pub fn cancel(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId) -> Result<Option<ScheduleRow>, Fault> {
    let flow = hold(tx, ctx, id, Level::Edit)?;
    let Some(before) = schedules::find(tx, flow.workspace, id)? else { return Ok(None) };
    if !before.active {
        return Ok(Some(before));
    }
    let schedule = cancelled(tx, ctx, before)?;
    note(tx, ctx, id, &Note::new(Event::ScheduleCancelled, "The schedule was cancelled"))?;
    definitions::audit(tx, ctx, &flow, "cancelled_schedule", json!({ "cron": schedule.cron }))?;
    Ok(Some(schedule))
}

/// Writes a schedule that no longer fires.
pub(super) fn cancelled(tx: &mut Tx<'_>, ctx: &Ctx, before: ScheduleRow) -> Result<ScheduleRow, Fault> {
    let schedule = ScheduleRow { active: false, paused_reason: None, next_at: None, updated_at: ctx.now(), ..before };
    write(tx, ctx, &schedule)?;
    Ok(schedule)
}

/// Logs that a schedule was set.
pub(super) fn note_set(tx: &mut Tx<'_>, ctx: &Ctx, schedule: &ScheduleRow) -> Result<(), Fault> {
    let message = format!("The schedule was set to {} in {}", schedule.cron, schedule.timezone);
    let entry = Note::new(Event::ScheduleSet, message)
        .with("cron", schedule.cron.as_str())
        .with("timezone", schedule.timezone.as_str())
        .with("overlap", schedule.overlap.as_str())
        .with("source", schedule.source.as_str())
        .with("nextRunAt", json!(schedule.next_at));
    note(tx, ctx, schedule.flow, &entry)
}

/// A schedule that was never set.
pub(super) fn fresh(ctx: &Ctx, flow: FlowId) -> ScheduleRow {
    ScheduleRow {
        workspace: ctx.caller.workspace,
        flow,
        active: false,
        cron: String::new(),
        timezone: String::new(),
        data: "{}".to_owned(),
        overlap: Overlap::Skip,
        source: ScheduleSource::Api,
        paused_reason: None,
        next_at: None,
        last_at: None,
        last_run: None,
        last_status: None,
        created_at: ctx.now(),
        updated_at: ctx.now(),
    }
}

/// The zone of the workspace, else UTC.
pub(super) fn zone_of_workspace(tx: &mut Tx<'_>, ctx: &Ctx) -> Result<(String, Zone), Fault> {
    let workspace = workspaces::find(tx, ctx.caller.workspace)?;
    let name = workspace.map_or_else(|| "UTC".to_owned(), |workspace| workspace.timezone);
    match Zone::parse(&name) {
        Some(zone) => Ok((name, zone)),
        None => Ok(("UTC".to_owned(), known_zone("UTC")?)),
    }
}

fn known_zone(name: &str) -> Result<Zone, Fault> {
    let unknown = || Fault::field("/timezone", "value", "timezone must be an IANA name, e.g. Africa/Lagos");
    Zone::parse(name).ok_or_else(unknown)
}
