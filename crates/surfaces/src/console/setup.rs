//! `/setup`: the first owner (console contract, section 2.1).

use floe_access::setup::NewOwner;
use floe_model::Fault;
use floe_model::access::{check_password, is_email, is_time_zone};
use http::StatusCode;
use serde_json::json;

use super::shapes::session as shapes;
use super::{SURFACE, session};
use crate::http::{Auth, Call, Fields, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/setup", Auth::PUBLIC, needed)
            .doc("Ask whether set-up is needed")
            .answers(200, shapes::SETUP),
        Route::post(&SURFACE, "/console/v1/setup", Auth::SIGN_IN, set_up)
            .doc("Set up the first owner")
            .takes(shapes::NEW_OWNER)
            .answers(201, shapes::SESSION)
            .refuses(409, &["setup_done"])
            .refuses(410, &["expired"]),
    ]
}

async fn needed(call: Call) -> Result<Reply, Fault> {
    Ok(Reply::value(StatusCode::OK, &json!({ "needed": call.app.access.needs_setup().await? })))
}

async fn set_up(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let token = body.required_text("token", 1, 200);
    let new = new_owner(&mut body);
    let session = session::new_session(&mut body, &call);
    // Samples are added by a call of their own.
    body.value("samples");
    body.finish()?;

    let (access, act) = (&call.app.access, call.act());
    let owner = access.prepare_owner(new, Some(&token)).await?;
    let prepared = access.prepare_session(&session, &act);
    let writing = call.ctx.store.write(move |tx| {
        owner.apply(tx, &act)?;
        prepared.apply(tx, &act, owner.member(), "setup", &session)
    });
    let opened = writing.await?;
    access.note_set_up();
    session::opened_reply(&call, StatusCode::CREATED, &opened)
}

/// Reads the owner and the workspace.
fn new_owner(body: &mut Fields) -> NewOwner {
    let name = body.required_text("name", 1, 100);
    let email = body.required_text("email", 3, 254);
    if !email.is_empty() && !is_email(&email) {
        body.problem("email", "value", "email must be an e-mail address");
    }
    let password = body.required_text("password", 0, 1_000);
    if let Err(problem) = check_password(&password) {
        body.problem("password", "value", problem.to_string());
    }
    let workspace_name = body.required_text("workspace_name", 1, 100);
    let timezone = body.text("timezone", 1, 100).unwrap_or_else(|| "UTC".to_owned());
    if !is_time_zone(&timezone) {
        body.problem("timezone", "value", "timezone must be a name such as Africa/Lagos");
    }
    NewOwner { name, email, password: Some(password), workspace_name, timezone, starter_keys: None }
}
