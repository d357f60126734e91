//! Triggers: what starts a workflow or a flow by itself, by a call of an address, by an event or by hand (Workflow API contract, section
//! 11; console contract, section 5.3).
//!
//! A trigger is a row. Whatever fires it is one transaction: the run, what the trigger counts, and the next tick or the log of the call
//! are kept together or not at all, so that a tick or an event starts at most one run, whoever is killed when and however many nodes
//! see it.
//!
//! Start reading with [`create`](create()) and `fire.rs`; then who fires: `ticks.rs`, `inbound.rs`, `events.rs`, `by_hand.rs`.

mod by_hand;
mod events;
mod fire;
mod follow;
mod inbound;
mod proof;
mod read;
mod records;
mod requests;
mod ticks;

use std::sync::Arc;

use floe_model::id::TriggerId;
use floe_runtime::jobs::JobHandler;
use floe_runtime::seal::Place;

use crate::Flows;

pub use by_hand::{ByHand, FiredByHand};
pub use events::{Ingested, ProviderEvent, ingest};
pub(crate) use follow::{NodeTrigger, end, follow_nodes, follow_steps};
pub use inbound::{Inbound, InboundAnswer};
pub(crate) use read::of_flow;
pub(crate) use read::shown_id_of;
pub use read::{Shown, find_id, get, list, next_fires, page, shown_id, total, total_with_schedules};
pub use records::{Made, NewTrigger, TriggerPatch, change, create, delete, rotate};
pub use requests::requests;
pub(crate) use ticks::JOB_FREE;

/// Triggers of a workspace that people make, at most.
pub const TRIGGERS_MAX: u64 = 1_000;
/// Days that calls of an address are kept (console contract, section 5.3).
pub const REQUESTS_DAYS: i64 = 7;

/// The job handlers of triggers.
#[must_use]
pub fn handlers(flows: &Flows) -> Vec<Arc<dyn JobHandler>> {
    vec![
        Arc::new(ticks::TickDue::new(flows)),
        Arc::new(ticks::RunEnded::new(flows)),
        Arc::new(events::EventHappened::new(flows)),
        Arc::new(requests::Expired),
    ]
}

/// Where the secret of a trigger stands; the name never changes.
fn secret_place(id: TriggerId) -> Place {
    Place::new("trigger.secret", id.0)
}
