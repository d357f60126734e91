//! `/workspace`: the current workspace and its settings.

use std::sync::Arc;

use floe_access::workspace::{WorkspacePatch, patch};
use floe_model::Fault;
use floe_model::access::{Permission, is_time_zone};
use serde_json::{Map, Value, json};

use super::shapes::{keys, workspace as shapes};
use super::{Rights, SURFACE, wire};
use crate::http::{Auth, Call, Fields, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/workspace", Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show the workspace")
            .answers(200, shapes::WORKSPACE),
        Route::patch(&SURFACE, "/console/v1/workspace", Auth::MEMBER, change)
            .needs(Permission::Manage)
            .doc("Change the workspace")
            .revised()
            .takes(shapes::WORKSPACE_PATCH)
            .answers(200, shapes::WORKSPACE)
            .refuses(409, &["conflict"]),
        Route::post(&SURFACE, "/console/v1/workspace/callback-secret/rotate", Auth::MEMBER, rotate_callback_secret)
            .needs(Permission::Manage)
            .doc("Rotate the secret that signs callbacks")
            .about("Shown once; the old one signs along until the overlap ends.")
            .takes(keys::ROTATION)
            .answers(200, shapes::CALLBACK_SECRET),
    ]
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let workspace = call.app.access.workspace(&call.ctx.caller).await?;
    Ok(Reply::ok(&wire::workspace_object(&call.app.access, &workspace))?.revision(workspace.revision))
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let wanted = read_patch(&mut body);
    body.finish()?;
    let (act, if_match, access) = (call.act(), call.if_match()?, Arc::clone(&call.app.access));
    call.commit(
        move |tx| patch(tx, &act, &wanted, if_match),
        move |workspace| Ok(Reply::ok(&wire::workspace_object(&access, &workspace))?.revision(workspace.revision)),
    )
    .await
}

async fn rotate_callback_secret(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let overlap = body.number("overlap_minutes", 0, 1_440).unwrap_or(0);
    body.finish()?;
    let (act, prepared) = (call.act(), call.app.access.prepare_callback_secret());
    call.commit(
        move |tx| prepared.apply(tx, &act, overlap),
        |secret| Reply::ok(&json!({ "secret": secret }))?.replay_as(&json!({ "secret": null })),
    )
    .await
}

fn read_patch(body: &mut Fields) -> WorkspacePatch {
    let name = body.text("name", 1, 100);
    let slug = body.text("slug", 1, 40);
    if slug.as_deref().is_some_and(|slug| !is_slug(slug)) {
        body.problem("slug", "value", "slug must be lower-case letters, digits and single hyphens");
    }
    let timezone = body.text("timezone", 1, 100);
    if timezone.as_deref().is_some_and(|zone| !is_time_zone(zone)) {
        body.problem("timezone", "value", "timezone must be a name such as Africa/Lagos");
    }
    let mut settings = Map::new();
    for (name, words) in [
        ("offline_models", &["never", "test", "always"][..]),
        ("self_approval", &["allow", "forbid"]),
        ("request_log_bodies", &["off", "test", "all"]),
    ] {
        let pick = |word: &str| words.contains(&word).then(|| Value::from(word));
        if let Some(value) = body.word(name, &words.join(", "), pick) {
            settings.insert(name.to_owned(), value);
        }
    }
    if let Some(flag) = body.flag("token_approvals") {
        settings.insert("token_approvals".to_owned(), flag.into());
    }
    if let Some(days) = body.number("run_retention_days", 1, 3_650) {
        settings.insert("run_retention_days".to_owned(), days.into());
    }
    WorkspacePatch { name, slug, timezone, settings }
}

/// Whether a text is a name in addresses: lower-case letters, digits and single hyphens.
pub(super) fn is_slug(text: &str) -> bool {
    let allowed = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    allowed && !text.starts_with('-') && !text.ends_with('-') && !text.contains("--")
}
