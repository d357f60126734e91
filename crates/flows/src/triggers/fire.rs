//! Starting the run of a trigger, in the transaction of whatever fires it.

use floe_engine::plan::Plan;
use floe_model::flows::trigger::TriggerConfig;
use floe_model::flows::{Engine, trigger};
use floe_model::id::{FlowId, RunId, TriggerId, WorkspaceId};
use floe_model::{Fault, Mode};
use floe_runtime::Platform;
use floe_store::Tx;
use floe_store::flows::triggers::{self, Fired, TriggerRow};
use serde_json::{Map, Value, json};

use crate::Flows;
use crate::definitions::{self, VersionChoice};
use crate::runs::{Plans, Queued, insert_queued};
use crate::workflows::{self, Start, StartTrigger};

/// Triggers that fire each other by events, one after another, at most.
pub(super) const CHAIN_MAX: usize = 5;

/// What a run gets.
#[derive(Debug, Clone)]
pub(super) struct Firing {
    /// Kind of the source: `schedule`, `webhook`, `event`, `api` or `dashboard`.
    pub(super) source: &'static str,
    /// The run's inputs.
    pub(super) inputs: Map<String, Value>,
    /// What `trigger` holds beside `type`, `id` and `name`.
    pub(super) trigger: Value,
    /// Live or test.
    pub(super) mode: Mode,
    /// Its id.
    pub(super) run: RunId,
    /// The credential that started it.
    pub(super) started_by: String,
    /// Address of the caller.
    pub(super) ip: Option<String>,
    /// The triggers whose runs led to it by events, the first one first.
    pub(super) chain: Vec<TriggerId>,
}

/// A run that a trigger started, once its transaction is kept.
#[must_use = "the run moves only when it is taken up"]
pub(crate) struct Started {
    pub(crate) run: RunId,
    pub(crate) inputs: Map<String, Value>,
    pub(super) queued: Queued,
}

/// Starts a run and counts it.
///
/// # Errors
/// Those of [`workflows::prepare`]; `already_exists` when there is a run of this id.
pub(super) fn fire(
    tx: &mut Tx<'_>,
    platform: &Platform,
    plans: &Plans,
    row: &TriggerRow,
    firing: Firing,
) -> Result<Started, Fault> {
    let Firing { source, inputs, trigger, mode, run, started_by, ip, mut chain } = firing;
    if source == "event" {
        chain.push(row.id);
    }
    let start = Start {
        workflow: row.flow,
        version: VersionChoice::Latest,
        inputs,
        // What came in by itself declares nothing.
        lenient: true,
        trigger: Some(StartTrigger { id: row.id, step_id: row.node.clone(), value: trigger_value(row, trigger) }),
        source,
        run,
        depth: 0,
        chain,
        ip,
    };
    let new = workflows::prepare(tx, plans, row.workspace, mode, &start, started_by)?;
    let (now, inputs) = (platform.clock.now(), new.inputs.clone());
    let queued = insert_queued(tx, &new, now, platform.ids.next())?;
    triggers::fired(tx, Fired { workspace: row.workspace, trigger: row.id, run, at: now })?;
    Ok(Started { run, inputs, queued })
}

/// What a run sees as `trigger` (contract section 11); a flow of steps sees what came in, as its own contract has it (Flow API contract,
/// section 6.4).
fn trigger_value(row: &TriggerRow, value: Value) -> Value {
    if row.engine == Engine::Flow {
        return value;
    }
    let mut object = match value {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    object.insert("type".to_owned(), row.kind.as_str().into());
    object.insert("id".to_owned(), super::shown_id(row).into());
    object.insert("name".to_owned(), row.name.as_str().into());
    Value::Object(object)
}

/// The checked configuration of a stored trigger.
///
/// # Errors
/// 400 with every problem.
pub(super) fn config_of(row: &TriggerRow) -> Result<TriggerConfig, Fault> {
    let config = stored_config(row);
    trigger::read_config(row.kind, &config).map_err(Fault::validation)
}

/// The configuration of a stored trigger as it stands.
pub(super) fn stored_config(row: &TriggerRow) -> Map<String, Value> {
    serde_json::from_str(&row.config).unwrap_or_default()
}

/// Compiles what a trigger starts, so that the transaction finds the plan. What cannot be compiled is told there.
pub(super) async fn warm(
    platform: &Platform,
    plans: &Plans,
    workspace: WorkspaceId,
    flow: FlowId,
) -> Option<std::sync::Arc<Plan>> {
    let find = move |tx: &mut Tx<'_>| definitions::resolve(tx, workspace, flow, VersionChoice::Latest);
    let resolved = platform.store.read(find).await.ok()?;
    plans.compile(resolved.document_hash, &resolved.definition).ok()
}

impl Flows {
    /// Lets a run move that a kept transaction started.
    pub(super) fn take_up_started(&self, started: &Started) {
        self.runs.take_up(&started.queued);
    }
}

/// `{inputs}` of a run as JSON with the members of an object body beside it where they are free (contract section 11).
pub(super) fn with_body_members(inputs: &Map<String, Value>) -> Map<String, Value> {
    let mut all = inputs.clone();
    if let Some(Value::Object(body)) = inputs.get("body") {
        for (name, value) in body {
            all.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    all
}

/// The inputs of a run by event.
pub(super) fn event_inputs(event: &str, payload: Value) -> Map<String, Value> {
    let Value::Object(map) = json!({ "event": event, "payload": payload }) else { return Map::new() };
    map
}
