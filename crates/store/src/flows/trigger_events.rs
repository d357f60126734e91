//! Events that fire triggers: a job for each trigger that listens, made in the transaction of the change (Workflow API contract, section
//! 11).

use floe_model::{
    Fault, Scope, Timestamp,
    id::{EventId, JobId, TriggerId},
};
use serde_json::{Value as Json, json};

use super::triggers;
use crate::Tx;
use crate::platform::jobs::{self, NewJob};

/// An event is to be handed to a trigger.
pub const JOB_TRIGGER_EVENT: &str = "flows.trigger_event";

/// An event.
#[derive(Debug, Clone, Copy)]
pub struct Happened<'a> {
    /// Its id.
    pub event: EventId,
    /// What triggers listen to: its name without the product, or `<provider>/<event>`.
    pub name: &'a str,
    /// JSON: what it says.
    pub data: &'a str,
    /// The triggers whose runs led to it by events.
    pub chain: &'a [TriggerId],
    /// When it happened.
    pub at: Timestamp,
}

/// Hands events of this server to the triggers that listen to them; one look for all of them, and nothing more when nobody listens.
///
/// # Errors
/// Of the database.
pub fn announce(
    tx: &mut Tx<'_>,
    scope: Scope,
    told: &[Happened<'_>],
    next_id: &mut dyn FnMut() -> u128,
) -> Result<(), Fault> {
    let names: Vec<&str> = told.iter().map(|one| one.name).collect();
    if names.is_empty() {
        return Ok(());
    }
    let hearing = triggers::hears(tx, scope.workspace, scope.mode, &names)?;
    for one in told {
        // The trigger that led to an event is not fired by it.
        let fired = hearing.iter().filter(|(name, id)| name == one.name && !one.chain.contains(id));
        for (_, trigger) in fired {
            hand_to(tx, scope, *trigger, one, next_id)?;
        }
    }
    Ok(())
}

/// Hands an event to one trigger.
///
/// # Errors
/// Of the database.
pub fn hand_to(
    tx: &mut Tx<'_>,
    scope: Scope,
    trigger: TriggerId,
    one: &Happened<'_>,
    next_id: &mut dyn FnMut() -> u128,
) -> Result<(), Fault> {
    let data: Json = serde_json::from_str(one.data).unwrap_or(Json::Null);
    let payload = json!({
        "trigger": trigger, "event": one.event, "name": one.name, "payload": data, "chain": one.chain,
    });
    let job = NewJob {
        id: JobId(next_id()),
        workspace: scope.workspace,
        mode: Some(scope.mode),
        kind: JOB_TRIGGER_EVENT,
        // There may be many of one trigger.
        subject_id: None,
        payload: payload.to_string(),
        due_at: one.at,
        created_at: one.at,
    };
    jobs::enqueue(tx, &job)
}
