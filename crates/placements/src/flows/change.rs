//! Changing and taking away screen flows.

use std::collections::HashSet;

use floe_model::Fault;
use floe_model::id::{AppId, ScreenFlowId, ScreenVersionId, WorkspaceId};
use floe_model::placements::app::FlowKind;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::placements::{self, Placement};
use floe_store::placements::{drafts, experiments, revisions, screen_flows as rows, versions};
use serde_json::{Value, json};

use super::{FlowView, read};
use crate::trail::{self, Note, Who};

/// What shall be changed; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlowPatch {
    /// Shown name.
    pub name: Option<String>,
    /// What it is for.
    pub kind: Option<FlowKind>,
}

/// Changes a screen flow.
///
/// # Errors
/// 404; 412 when `if_match` is not its revision.
pub fn patch(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    app: AppId,
    id: ScreenFlowId,
    patch: &FlowPatch,
    if_match: Option<i64>,
) -> Result<FlowView, Fault> {
    let workspace = ctx.caller.workspace;
    revisions::bump(tx, workspace)?;
    let before = read::require(tx, workspace, app, id)?;
    crate::check_revision(before.revision, if_match)?;
    let mut row = before.clone();
    if let Some(name) = &patch.name {
        row.name.clone_from(name);
    }
    if let Some(kind) = patch.kind {
        kind.as_str().clone_into(&mut row.kind);
    }
    if row != before {
        row.updated_at = ctx.now();
        if !rows::update(tx, workspace, &row)? {
            return Err(crate::stale());
        }
        row.revision += 1;
        let detail = json!({ "app_id": app, "name": row.name, "type": row.kind });
        let note = Note::new("changed_screen_flow", "screen_flow", id.0, &row.name, detail);
        trail::note(tx, ctx, &Who::caller(ctx), note)?;
    }
    read::view(tx, workspace, row)
}

/// Takes a screen flow away with its draft and versions.
///
/// # Errors
/// 404; 412; 409 while a placement or an experiment names one of its versions.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, id: ScreenFlowId, if_match: Option<i64>) -> Result<(), Fault> {
    let workspace = ctx.caller.workspace;
    revisions::bump(tx, workspace)?;
    let row = read::require(tx, workspace, app, id)?;
    crate::check_revision(row.revision, if_match)?;
    refuse_in_use(tx, workspace, app, id)?;
    drafts::delete(tx, workspace, app, id)?;
    versions::delete_of_flow(tx, workspace, id)?;
    if !rows::delete(tx, workspace, app, id)? {
        return Err(Fault::not_found("Flow"));
    }
    let detail = json!({ "app_id": app, "versions": row.newest_number });
    let note = Note::new("deleted_screen_flow", "screen_flow", id.0, &row.name, detail);
    trail::note(tx, ctx, &Who::caller(ctx), note)
}

fn refuse_in_use(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, id: ScreenFlowId) -> Result<(), Fault> {
    let own = versions::ids(tx, workspace, id)?;
    if own.is_empty() {
        return Ok(());
    }
    if experiments::uses_version(tx, workspace, &own)? {
        return Err(Fault::conflict("conflict", "An experiment shows a version of this flow"));
    }
    let own: HashSet<ScreenVersionId> = own.into_iter().collect();
    match placements::of_app(tx, workspace, app)?.iter().find(|placement| names_one(placement, &own)) {
        Some(user) => {
            Err(Fault::conflict("conflict", format!("The placement {} shows a version of this flow", user.key)))
        }
        None => Ok(()),
    }
}

/// Whether a placement names one of these versions, anywhere.
fn names_one(placement: &Placement, versions: &HashSet<ScreenVersionId>) -> bool {
    let own = [placement.default_version, placement.rollout_fallback];
    let lists = [&placement.rules, &placement.scheduled_changes];
    own.into_iter().flatten().any(|id| versions.contains(&id))
        || lists.into_iter().any(|list| serde_json::from_str(list).is_ok_and(|list| holds_one(&list, versions)))
}

fn holds_one(value: &Value, versions: &HashSet<ScreenVersionId>) -> bool {
    match value {
        Value::String(text) => ScreenVersionId::parse(text).is_ok_and(|id| versions.contains(&id)),
        Value::Array(items) => items.iter().any(|item| holds_one(item, versions)),
        Value::Object(members) => members.values().any(|member| holds_one(member, versions)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_wherever_a_list_names_it() {
        let id = ScreenVersionId(7);
        let versions = HashSet::from([id]);
        for (list, expected) in [
            (json!([{ "flow_version_id": id }]), true),
            (json!([{ "at": "2026-01-01T00:00:00Z", "default_flow_version_id": id.to_string().to_uppercase() }]), true),
            (json!([{ "name": "7", "flow_version_id": ScreenVersionId(8) }]), false),
            (json!([]), false),
        ] {
            assert_eq!(holds_one(&list, &versions), expected, "{list}");
        }
    }
}
