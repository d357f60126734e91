//! The time for which a schedule waits: its row and its job, always written together.

use floe_model::Timestamp;
use floe_model::flows::{Cron, Zone};
use floe_model::id::{FlowId, JobId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Platform;
use floe_store::Tx;
use floe_store::flows::schedules::{self, ScheduleRow};
use floe_store::platform::jobs::{self, NewJob};
use serde_json::{Value, json};

use super::JOB_SCHEDULE;

/// Reads a pattern.
///
/// # Errors
/// 400 `invalid_cron`.
pub(super) fn cron(text: &str) -> Result<Cron, Fault> {
    Cron::parse(text).map_err(|why| Fault::new(FaultKind::Invalid, "invalid_cron", why.to_string()))
}

/// Writes a schedule and its job: the job waits for `next_at`, and there is none without it.
pub(super) fn write(tx: &mut Tx<'_>, platform: &Platform, schedule: &ScheduleRow) -> Result<(), Fault> {
    schedules::put(tx, schedule)?;
    match schedule.next_at {
        Some(next) => wait_until(tx, platform, schedule.workspace, schedule.flow, next),
        None => jobs::cancel(tx, JOB_SCHEDULE, schedule.flow.0).map(|_| ()),
    }
}

/// Makes the job for the next time; it takes the place of the one before.
pub(super) fn wait_until(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    flow: FlowId,
    next: Timestamp,
) -> Result<(), Fault> {
    let job = NewJob {
        id: platform.ids.next::<JobId>(),
        workspace,
        mode: None,
        kind: JOB_SCHEDULE,
        subject_id: Some(flow.0),
        // The job's own due time moves when it is tried again; the time that it stands for does not.
        payload: json!({ "due": next.micros() }).to_string(),
        due_at: next,
        created_at: platform.clock.now(),
    };
    jobs::enqueue(tx, &job)
}

/// The time that a job stands for.
pub(super) fn due_of(payload: &str) -> Option<Timestamp> {
    let payload: Value = serde_json::from_str(payload).ok()?;
    payload.get("due")?.as_i64().map(Timestamp)
}

/// The first time from now on.
pub(super) fn next_of(cron: &Cron, zone: &Zone, now: Timestamp) -> Result<Timestamp, Fault> {
    let never = || Fault::new(FaultKind::Invalid, "invalid_cron", "cron does not match any time to come");
    cron.next_after(zone, now).ok_or_else(never)
}
