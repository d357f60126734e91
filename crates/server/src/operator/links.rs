//! One-use links for members, made by the owner of the data folder (console contract, sections 2.1 and 2.2).

use std::sync::Arc;

use floe_access::Act;
use floe_access::resets::OperatorLink;
use floe_model::access::Caller;
use floe_model::id::WorkspaceId;
use floe_model::{Fault, Mode};
use floe_runtime::Ctx;
use serde_json::{Value, json};

use crate::app::App;

/// A link with which a member gives itself another password.
pub(super) async fn reset(app: &App, email: &str) -> Result<Value, Fault> {
    make(app, email, OperatorLink::Reset, "reset#token").await
}

/// A link that signs a member in once.
pub(super) async fn login(app: &App, email: &str) -> Result<Value, Fault> {
    make(app, email, OperatorLink::SignIn, "link#t").await
}

async fn make(app: &App, email: &str, what: OperatorLink, name: &str) -> Result<Value, Fault> {
    // The entries that it leaves are in the workspaces of the member.
    let caller = Arc::new(Caller::system(WorkspaceId(0), Mode::Live));
    let ctx = Ctx::new(Arc::clone(&app.platform), caller, app.platform.ids.next());
    let made = app.access.issue_link(&Act { ctx, address: None }, email, what).await?;
    Ok(json!({ "url": page(app, name, &made.text), "expires_at": made.expires_at }))
}

/// The address of a page with a token in its fragment, so that it reaches no log.
fn page(app: &App, name: &str, token: &str) -> String {
    format!("{}/ui/{name}={token}", app.public_url())
}
