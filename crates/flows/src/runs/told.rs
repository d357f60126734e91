//! What the world is told of the runs of workflows: webhooks, event triggers and the stream of events, in the write of the change
//! (Workflow API contract, section 10).

use floe_model::id::{EventId, FlowId, RunId, TriggerId, WorkspaceId};
use floe_model::{Fault, Scope, Timestamp};
use floe_runtime::Ids;
use floe_store::Tx;
use floe_store::flows::executions::RunResult;
use floe_store::flows::runs::RunRow;
use floe_store::flows::trigger_events::{self, Happened};
use floe_store::platform::events::NewEvent;
use floe_store::webhooks::messages::publish_all;
use serde_json::{Map, Value, json};

use super::origin::chain_of;
use crate::workflows::ids;

/// The product of these events.
const PRODUCT: &str = "workflows.";

/// One event of a run.
pub(super) struct Told {
    scope: Scope,
    event: EventId,
    kind: &'static str,
    run: RunId,
    flow: FlowId,
    at: Timestamp,
    /// Its data but for the id of the workflow, which may be one that was given.
    data: Map<String, Value>,
    chain: Vec<TriggerId>,
}

/// What a write makes of a run of a workflow.
pub(super) struct Change<'a> {
    /// The run as it is now.
    pub(super) row: &'a RunRow,
    /// What it came to, when it is over by this write.
    pub(super) result: Option<&'a RunResult>,
    /// Whether it begins to move with this write.
    pub(super) begins: bool,
    /// Now.
    pub(super) at: Timestamp,
}

impl Told {
    /// What a change tells: that the run began, that it ended, or both, in this order.
    pub(super) fn of(change: &Change<'_>, fresh: &mut dyn FnMut() -> u128) -> Vec<Self> {
        let mut told = Vec::new();
        if change.begins {
            told.push(Self::new(change, "workflows.execution.started", "running", fresh));
        }
        let ended = match change.row.status.as_str() {
            "completed" => Some("workflows.execution.completed"),
            "failed" => Some("workflows.execution.failed"),
            "cancelled" => Some("workflows.execution.cancelled"),
            _ => None,
        };
        if let (Some(kind), Some(result)) = (ended, change.result) {
            let mut one = Self::new(change, kind, &change.row.status, fresh);
            one.data.insert("completed_at".to_owned(), json!(change.row.finished_at.unwrap_or(change.at)));
            if let Some(outputs) = result.outputs.as_deref().and_then(|text| serde_json::from_str(text).ok()) {
                one.data.insert("outputs".to_owned(), outputs);
            }
            if let Some(message) = &change.row.error_message {
                one.data.insert("error".to_owned(), message.as_str().into());
            }
            told.push(one);
        }
        told
    }

    fn new(change: &Change<'_>, kind: &'static str, status: &str, fresh: &mut dyn FnMut() -> u128) -> Self {
        let row = change.row;
        let data = json!({
            "execution_id": ids::execution(row.id),
            "workflow_name": row.flow_name,
            "status": status,
            "started_at": row.started_at.unwrap_or(change.at),
        });
        Self {
            scope: Scope { workspace: row.workspace, mode: row.mode },
            event: EventId(fresh()),
            kind,
            run: row.id,
            flow: row.flow,
            at: change.at,
            data: if let Value::Object(data) = data { data } else { Map::new() },
            chain: chain_of(row),
        }
    }
}

/// Publishes what is told in one write: the events, their deliveries, and the jobs of the triggers that they fire. One look for each
/// workspace and mode, however many there are.
///
/// # Errors
/// Of the database.
pub(super) fn publish(tx: &mut Tx<'_>, ids: &Ids, told: &[&Told]) -> Result<(), Fault> {
    let mut scopes: Vec<Scope> = Vec::new();
    for one in told {
        if !scopes.contains(&one.scope) {
            scopes.push(one.scope);
        }
    }
    let mut shown: Vec<((WorkspaceId, FlowId), String)> = Vec::new();
    for scope in scopes {
        let mut of_scope = Vec::new();
        for one in told.iter().filter(|one| one.scope == scope) {
            let key = (scope.workspace, one.flow);
            let workflow = match shown.iter().find(|(known, _)| *known == key) {
                Some((_, shown)) => shown.clone(),
                None => {
                    let found = ids::shown_id(tx, scope.workspace, one.flow)?;
                    shown.push((key, found.clone()));
                    found
                }
            };
            let mut data = one.data.clone();
            data.insert("workflow_id".to_owned(), workflow.into());
            of_scope.push((*one, Value::Object(data).to_string()));
        }
        publish_in(tx, ids, scope, &of_scope)?;
    }
    Ok(())
}

fn publish_in(tx: &mut Tx<'_>, ids: &Ids, scope: Scope, told: &[(&Told, String)]) -> Result<(), Fault> {
    let events = told.iter().map(|(one, data)| NewEvent {
        id: one.event,
        kind: one.kind,
        subject_id: Some(one.run.0),
        data: data.clone(),
        created_at: one.at,
    });
    publish_all(tx, scope, events.collect(), &mut || ids.next_bits())?;
    let happened: Vec<Happened<'_>> = told
        .iter()
        .map(|(one, data)| Happened {
            event: one.event,
            name: one.kind.strip_prefix(PRODUCT).unwrap_or(one.kind),
            data,
            chain: &one.chain,
            at: one.at,
        })
        .collect();
    trigger_events::announce(tx, scope, &happened, &mut || ids.next_bits())
}
