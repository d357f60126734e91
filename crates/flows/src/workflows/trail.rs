//! What every change of a workflow leaves behind: the row with its new revision, and an audit entry.

use floe_model::Fault;
use floe_runtime::Ctx;
use floe_runtime::trail::{Note, Who, note};
use floe_store::flows::aliases;
use floe_store::flows::flows::{self, FlowRow};
use floe_store::{Change, Tx};
use serde_json::Value;

use super::ids::KIND;

/// Product and kind of target of the entries.
const PRODUCT: &str = "workflows";

/// Writes a changed workflow: one revision on.
///
/// # Errors
/// Of the database.
pub(super) fn write(tx: &mut Tx<'_>, ctx: &Ctx, flow: &mut FlowRow) -> Result<(), Fault> {
    flow.revision += 1;
    flow.updated_at = ctx.now();
    if !flows::update(tx, flow)? {
        return Err(Fault::internal(format!("workflow {} changed while it was held", flow.id)));
    }
    announce(tx, flow);
    Ok(())
}

/// Tells the watchers of this process that a workflow changed.
pub(super) fn announce(tx: &mut Tx<'_>, flow: &FlowRow) {
    tx.announce(Change::Record { workspace: flow.workspace, kind: "flow", id: flow.id.0 });
}

/// Writes the audit entry of an act. Workflows are the same in both modes, so it has none.
///
/// # Errors
/// Of the database.
pub(super) fn audit(tx: &mut Tx<'_>, ctx: &Ctx, flow: &FlowRow, action: &str, detail: Value) -> Result<(), Fault> {
    note(tx, ctx, PRODUCT, &Who::caller(ctx), Note::new(action, KIND, flow.id.0, &flow.name, detail))
}

/// What is left to do when a workflow is deleted: its given id is free again.
///
/// # Errors
/// Of the database.
pub(crate) fn forget(tx: &mut Tx<'_>, ctx: &Ctx, flow: &FlowRow, detail: Value) -> Result<(), Fault> {
    aliases::remove(tx, flow.workspace, KIND, flow.id.0)?;
    audit(tx, ctx, flow, "deleted_workflow", detail)
}
