//! Reading flows.

use std::collections::HashMap;

use floe_model::Fault;
use floe_model::access::{Credential, Permission};
use floe_model::flows::{FlowAccess, Level, level_of};
use floe_model::id::{FlowId, MemberId};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::{self, FlowFilter, FlowOrder, FlowRow};
use floe_store::flows::schedules::{self, ScheduleRow};
use floe_store::flows::shares::{self, ShareRow};
use floe_store::flows::versions;

use super::access::{access_of, visible};
use super::content::EMPTY;
use super::resolve::text_of;

/// A flow as a caller sees it. In `flow.settings` are the draft's when there is one.
#[derive(Debug, Clone)]
pub struct Record {
    /// The flow.
    pub flow: FlowRow,
    /// Who may do what with it.
    pub access: FlowAccess,
    /// What the caller may do with it.
    pub level: Level,
    /// The draft's definition, else that of the latest version, else the empty one; lists leave it out.
    pub definition: Option<String>,
    /// Its share link.
    pub share: Option<ShareRow>,
    /// Its schedule, also a cancelled one.
    pub schedule: Option<ScheduleRow>,
}

/// Part of a list, and how many entries the list has.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The part.
    pub data: Vec<T>,
    /// Length of the whole list.
    pub total: u64,
}

/// One flow.
///
/// # Errors
/// 404 for a flow that is not there, was deleted, or may not be seen.
pub fn get(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId) -> Result<Record, Fault> {
    let (flow, access, level) = visible(tx, ctx, id)?;
    record(tx, flow, access, level)
}

/// The flows that the caller may see: up to `limit` from `skip` on. The filter's `seen_by` is set here.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    filter: &FlowFilter,
    order: FlowOrder,
    limit: usize,
    skip: usize,
) -> Result<Page<Record>, Fault> {
    let filter = FlowFilter { seen_by: limited_to(ctx), ..filter.clone() };
    let (rows, total) = flows::list(tx, ctx.caller.workspace, &filter, order, limit, skip)?;
    let ids: Vec<FlowId> = rows.iter().map(|flow| flow.id).collect();
    let mut schedules: HashMap<FlowId, ScheduleRow> =
        schedules::of_flows(tx, ctx.caller.workspace, &ids)?.into_iter().map(|one| (one.flow, one)).collect();
    let mut data = Vec::with_capacity(rows.len());
    for flow in rows {
        let access = access_of(&flow)?;
        let level = level_of(&ctx.caller, &access);
        let level = level.ok_or_else(|| Fault::internal(format!("flow {} is listed and may not be seen", flow.id)))?;
        let share = shares::find(tx, flow.workspace, flow.id)?;
        let schedule = schedules.remove(&flow.id);
        data.push(Record { flow, access, level, definition: None, share, schedule });
    }
    Ok(Page { data, total })
}

/// A flow that was just written, as its caller sees it.
pub(super) fn written(tx: &mut Tx<'_>, ctx: &Ctx, flow: FlowRow) -> Result<Record, Fault> {
    let access = access_of(&flow)?;
    // Whoever hands a flow over or hides it from himself still gets the answer to that.
    let level = level_of(&ctx.caller, &access).unwrap_or(Level::View);
    record(tx, flow, access, level)
}

fn record(tx: &mut Tx<'_>, mut flow: FlowRow, access: FlowAccess, level: Level) -> Result<Record, Fault> {
    let share = shares::find(tx, flow.workspace, flow.id)?;
    let schedule = schedules::find(tx, flow.workspace, flow.id)?;
    let shown = flow.pointers.draft.or(flow.pointers.latest);
    let Some(number) = shown else {
        return Ok(Record { flow, access, level, definition: Some(EMPTY.to_owned()), share, schedule });
    };
    let version = versions::find(tx, flow.workspace, flow.id, number)?;
    let version = version.ok_or_else(|| Fault::internal(format!("flow {} lost version {number}", flow.id)))?;
    let definition = Some(text_of(tx, &version)?);
    if flow.pointers.draft.is_some() {
        flow.settings = version.settings;
    }
    Ok(Record { flow, access, level, definition, share, schedule })
}

/// The member to whose flows a list is limited; none for those who see every flow.
fn limited_to(ctx: &Ctx) -> Option<MemberId> {
    let caller = &ctx.caller;
    match (&caller.member, caller.credential) {
        (_, Credential::System | Credential::FlowsKey(_) | Credential::WorkflowsKey(_)) => None,
        (Some(_), _) if caller.may(Permission::Manage) => None,
        (Some(member), _) => Some(member.id),
        // Nobody: no member has the id zero, and nothing of the nil workspace exists.
        (None, _) => Some(MemberId(0)),
    }
}
