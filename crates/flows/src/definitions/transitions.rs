//! Moving between versions without editing: another latest, back to an older one, taking one back, deleting a draft.

use floe_model::Fault;
use floe_model::flows::{Level, VersionStatus};
use floe_model::id::FlowId;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::FlowRow;
use floe_store::flows::versions::{self, VersionRow};
use serde_json::json;

use super::access::hold;
use super::draft::{begin, stored};
use super::publish::carry_out;
use super::references::Known;
use super::trail;
use super::versions::{VersionRecord, numbered, whole};
use crate::schedules;

/// Makes a published version what clients get.
///
/// # Errors
/// 404; 403 without `edit`; 409 `version_not_published`.
pub fn set_latest(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId, number: u32) -> Result<VersionRecord, Fault> {
    let mut flow = hold(tx, ctx, id, Level::Edit)?;
    let row = numbered(tx, &flow, number)?;
    flow.pointers.set_latest(number, row.status)?;
    make_latest(tx, ctx, &mut flow, row)
}

/// Makes a new draft with the content of an older version; with `publish` it is published at once.
///
/// # Errors
/// 404; 403 without `edit`; 422 `invalid_definition` when it is to be published and has errors by now.
pub fn roll_back(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    known: &impl Known,
    id: FlowId,
    number: u32,
    publish: bool,
) -> Result<VersionRecord, Fault> {
    let mut flow = hold(tx, ctx, id, Level::Edit)?;
    let old = numbered(tx, &flow, number)?;
    let (pointers, new_number) = flow.pointers.roll_back();
    let draft = VersionRow {
        name: old.name,
        description: old.description,
        settings: old.settings,
        summary: format!("Rollback to version {number}"),
        ..begin(tx, ctx, &flow, new_number, Some(number))?
    };
    versions::insert(tx, &draft)?;
    flow.pointers = pointers;
    let detail = json!({ "version": new_number, "basedOn": number, "published": publish });
    trail::audit(tx, ctx, &flow, "rolled_back_flow", detail)?;
    if publish {
        let published = flow.pointers.publish_draft(None, true)?;
        return carry_out(tx, ctx, known, &mut flow, draft, published, None);
    }
    trail::write(tx, ctx, &mut flow)?;
    whole(tx, &flow, draft)
}

/// Takes a published version back; a draft stays as it is. When clients got it they get the highest other published version
/// from now on, or nothing.
///
/// # Errors
/// 404; 403 without `edit`.
pub fn unpublish(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId, number: u32) -> Result<VersionRecord, Fault> {
    let mut flow = hold(tx, ctx, id, Level::Edit)?;
    let mut row = numbered(tx, &flow, number)?;
    let highest = versions::highest_published(tx, flow.workspace, id, number)?;
    let Some(pointers) = flow.pointers.unpublish(number, row.status, highest) else {
        return whole(tx, &flow, row);
    };
    row.status = VersionStatus::Draft;
    row.published_by = None;
    row.published_at = None;
    row.updated_at = ctx.now();
    versions::set_status(tx, &row)?;
    move_latest(tx, &mut flow, pointers.latest)?;
    trail::write(tx, ctx, &mut flow)?;
    let detail = json!({ "version": number, "latest": flow.pointers.latest, "revision": flow.revision });
    trail::audit(tx, ctx, &flow, "unpublished_flow", detail)?;
    trail::tell(tx, ctx, &flow, "flows.flow.unpublished", Some(number))?;
    schedules::follow_latest(tx, ctx, &flow)?;
    whole(tx, &flow, row)
}

/// Deletes a draft; runs of it stay readable.
///
/// # Errors
/// 404; 403 without `edit`; 409 `version_published`.
pub fn delete_version(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId, number: u32) -> Result<u32, Fault> {
    let mut flow = hold(tx, ctx, id, Level::Edit)?;
    let row = numbered(tx, &flow, number)?;
    flow.pointers = flow.pointers.delete(number, row.status)?;
    if !versions::delete_draft(tx, flow.workspace, id, number)? {
        return Err(Fault::internal(format!("version {number} of flow {id} changed while it was held")));
    }
    trail::write(tx, ctx, &mut flow)?;
    trail::audit(tx, ctx, &flow, "deleted_version", json!({ "version": number, "revision": flow.revision }))?;
    Ok(number)
}

/// Points a held flow to a published version and writes it; nothing changes when it points there already.
pub(super) fn make_latest(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    flow: &mut FlowRow,
    row: VersionRow,
) -> Result<VersionRecord, Fault> {
    let before = flow.pointers.latest;
    if before == Some(row.version) {
        return whole(tx, flow, row);
    }
    move_latest(tx, flow, Some(row.version))?;
    trail::write(tx, ctx, flow)?;
    let detail = json!({ "version": row.version, "before": before, "revision": flow.revision });
    trail::audit(tx, ctx, flow, "set_latest_version", detail)?;
    schedules::follow_latest(tx, ctx, flow)?;
    whole(tx, flow, row)
}

/// Moves the pointer in memory, and puts the settings of the version in force when it is another one. Name and description
/// belong to the flow and stay.
fn move_latest(tx: &mut Tx<'_>, flow: &mut FlowRow, latest: Option<u32>) -> Result<(), Fault> {
    if let Some(number) = latest.filter(|_| latest != flow.pointers.latest) {
        flow.settings = stored(tx, flow, number)?.settings;
    }
    flow.pointers.latest = latest;
    Ok(())
}
