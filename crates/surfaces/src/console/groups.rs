//! `/groups`: named lists of members (console contract, sections 2.4 and 5.1).

use floe_access::groups::{self, GroupPatch, GroupView, GroupsAsked};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::id::{GroupId, MemberId, parse_bits};
use floe_store::access::groups::MEMBERS_MAX;
use serde_json::Value;

use super::list::Window;
use super::shapes::{BY_AGE, WINDOW, groups as shapes};
use super::{Rights, SURFACE, accounts_wire as wire};
use crate::http::shape::TEXT;
use crate::http::{Auth, Call, Fields, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/groups", Auth::MEMBER, list)
            .needs(Permission::Read)
            .doc("List groups")
            .queries(WINDOW)
            .query("sort", BY_AGE, "Newest first unless given")
            .query("q", TEXT, "Part of the name")
            .answers(200, shapes::GROUPS),
        Route::post(&SURFACE, "/console/v1/groups", Auth::MEMBER, create)
            .needs(Permission::Manage)
            .doc("Create a group")
            .takes(shapes::NEW_GROUP)
            .answers(201, shapes::GROUP)
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, "/console/v1/groups/{id}", Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show a group")
            .answers(200, shapes::GROUP),
        Route::patch(&SURFACE, "/console/v1/groups/{id}", Auth::MEMBER, change)
            .needs(Permission::Manage)
            .doc("Change a group")
            .revised()
            .takes(shapes::GROUP_PATCH)
            .answers(200, shapes::GROUP)
            .refuses(409, &["conflict"]),
        Route::delete(&SURFACE, "/console/v1/groups/{id}", Auth::MEMBER, remove)
            .needs(Permission::Manage)
            .doc("Delete a group")
            .about("Flows and steps that name it name nobody by it from then on.")
            .revised()
            .answers_nothing(204),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &["q"])?;
    let asked = GroupsAsked {
        q: call.query.get("q").map(|text| text.chars().take(100).collect()),
        newest_first: window.newest_first,
        after: window.after.map(GroupId),
        limit: window.limit,
    };
    let found = call.app.access.list_groups(&call.act(), asked).await?;
    let last = found.groups.last().map(|view| view.group.id.0);
    let data: Vec<Value> = found.groups.iter().map(wire::group_object).collect();
    Reply::ok(&window.page(data, last, found.more, Some(found.total)))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let found = call.app.access.find_group(&call.act(), call.id("id", "Group")?).await?;
    group_reply(&found)
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let name = body.required_text("name", 1, 100);
    let members = read_members(&mut body).unwrap_or_default();
    body.finish()?;
    let act = call.act();
    call.commit(
        move |tx| groups::create(tx, &act, name.trim(), &members),
        |view| {
            let location = format!("/console/v1/groups/{}", view.group.id.prefixed());
            Ok(Reply::created(&location, &wire::group_object(&view))?.revision(view.group.revision))
        },
    )
    .await
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id: GroupId = call.id("id", "Group")?;
    let mut body = call.fields()?;
    let name = body.text("name", 1, 100).map(|name| name.trim().to_owned());
    let patch = GroupPatch { name, members: read_members(&mut body) };
    body.finish()?;
    let (act, if_match) = (call.act(), call.if_match()?);
    call.commit(move |tx| groups::patch(tx, &act, id, &patch, if_match), |view| group_reply(&view)).await
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let id: GroupId = call.id("id", "Group")?;
    let (act, if_match) = (call.act(), call.if_match()?);
    call.commit(move |tx| groups::delete(tx, &act, id, if_match), |()| Ok(Reply::no_content())).await
}

/// Reads `member_ids`; whether they belong to the workspace is for the service to say.
fn read_members(body: &mut Fields) -> Option<Vec<MemberId>> {
    let texts = body.texts("member_ids", MEMBERS_MAX)?;
    let mut members = Vec::with_capacity(texts.len());
    for (at, text) in texts.iter().enumerate() {
        match parse_bits(text) {
            Ok(bits) => members.push(MemberId(bits)),
            Err(_) => body.problem(&format!("member_ids/{at}"), "value", "This is not an id"),
        }
    }
    Some(members)
}

fn group_reply(view: &GroupView) -> Result<Reply, Fault> {
    Ok(Reply::ok(&wire::group_object(view))?.revision(view.group.revision))
}
