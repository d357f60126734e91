//! `/session` and `/sessions`: signing in and out (console contract, section 2.2).

use floe_access::sessions::{NewSession, Opened, Transport};
use floe_access::{Identity, SessionFacts};
use floe_model::id::{SessionId, WorkspaceId, parse_bits};
use floe_model::{Fault, FaultKind};
use http::StatusCode;
use http::header::SET_COOKIE;
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{WINDOW, session as shapes};
use super::{Rights, SURFACE, wire};
use crate::http::{Auth, Call, Fields, Reply, Route, cookie_name};

/// Characters of `User-Agent` that are kept.
const AGENT_MAX: usize = 200;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(&SURFACE, "/console/v1/session", Auth::SIGN_IN, sign_in)
            .doc("Sign in")
            .takes(shapes::SIGN_IN)
            .answers(200, shapes::SESSION)
            .refuses(401, &["invalid_credentials"])
            .refuses(429, &["rate_limited"]),
        Route::post(&SURFACE, "/console/v1/session/link", Auth::SIGN_IN, sign_in_by_link)
            .doc("Sign in by a link")
            .takes(shapes::LINK_SIGN_IN)
            .answers(200, shapes::SESSION)
            .refuses(410, &["expired"])
            .refuses(429, &["rate_limited"]),
        Route::post(&SURFACE, "/console/v1/session/reset", Auth::SIGN_IN, reset)
            .doc("Set another password by a link")
            .about("Every session of the member ends; its tokens stay.")
            .takes(shapes::PASSWORD_RESET)
            .answers(200, shapes::SESSION)
            .refuses(410, &["expired"])
            .refuses(429, &["rate_limited"]),
        Route::get(&SURFACE, "/console/v1/session", Auth::MEMBER, show)
            .any_reads()
            .doc("Show the session")
            .answers(200, shapes::SESSION),
        Route::patch(&SURFACE, "/console/v1/session", Auth::SESSION, switch)
            .doc("Switch to another workspace")
            .takes(shapes::SWITCH)
            .answers(200, shapes::SESSION),
        Route::delete(&SURFACE, "/console/v1/session", Auth::SESSION, sign_out).doc("Sign out").answers_nothing(204),
        Route::post(&SURFACE, "/console/v1/session/confirm", Auth::SESSION, confirm)
            .doc("Confirm the password")
            .about("For fifteen minutes, acts that need it are possible.")
            .takes(shapes::CONFIRM)
            .answers(200, shapes::CONFIRMED)
            .refuses(403, &["invalid_credentials"]),
        Route::get(&SURFACE, "/console/v1/sessions", Auth::MEMBER, list)
            .any_reads()
            .doc("List your sessions")
            .queries(&WINDOW[..2])
            .answers(200, shapes::SESSIONS),
        Route::delete(&SURFACE, "/console/v1/sessions", Auth::SESSION, end_others)
            .doc("End your other sessions")
            .answers_nothing(204),
        Route::delete(&SURFACE, "/console/v1/sessions/{id}", Auth::SESSION, end)
            .doc("End one of your sessions")
            .answers_nothing(204),
    ]
}

async fn sign_in(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let email = body.required_text("email", 1, 254);
    let password = body.required_text("password", 1, 1_000);
    let session = new_session(&mut body, &call);
    body.finish()?;
    let opened = call.app.access.sign_in(&call.act(), &email, &password, session).await?;
    opened_reply(&call, StatusCode::OK, &opened)
}

async fn sign_in_by_link(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let token = body.required_text("token", 1, 200);
    let session = new_session(&mut body, &call);
    body.finish()?;
    let opened = call.app.access.sign_in_by_link(&call.act(), &token, session).await?;
    opened_reply(&call, StatusCode::OK, &opened)
}

async fn reset(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let token = body.required_text("token", 1, 200);
    let password = body.required_text("password", 1, 1_000);
    let session = new_session(&mut body, &call);
    body.finish()?;
    let opened = call.app.access.reset_password(&call.act(), &token, &password, session).await?;
    opened_reply(&call, StatusCode::OK, &opened)
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let view = call.app.access.view_session(identity(&call)?).await?;
    Reply::ok(&wire::session_object(&view, None))
}

async fn switch(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let workspace = body.required_text("workspace_id", 1, 100);
    body.finish()?;
    let workspace = parse_bits(&workspace).map(WorkspaceId).map_err(|_| Fault::not_found("Workspace"))?;
    let view = call.app.access.switch_workspace(&call.act(), facts(&call)?, workspace).await?;
    Reply::ok(&wire::session_object(&view, None))
}

async fn sign_out(call: Call) -> Result<Reply, Fault> {
    call.app.access.end_session(&call.act(), facts(&call)?.id).await?;
    Ok(Reply::no_content().text_header(SET_COOKIE, &cookie(&call, "", Some(0))))
}

async fn confirm(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let password = body.required_text("password", 1, 1_000);
    body.finish()?;
    let until = call.app.access.confirm(&call.act(), facts(&call)?, &password).await.map_err(confirm_fault)?;
    Reply::ok(&json!({ "confirmed_until": until }))
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &[])?;
    if !window.newest_first {
        return Err(Fault::field("/sort", "value", "sort must be -created_at"));
    }
    let before = window.after.map(SessionId);
    let (sessions, more) = call.app.access.list_sessions(&call.act(), before, window.limit).await?;
    let current = call.identity.as_ref().and_then(|identity| identity.session.as_ref()).map(|facts| facts.id);
    let data: Vec<Value> = sessions.iter().map(|session| wire::session_entry(session, current)).collect();
    Reply::ok(&window.page(data, sessions.last().map(|session| session.id.0), more, None))
}

async fn end_others(call: Call) -> Result<Reply, Fault> {
    call.app.access.end_other_sessions(&call.act(), facts(&call)?.id).await?;
    Ok(Reply::no_content())
}

async fn end(call: Call) -> Result<Reply, Fault> {
    let id: SessionId = call.id("id", "Session")?;
    call.app.access.end_session(&call.act(), id).await?;
    let reply = Reply::no_content();
    if id == facts(&call)?.id {
        return Ok(reply.text_header(SET_COOKIE, &cookie(&call, "", Some(0))));
    }
    Ok(reply)
}

/// Reads how the session shall be carried and how long it shall last.
pub(super) fn new_session(body: &mut Fields, call: &Call) -> NewSession {
    let transport = body.word("transport", "cookie, token", |word| match word {
        "cookie" => Some(Transport::Cookie),
        "token" => Some(Transport::Token),
        _ => None,
    });
    let agent = call.header("user-agent").map(|agent| agent.chars().take(AGENT_MAX).collect());
    NewSession {
        transport: transport.unwrap_or(Transport::Cookie),
        remember: body.flag("remember").unwrap_or(false),
        agent,
    }
}

/// The answer to a sign-in: the session object, with the secret in its cookie or in `token`, never in both.
pub(super) fn opened_reply(call: &Call, status: StatusCode, opened: &Opened) -> Result<Reply, Fault> {
    if opened.text.starts_with("ses_") {
        return Reply::json(status, &wire::session_object(&opened.view, Some(&opened.text)));
    }
    let max_age = opened.remember.then_some(opened.lasts_s);
    let reply = Reply::json(status, &wire::session_object(&opened.view, None))?;
    Ok(reply.text_header(SET_COOKIE, &cookie(call, &opened.text, max_age)))
}

/// An object with the new session of the caller: in its cookie, or in `token` beside the object's own fields.
pub(super) fn with_session(call: &Call, object: Value, opened: &Opened) -> Result<Reply, Fault> {
    if opened.text.starts_with("ses_") {
        return Reply::ok(&wire::with_secret(object, "token", Some(&opened.text)));
    }
    let max_age = opened.remember.then_some(opened.lasts_s);
    Ok(Reply::ok(&object)?.text_header(SET_COOKIE, &cookie(call, &opened.text, max_age)))
}

/// The text of `Set-Cookie`. Without an age the browser forgets it when it is closed.
fn cookie(call: &Call, text: &str, max_age_s: Option<i64>) -> String {
    let secure = call.app.settings.public_url.secure;
    let age = max_age_s.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    let secure_word = if secure { "; Secure" } else { "" };
    format!("{}={text}; Path=/; HttpOnly; SameSite=Lax{secure_word}{age}", cookie_name(secure))
}

/// A wrong password of somebody who is signed in is a refusal, not the end of the session.
pub(super) fn confirm_fault(fault: Fault) -> Fault {
    if fault.kind() == FaultKind::Unauthenticated {
        return Fault::new(FaultKind::Forbidden, "invalid_credentials", "The password is wrong");
    }
    fault
}

fn identity(call: &Call) -> Result<&Identity, Fault> {
    call.identity.as_ref().ok_or_else(|| Fault::internal("a route for members was called by nobody"))
}

/// The session of the call.
pub(super) fn facts(call: &Call) -> Result<&SessionFacts, Fault> {
    identity(call)?.session.as_deref().ok_or_else(|| Fault::forbidden("Only a session can do this"))
}
