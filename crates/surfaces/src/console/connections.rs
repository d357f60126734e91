//! `/connections`: accounts at other services (console contract, section 5.1).

use floe_access::connections::{self, ConnectionPatch, Kind, NewConnection};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::id::ConnectionId;
use floe_store::access::connections::{Connection, Page};
use serde_json::{Map, Value, json};

use super::list::Window;
use super::shapes::{BY_AGE, WINDOW, connections as shapes};
use super::{Rights, SURFACE};
use crate::http::shape::{TEXT, words};
use crate::http::{Auth, Call, Fields, Reply, Route};

const STATUSES: &str = "active, inactive";

pub(super) fn routes() -> Vec<Route> {
    const ALL: &str = "/console/v1/connections";
    const ONE: &str = "/console/v1/connections/{id}";
    let routes = [
        Route::get(&SURFACE, ALL, Auth::MEMBER, list)
            .doc("List connections")
            .queries(WINDOW)
            .query("sort", BY_AGE, "Newest first unless given")
            .query("provider", TEXT, "Of one provider")
            .query("type", shapes::KIND, "Of one type")
            .query("status", words(&["active", "inactive"]), "In one status")
            .answers(200, shapes::CONNECTIONS),
        Route::post(&SURFACE, ALL, Auth::MEMBER, create)
            .doc("Create a connection")
            .takes(shapes::NEW_CONNECTION)
            .answers(201, shapes::CONNECTION)
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, ONE, Auth::MEMBER, show).doc("Show a connection").answers(200, shapes::CONNECTION),
        Route::patch(&SURFACE, ONE, Auth::MEMBER, change)
            .doc("Change a connection")
            .revised()
            .takes(shapes::CONNECTION_PATCH)
            .answers(200, shapes::CONNECTION)
            .refuses(409, &["conflict"]),
        Route::delete(&SURFACE, ONE, Auth::MEMBER, remove).doc("Delete a connection").revised().answers_nothing(204),
        Route::put(&SURFACE, "/console/v1/connections/{id}/secret", Auth::MEMBER, set_secret)
            .doc("Set the secret of a connection")
            .revised()
            .takes(shapes::CONNECTION_SECRET)
            .answers(200, shapes::CONNECTION),
        Route::post(&SURFACE, "/console/v1/connections/{id}/test", Auth::MEMBER, test)
            .doc("Test a connection")
            .about("Makes one call with the credentials.")
            .answers(200, shapes::TESTED)
            .refuses(422, &["outbound_blocked", "not_supported"]),
        Route::get(&SURFACE, "/console/v1/connections/{id}/operations", Auth::MEMBER, operations)
            .doc("List what a connection can be asked")
            .answers(200, shapes::OPERATIONS),
    ];
    routes.into_iter().map(|route| route.needs(Permission::Manage)).collect()
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &["provider", "type", "status"])?;
    let kind = call.query.get("type").map(|text| {
        Kind::parse(text).ok_or_else(|| Fault::field("/type", "value", format!("type must be one of: {}", kinds())))
    });
    let status = call.query.get("status").map(|text| {
        status_of(text).ok_or_else(|| Fault::field("/status", "value", format!("status must be one of: {STATUSES}")))
    });
    let page = Page {
        provider: call.query.get("provider").map(str::to_owned),
        kind: kind.transpose()?.map(|kind| kind.as_str().to_owned()),
        status: status.transpose()?.map(|is_active| if is_active { "active" } else { "inactive" }.to_owned()),
        newest_first: window.newest_first,
        after: window.after.map(ConnectionId),
        limit: window.limit,
    };
    let found = call.app.access.list_connections(&call.act(), page, window.total).await?;
    let data = found.connections.iter().map(object).collect::<Result<Vec<Value>, Fault>>()?;
    Reply::ok(&window.page(data, found.connections.last().map(|one| one.id.0), found.more, found.total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let found = call.app.access.find_connection(&call.act(), call.id("id", "Connection")?).await?;
    reply(&found)
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let new = NewConnection {
        name: body.required_text("name", 1, 100),
        provider: read_provider(&mut body),
        kind: body.required_word("type", &kinds(), Kind::parse).unwrap_or(Kind::Bearer),
        config: read_config(&mut body).unwrap_or_default(),
        secret: body.value("secret"),
    };
    body.finish()?;
    let act = call.act();
    call.commit(
        move |tx| connections::create(tx, &act, &new),
        |made| {
            let location = format!("/console/v1/connections/{}", made.id.prefixed());
            Ok(Reply::created(&location, &object(&made)?)?.revision(made.revision))
        },
    )
    .await
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id: ConnectionId = call.id("id", "Connection")?;
    let mut body = call.fields()?;
    let patch = ConnectionPatch {
        name: body.text("name", 1, 100),
        config: read_config(&mut body),
        is_active: body.word("status", STATUSES, status_of),
    };
    body.finish()?;
    let (act, if_match) = (call.act(), call.if_match()?);
    call.commit(move |tx| connections::patch(tx, &act, id, &patch, if_match), |changed| reply(&changed)).await
}

async fn set_secret(call: Call) -> Result<Reply, Fault> {
    let id: ConnectionId = call.id("id", "Connection")?;
    let mut body = call.fields()?;
    let secret = body.value("secret");
    if secret.is_none() {
        body.problem("secret", "required", "secret is required");
    }
    body.finish()?;
    let (act, if_match) = (call.act(), call.if_match()?);
    let secret = secret.unwrap_or_default();
    call.commit(move |tx| connections::set_secret(tx, &act, id, &secret, if_match), |changed| reply(&changed)).await
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let id: ConnectionId = call.id("id", "Connection")?;
    let (act, if_match) = (call.act(), call.if_match()?);
    call.commit(move |tx| connections::delete(tx, &act, id, if_match), |()| Ok(Reply::no_content())).await
}

async fn test(call: Call) -> Result<Reply, Fault> {
    let id: ConnectionId = call.id("id", "Connection")?;
    call.fields()?.finish()?;
    let act = call.act();
    let tested = call.app.access.test_connection(&act, id).await?;
    let shown = json!({
        "ok": tested.ok,
        "status_code": tested.status_code,
        "duration_ms": tested.duration_ms,
        "message": tested.message,
    });
    call.commit(move |tx| connections::note_test(tx, &act, id, &tested), move |()| Reply::ok(&shown)).await
}

async fn operations(call: Call) -> Result<Reply, Fault> {
    let found = call.app.access.find_connection(&call.act(), call.id("id", "Connection")?).await?;
    let list = connections::operations(&found.provider, connections::kind_of(&found)?);
    Reply::ok(&json!({ "data": list }))
}

fn read_provider(body: &mut Fields) -> String {
    let provider = body.required_text("provider", 1, 64);
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.');
    if !provider.bytes().all(is_plain) {
        body.problem("provider", "value", "provider must be lower-case letters, digits, _, - and .");
    }
    provider
}

fn read_config(body: &mut Fields) -> Option<Map<String, Value>> {
    match body.value("config")? {
        Value::Object(map) => Some(map),
        _ => {
            body.problem("config", "type", "config must be an object");
            None
        }
    }
}

fn kinds() -> String {
    Kind::ALL.map(Kind::as_str).join(", ")
}

fn status_of(text: &str) -> Option<bool> {
    match text {
        "active" => Some(true),
        "inactive" => Some(false),
        _ => None,
    }
}

fn reply(connection: &Connection) -> Result<Reply, Fault> {
    Ok(Reply::ok(&object(connection)?)?.revision(connection.revision))
}

fn object(connection: &Connection) -> Result<Value, Fault> {
    Ok(json!({
        "id": connection.id.prefixed(),
        "name": connection.name,
        "provider": connection.provider,
        "type": connection.kind,
        "config": connections::config_of(connection)?,
        "has_secret": connection.secret.is_some(),
        "last4": connection.tail,
        "status": connection.status,
        "last_error": connection.last_error,
        "last_tested_at": connection.last_tested_at,
        "revision": connection.revision,
        "created_at": connection.created_at,
        "updated_at": connection.updated_at,
    }))
}
