//! Runs that begin by themselves (Treasury contract, section 12): once, or by a pattern in a zone. People release them like any other.
//!
//! A schedule is held while it fires, and its next time is written with the run that it makes: each of its times makes one run. After
//! a pause it fires once for all the times that it missed.

use std::sync::Arc;

use floe_model::flows::cron::{Cron, Zone};
use floe_model::id::{PaymentRunId, ScheduledRunId};
use floe_model::{Fault, FaultKind, Scope, Timestamp};
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::platform::audit;
use floe_store::platform::jobs::{self, Job, NewJob};
use floe_store::treasury::payment_runs::Creator;
use floe_store::treasury::scheduled_runs::{self as rows, ScheduledRun};
use serde_json::json;

use super::create::{NewRun, Origins, create_as, person_of, unprocessable};
use crate::Treasury;
use crate::trail::{self, Who};

/// The zone of a schedule that names none.
pub const ZONE: &str = "Africa/Lagos";
/// Schedules of a workspace and mode at most.
pub const SCHEDULES_MAX: i64 = 1_000;
/// The job that fires a schedule.
const FIRE: &str = "treasury.schedule.fire";

/// When a schedule fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// Once.
    Once(Timestamp),
    /// By a pattern of five fields.
    Cron(String),
}

/// A schedule as asked for.
#[derive(Debug, Clone)]
pub struct NewSchedule {
    /// When.
    pub when: When,
    /// IANA name of the zone in which a pattern is meant.
    pub zone: String,
    /// What its runs ask for.
    pub run: NewRun,
    /// Whether it fires.
    pub is_active: bool,
}

/// What is changed of a schedule; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct SchedulePatch {
    /// When.
    pub when: Option<When>,
    /// The zone.
    pub zone: Option<String>,
    /// What its runs ask for.
    pub run: Option<NewRun>,
    /// Whether it fires.
    pub is_active: Option<bool>,
}

/// What the runs of a schedule ask for.
///
/// # Errors
/// An internal fault for a row that cannot be read.
pub fn request(schedule: &ScheduledRun) -> Result<NewRun, Fault> {
    serde_json::from_str(&schedule.request).map_err(Fault::internal)
}

/// Adds a schedule.
///
/// # Errors
/// `validation_error` for a pattern, a zone or a time that is none or past; a conflict when there are too many.
pub fn create(tx: &mut Tx<'_>, ctx: &Ctx, id: ScheduledRunId, new: &NewSchedule) -> Result<ScheduledRun, Fault> {
    let scope = ctx.caller.scope();
    if rows::count(tx, scope)? >= SCHEDULES_MAX {
        return Err(Fault::conflict("conflict", format!("There are {SCHEDULES_MAX} scheduled runs already")));
    }
    let now = ctx.now();
    let mut schedule = ScheduledRun {
        id,
        name: new.run.objective.clone(),
        cron: None,
        zone: new.zone.clone(),
        request: trail::text(&new.run),
        is_active: new.is_active,
        next_at: None,
        last_at: None,
        last_run: None,
        runs: 0,
        created_by: person_of(tx, ctx)?,
        created_by_name: ctx.caller.name.clone(),
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    set_when(&mut schedule, &new.when, now)?;
    rows::insert(tx, scope, &schedule)?;
    enter(tx, ctx, scope, &schedule)?;
    note(tx, ctx, "created_schedule", &schedule)?;
    Ok(schedule)
}

/// Changes a schedule. One that is switched on again goes on with its next time from now.
///
/// # Errors
/// `not_found`, and as [`create`].
pub fn change(tx: &mut Tx<'_>, ctx: &Ctx, id: ScheduledRunId, patch: &SchedulePatch) -> Result<ScheduledRun, Fault> {
    let (scope, now) = (ctx.caller.scope(), ctx.now());
    let mut schedule = rows::lock(tx, scope, id)?.ok_or_else(missing)?;
    if let Some(run) = &patch.run {
        (schedule.name, schedule.request) = (run.objective.clone(), trail::text(run));
    }
    if let Some(zone) = &patch.zone {
        schedule.zone.clone_from(zone);
    }
    schedule.is_active = patch.is_active.unwrap_or(schedule.is_active);
    let when = patch.when.clone().or_else(|| schedule.cron.clone().map(When::Cron));
    match when {
        Some(when) => set_when(&mut schedule, &when, now)?,
        None if schedule.is_active && schedule.next_at.is_none() => {
            return Err(unprocessable("/body/run_at", "missing", "field required: its time is past"));
        }
        None => {}
    }
    schedule.updated_at = now;
    rows::save(tx, scope, &schedule)?;
    enter(tx, ctx, scope, &schedule)?;
    note(tx, ctx, "updated_schedule", &schedule)?;
    rows::find(tx, scope, id)?.ok_or_else(missing)
}

/// Takes a schedule away; the runs that it made stay.
///
/// # Errors
/// `not_found`.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, id: ScheduledRunId) -> Result<(), Fault> {
    let scope = ctx.caller.scope();
    let schedule = rows::lock(tx, scope, id)?.ok_or_else(missing)?;
    rows::delete(tx, scope, id)?;
    jobs::cancel(tx, FIRE, id.0)?;
    note(tx, ctx, "deleted_schedule", &schedule)
}

/// One schedule.
///
/// # Errors
/// `not_found`.
pub fn get(tx: &mut Tx<'_>, scope: Scope, id: ScheduledRunId) -> Result<ScheduledRun, Fault> {
    rows::find(tx, scope, id)?.ok_or_else(missing)
}

/// A page of schedules, newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, scope: Scope, limit: usize, offset: i64) -> Result<(Vec<ScheduledRun>, i64), Fault> {
    rows::list(tx, scope, limit, offset)
}

fn missing() -> Fault {
    Fault::not_found("Scheduled run")
}

fn set_when(schedule: &mut ScheduledRun, when: &When, now: Timestamp) -> Result<(), Fault> {
    let zone = Zone::parse(&schedule.zone)
        .ok_or_else(|| unprocessable("/body/timezone", "enum", "must be a time zone such as Africa/Lagos"))?;
    match when {
        When::Once(at) if *at <= now => {
            return Err(unprocessable("/body/run_at", "greater_than", "must be in the future"));
        }
        When::Once(at) => (schedule.cron, schedule.next_at) = (None, Some(*at)),
        When::Cron(text) => {
            let cron = Cron::parse(text).map_err(|wrong| unprocessable("/body/cron", "pattern", wrong.to_string()))?;
            (schedule.cron, schedule.next_at) = (Some(text.clone()), cron.next_after(&zone, now));
        }
    }
    Ok(())
}

/// Enters the job of its next time, or removes it.
fn enter(tx: &mut Tx<'_>, platform: &Platform, scope: Scope, schedule: &ScheduledRun) -> Result<(), Fault> {
    let Some(due_at) = schedule.next_at.filter(|_| schedule.is_active) else {
        return jobs::cancel(tx, FIRE, schedule.id.0).map(drop);
    };
    let job = NewJob {
        id: platform.ids.next(),
        workspace: scope.workspace,
        mode: Some(scope.mode),
        kind: FIRE,
        subject_id: Some(schedule.id.0),
        payload: "{}".to_owned(),
        due_at,
        created_at: platform.clock.now(),
    };
    jobs::enqueue(tx, &job)
}

fn note(tx: &mut Tx<'_>, ctx: &Ctx, action: &str, schedule: &ScheduledRun) -> Result<(), Fault> {
    let detail = json!({
        "schedule_id": schedule.id, "objective": schedule.name, "cron": schedule.cron, "timezone": schedule.zone,
        "next_run_at": schedule.next_at, "is_active": schedule.is_active,
    });
    audit::record(tx, &trail::entry(ctx, ctx.caller.scope(), &Who::caller(ctx), action, None, &detail))
}

/// Fires schedules.
pub(crate) struct Fire(pub(crate) Arc<Treasury>);

impl JobHandler for Fire {
    fn kind(&self) -> &'static str {
        FIRE
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let (mode, id) =
                job.mode.zip(job.subject_id).ok_or_else(|| Fault::internal("a schedule's job names none"))?;
            let scope = Scope { workspace: job.workspace, mode };
            let (treasury, run) = (Arc::clone(&self.0), platform.ids.next());
            platform.store.write(move |tx| fire(tx, &treasury, scope, ScheduledRunId(id), run)).await
        })
    }
}

fn fire(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    scope: Scope,
    id: ScheduledRunId,
    run: PaymentRunId,
) -> Result<(), Fault> {
    let now = treasury.platform.clock.now();
    let Some(mut schedule) = rows::lock(tx, scope, id)? else { return Ok(()) };
    let Some(due) = schedule.next_at.filter(|&due| schedule.is_active && due <= now) else { return Ok(()) };
    let creator = Creator {
        kind: "system".to_owned(),
        id: None,
        name: format!("schedule of {}", schedule.created_by_name),
        member: schedule.created_by,
    };
    let origins = Origins { schedule: Some(id), ..Origins::default() };
    let new = request(&schedule)?;
    match create_as(tx, treasury, scope, &Who::system(), creator, run, &new, &origins) {
        Ok(made) => {
            schedule.last_run = Some(made.id);
            schedule.runs += 1;
        }
        // Without credits, or with recipients that are gone, there is no run this time.
        Err(fault) if matches!(fault.kind(), FaultKind::PaymentRequired | FaultKind::Unprocessable) => {
            let detail = json!({ "schedule_id": id, "reason": fault.code() });
            let entry = trail::entry(&treasury.platform, scope, &Who::system(), "skipped_schedule", None, &detail);
            audit::record(tx, &entry)?;
        }
        Err(fault) => return Err(fault),
    }
    schedule.last_at = Some(due);
    schedule.next_at = next(&schedule, now);
    schedule.is_active = schedule.next_at.is_some();
    schedule.updated_at = now;
    rows::save(tx, scope, &schedule)?;
    enter(tx, &treasury.platform, scope, &schedule)
}

fn next(schedule: &ScheduledRun, now: Timestamp) -> Option<Timestamp> {
    let cron = Cron::parse(schedule.cron.as_deref()?).ok()?;
    cron.next_after(&Zone::parse(&schedule.zone)?, now)
}
