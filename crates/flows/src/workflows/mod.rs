//! Workflows: definitions of the graph language, how they are kept, started and read (workflow API contract, sections 8.1, 8.2, 13
//! and 22; console contract, section 5.3).
//!
//! A workflow is a flow with another language: the same row, the same versions, the same runs. What differs is here. Each version is
//! published when it is written, also one with errors, which is then not active; the draft of the console is the draft of a flow.
//!
//! Start reading with [`Content`] (a file that came in), then [`create`](create()) and `change.rs`, then `start.rs`.

mod access;
mod automations;
mod change;
mod compare;
mod content;
mod create;
mod executions;
pub mod ids;
mod pause;
mod pins;
mod read;
mod respond;
mod start;
mod step_test;
mod trail;
mod try_out;
mod versions;

use floe_engine::lang::graph::TriggerNode;
use floe_model::Fault;
use floe_model::id::FlowId;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::FlowRow;

use crate::definitions::{Deleted, delete_held};

pub use automations::{Automation, AutomationFilter, AutomationPage};
pub use change::{Patch, patch, publish, replace, restore, save_draft};
pub use compare::Difference;
pub use content::{Content, DEFINITION_BYTES_MAX};
pub use create::create;
pub use executions::{Execution, ExecutionError, Listing, Status};
pub use floe_store::flows::aliases;
pub use ids::{Given, find_id, shown_id};
pub use pause::{Pause, pause_json};
pub use pins::{PIN_BYTES_MAX, pin, unpin};
pub use read::{Workflow, get};
pub use start::{Start, StartTrigger, Started, prepare, resolve_active};
pub(crate) use start::{convert, require_active};
pub use step_test::StepTest;
pub(crate) use trail::forget;
pub use versions::{Form, Version, differences, edited, export, list_versions, version};

/// Deletes a workflow: from now on it is not found. Its versions and runs stay for those who have their ids.
///
/// # Errors
/// 404; 403 without `build`; 412 for a stale revision.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId, revision: Option<u64>) -> Result<Deleted, Fault> {
    let flow = access::hold(tx, ctx, id)?;
    change::fresh(&flow, revision)?;
    delete_held(tx, ctx, &flow)
}

/// Makes the trigger records of a version in force what its nodes say: new ones are not enabled.
fn follow_triggers(tx: &mut Tx<'_>, ctx: &Ctx, flow: &FlowRow, nodes: &[TriggerNode]) -> Result<(), Fault> {
    let nodes: Vec<crate::triggers::NodeTrigger> = nodes.iter().map(crate::triggers::NodeTrigger::of).collect();
    crate::triggers::follow_nodes(tx, ctx, flow, &nodes)
}
