//! Members of the organisation, with their role in the treasury (Treasury contract, section 10.1; console contract, section 2.4).

use floe_access::invites::NewInvite;
use floe_access::members::{self, MemberPatch};
use floe_model::Fault;
use floe_model::access::{Role, TreasuryRole, is_email};
use floe_model::id::MemberId;
use floe_store::Tx;
use floe_store::access::memberships::{self, Colleague};
use floe_treasury::trail::{self, Who};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::input::{Input, path_id};
use super::page::Page;
use super::shapes::{PAGING, members as shapes};
use super::wire::Seconds;
use super::{DASHBOARD, OWNER, Rights, SURFACE};
use crate::console::invite_url;
use crate::http::{Call, Reply, Route};

const ROLES: &str = "owner, approver, analyst, reader";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/api/v1/org/members", DASHBOARD, list)
            .any_reads()
            .doc("List members of the organisation")
            .queries(PAGING)
            .answers(200, shapes::ORG_MEMBERS),
        Route::post(&SURFACE, "/api/v1/org/members", DASHBOARD, invite)
            .written_by(OWNER)
            .doc("Invite a member into the organisation")
            .about("The link is in this answer only. Whoever follows it belongs to the workspace as a viewer, with this role here.")
            .takes(shapes::NEW_ORG_MEMBER)
            .answers(201, shapes::INVITED)
            .refuses(403, &["forbidden"])
            .refuses(409, &["conflict"]),
        Route::patch(&SURFACE, "/api/v1/org/members/{id}", DASHBOARD, change)
            .written_by(OWNER)
            .doc("Change the treasury role of a member")
            .about("Its sessions end. Nobody changes itself.")
            .takes(shapes::ORG_MEMBER_PATCH)
            .answers(200, shapes::ORG_MEMBER)
            .refuses(403, &["forbidden"])
            .refuses(409, &["conflict"]),
        Route::delete(&SURFACE, "/api/v1/org/members/{id}", DASHBOARD, remove)
            .written_by(OWNER)
            .doc("Remove a member from the organisation")
            .answers(200, super::shapes::recipients::DELETED)
            .refuses(403, &["forbidden"])
            .refuses(409, &["last_owner"]),
    ]
}

/// A member on the wire.
#[derive(Serialize)]
struct MemberOut {
    id: MemberId,
    name: String,
    email: String,
    role: &'static str,
    created_at: Seconds,
    last_seen_at: Option<Seconds>,
}

impl From<Colleague> for MemberOut {
    fn from(one: Colleague) -> Self {
        Self {
            id: one.member,
            name: one.name,
            email: one.email,
            role: one.treasury_role.as_str(),
            created_at: Seconds(one.created_at),
            last_seen_at: one.last_seen_at.map(Seconds),
        }
    }
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (page, workspace) = (Page::of(&call.query), call.ctx.caller.workspace);
    let reading = move |tx: &mut Tx<'_>| {
        let found = memberships::page(tx, workspace, page.limit(), page.offset)?;
        Ok((found, memberships::count(tx, workspace, &memberships::Filter::default())?))
    };
    let (found, total) = call.ctx.store.read(reading).await?;
    Reply::ok(&page.around(found.into_iter().map(MemberOut::from).collect(), total))
}

async fn invite(call: Call) -> Result<Reply, Fault> {
    let mut body = Input::of(&call)?;
    let email = body.required_text("email", 3, 254);
    if !email.is_empty() && !is_email(&email) {
        body.problem("email", "pattern", "must be an e-mail address");
    }
    let role = if body.require("role") { body.word("role", ROLES, TreasuryRole::parse) } else { None };
    body.finish()?;
    let (act, ctx) = (call.act(), call.ctx.clone());
    let prepared =
        call.app.access.prepare_invite(&act, &NewInvite { email, role: Role::Viewer, treasury_role: role })?;
    let origin = call.app.settings.public_url.origin.clone();
    let write = move |tx: &mut Tx<'_>| {
        let made = prepared.apply(tx, &act)?;
        let role = made.invite.treasury_role.as_str();
        note(tx, &ctx, "invited_member", &json!({ "email": made.invite.email, "role": role }))?;
        Ok(made)
    };
    call.commit(write, move |made| {
        let object = |url: Value| {
            json!({
                "id": floe_model::id::FlowId(made.invite.id.0),
                "email": made.invite.email,
                "role": made.invite.treasury_role.as_str(),
                "status": "invited",
                "created_at": Seconds(made.invite.created_at),
                "expires_at": Seconds(made.invite.expires_at),
                "url": url,
            })
        };
        let url = invite_url(&origin, &made.text);
        Reply::json(StatusCode::CREATED, &object(url.into()))?.replay_as(&object(Value::Null))
    })
    .await
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id: MemberId = path_id(&call, "id")?;
    let mut body = Input::of(&call)?;
    let role = body.word("role", ROLES, TreasuryRole::parse);
    body.finish()?;
    let (act, ctx) = (call.act(), call.ctx.clone());
    let write = move |tx: &mut Tx<'_>| {
        let patch = MemberPatch { role: None, treasury_role: role };
        let before = memberships::find(tx, ctx.caller.workspace, id)?.map(|found| found.treasury_role);
        let view = members::patch(tx, &act, id, &patch, None)?.view;
        let after = view.colleague.treasury_role;
        if let Some(before) = before.filter(|before| *before != after) {
            let detail = json!({ "member_id": id, "before": before.as_str(), "after": after.as_str() });
            note(tx, &ctx, "changed_member_role", &detail)?;
        }
        Ok(view.colleague)
    };
    let reply = call.commit(write, |colleague| Reply::ok(&MemberOut::from(colleague))).await?;
    call.app.access.forget();
    Ok(reply)
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let id: MemberId = path_id(&call, "id")?;
    let (act, ctx) = (call.act(), call.ctx.clone());
    let write = move |tx: &mut Tx<'_>| {
        let gone = memberships::find(tx, ctx.caller.workspace, id)?;
        members::remove(tx, &act, id, None)?;
        let role = gone.map(|gone| gone.treasury_role.as_str());
        note(tx, &ctx, "removed_member", &json!({ "member_id": id, "role": role }))
    };
    let gone = move |()| Ok(Reply::value(StatusCode::OK, &json!({ "status": "deleted", "id": id })));
    let reply = call.commit(write, gone).await?;
    call.app.access.forget();
    Ok(reply)
}

fn note(tx: &mut Tx<'_>, ctx: &floe_runtime::Ctx, action: &str, detail: &Value) -> Result<(), Fault> {
    let entry = trail::entry(ctx, ctx.caller.scope(), &Who::caller(ctx), action, None, detail);
    floe_store::platform::audit::record(tx, &entry)
}
