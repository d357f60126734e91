//! `/workspaces`: one's own workspaces (console contract, section 5.1).

use std::sync::Arc;

use floe_access::sessions::require_confirmed;
use floe_access::workspaces::{self, NewWorkspace};
use floe_model::Fault;
use floe_model::access::{Permission, is_time_zone};
use floe_model::id::WorkspaceId;
use serde_json::{Value, json};

use super::shapes::{workspace as workspace_shapes, workspaces as shapes};
use super::workspace::is_slug;
use super::{Rights, SURFACE, accounts_wire, commit_and_forget, wire};
use crate::http::shape::{FLAG, TEXT};
use crate::http::{Auth, Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/workspaces", Auth::MEMBER, list)
            .any_reads()
            .doc("List your workspaces")
            .query("total", FLAG, "Whether to count all of them")
            .answers(200, shapes::WORKSPACES),
        Route::post(&SURFACE, "/console/v1/workspaces", Auth::MEMBER, create)
            .needs(Permission::Own)
            .doc("Create a workspace")
            .takes(shapes::NEW_WORKSPACE)
            .answers(201, workspace_shapes::WORKSPACE)
            .refuses(409, &["conflict"]),
        Route::delete(&SURFACE, "/console/v1/workspaces/{id}", Auth::MEMBER, remove)
            .needs(Permission::Own)
            .doc("Delete a workspace")
            .about("Nobody belongs to it any more; its keys and tokens end. Audit entries and ledger stay.")
            .query("confirm", TEXT, "The slug of the workspace")
            .revised()
            .answers_nothing(204)
            .refuses(403, &["confirmation_required"])
            .refuses(409, &["conflict"]),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let found = call.app.access.list_workspaces(&call.ctx.caller).await?;
    let data: Vec<Value> = found.iter().map(accounts_wire::belonging_object).collect();
    let total = call.query.flag("total")?.unwrap_or(false).then_some(data.len());
    Reply::ok(&json!({ "data": data, "next_cursor": null, "total": total }))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let name = body.required_text("name", 1, 100);
    let slug = body.text("slug", 1, 40);
    if slug.as_deref().is_some_and(|slug| !is_slug(slug)) {
        body.problem("slug", "value", "slug must be lower-case letters, digits and single hyphens");
    }
    let timezone = body.text("timezone", 1, 100).unwrap_or_else(|| "UTC".to_owned());
    if !is_time_zone(&timezone) {
        body.problem("timezone", "value", "timezone must be a name such as Africa/Lagos");
    }
    body.finish()?;
    let (act, new, access) = (call.act(), NewWorkspace { name, slug, timezone }, Arc::clone(&call.app.access));
    call.commit(
        move |tx| workspaces::create(tx, &act, &new),
        move |workspace| {
            let location = format!("/console/v1/workspaces/{}", workspace.id.prefixed());
            Ok(Reply::created(&location, &wire::workspace_object(&access, &workspace))?.revision(workspace.revision))
        },
    )
    .await
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let id: WorkspaceId = call.id("id", "Workspace")?;
    require_confirmed(call.identity.as_ref(), call.ctx.now())?;
    let confirm = call.query.get("confirm").map(str::to_owned);
    let (act, if_match) = (call.act(), call.if_match()?);
    commit_and_forget(
        &call,
        move |tx| {
            workspaces::delete(tx, &act, id, confirm.as_deref(), if_match)?;
            floe_flows::definitions::close_workspace(tx, &act.ctx, id)
        },
        |()| Ok(Reply::no_content()),
    )
    .await
}
