//! What is recorded: the audit chain, credits, the request log, usage.

mod audit;
mod credits;
mod requests;
mod usage;

use floe_model::access::Role;
use floe_model::id::WorkspaceId;

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
