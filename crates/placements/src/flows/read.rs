//! Reading screen flows and their drafts.

use floe_model::Fault;
use floe_model::id::{AppId, ScreenFlowId, WorkspaceId};
use floe_model::placements::app::FlowKind;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::drafts::{self, Draft};
use floe_store::placements::screen_flows::{self as rows, Filter, ScreenFlow};
use floe_store::placements::versions;

use super::FlowView;
use crate::apps;

/// The row of a screen flow of an app of the workspace.
///
/// # Errors
/// 404.
pub fn require(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, id: ScreenFlowId) -> Result<ScreenFlow, Fault> {
    apps::require(tx, workspace, app)?;
    rows::find(tx, workspace, app, id)?.ok_or_else(|| Fault::not_found("Flow"))
}

/// A screen flow.
///
/// # Errors
/// 404.
pub fn get(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, id: ScreenFlowId) -> Result<FlowView, Fault> {
    let row = require(tx, ctx.caller.workspace, app, id)?;
    view(tx, ctx.caller.workspace, row)
}

/// A page of the screen flows of an app, newest first, and how many match.
///
/// # Errors
/// 404.
pub fn list(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    app: AppId,
    filter: &Filter,
    limit: usize,
    offset: i64,
) -> Result<(Vec<(ScreenFlow, FlowKind)>, i64), Fault> {
    let workspace = ctx.caller.workspace;
    apps::require(tx, workspace, app)?;
    let (found, total) = rows::list(tx, workspace, app, filter, limit, offset)?;
    let rows = found.into_iter().map(|row| kind_of(&row).map(|kind| (row, kind)));
    Ok((rows.collect::<Result<_, Fault>>()?, total))
}

/// The draft of a screen flow, with its text.
///
/// # Errors
/// 404.
pub fn draft_of(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, id: ScreenFlowId) -> Result<Draft, Fault> {
    require(tx, ctx.caller.workspace, app, id)?;
    drafts::find(tx, ctx.caller.workspace, app, id)?.ok_or_else(|| damaged(id))
}

pub(super) fn view(tx: &mut Tx<'_>, workspace: WorkspaceId, row: ScreenFlow) -> Result<FlowView, Fault> {
    let draft = drafts::head(tx, workspace, row.app, row.id)?.ok_or_else(|| damaged(row.id))?;
    let newest = match row.newest_version {
        Some(id) => versions::head(tx, workspace, id)?,
        None => None,
    };
    Ok(FlowView { kind: kind_of(&row)?, row, draft, newest })
}

fn kind_of(row: &ScreenFlow) -> Result<FlowKind, Fault> {
    FlowKind::parse(&row.kind).ok_or_else(|| damaged(row.id))
}

fn damaged(id: ScreenFlowId) -> Fault {
    Fault::internal(format!("screen flow {id} is damaged"))
}
