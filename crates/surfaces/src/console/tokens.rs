//! `/tokens`: one's own personal access tokens (console contract, section 2.6).

use floe_access::sessions::require_confirmed;
use floe_access::tokens::{self, MadeToken, NewToken};
use floe_model::access::Credential;
use floe_model::id::TokenId;
use floe_model::{Fault, Timestamp};
use serde_json::Value;

use super::list::Window;
use super::shapes::{WINDOW, keys::ROTATION, tokens as shapes};
use super::{Rights, SURFACE, commit_and_forget, wire};
use crate::http::shape::words;
use crate::http::{Auth, Call, Reply, Route};

const SCOPES_MAX: usize = 50;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/tokens", Auth::MEMBER, list)
            .any_reads()
            .doc("List your tokens")
            .queries(WINDOW)
            .query("sort", words(&["-created_at"]), "Newest first")
            .answers(200, shapes::TOKENS),
        Route::post(&SURFACE, "/console/v1/tokens", Auth::SESSION, create)
            .doc("Create a token")
            .about("Its text is in this answer only. Needs a confirmed password.")
            .takes(shapes::NEW_TOKEN)
            .answers(201, shapes::MADE_TOKEN)
            .refuses(403, &["confirmation_required"]),
        Route::get(&SURFACE, "/console/v1/tokens/{id}", Auth::MEMBER, show)
            .any_reads()
            .doc("Show a token")
            .answers(200, shapes::TOKEN),
        Route::patch(&SURFACE, "/console/v1/tokens/{id}", Auth::SESSION, rename)
            .doc("Rename a token")
            .revised()
            .takes(shapes::TOKEN_PATCH)
            .answers(200, shapes::TOKEN),
        Route::delete(&SURFACE, "/console/v1/tokens/{id}", Auth::MEMBER, revoke)
            .any_writes()
            .doc("Revoke a token")
            .revised()
            .answers_nothing(204)
            .refuses(403, &["forbidden"]),
        Route::post(&SURFACE, "/console/v1/tokens/{id}/rotate", Auth::MEMBER, rotate)
            .any_writes()
            .doc("Rotate a token")
            .revised()
            .takes(ROTATION)
            .answers(201, shapes::MADE_TOKEN)
            .refuses(403, &["forbidden"]),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &[])?;
    if !window.newest_first {
        return Err(Fault::field("/sort", "value", "sort must be -created_at"));
    }
    let before = window.after.map(TokenId);
    let (page, more, total) = call.app.access.list_tokens(&call.ctx.caller, before, window.limit).await?;
    let last = page.last().map(|token| token.id.0);
    let now = call.ctx.now();
    let data = page.iter().map(|token| wire::token_object(token, now)).collect::<Result<Vec<Value>, Fault>>()?;
    Reply::ok(&window.page(data, last, more, Some(total)))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let token = call.app.access.find_token(&call.ctx.caller, call.id("id", "Token")?).await?;
    Ok(Reply::ok(&wire::token_object(&token, call.ctx.now())?)?.revision(token.revision))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let now = call.ctx.now();
    require_confirmed(call.identity.as_ref(), now)?;
    let mut body = call.fields()?;
    let new = NewToken {
        name: body.required_text("name", 1, 100),
        scopes: body.texts("scopes", SCOPES_MAX).unwrap_or_default(),
        expires_in_days: body.number("expires_in_days", 1, 365),
    };
    body.finish()?;
    let act = call.act();
    let prepared = call.app.access.prepare_token(&act, &new)?;
    call.commit(move |tx| prepared.apply(tx, &act), move |made| made_reply(&made, now)).await
}

async fn rename(call: Call) -> Result<Reply, Fault> {
    let id: TokenId = call.id("id", "Token")?;
    let mut body = call.fields()?;
    let name = body.required_text("name", 1, 100);
    body.finish()?;
    let (act, now, if_match) = (call.act(), call.ctx.now(), call.if_match()?);
    call.commit(
        move |tx| tokens::rename(tx, &act, id, &name, if_match),
        move |token| Ok(Reply::ok(&wire::token_object(&token, now)?)?.revision(token.revision)),
    )
    .await
}

async fn revoke(call: Call) -> Result<Reply, Fault> {
    let id: TokenId = call.id("id", "Token")?;
    if !is_own(&call, id) && !call.ctx.caller.has_scope("admin") {
        return Err(Fault::forbidden("A token without the scope admin can revoke itself only"));
    }
    let (act, if_match) = (call.act(), call.if_match()?);
    commit_and_forget(&call, move |tx| tokens::revoke(tx, &act, id, if_match), |_| Ok(Reply::no_content())).await
}

async fn rotate(call: Call) -> Result<Reply, Fault> {
    let id: TokenId = call.id("id", "Token")?;
    let mut body = call.fields()?;
    let overlap = body.number("overlap_minutes", 0, 1_440).unwrap_or(0);
    body.finish()?;
    if !is_own(&call, id) {
        return Err(Fault::forbidden("A token can rotate itself only; sign in to rotate others"));
    }
    let (act, now, if_match) = (call.act(), call.ctx.now(), call.if_match()?);
    let rotation = call.app.access.prepare_token_rotation();
    commit_and_forget(
        &call,
        move |tx| rotation.apply(tx, &act, id, overlap, if_match),
        move |made| made_reply(&made, now),
    )
    .await
}

/// Sessions act on every token of their member, a token on itself: its scopes must not grow by taking another's.
fn is_own(call: &Call, id: TokenId) -> bool {
    match call.ctx.caller.credential {
        Credential::Token(own) => own == id,
        _ => true,
    }
}

fn made_reply(made: &MadeToken, now: Timestamp) -> Result<Reply, Fault> {
    let object = wire::token_object(&made.token, now)?;
    let location = format!("/console/v1/tokens/{}", made.token.id.prefixed());
    Reply::created(&location, &wire::with_secret(object.clone(), "token", Some(&made.text)))?
        .revision(made.token.revision)
        .replay_as(&wire::with_secret(object, "token", None))
}
