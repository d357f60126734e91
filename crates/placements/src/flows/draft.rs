//! Drafts: stored as they come, whatever the checks say of them.

use floe_model::Fault;
use floe_model::id::{AppId, ScreenFlowId, ScreenVersionId};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::drafts::{self, Draft};
use floe_store::placements::screen_flows::ScreenFlow;
use serde_json::json;

use super::{Schema, read, versions};
use crate::trail::{self, Note, Who};

/// Writes a draft. It changes nothing that anybody is shown, so that it does not count as a change of configuration.
///
/// # Errors
/// 404; 412 when `if_match` is not its revision.
pub fn put(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    app: AppId,
    flow: ScreenFlowId,
    schema: &Schema,
    if_match: Option<i64>,
) -> Result<Draft, Fault> {
    let row = read::require(tx, ctx.caller.workspace, app, flow)?;
    let detail = json!({ "app_id": app, "bytes": schema.text.len(), "sha256": schema.sha256 });
    write(tx, ctx, &row, (&schema.text, &schema.sha256), if_match, detail)
}

/// Puts what a version shows into the draft.
///
/// # Errors
/// 404.
pub fn restore(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    app: AppId,
    flow: ScreenFlowId,
    version: ScreenVersionId,
) -> Result<Draft, Fault> {
    let row = read::require(tx, ctx.caller.workspace, app, flow)?;
    let found = versions::version(tx, ctx, app, flow, version)?;
    let detail = json!({ "app_id": app, "restored_version": found.head.number, "sha256": found.head.sha256 });
    write(tx, ctx, &row, (&found.schema, &found.head.sha256), None, detail)
}

fn write(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    row: &ScreenFlow,
    (text, sha256): (&str, &str),
    if_match: Option<i64>,
    detail: serde_json::Value,
) -> Result<Draft, Fault> {
    let who = Who::caller(ctx);
    let mut draft = Draft {
        app: row.app,
        flow: row.id,
        revision: 0,
        updated_by: who.name().to_owned(),
        updated_at: ctx.now(),
        sha256: sha256.to_owned(),
        schema: text.to_owned(),
    };
    draft.revision = drafts::update(tx, ctx.caller.workspace, &draft, if_match)?.ok_or_else(crate::stale)?;
    trail::note(tx, ctx, &who, Note::new("changed_screen_flow_draft", "screen_flow", row.id.0, &row.name, detail))?;
    Ok(draft)
}
