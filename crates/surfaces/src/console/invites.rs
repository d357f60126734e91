//! `/invites`: invitations into the workspace (console contract, section 5.1).

use floe_access::invites::{self, InvitePatch, NewInvite};
use floe_access::members::require_own;
use floe_access::sessions::require_confirmed;
use floe_model::access::{Permission, Role, TreasuryRole, is_email};
use floe_model::id::InviteId;
use floe_model::{Fault, Timestamp};
use floe_store::access::invites::{Invite, Page};
use http::StatusCode;
use serde_json::Value;

use super::list::Window;
use super::members::{ROLES, TREASURY_ROLES};
use super::shapes::{BY_AGE, WINDOW, invites as shapes, session as session_shapes};
use super::wire::with_secret;
use super::{Rights, SURFACE, accounts_wire as wire, session};
use crate::http::{Auth, Call, Fields, Reply, Route};

const STATUSES: [&str; 3] = ["pending", "accepted", "expired"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/invites", Auth::MEMBER, list)
            .needs(Permission::Manage)
            .doc("List invites")
            .queries(WINDOW)
            .query("sort", BY_AGE, "Newest first unless given")
            .query("status", shapes::STATUS, "One status")
            .answers(200, shapes::INVITES),
        Route::post(&SURFACE, "/console/v1/invites", Auth::MEMBER, create)
            .needs(Permission::Manage)
            .doc("Invite somebody")
            .about("The link is shown once and works for seven days. Owners and treasury_role are for owners.")
            .takes(shapes::NEW_INVITE)
            .answers(201, shapes::MADE_INVITE)
            .refuses(403, &["confirmation_required"])
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, "/console/v1/invites/{id}", Auth::MEMBER, show)
            .needs(Permission::Manage)
            .doc("Show an invite")
            .answers(200, shapes::INVITE),
        Route::patch(&SURFACE, "/console/v1/invites/{id}", Auth::MEMBER, change)
            .needs(Permission::Manage)
            .doc("Change an invite")
            .revised()
            .takes(shapes::INVITE_PATCH)
            .answers(200, shapes::INVITE)
            .refuses(403, &["confirmation_required"])
            .refuses(409, &["conflict"]),
        Route::delete(&SURFACE, "/console/v1/invites/{id}", Auth::MEMBER, remove)
            .needs(Permission::Manage)
            .doc("Delete an invite")
            .revised()
            .answers_nothing(204),
        Route::post(&SURFACE, "/console/v1/invites/accept", Auth::SIGN_IN, accept)
            .doc("Accept an invite")
            .about("Somebody who has an account here gives its password.")
            .takes(shapes::ACCEPTANCE)
            .answers(201, session_shapes::SESSION)
            .refuses(401, &["invalid_credentials"])
            .refuses(409, &["conflict"])
            .refuses(410, &["expired"])
            .refuses(429, &["rate_limited"]),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &["status"])?;
    let status = call.query.get("status").map(|text| {
        let message = || format!("status must be one of: {}", STATUSES.join(", "));
        STATUSES.into_iter().find(|word| *word == text).ok_or_else(|| Fault::field("/status", "value", message()))
    });
    let page = Page {
        status: status.transpose()?,
        newest_first: window.newest_first,
        after: window.after.map(InviteId),
        limit: window.limit,
    };
    let found = call.app.access.list_invites(&call.act(), page).await?;
    let (last, now) = (found.invites.last().map(|invite| invite.id.0), call.ctx.now());
    let data: Vec<Value> = found.invites.iter().map(|invite| wire::invite_object(invite, now)).collect();
    Reply::ok(&window.page(data, last, found.more, Some(found.total)))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let invite = call.app.access.find_invite(&call.act(), call.id("id", "Invite")?).await?;
    invite_reply(&invite, call.ctx.now())
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let email = body.required_text("email", 3, 254);
    if !email.is_empty() && !is_email(email.trim()) {
        body.problem("email", "value", "email must be an e-mail address");
    }
    // The reading goes on after a problem, so that one answer names all of them.
    let role = body.required_word("role", ROLES, Role::parse).unwrap_or(Role::Viewer);
    let treasury_role = read_treasury_role(&mut body);
    body.finish()?;
    let (act, now) = (call.act(), call.ctx.now());
    check_owner(&call, Some(role))?;
    let prepared = call.app.access.prepare_invite(&act, &NewInvite { email, role, treasury_role })?;
    let origin = call.app.settings.public_url.origin.clone();
    call.commit(
        move |tx| prepared.apply(tx, &act),
        move |made| {
            let object = wire::invite_object(&made.invite, now);
            let location = format!("/console/v1/invites/{}", made.invite.id.prefixed());
            let url = wire::invite_url(&origin, &made.text);
            Reply::created(&location, &with_secret(object.clone(), "url", Some(&url)))?
                .revision(made.invite.revision)
                .replay_as(&with_secret(object, "url", None))
        },
    )
    .await
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id: InviteId = call.id("id", "Invite")?;
    let mut body = call.fields()?;
    let role = body.word("role", ROLES, Role::parse);
    let patch = InvitePatch { role, treasury_role: read_treasury_role(&mut body) };
    body.finish()?;
    check_owner(&call, role)?;
    let (act, now, if_match) = (call.act(), call.ctx.now(), call.if_match()?);
    call.commit(move |tx| invites::patch(tx, &act, id, &patch, if_match), move |invite| invite_reply(&invite, now))
        .await
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let id: InviteId = call.id("id", "Invite")?;
    let (act, if_match) = (call.act(), call.if_match()?);
    call.commit(move |tx| invites::delete(tx, &act, id, if_match), |()| Ok(Reply::no_content())).await
}

async fn accept(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let token = body.required_text("token", 1, 200);
    let name = body.text("name", 1, 100);
    let password = body.required_text("password", 1, 1_000);
    let shape = session::new_session(&mut body, &call);
    body.finish()?;
    let act = call.act();
    let acceptance = call.app.access.prepare_acceptance(&act, &token, name, &password, shape).await?;
    let opened = call.ctx.store.write(move |tx| acceptance.apply(tx, &act)).await?;
    session::opened_reply(&call, StatusCode::CREATED, &opened)
}

/// A new owner is invited by an owner who gave the password again.
fn check_owner(call: &Call, role: Option<Role>) -> Result<(), Fault> {
    if role != Some(Role::Owner) {
        return Ok(());
    }
    require_own(&call.ctx.caller, "Only an owner invites owners")?;
    require_confirmed(call.identity.as_ref(), call.ctx.now())
}

fn read_treasury_role(body: &mut Fields) -> Option<TreasuryRole> {
    body.word("treasury_role", TREASURY_ROLES, TreasuryRole::parse)
}

fn invite_reply(invite: &Invite, now: Timestamp) -> Result<Reply, Fault> {
    Ok(Reply::ok(&wire::invite_object(invite, now))?.revision(invite.revision))
}
