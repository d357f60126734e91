//! One-use links for members, made by the owner of the data folder (console contract, sections 2.1 and 2.2).

use std::sync::Arc;

use floe_access::Act;
use floe_access::links::SIGN_IN_MINUTES;
use floe_model::access::Caller;
use floe_model::id::WorkspaceId;
use floe_model::{Fault, Mode};
use floe_runtime::Ctx;
use serde_json::{Value, json};

use crate::app::App;

/// A link with which a member gives itself another password.
pub(super) async fn reset(app: &App, email: &str) -> Result<Value, Fault> {
    // The entries that it leaves are in the workspaces of the member.
    let caller = Arc::new(Caller::system(WorkspaceId(0), Mode::Live));
    let ctx = Ctx::new(Arc::clone(&app.platform), caller, app.platform.ids.next());
    let made = app.access.issue_reset_link(&Act { ctx, address: None }, email).await?;
    Ok(json!({ "url": page(app, "reset#token", &made.text), "expires_at": made.expires_at }))
}

/// A link that signs a member in once.
pub(super) async fn login(app: &App, email: &str) -> Result<Value, Fault> {
    let expires_at = app.platform.clock.now().plus_seconds(SIGN_IN_MINUTES * 60);
    let text = app.access.issue_sign_in_link(email, SIGN_IN_MINUTES).await?;
    Ok(json!({ "url": page(app, "link#t", &text), "expires_at": expires_at }))
}

/// The address of a page with a token in its fragment, so that it reaches no log.
fn page(app: &App, name: &str, token: &str) -> String {
    format!("{}/ui/{name}={token}", app.public_url())
}
