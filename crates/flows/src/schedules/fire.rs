//! Settling a schedule's due time: a run, or the reason why there is none, and the time for which it waits next.

use floe_engine::plan::Plan;
use floe_model::flows::{Cron, Occasion, Overlap, Zone, settle as decide};
use floe_model::id::{FlowId, RunId, WorkspaceId};
use floe_model::{Fault, FaultKind, Timestamp};
use floe_runtime::Platform;
use floe_store::Tx;
use floe_store::flows::flows;
use floe_store::flows::runs::{self as rows};
use floe_store::flows::schedules::{self, Firing, ScheduleRow};
use serde_json::{Map, Value, json};

use super::follow::NOT_PUBLISHED;
use super::wait::{wait_until, write};
use crate::definitions::{self, Runnable, VersionChoice, mode_of, trigger_data};
use crate::logs::{Event, Note, note_by_server};
use crate::runs::{Begin, NewRun, Origin, Plans, Queued, check_inputs, choose_entry, insert_queued};

/// Why a schedule does not fire: its zone or pattern is no longer known here.
const UNREADABLE: &str = "schedule_unreadable";

/// A time that came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    pub(super) workspace: WorkspaceId,
    pub(super) flow: FlowId,
    pub(super) due: Timestamp,
}

/// Settles a due time in one transaction; returns the run that it inserted. A time that was settled before, or that no schedule
/// waits for any more, changes nothing.
///
/// # Errors
/// Of the database: then nothing is settled, and the job comes again.
pub(super) fn settle(tx: &mut Tx<'_>, platform: &Platform, plans: &Plans, due: Due) -> Result<Option<Queued>, Fault> {
    // The flow's row is held first, as by everything that changes a flow or its schedule.
    let Some(flow) = flows::hold(tx, due.workspace, due.flow)? else { return Ok(None) };
    let waits = |schedule: &ScheduleRow| schedule.active && schedule.next_at == Some(due.due);
    let Some(schedule) = schedules::find(tx, due.workspace, due.flow)?.filter(waits) else { return Ok(None) };
    if flow.pointers.latest.is_none() {
        return pause(tx, platform, schedule, NOT_PUBLISHED);
    }
    let (Ok(cron), Some(zone)) = (Cron::parse(&schedule.cron), Zone::parse(&schedule.timezone)) else {
        return pause(tx, platform, schedule, UNREADABLE);
    };
    let now = platform.clock.now();
    let (occasion, next) = decide(&cron, &zone, due.due, now);
    let mut firing = Moment { tx: &mut *tx, platform, due, next, now };
    let queued = match occasion {
        Occasion::Missed => {
            firing.missed(None)?;
            None
        }
        Occasion::OnTime => firing.fire(plans, &schedule, due.due)?,
        Occasion::CatchUp { last } => {
            firing.missed(Some(last))?;
            firing.fire(plans, &schedule, last)?
        }
    };
    match next {
        Some(next) => wait_until(tx, platform, due.workspace, due.flow, next)?,
        None => tracing::warn!(flow.id = %due.flow, "a schedule has come to the end of time"),
    }
    Ok(queued)
}

/// Stops a schedule that cannot fire until something changes.
fn pause(tx: &mut Tx<'_>, platform: &Platform, schedule: ScheduleRow, reason: &str) -> Result<Option<Queued>, Fault> {
    let paused_reason = Some(reason.to_owned());
    write(tx, platform, &ScheduleRow { paused_reason, next_at: None, ..schedule })?;
    Ok(None)
}

/// One due time on its way to being settled.
struct Moment<'t, 'x> {
    tx: &'t mut Tx<'x>,
    platform: &'t Platform,
    due: Due,
    next: Option<Timestamp>,
    now: Timestamp,
}

impl Moment<'_, '_> {
    /// Notes that times were missed; without a time to be made up for, that settles the due time.
    fn missed(&mut self, made_up: Option<Timestamp>) -> Result<(), Fault> {
        let message = match made_up {
            Some(_) => "Times were missed; one run makes up for the last of them",
            None => "Times were missed, the last of them an hour ago or longer; none is made up for",
        };
        let entry = Note::new(Event::ScheduleMissed, message)
            .with("since", json!(self.due.due))
            .with("madeUpFor", json!(made_up));
        let entry = if made_up.is_none() { entry.settling(self.due.due) } else { entry };
        self.note(&entry)?;
        if made_up.is_none() {
            self.pass()?;
        }
        Ok(())
    }

    /// Fires for a time, unless it was settled or the last run goes on.
    fn fire(&mut self, plans: &Plans, schedule: &ScheduleRow, time: Timestamp) -> Result<Option<Queued>, Fault> {
        if schedule.overlap == Overlap::Skip && self.goes_on(schedule)? {
            let entry = Note::new(Event::ScheduleSkipped, "Nothing was started: the last run still goes on")
                .with("scheduledFor", json!(time))
                .with("lastRunId", json!(schedule.last_run));
            self.note(&entry.settling(time))?;
            self.pass()?;
            return Ok(None);
        }
        match self.prepare(plans, schedule) {
            Ok(new) => self.start(&new, time),
            Err(fault) if fault.kind() == FaultKind::Internal => Err(fault),
            Err(fault) => {
                self.refused(&fault, time)?;
                Ok(None)
            }
        }
    }

    fn start(&mut self, new: &NewRun, time: Timestamp) -> Result<Option<Queued>, Fault> {
        let entry = Note::new(Event::ScheduleFired, "The schedule started a run")
            .run(new.run)
            .version(new.version)
            .with("scheduledFor", json!(time));
        if !self.note(&entry.settling(time))? {
            // The same time was settled before: the clock or the schedule was set back over it.
            self.pass()?;
            return Ok(None);
        }
        let queued = insert_queued(self.tx, new, self.now, self.platform.ids.next())?;
        self.fired(Some(new.run), None)?;
        Ok(Some(queued))
    }

    /// Notes that the latest version could not be started with what the schedule gives it.
    fn refused(&mut self, fault: &Fault, time: Timestamp) -> Result<(), Fault> {
        let fields: Vec<Value> =
            fault.fields().iter().map(|one| json!({ "path": one.path, "message": one.message })).collect();
        let entry = Note::new(Event::ScheduleFired, format!("No run was started: {}", fault.message()))
            .with("scheduledFor", json!(time))
            .with("error", json!({ "code": fault.code(), "message": fault.message(), "fields": fields }));
        self.note(&entry.of_error_level().settling(time))?;
        self.fired(None, Some("failed"))
    }

    /// The run that the latest version makes of the schedule's values.
    fn prepare(&mut self, plans: &Plans, schedule: &ScheduleRow) -> Result<NewRun, Fault> {
        let Due { workspace, flow, .. } = self.due;
        let resolved = definitions::resolve(self.tx, workspace, flow, VersionChoice::Latest)?;
        let plan = plans.compile(resolved.document_hash, &resolved.definition)?;
        let entry = choose_entry(&plan, "schedule", None)?;
        let inputs = check_inputs(&plan.entries[entry], values(&plan, entry, &schedule.data), "/inputs")?;
        let mode = mode_of(&trigger_data(&resolved.definition, &plan.entries[entry].step_id));
        let (run, trigger, origin) = (self.platform.ids.next(), Value::Null, Origin::of_server("schedule"));
        Ok(NewRun::of(&Runnable::new(resolved, plan), Begin { run, workspace, mode, entry, trigger, inputs, origin }))
    }

    /// Whether the last run that the schedule started is not over.
    fn goes_on(&mut self, schedule: &ScheduleRow) -> Result<bool, Fault> {
        let Some(last) = schedule.last_run else { return Ok(false) };
        let run = rows::find(self.tx, self.due.workspace, last)?;
        Ok(run.is_some_and(|run| matches!(run.status.as_str(), "queued" | "running" | "waiting")))
    }

    fn note(&mut self, entry: &Note) -> Result<bool, Fault> {
        note_by_server(self.tx, self.platform, self.due.workspace, self.due.flow, entry)
    }

    fn fired(&mut self, run: Option<RunId>, status: Option<&str>) -> Result<(), Fault> {
        let Self { due: Due { workspace, flow, due }, next, now, .. } = *self;
        let moved = schedules::fired(self.tx, &Firing { workspace, flow, due, next, at: now, run, status })?;
        held(moved, flow)
    }

    fn pass(&mut self) -> Result<(), Fault> {
        let Due { workspace, flow, due } = self.due;
        let moved = schedules::passed(self.tx, workspace, flow, due, self.next)?;
        held(moved, flow)
    }
}

fn held(moved: bool, flow: FlowId) -> Result<(), Fault> {
    if moved { Ok(()) } else { Err(Fault::internal(format!("the schedule of flow {flow} changed while it was held"))) }
}

/// The schedule's values over the defaults of the trigger (Flow API contract, section 6.4).
fn values(plan: &Plan, entry: usize, data: &str) -> Map<String, Value> {
    let mut values = plan.entries[entry].defaults.clone();
    let data: Value = serde_json::from_str(data).unwrap_or_default();
    if let Some(inputs) = data.get("inputs").and_then(Value::as_object) {
        values.extend(inputs.clone());
    }
    values
}
