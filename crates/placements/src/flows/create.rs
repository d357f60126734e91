//! New screen flows.

use floe_model::Fault;
use floe_model::id::AppId;
use floe_model::placements::app::FlowKind;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::drafts::{self, Draft};
use floe_store::placements::revisions;
use floe_store::placements::screen_flows::{self as rows, FLOWS_MAX, ScreenFlow};
use serde_json::json;

use super::{FlowView, Schema};
use crate::apps;
use crate::trail::{self, Note, Who};

/// A screen flow as asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFlow {
    /// Shown name, 1 to 120 characters.
    pub name: String,
    /// What it is for.
    pub kind: FlowKind,
    /// Its first draft.
    pub schema: Schema,
}

/// Adds a screen flow with its first draft; nothing of it is published.
///
/// # Errors
/// 404; 409 when there are as many as there may be.
pub fn create(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, new: &NewFlow) -> Result<FlowView, Fault> {
    let workspace = ctx.caller.workspace;
    revisions::bump(tx, workspace)?;
    apps::require(tx, workspace, app)?;
    if usize::try_from(rows::count(tx, workspace, app)?).unwrap_or(usize::MAX) >= FLOWS_MAX {
        return Err(Fault::conflict("conflict", format!("There are {FLOWS_MAX} flows in this app already")));
    }
    let (now, who) = (ctx.now(), Who::caller(ctx));
    let row = ScreenFlow {
        app,
        id: ctx.ids.next(),
        name: new.name.clone(),
        kind: new.kind.as_str().to_owned(),
        newest_number: 0,
        newest_version: None,
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    let draft = Draft {
        app,
        flow: row.id,
        revision: 1,
        updated_by: who.name().to_owned(),
        updated_at: now,
        sha256: new.schema.sha256.clone(),
        schema: new.schema.text.clone(),
    };
    rows::insert(tx, workspace, &row)?;
    drafts::insert(tx, workspace, &draft)?;
    let detail = json!({ "app_id": app, "name": row.name, "type": row.kind });
    trail::note(tx, ctx, &who, Note::new("created_screen_flow", "screen_flow", row.id.0, &row.name, detail))?;
    Ok(FlowView { row, kind: new.kind, draft: Draft { schema: String::new(), ..draft }, newest: None })
}
