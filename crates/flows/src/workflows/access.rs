//! Finding a workflow as a caller may see or change it.
//!
//! Every member of the workspace sees all workflows; whoever may build changes them (console contract, section 2.4).

use floe_model::Fault;
use floe_model::access::{Credential, Permission};
use floe_model::flows::Engine;
use floe_model::id::FlowId;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::{self, FlowRow};
use serde_json::json;

use super::ids;
use crate::definitions::visible_automation;

/// A workflow that the caller may see.
///
/// # Errors
/// 404 for one that is not there, was deleted, may not be seen, or is written in steps.
pub(super) fn visible(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId) -> Result<FlowRow, Fault> {
    let (flow, ..) = visible_automation(tx, ctx, id).map_err(|fault| ids::named(fault, &ids::workflow(id)))?;
    if flow.engine != Engine::Workflow {
        return Err(ids::not_found(&ids::workflow(id)));
    }
    Ok(flow)
}

/// A workflow that is to be changed: held until the end of the transaction, after the check that the caller may.
///
/// # Errors
/// As [`visible`], and 403 without the permission `build`.
pub(super) fn hold(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId) -> Result<FlowRow, Fault> {
    visible(tx, ctx, id)?;
    may_build(ctx)?;
    let held = flows::hold(tx, ctx.caller.workspace, id)?.filter(|flow| flow.engine == Engine::Workflow);
    held.ok_or_else(|| ids::not_found(&ids::workflow(id)))
}

/// Refuses callers that may not make or change workflows.
///
/// # Errors
/// 403 without the permission `build`.
pub(super) fn may_build(ctx: &Ctx) -> Result<(), Fault> {
    if ctx.caller.credential == Credential::System || ctx.caller.may(Permission::Build) {
        return Ok(());
    }
    Err(Fault::forbidden("Your role may not change workflows").with_details(json!({ "required": "build" })))
}
