//! Reading versions.

use floe_model::Fault;
use floe_model::id::{AppId, ScreenFlowId, ScreenVersionId};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::versions::{self as rows, Head, Version};

use super::read;

/// A page of the versions of a screen flow, newest first, and how many there are.
///
/// # Errors
/// 404.
pub fn list_versions(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    app: AppId,
    flow: ScreenFlowId,
    limit: usize,
    offset: i64,
) -> Result<(Vec<Head>, i64), Fault> {
    read::require(tx, ctx.caller.workspace, app, flow)?;
    rows::list(tx, ctx.caller.workspace, flow, limit, offset)
}

/// A version of a screen flow.
///
/// # Errors
/// 404.
pub fn version(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    app: AppId,
    flow: ScreenFlowId,
    id: ScreenVersionId,
) -> Result<Version, Fault> {
    read::require(tx, ctx.caller.workspace, app, flow)?;
    let found = rows::find(tx, ctx.caller.workspace, id)?;
    found.filter(|found| found.head.flow == flow).ok_or_else(missing)
}

/// A version of any screen flow of an app, to compare with.
///
/// # Errors
/// 404.
pub fn version_of_app(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, id: ScreenVersionId) -> Result<Version, Fault> {
    let found = rows::find(tx, ctx.caller.workspace, id)?;
    found.filter(|found| found.head.app == app).ok_or_else(missing)
}

fn missing() -> Fault {
    Fault::not_found("Version")
}
