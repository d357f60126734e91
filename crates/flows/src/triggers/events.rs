//! Triggers that events fire: those of this server (Workflow API contract, section 10), which the transaction of the change makes jobs of,
//! and those of providers, which an administrator hands in.

use std::sync::Arc;

use floe_model::flows::trigger::{EventSource, TriggerConfig, matches};
use floe_model::id::{EventId, RunId, TriggerId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::flows::trigger_events::{Happened, JOB_TRIGGER_EVENT, hand_to};
use floe_store::flows::triggers::{self, TriggerRow};
use floe_store::platform::jobs::Job;
use serde::Deserialize;
use serde_json::Value;

use super::fire::{CHAIN_MAX, Firing, Started, config_of, event_inputs, fire, warm};
use super::records::{audit, provider_source};
use crate::Flows;
use crate::runs::{Plans, RunEngine};

/// Code of the fault when a run of this id is there already: the event was handed over before.
const KNOWN_RUN: &str = "already_exists";

/// An event of a provider.
#[derive(Debug, Clone)]
pub struct ProviderEvent {
    /// The provider.
    pub provider: String,
    /// Name of the event there.
    pub event: String,
    /// What it says.
    pub payload: Value,
}

/// What an event was handed to.
#[derive(Debug, Clone)]
pub struct Ingested {
    /// Its id here.
    pub event: EventId,
    /// The triggers that it fires.
    pub triggers: Vec<String>,
}

/// Hands an event of a provider to the triggers of the caller's mode that listen to it and whose filters it passes. Their runs start a
/// moment later.
///
/// # Errors
/// Of the database.
pub fn ingest(tx: &mut Tx<'_>, ctx: &Ctx, given: &ProviderEvent) -> Result<Ingested, Fault> {
    let scope = ctx.caller.scope();
    let source = provider_source(&given.provider, &given.event);
    let event: EventId = ctx.ids.next();
    let data = given.payload.to_string();
    let mut shown = Vec::new();
    for row in triggers::listening(tx, scope.workspace, scope.mode, &source)? {
        if source_of(&row).is_some_and(|rules| matches(&rules, &given.payload)) {
            let happened = Happened { event, name: &source, data: &data, chain: &[], at: ctx.now() };
            hand_to(tx, scope, row.id, &happened, &mut || ctx.ids.next_bits())?;
            audit(tx, ctx, &row, "handed_event_to_trigger", serde_json::json!({ "event": source }))?;
            shown.push(super::shown_id(&row));
        }
    }
    Ok(Ingested { event, triggers: shown })
}

/// What a job knows of an event.
#[derive(Deserialize)]
struct Payload {
    trigger: TriggerId,
    event: EventId,
    name: String,
    payload: Value,
    chain: Vec<TriggerId>,
}

/// An event has happened that a trigger listens to.
pub(super) struct EventHappened {
    plans: Arc<Plans>,
    runs: RunEngine,
}

impl EventHappened {
    pub(super) fn new(flows: &Flows) -> Self {
        Self { plans: Arc::clone(&flows.plans), runs: flows.runs.clone() }
    }
}

impl JobHandler for EventHappened {
    fn kind(&self) -> &'static str {
        JOB_TRIGGER_EVENT
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let Ok(payload) = serde_json::from_str::<Payload>(&job.payload) else { return Ok(()) };
            let (workspace, trigger) = (job.workspace, payload.trigger);
            let Some(row) = platform.store.read(move |tx| triggers::find(tx, workspace, trigger)).await? else {
                return Ok(());
            };
            let _ = warm(platform, &self.plans, workspace, row.flow).await;
            let (shared, plans, payload) = (Arc::clone(platform), Arc::clone(&self.plans), Arc::new(payload));
            let hand_over = move |tx: &mut Tx<'_>| hand_over(tx, &shared, &plans, workspace, &payload);
            match platform.store.write(hand_over).await {
                Ok(started) => {
                    if let Some(started) = started {
                        self.runs.take_up(&started.queued);
                    }
                    Ok(())
                }
                Err(fault) if fault.code() == KNOWN_RUN => Ok(()),
                Err(fault) => Err(fault),
            }
        })
    }
}

/// Starts the run of an event, unless it does not concern the trigger any more, or would fire what fired it.
fn hand_over(
    tx: &mut Tx<'_>,
    platform: &Platform,
    plans: &Plans,
    workspace: WorkspaceId,
    happened: &Payload,
) -> Result<Option<Started>, Fault> {
    let Some(row) = triggers::hold(tx, workspace, happened.trigger)?.filter(|row| row.enabled) else {
        return Ok(None);
    };
    if happened.chain.contains(&row.id) || happened.chain.len() >= CHAIN_MAX {
        tracing::info!(trigger.id = %row.id, "an event is not handed to the trigger that led to it");
        return Ok(None);
    }
    let concerns = row.source.as_deref() == Some(&happened.name);
    if !concerns || !source_of(&row).is_some_and(|rules| matches(&rules, &happened.payload)) {
        return Ok(None);
    }
    let event = happened.name.rsplit('/').next().unwrap_or(&happened.name);
    let inputs = event_inputs(event, happened.payload.clone());
    let firing = Firing {
        source: "event",
        trigger: Value::Object(inputs.clone()),
        inputs,
        mode: row.mode,
        run: run_of(happened),
        started_by: "system".to_owned(),
        ip: None,
        chain: happened.chain.clone(),
    };
    match fire(tx, platform, plans, &row, firing) {
        Ok(started) => Ok(Some(started)),
        Err(fault)
            if matches!(fault.kind(), FaultKind::Internal | FaultKind::Overloaded) || fault.code() == KNOWN_RUN =>
        {
            Err(fault)
        }
        Err(fault) => {
            tracing::info!(trigger.id = %row.id, error.code = fault.code(), "an event started nothing");
            Ok(None)
        }
    }
}

/// One event starts at most one run of a trigger: its id is made from both, and stays in the order of time.
fn run_of(happened: &Payload) -> RunId {
    const RANDOM: u128 = (1 << 62) - 1;
    RunId(happened.event.0 ^ (happened.trigger.0 & RANDOM))
}

fn source_of(row: &TriggerRow) -> Option<EventSource> {
    match config_of(row) {
        Ok(TriggerConfig::Event(source)) => Some(source),
        _ => None,
    }
}
