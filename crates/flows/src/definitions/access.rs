//! Finding a flow as a caller may see it.

use floe_model::Fault;
use floe_model::access::Caller;
use floe_model::flows::{Engine, FlowAccess, Level, level_of};
use floe_model::id::FlowId;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::{self, FlowRow};
use serde_json::json;

/// Whether a caller may do something with a flow.
#[must_use]
pub fn may(caller: &Caller, access: &FlowAccess, level: Level) -> bool {
    level_of(caller, access).is_some_and(|held| held >= level)
}

/// A flow of steps that the caller may see, and what it may do with it.
///
/// # Errors
/// 404 for a flow that is not there, was deleted, or may not be seen.
pub fn visible(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId) -> Result<(FlowRow, FlowAccess, Level), Fault> {
    let flow = flows::find(tx, ctx.caller.workspace, id)?;
    seen(ctx, flow.filter(|flow| flow.engine == Engine::Flow))
}

/// An automation of either language that the caller may see, and what it may do with it.
///
/// # Errors
/// 404 for one that is not there, was deleted, or may not be seen.
pub(crate) fn visible_automation(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    id: FlowId,
) -> Result<(FlowRow, FlowAccess, Level), Fault> {
    let flow = flows::find(tx, ctx.caller.workspace, id)?;
    seen(ctx, flow)
}

/// Whether the caller may see the runs of a flow; those of a deleted flow stay readable for whoever could see it.
///
/// # Errors
/// 404 when it may not.
pub fn may_see_runs(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId) -> Result<(), Fault> {
    let flow = flows::find_any(tx, ctx.caller.workspace, id)?;
    seen(ctx, flow).map(|_| ())
}

/// A flow of steps that is to be changed: held until the end of the transaction, after the check that the caller may.
pub(crate) fn hold(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId, level: Level) -> Result<FlowRow, Fault> {
    let flow = flows::hold(tx, ctx.caller.workspace, id)?;
    let (flow, _, held) = seen(ctx, flow.filter(|flow| flow.engine == Engine::Flow))?;
    if held < level {
        let word = word(level);
        let message = format!("You may not {} this flow", verb(level));
        return Err(Fault::forbidden(message).with_details(json!({ "required": word })));
    }
    Ok(flow)
}

/// What decides about a flow.
pub(crate) fn access_of(flow: &FlowRow) -> Result<FlowAccess, Fault> {
    let sharing = serde_json::from_str(&flow.sharing).map_err(Fault::internal)?;
    Ok(FlowAccess { owner: flow.owner, visibility: flow.visibility, sharing })
}

fn seen(ctx: &Ctx, flow: Option<FlowRow>) -> Result<(FlowRow, FlowAccess, Level), Fault> {
    let flow = flow.ok_or_else(|| Fault::not_found("Flow"))?;
    let access = access_of(&flow)?;
    let level = level_of(&ctx.caller, &access).ok_or_else(|| Fault::not_found("Flow"))?;
    Ok((flow, access, level))
}

const fn word(level: Level) -> &'static str {
    match level {
        Level::View | Level::Run => "view",
        Level::Edit => "edit",
        Level::Manage => "manage",
    }
}

const fn verb(level: Level) -> &'static str {
    match level {
        Level::View => "see",
        Level::Run => "run",
        Level::Edit => "change",
        Level::Manage => "manage",
    }
}
