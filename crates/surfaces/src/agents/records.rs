//! Agents as records (agents contract, section 5).

use std::sync::Arc;

use floe_agents::agents::{self, Expected, Filter};
use floe_model::agents::agent::Status;
use floe_model::{Fault, FaultKind};
use floe_store::Tx;
use serde_json::{Map, Value, json};

use super::gate::{agent_id, no_agent};
use super::shapes::records as shapes;
use super::wire::{self, Instants};
use super::{KEY, SURFACE};
use crate::http::shape::{int, text, words};
use crate::http::{Call, Reply, Route};

const LIMIT: i64 = 50;
const LIMIT_MAX: i64 = 200;
/// Largest offset.
const OFFSET_MAX: i64 = 1_000_000;
/// Characters of a search at most.
const SEARCH_MAX: usize = 200;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/api/public/agent", KEY, list)
            .scope("manage")
            .doc("List agents")
            .about("Newest first. A key that is confined to some agents sees these.")
            .query("limit", int(1, LIMIT_MAX), "Agents of a page; 50 unless given")
            .query("offset", int(0, OFFSET_MAX), "Agents to pass over")
            .query("status", words(Status::WORDS), "Only those that answer, or only those that do not")
            .query("search", text(1, SEARCH_MAX), "Part of name or description")
            .answers(200, shapes::AGENTS),
        Route::post(&SURFACE, "/api/public/agent", KEY, create)
            .scope("manage")
            .doc("Create an agent")
            .takes(shapes::NEW_AGENT)
            .answers(201, shapes::AGENT)
            .refuses(403, &["forbidden"])
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, "/api/public/agent/{agent_id}", KEY, show)
            .scope("manage")
            .doc("Show an agent")
            .answers(200, shapes::AGENT),
        Route::patch(&SURFACE, "/api/public/agent/{agent_id}", KEY, change)
            .scope("manage")
            .doc("Change an agent")
            .about("What is not there stays; null is the usual value again. A secret that is sent back as *** stays what it was.")
            .takes(shapes::AGENT_PATCH)
            .answers(200, shapes::AGENT)
            .refuses(409, &["conflict"]),
        Route::delete(&SURFACE, "/api/public/agent/{agent_id}", KEY, delete)
            .scope("manage")
            .doc("Delete an agent")
            .about("Running calls finish; threads are kept for their time.")
            .answers(200, shapes::DELETED),
        Route::get(&SURFACE, "/api/public/agent/{agent_id}/config-versions", KEY, versions)
            .scope("manage")
            .doc("List versions of an agent")
            .about("Newest first.")
            .query("limit", int(1, LIMIT_MAX), "Versions of a page; 50 unless given")
            .query("before", int(1, i64::MAX), "Only versions with a lower number")
            .answers(200, shapes::VERSIONS),
        Route::get(&SURFACE, "/api/public/agent/{agent_id}/config-versions/{n}", KEY, version)
            .scope("manage")
            .doc("Show a version of an agent")
            .answers(200, shapes::WHOLE_VERSION),
        Route::post(&SURFACE, "/api/public/agent/{agent_id}/config-versions/{n}/restore", KEY, restore)
            .scope("manage")
            .doc("Restore a version of an agent")
            .about("Makes a new version that is like the old one.")
            .takes(shapes::RESTORE)
            .answers(200, shapes::AGENT)
            .refuses(409, &["conflict"]),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let limit = call.query.number("limit", 1, LIMIT_MAX)?.unwrap_or(LIMIT);
    let offset = call.query.number("offset", 0, OFFSET_MAX)?.unwrap_or(0);
    let status = call.query.get("status").filter(|status| !status.is_empty());
    if status.is_some_and(|status| Status::parse(status).is_none()) {
        return Err(Fault::field("/status", "value", "status must be active or inactive"));
    }
    let search = call.query.get("search").filter(|search| !search.is_empty());
    if search.is_some_and(|search| search.chars().count() > SEARCH_MAX || search.contains('\0')) {
        return Err(Fault::field("/search", "length", format!("search must have at most {SEARCH_MAX} characters")));
    }
    let caller = &call.ctx.caller;
    let filter = Filter {
        status: status.map(str::to_owned),
        text: search.map(str::to_owned),
        only: caller.agents.clone(),
        ..Filter::default()
    };
    let (workspace, size) = (caller.workspace, usize::try_from(limit).unwrap_or(1));
    let reading = move |tx: &mut Tx<'_>| agents::list(tx, workspace, &filter, size, offset);
    let (found, total) = call.ctx.store.read(reading).await?;
    let shown = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let data: Vec<Value> = found.iter().map(|agent| wire::agent(agent, Instants::Seconds).into()).collect();
    Reply::ok(&json!({
        "data": data,
        "total": total,
        "limit": limit,
        "offset": offset,
        "has_more": offset.saturating_add(shown) < total,
    }))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    if call.ctx.caller.agents.is_some() {
        // It could not use what it makes.
        return Err(Fault::new(FaultKind::Forbidden, "forbidden", "This key is confined to some agents"));
    }
    let (body, ctx, app) = (object(&call)?, call.ctx.clone(), Arc::clone(&call.app));
    call.commit(
        move |tx| {
            let agent = agents::create(tx, &ctx, &body, None)?;
            agents::check_models(tx, &app.agents.models, ctx.caller.workspace, &body, &agent.config)?;
            Ok(agent)
        },
        |agent| {
            let location = format!("/api/public/agent/{}", agent.id);
            Reply::created(&location, &wire::agent(&agent, Instants::Seconds))
        },
    )
    .await
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (id, workspace) = (agent_id(&call)?, call.ctx.caller.workspace);
    let agent = call.ctx.store.read(move |tx| agents::require(tx, workspace, id)).await.map_err(hidden)?;
    Reply::ok(&wire::agent(&agent, Instants::Seconds))
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let (id, ctx) = (agent_id(&call)?, call.ctx.clone());
    let mut body = object(&call)?;
    let expected = expected(&mut body)?;
    let app = Arc::clone(&call.app);
    let act = move |tx: &mut Tx<'_>| {
        let agent = agents::patch(tx, &ctx, id, &body, expected).map_err(hidden)?;
        agents::check_models(tx, &app.agents.models, ctx.caller.workspace, &body, &agent.config)?;
        Ok(agent)
    };
    call.commit(act, |agent| Reply::ok(&wire::agent(&agent, Instants::Seconds))).await
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let (id, ctx) = (agent_id(&call)?, call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| agents::delete(tx, &ctx, id, Expected::Any).map_err(hidden);
    call.commit(act, move |()| Reply::ok(&json!({ "deleted": true, "id": id }))).await
}

async fn versions(call: Call) -> Result<Reply, Fault> {
    let (id, workspace) = (agent_id(&call)?, call.ctx.caller.workspace);
    let limit = call.query.number("limit", 1, LIMIT_MAX)?.unwrap_or(LIMIT);
    let before = call.query.number("before", 1, i64::MAX)?;
    let size = usize::try_from(limit).unwrap_or(1);
    let reading = move |tx: &mut Tx<'_>| agents::versions(tx, workspace, id, before, size + 1).map_err(hidden);
    let mut found = call.ctx.store.read(reading).await?;
    let has_more = found.len() > size;
    found.truncate(size);
    let data: Vec<Value> = found.iter().map(|one| wire::version(one, Instants::Seconds).into()).collect();
    Reply::ok(&json!({ "data": data, "has_more": has_more }))
}

async fn version(call: Call) -> Result<Reply, Fault> {
    let (id, number, workspace) = (agent_id(&call)?, number(&call)?, call.ctx.caller.workspace);
    let found = call.ctx.store.read(move |tx| agents::version(tx, workspace, id, number)).await?;
    Reply::ok(&wire::whole_version(&found, Instants::Seconds))
}

async fn restore(call: Call) -> Result<Reply, Fault> {
    let (id, number, ctx) = (agent_id(&call)?, number(&call)?, call.ctx.clone());
    let mut body = if call.body.is_empty() { Map::new() } else { object(&call)? };
    let expected = expected(&mut body)?;
    let act = move |tx: &mut Tx<'_>| agents::restore(tx, &ctx, id, number, expected);
    call.commit(act, |agent| Reply::ok(&wire::agent(&agent, Instants::Seconds))).await
}

/// The body as an object.
fn object(call: &Call) -> Result<Map<String, Value>, Fault> {
    match call.json_value()? {
        Value::Object(map) => Ok(map),
        _ => Err(Fault::field("", "type", "The body must be a JSON object")),
    }
}

/// Takes `if_config_version` out of a body.
fn expected(body: &mut Map<String, Value>) -> Result<Expected, Fault> {
    match body.shift_remove("if_config_version").filter(|value| !value.is_null()) {
        None => Ok(Expected::Any),
        Some(value) => value
            .as_i64()
            .filter(|number| *number >= 0)
            .map(Expected::ConfigVersion)
            .ok_or_else(|| Fault::field("/if_config_version", "type", "if_config_version must be a whole number")),
    }
}

/// The number of a version; what is no number is no version.
fn number(call: &Call) -> Result<i64, Fault> {
    call.param("n")?.parse().map_err(|_| Fault::not_found("Version"))
}

/// An agent that vanished while the request was on its way is told as if it had never been there.
fn hidden(fault: Fault) -> Fault {
    if fault.kind() == FaultKind::NotFound { no_agent() } else { fault }
}
