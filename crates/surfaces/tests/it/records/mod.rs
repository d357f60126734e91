//! What is recorded: the audit chain, credits, the request log, usage.

mod audit;
mod credits;
mod requests;
mod usage;

use floe_model::access::Role;
use floe_model::id::WorkspaceId;
use floe_store::Sql;
use serde_json::Value;

use crate::app::TestApp;

/// The workspace of a session.
pub async fn workspace(app: &TestApp, session: &str) -> WorkspaceId {
    let own = app.get("/console/v1/session").bearer(session).send().await;
    WorkspaceId::parse(own.json["workspace"]["id"].as_str().expect("an id")).expect("an id")
}

/// Another member; the token of its session.
pub async fn member(app: &TestApp, workspace: WorkspaceId, email: &str, role: Role) -> String {
    app.app.access.add_member(workspace, "Mel", email, role).await.expect("a member");
    app.session_by_link(email).await
}

/// What somebody with the database does to it: statements by name, and where each way of tampering must be found.
pub fn tampering() -> Value {
    serde_json::from_str(include_str!("../../data/tampering.json")).expect("JSON")
}

/// Runs the statements at a place of [`tampering`].
pub async fn run(app: &TestApp, pointer: &str) {
    for statement in tampering().pointer(pointer).and_then(Value::as_array).expect("statements") {
        let text: &'static str = Box::leak(statement.as_str().expect("a statement").to_owned().into_boxed_str());
        let sql: &'static Sql =
            Box::leak(Box::new(Sql { name: "tampering", sqlite: text, postgres: text, columns: &[] }));
        app.app.platform.store.write(move |tx| tx.execute(sql, &[])).await.expect(text);
    }
}
