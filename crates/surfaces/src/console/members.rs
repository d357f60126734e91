//! `/members`: who belongs to the workspace, and as what (console contract, sections 2.4 and 5.1).

use floe_access::account::shape_of;
use floe_access::members::{self, MemberPatch, MemberView};
use floe_access::sessions::{Opened, require_confirmed};
use floe_model::Fault;
use floe_model::access::{Permission, Role, TreasuryRole};
use floe_model::id::MemberId;
use floe_store::access::memberships::{Filter, Page};
use http::StatusCode;
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{BY_AGE, WINDOW, members as shapes};
use super::{Rights, SURFACE, accounts_wire as wire, commit_and_forget, session};
use crate::http::shape::TEXT;
use crate::http::{Auth, Call, Reply, Route};

/// The roles, for messages.
pub(super) const ROLES: &str = "owner, admin, builder, approver, viewer";
/// The roles in the treasury, for messages.
pub(super) const TREASURY_ROLES: &str = "owner, approver, analyst, reader";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/members", Auth::MEMBER, list)
            .needs(Permission::Read)
            .doc("List members")
            .queries(WINDOW)
            .query("sort", BY_AGE, "Newest first unless given")
            .query("role", shapes::ROLE, "One role")
            .query("q", TEXT, "Part of name or address")
            .answers(200, shapes::MEMBERS),
        Route::get(&SURFACE, "/console/v1/members/{id}", Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show a member")
            .answers(200, shapes::MEMBER),
        Route::patch(&SURFACE, "/console/v1/members/{id}", Auth::MEMBER, change)
            .needs(Permission::Manage)
            .doc("Change what a member is")
            .about("A change ends the member's sessions. Owners and treasury_role are for owners.")
            .revised()
            .takes(shapes::MEMBER_PATCH)
            .answers(200, shapes::MEMBER)
            .refuses(403, &["confirmation_required"])
            .refuses(409, &["last_owner"]),
        Route::delete(&SURFACE, "/console/v1/members/{id}", Auth::MEMBER, remove)
            .needs(Permission::Manage)
            .doc("Remove a member")
            .about("Its sessions and tokens end; its flows go to the caller.")
            .revised()
            .answers_nothing(204)
            .refuses(409, &["last_owner"]),
        Route::post(&SURFACE, "/console/v1/members/{id}/reset-link", Auth::MEMBER, reset_link)
            .needs(Permission::Own)
            .doc("Make a link that resets a password")
            .answers(201, shapes::RESET_LINK)
            .refuses(409, &["conflict"]),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &["role", "q"])?;
    let role = call.query.get("role").map(|word| {
        Role::parse(word).ok_or_else(|| Fault::field("/role", "value", format!("role must be one of: {ROLES}")))
    });
    let q = call.query.get("q").map(|text| text.chars().take(100).collect::<String>().to_lowercase());
    let filter = Filter { role: role.transpose()?, q: q.filter(|q| !q.is_empty()) };
    let page = Page { newest_first: window.newest_first, after: window.after.map(MemberId), limit: window.limit };
    let found = call.app.access.list_members(&call.act(), filter, page).await?;
    let last = found.members.last().map(|member| member.colleague.member.0);
    let data: Vec<Value> = found.members.iter().map(wire::member_object).collect();
    Reply::ok(&window.page(data, last, found.more, Some(found.total)))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let found = call.app.access.find_member(&call.act(), call.id("id", "Member")?).await?;
    member_reply(&found)
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id: MemberId = call.id("id", "Member")?;
    let mut body = call.fields()?;
    let patch = MemberPatch {
        role: body.word("role", ROLES, Role::parse),
        treasury_role: body.word("treasury_role", TREASURY_ROLES, TreasuryRole::parse),
    };
    body.finish()?;
    let (act, now, if_match) = (call.act(), call.ctx.now(), call.if_match()?);
    if patch.role == Some(Role::Owner) {
        members::require_own(&call.ctx.caller, "Only an owner makes owners")?;
        require_confirmed(call.identity.as_ref(), now)?;
    }
    // Who changes itself goes on with a new session.
    let facts = call.identity.as_ref().and_then(|identity| identity.session.as_deref());
    let renewal = facts.map(|facts| shape_of(facts, now)).map(|shape| {
        let prepared = call.app.access.prepare_session(&shape, &act);
        (prepared, shape)
    });
    let writing = call.ctx.store.write(move |tx| {
        let changed = members::patch(tx, &act, id, &patch, if_match)?;
        let is_self = act.ctx.caller.member_id() == Some(id) && changed.ended_sessions;
        let opened = match &renewal {
            Some((prepared, shape)) if is_self => Some(prepared.renew(tx, &act, "role_change", shape)?),
            _ => None,
        };
        Ok((changed.view, opened))
    });
    let (view, opened): (MemberView, Option<Opened>) = writing.await?;
    call.app.access.forget();
    let object = wire::member_object(&view);
    let reply = match &opened {
        Some(opened) => session::with_session(&call, object, opened)?,
        None => Reply::ok(&object)?,
    };
    Ok(reply.revision(view.colleague.revision))
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let id: MemberId = call.id("id", "Member")?;
    let (act, if_match) = (call.act(), call.if_match()?);
    commit_and_forget(&call, move |tx| members::remove(tx, &act, id, if_match), |()| Ok(Reply::no_content())).await
}

async fn reset_link(call: Call) -> Result<Reply, Fault> {
    let id: MemberId = call.id("id", "Member")?;
    call.fields()?.finish()?;
    let (act, origin) = (call.act(), call.app.settings.public_url.origin.clone());
    let prepared = call.app.access.prepare_reset();
    call.commit(
        move |tx| prepared.apply(tx, &act, id),
        move |made| {
            let link = |url: Option<String>| json!({ "url": url, "expires_at": made.expires_at });
            let shown = link(Some(wire::reset_url(&origin, &made.text)));
            Reply::json(StatusCode::CREATED, &shown)?.replay_as(&link(None))
        },
    )
    .await
}

fn member_reply(view: &MemberView) -> Result<Reply, Fault> {
    Ok(Reply::ok(&wire::member_object(view))?.revision(view.colleague.revision))
}
