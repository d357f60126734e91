//! Schedules of workflows (Workflow API contract, section 11): one run a tick; while the last run goes on, one tick waits for its end and
//! further ones are dropped; ticks that were missed are made up for within a minute.

use std::sync::Arc;

use floe_model::flows::trigger::{TriggerConfig, TriggerKind, tick};
use floe_model::id::{TriggerId, WorkspaceId};
use floe_model::{Fault, FaultKind, Timestamp};
use floe_runtime::Platform;
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_store::Tx;
use floe_store::flows::triggers::{self, TriggerRow};
use floe_store::platform::jobs::Job;
use serde_json::{Map, Value, json};

use super::fire::{Firing, Started, config_of, fire, stored_config, warm};
use super::records::wait_for;
use crate::Flows;
use crate::runs::{Plans, RunEngine};

/// A tick has come; the subject is the trigger.
pub(super) const JOB_TICK: &str = "flows.trigger_tick";
/// A run of a schedule has ended; the subject is the trigger.
pub(crate) const JOB_FREE: &str = "flows.trigger_free";

/// A tick has come.
pub(super) struct TickDue {
    plans: Arc<Plans>,
    runs: RunEngine,
}

/// A run has ended whose schedule may have a tick that waits for it.
pub(super) struct RunEnded {
    plans: Arc<Plans>,
    runs: RunEngine,
}

impl TickDue {
    pub(super) fn new(flows: &Flows) -> Self {
        Self { plans: Arc::clone(&flows.plans), runs: flows.runs.clone() }
    }
}

impl RunEnded {
    pub(super) fn new(flows: &Flows) -> Self {
        Self { plans: Arc::clone(&flows.plans), runs: flows.runs.clone() }
    }
}

impl JobHandler for TickDue {
    fn kind(&self) -> &'static str {
        JOB_TICK
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let (Some(trigger), Some(due)) = (job.subject_id.map(TriggerId), due_of(&job.payload)) else {
                return Ok(());
            };
            let workspace = job.workspace;
            warm_for(platform, &self.plans, workspace, trigger).await?;
            let (shared, plans) = (Arc::clone(platform), Arc::clone(&self.plans));
            let settle = move |tx: &mut Tx<'_>| settle(tx, &shared, &plans, workspace, trigger, due);
            if let Some(started) = platform.store.write(settle).await? {
                self.runs.take_up(&started.queued);
            }
            Ok(())
        })
    }
}

impl JobHandler for RunEnded {
    fn kind(&self) -> &'static str {
        JOB_FREE
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let Some(trigger) = job.subject_id.map(TriggerId) else { return Ok(()) };
            let workspace = job.workspace;
            let waits = platform.store.read(move |tx| triggers::find(tx, workspace, trigger)).await?;
            if waits.is_some_and(|row| row.buffered_at.is_some()) {
                warm_for(platform, &self.plans, workspace, trigger).await?;
            }
            // Looked at again in any case, with the trigger held: a tick that found the run under way may just be about to wait for it.
            let (shared, plans) = (Arc::clone(platform), Arc::clone(&self.plans));
            let fire = move |tx: &mut Tx<'_>| fire_buffered(tx, &shared, &plans, workspace, trigger);
            if let Some(started) = platform.store.write(fire).await? {
                self.runs.take_up(&started.queued);
            }
            Ok(())
        })
    }
}

async fn warm_for(
    platform: &Arc<Platform>,
    plans: &Plans,
    workspace: WorkspaceId,
    trigger: TriggerId,
) -> Result<(), Fault> {
    if let Some(row) = platform.store.read(move |tx| triggers::find(tx, workspace, trigger)).await? {
        let _ = warm(platform, plans, workspace, row.flow).await;
    }
    Ok(())
}

/// Settles a tick in one transaction. One that was settled before, or that the trigger does not wait for any more, changes nothing.
fn settle(
    tx: &mut Tx<'_>,
    platform: &Platform,
    plans: &Plans,
    workspace: WorkspaceId,
    trigger: TriggerId,
    due: Timestamp,
) -> Result<Option<Started>, Fault> {
    let waits = |row: &TriggerRow| row.enabled && row.kind == TriggerKind::Schedule && row.next_at == Some(due);
    let Some(mut row) = triggers::hold(tx, workspace, trigger)?.filter(waits) else { return Ok(None) };
    let Ok(TriggerConfig::Schedule(rules)) = config_of(&row) else {
        triggers::wait(tx, workspace, trigger, None, None)?;
        return Ok(None);
    };
    let decided = tick(&rules, due, platform.clock.now());
    row.next_at = decided.next;
    wait_for(tx, platform, &row)?;
    let goes_on = triggers::tick_goes_on(tx, workspace, trigger)?;
    let (fires_for, buffered) = match decided.fires_for {
        // The one that waits already is the one that counts.
        Some(time) if goes_on => (None, row.buffered_at.or(Some(time))),
        None if goes_on => (None, row.buffered_at),
        fires_for => (fires_for, None),
    };
    triggers::wait(tx, workspace, trigger, row.next_at, buffered)?;
    fires_for.map_or(Ok(None), |time| start(tx, platform, plans, &row, time))
}

/// Fires for the tick that waited for the end of a run.
fn fire_buffered(
    tx: &mut Tx<'_>,
    platform: &Platform,
    plans: &Plans,
    workspace: WorkspaceId,
    trigger: TriggerId,
) -> Result<Option<Started>, Fault> {
    let Some(row) = triggers::hold(tx, workspace, trigger)?.filter(|row| row.enabled) else { return Ok(None) };
    let Some(time) = row.buffered_at else { return Ok(None) };
    if triggers::tick_goes_on(tx, workspace, trigger)? {
        return Ok(None);
    }
    triggers::wait(tx, workspace, trigger, row.next_at, None)?;
    start(tx, platform, plans, &row, time)
}

/// Starts the run of a tick. A workflow that may not be started now has no run for it.
fn start(
    tx: &mut Tx<'_>,
    platform: &Platform,
    plans: &Plans,
    row: &TriggerRow,
    time: Timestamp,
) -> Result<Option<Started>, Fault> {
    let config = stored_config(row);
    let inputs = json!({
        "scheduledTime": time,
        "executionTime": platform.clock.now(),
        "timezone": config.get("timezone").cloned().unwrap_or_else(|| json!("UTC")),
    });
    let Value::Object(inputs) = inputs else { return Ok(None) };
    let firing = Firing {
        source: "schedule",
        inputs: defaults_under(&config, inputs.clone()),
        trigger: Value::Object(inputs),
        mode: row.mode,
        run: platform.ids.next(),
        started_by: "system".to_owned(),
        ip: None,
        chain: Vec::new(),
    };
    match fire(tx, platform, plans, row, firing) {
        Ok(started) => Ok(Some(started)),
        Err(fault) if matches!(fault.kind(), FaultKind::Internal | FaultKind::Overloaded) => Err(fault),
        Err(fault) => {
            tracing::info!(trigger.id = %row.id, error.code = fault.code(), "a tick started nothing");
            Ok(None)
        }
    }
}

/// The inputs that the configuration names, under those of the tick.
fn defaults_under(config: &Map<String, Value>, inputs: Map<String, Value>) -> Map<String, Value> {
    let mut all = config.get("inputs").and_then(Value::as_object).cloned().unwrap_or_default();
    all.extend(inputs);
    all
}

/// The tick that a job stands for.
fn due_of(payload: &str) -> Option<Timestamp> {
    let payload: Value = serde_json::from_str(payload).ok()?;
    payload.get("due")?.as_i64().map(Timestamp)
}
