//! `/agents`: agents as records (console contract, section 5.2; agents contract, section 5).

use std::sync::Arc;

use floe_agents::agents::{self, Agent, Expected, Filter};
use floe_agents::monitoring;
use floe_model::access::Permission;
use floe_model::access::credits::number;
use floe_model::agents::agent::{AgentConfig, Status};
use floe_model::id::AgentId;
use floe_model::{Fault, FaultKind, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::agents::activity_numbers::Recent;
use floe_store::agents::agents as rows;
use serde_json::{Map, Value, json};

use super::list::Window;
use super::shapes::{BY_AGE, WINDOW, agents as shapes};
use super::{Rights, SURFACE, filters};
use crate::agents::wire::{self, Instants};
use crate::http::shape::{TEXT, words};
use crate::http::{Auth, Call, Reply, Route};

/// Days that the numbers of a list look back.
const RECENT_DAYS: i64 = 7;
const FILTERS: &[&str] = &["status", "q", "model"];

pub(super) fn routes() -> Vec<Route> {
    const ALL: &str = "/console/v1/agents";
    const ONE: &str = "/console/v1/agents/{id}";
    vec![
        Route::get(&SURFACE, ALL, Auth::MEMBER, list)
            .needs(Permission::Read)
            .doc("List agents")
            .queries(WINDOW)
            .query("sort", BY_AGE, "Newest first unless given")
            .query("status", words(Status::WORDS), "Only those that answer, or only those that do not")
            .query("q", TEXT, "Part of name or description")
            .query("model", TEXT, "Those that name this model")
            .answers(200, shapes::AGENTS),
        Route::post(&SURFACE, ALL, Auth::MEMBER, create)
            .needs(Permission::Build)
            .doc("Create an agent")
            .about("Names of the workflow API are taken for the same fields.")
            .takes(shapes::NEW_AGENT)
            .answers(201, shapes::AGENT)
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, ONE, Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show an agent")
            .answers(200, shapes::AGENT),
        Route::patch(&SURFACE, ONE, Auth::MEMBER, change)
            .needs(Permission::Build)
            .doc("Change an agent")
            .about("What is not there stays; null is the usual value again. A secret that is sent back as *** stays what it was.")
            .revised()
            .takes(shapes::AGENT_PATCH)
            .answers(200, shapes::AGENT)
            .refuses(409, &["conflict"]),
        Route::delete(&SURFACE, ONE, Auth::MEMBER, remove)
            .needs(Permission::Build)
            .doc("Delete an agent")
            .revised()
            .answers_nothing(204),
        Route::post(&SURFACE, "/console/v1/agents/{id}/duplicate", Auth::MEMBER, duplicate)
            .needs(Permission::Build)
            .doc("Duplicate an agent")
            .about("With the secrets of its tools.")
            .answers(201, shapes::AGENT)
            .refuses(409, &["conflict"]),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, FILTERS)?;
    let filter = Filter {
        status: filters::word(&call, "status", Status::WORDS)?,
        text: filters::text(&call, "q")?.filter(|text| !text.is_empty()),
        model: filters::text(&call, "model")?.filter(|text| !text.is_empty()),
        only: None,
    };
    let (scope, since) = (call.ctx.caller.scope(), since(call.ctx.now()));
    let (after, limit, total) = (window.after.map(AgentId), window.limit, window.total);
    let newest_first = window.newest_first;
    let reading = move |tx: &mut Tx<'_>| {
        let mut found = agents::page(tx, scope.workspace, &filter, newest_first, after, limit + 1)?;
        let more = found.len() > limit;
        found.truncate(limit);
        let total = if total { Some(rows::count(tx, scope.workspace, &filter)?) } else { None };
        let ids: Vec<AgentId> = found.iter().map(|agent| agent.id).collect();
        let recent = monitoring::recent(tx, scope, &ids, since)?;
        let data = found.iter().map(|agent| object(agent, recent.get(&agent.id))).collect();
        Ok((data, ids.last().map(|id| id.0), more, total))
    };
    let (data, last, more, total) = call.ctx.store.read(reading).await?;
    Reply::ok(&window.page(data, last, more, total))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = body(&call, &["id"])?;
    let id = match body.shift_remove("id").filter(|id| !id.is_null()) {
        None => None,
        Some(id) => {
            let id = id.as_str().and_then(|text| AgentId::parse(text).ok());
            Some(id.ok_or_else(|| Fault::field("/id", "value", "id must be an id"))?)
        }
    };
    let (ctx, app) = (call.ctx.clone(), Arc::clone(&call.app));
    let act = move |tx: &mut Tx<'_>| {
        with_recent(tx, &ctx, |tx| {
            let agent = agents::create(tx, &ctx, &body, id)?;
            agents::check_models(tx, &app.agents.models, ctx.caller.workspace, &body, &agent.config)?;
            Ok(agent)
        })
    };
    call.commit(act, |shown| made(&shown)).await
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (id, ctx) = (call.id::<AgentId>("id", "Agent")?, call.ctx.clone());
    let workspace = ctx.caller.workspace;
    let reading = move |tx: &mut Tx<'_>| with_recent(tx, &ctx, |tx| agents::require(tx, workspace, id));
    shown(&call.ctx.store.read(reading).await?)
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id = call.id::<AgentId>("id", "Agent")?;
    let (body, expected, ctx) = (body(&call, &[])?, expected(&call)?, call.ctx.clone());
    let app = Arc::clone(&call.app);
    let act = move |tx: &mut Tx<'_>| {
        with_recent(tx, &ctx, |tx| {
            let agent = agents::patch(tx, &ctx, id, &body, expected)?;
            agents::check_models(tx, &app.agents.models, ctx.caller.workspace, &body, &agent.config)?;
            Ok(agent)
        })
    };
    call.commit(act, |found| shown(&found)).await
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let id = call.id::<AgentId>("id", "Agent")?;
    let (expected, ctx) = (expected(&call)?, call.ctx.clone());
    call.commit(move |tx| agents::delete(tx, &ctx, id, expected), |()| Ok(Reply::no_content())).await
}

async fn duplicate(call: Call) -> Result<Reply, Fault> {
    let (id, ctx) = (call.id::<AgentId>("id", "Agent")?, call.ctx.clone());
    call.fields()?.finish()?;
    call.commit(move |tx| with_recent(tx, &ctx, |tx| agents::duplicate(tx, &ctx, id)), |found| made(&found)).await
}

/// An agent and what it did lately.
pub(super) struct Shown {
    agent: Agent,
    recent: Recent,
}

/// Does something that ends with an agent, and looks up what that did lately.
///
/// # Errors
/// Those of what is done, and of the database.
pub(super) fn with_recent(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    act: impl FnOnce(&mut Tx<'_>) -> Result<Agent, Fault>,
) -> Result<Shown, Fault> {
    let agent = act(tx)?;
    let recent = monitoring::recent(tx, ctx.caller.scope(), &[agent.id], since(ctx.now()))?;
    let recent = recent.get(&agent.id).copied().unwrap_or_default();
    Ok(Shown { agent, recent })
}

/// 200 with an agent.
///
/// # Errors
/// Internal, when it cannot be written.
pub(super) fn shown(found: &Shown) -> Result<Reply, Fault> {
    Ok(Reply::ok(&object(&found.agent, Some(&found.recent)))?.revision(found.agent.config_version))
}

fn made(found: &Shown) -> Result<Reply, Fault> {
    let body = object(&found.agent, Some(&found.recent));
    let location = format!("/console/v1/agents/{}", found.agent.id);
    Ok(Reply::created(&location, &body)?.revision(found.agent.config_version))
}

fn object(agent: &Agent, recent: Option<&Recent>) -> Value {
    let recent = recent.copied().unwrap_or_default();
    let mut object = wire::agent(agent, Instants::Millis);
    object.insert("revision".to_owned(), agent.config_version.into());
    object.insert("threads_7d".to_owned(), recent.threads.into());
    object.insert("errors_7d".to_owned(), recent.errors.into());
    object.insert("credits_7d".to_owned(), number(recent.credits));
    object.into()
}

/// What `If-Match` asks for.
///
/// # Errors
/// 412 for a text that is no revision.
pub(super) fn expected(call: &Call) -> Result<Expected, Fault> {
    Ok(call.if_match()?.map_or(Expected::Any, Expected::Revision))
}

fn since(now: Timestamp) -> Timestamp {
    now.plus_seconds(-RECENT_DAYS * 86_400)
}

/// The body as an object of fields of agents, in the words of this API or of workflows.
fn body(call: &Call, more: &[&str]) -> Result<Map<String, Value>, Fault> {
    let Value::Object(body) = call.json_value_or_empty()? else {
        return Err(Fault::field("", "type", "The body must be a JSON object"));
    };
    let is_known =
        |name: &str| [AgentConfig::FIELDS, AgentConfig::OTHER_NAMES, more].iter().any(|known| known.contains(&name));
    match body.keys().find(|name| !is_known(name)) {
        None => Ok(body),
        Some(name) => {
            let shown: String = name.chars().take(100).collect();
            let fault = Fault::new(FaultKind::Invalid, "unknown_field", format!("There is no field {shown:?} here"));
            Err(fault.with_details(json!({ "field": shown })))
        }
    }
}
