//! Schedules follow what is published: one that stands in a trigger is that of the latest version, and without a latest version
//! nothing fires.

use floe_model::Fault;
use floe_model::flows::{Overlap, ScheduleSource, Zone};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::FlowRow;
use floe_store::flows::schedules::{self, ScheduleRow};
use serde_json::Value;

use super::set::{cancelled, fresh, note_set, zone_of_workspace};
use super::wait::{cron, next_of, write};
use crate::definitions::latest_text;
use crate::logs::{Event, Note, note};

/// Why a schedule does not fire: its flow has no published version.
pub(super) const NOT_PUBLISHED: &str = "flow_not_published";

/// What a trigger says about times.
struct Wanted {
    cron: String,
    timezone: Option<String>,
}

/// Brings the schedule of a held flow in line with its latest version, after that has changed: pauses it when there is none, sets the
/// one that stands in the version's `schedule` trigger, and ends one that stood in a trigger which is no more. A schedule that was
/// set by a call is only paused and resumed.
///
/// # Errors
/// Of the database; 400 for a trigger whose pattern or zone is none, which no published version holds.
pub(crate) fn follow_latest(tx: &mut Tx<'_>, ctx: &Ctx, flow: &FlowRow) -> Result<(), Fault> {
    let before = schedules::find(tx, flow.workspace, flow.id)?.filter(|schedule| schedule.active);
    let Some(definition) = latest_text(tx, flow)? else { return pause(tx, ctx, before) };
    let by_call = before.as_ref().is_some_and(|schedule| schedule.source == ScheduleSource::Api);
    match (wanted_by(&definition), before) {
        (_, Some(schedule)) if by_call => resume(tx, ctx, schedule),
        (Some(wanted), before) => take_over(tx, ctx, flow, &wanted, before),
        (None, Some(schedule)) => {
            cancelled(tx, ctx, schedule)?;
            let message = "The schedule ended: the latest version has no schedule trigger with times";
            note(tx, ctx, flow.id, &Note::new(Event::ScheduleCancelled, message))
        }
        (None, None) => Ok(()),
    }
}

/// Ends the schedule of a flow that is deleted.
///
/// # Errors
/// Of the database.
pub(crate) fn end(tx: &mut Tx<'_>, ctx: &Ctx, flow: &FlowRow) -> Result<(), Fault> {
    let Some(schedule) = schedules::find(tx, flow.workspace, flow.id)?.filter(|schedule| schedule.active) else {
        return Ok(());
    };
    cancelled(tx, ctx, schedule)?;
    note(tx, ctx, flow.id, &Note::new(Event::ScheduleCancelled, "The schedule ended with its flow"))
}

fn pause(tx: &mut Tx<'_>, ctx: &Ctx, before: Option<ScheduleRow>) -> Result<(), Fault> {
    let Some(schedule) = before else { return Ok(()) };
    let paused_reason = Some(NOT_PUBLISHED.to_owned());
    write(tx, ctx, &ScheduleRow { paused_reason, next_at: None, updated_at: ctx.now(), ..schedule })
}

fn resume(tx: &mut Tx<'_>, ctx: &Ctx, schedule: ScheduleRow) -> Result<(), Fault> {
    if schedule.paused_reason.is_none() {
        return Ok(());
    }
    let zone = zone_named(&schedule.timezone)?;
    let next_at = Some(next_of(&cron(&schedule.cron)?, &zone, ctx.now())?);
    write(tx, ctx, &ScheduleRow { paused_reason: None, next_at, updated_at: ctx.now(), ..schedule })
}

fn take_over(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    flow: &FlowRow,
    wanted: &Wanted,
    before: Option<ScheduleRow>,
) -> Result<(), Fault> {
    let (timezone, zone) = match &wanted.timezone {
        Some(name) => (name.clone(), zone_named(name)?),
        None => zone_of_workspace(tx, ctx)?,
    };
    let is_same =
        |one: &ScheduleRow| one.cron == wanted.cron && one.timezone == timezone && one.paused_reason.is_none();
    if before.as_ref().is_some_and(is_same) {
        return Ok(());
    }
    let known = schedules::find(tx, flow.workspace, flow.id)?;
    let schedule = ScheduleRow {
        active: true,
        cron: wanted.cron.clone(),
        timezone,
        data: "{}".to_owned(),
        overlap: Overlap::Skip,
        source: ScheduleSource::Trigger,
        paused_reason: None,
        next_at: Some(next_of(&cron(&wanted.cron)?, &zone, ctx.now())?),
        updated_at: ctx.now(),
        ..known.unwrap_or_else(|| fresh(ctx, flow.id))
    };
    write(tx, ctx, &schedule)?;
    note_set(tx, ctx, &schedule)
}

/// The times of the first `schedule` trigger that has some.
fn wanted_by(definition: &str) -> Option<Wanted> {
    let definition: Value = serde_json::from_str(definition).ok()?;
    let steps = definition.get("steps")?.as_array()?;
    steps.iter().filter(|step| step.get("type").is_some_and(|kind| kind == "schedule")).find_map(|step| {
        let text = |key: &str| {
            let text = step.get("data")?.get(key)?.as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        Some(Wanted { cron: text("cron")?, timezone: text("timezone") })
    })
}

fn zone_named(name: &str) -> Result<Zone, Fault> {
    Zone::parse(name).ok_or_else(|| Fault::internal(format!("a schedule is in the unknown zone {name}")))
}
