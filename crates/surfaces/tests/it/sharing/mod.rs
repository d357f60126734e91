//! Share links, files, documents, the editor's helpers, and who may do what with a flow.

mod differences;
mod editor;
mod files;
mod form_inputs;
mod levels;
mod links;
mod transfer;

use serde_json::{Value, json};

use crate::app::{Answer, PASSWORD, TestApp};
use crate::flows_runs::World;

/// A link of a flow; answers its text.
async fn link(world: &World, flow: &str) -> String {
    let changed = patch(world, flow, json!({ "share": { "enabled": true } })).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    changed.json["share"]["token"].as_str().expect("a token").to_owned()
}

async fn patch(world: &World, flow: &str, body: Value) -> Answer {
    world.app.patch(&format!("/v1/flow/{flow}")).bearer(&world.session).json(&body).send().await
}

/// Gives the password again.
async fn confirm(app: &TestApp, session: &str) {
    let confirm = app.post("/console/v1/session/confirm").bearer(session).json(&json!({ "password": PASSWORD }));
    assert_eq!(confirm.send().await.status, 200);
}
