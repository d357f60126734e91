//! Agents and the threads with them (workflows contract, section 8.3): agents are read, and made in the console.

use std::collections::HashMap;
use std::sync::Arc;

use floe_agents::agents::{self, Agent, Filter};
use floe_agents::threads;
use floe_model::agents::agent::{OUTPUT_TOKENS, Tool};
use floe_model::id::AgentId;
use floe_model::{Fault, Scope};
use floe_runtime::models::ModelKind;
use floe_store::Tx;
use floe_store::agents::thread_list;
use http::StatusCode;
use serde_json::{Value, json};

use super::memory::metadata;
use super::shapes::agents as shapes;
use super::shapes::threads::THREAD;
use super::shapes::{PAGING, enveloped, paged};
use super::threads as thread_routes;
use super::{Envelope, KEY, Page, SURFACE, errors};
use crate::http::{Call, Reply, Route};

/// What is missing when an agent is.
pub(super) const WHAT: &str = "Agent";
/// Characters of the title of a thread.
const TITLE_MAX: usize = 255;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/v1/agents", KEY, list)
            .scope("agents:read")
            .doc("List agents")
            .about("Newest first.")
            .queries(PAGING)
            .answers(200, paged!(shapes::AGENT_ITEM)),
        Route::get(&SURFACE, "/v1/agents/{id}", KEY, get)
            .scope("agents:read")
            .doc("Get an agent")
            .answers(200, enveloped!(shapes::AGENT)),
        Route::post(&SURFACE, "/v1/agents/{id}/threads", KEY, begin)
            .scope("agents:read")
            .also_scopes(&["threads:write"])
            .doc("Create a thread")
            .takes(shapes::NEW_THREAD)
            .answers(201, enveloped!(THREAD)),
        Route::get(&SURFACE, "/v1/agents/{id}/threads", KEY, list_threads)
            .scope("threads:read")
            .doc("List threads of an agent")
            .about("Newest first.")
            .queries(PAGING)
            .answers(200, paged!(THREAD)),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (page, scope, models) = (Page::of(&call), call.ctx.caller.scope(), Arc::clone(&call.app.agents.models));
    let (limit, offset) = (page.limit() as usize, i64::try_from(page.offset()).unwrap_or(i64::MAX));
    let read = move |tx: &mut Tx<'_>| {
        let (found, total) = agents::list(tx, scope.workspace, &Filter::default(), limit, offset)?;
        let mut known = HashMap::new();
        let mut items = Vec::with_capacity(found.len());
        for agent in &found {
            let name = agent.config.model.clone();
            let model = match known.get(&name) {
                Some(model) => Clone::clone(model),
                None => {
                    let model = model_of(tx, &models, scope, name.as_deref())?;
                    known.insert(name, model.clone());
                    model
                }
            };
            items.push(item(agent, &model));
        }
        Ok((items, total))
    };
    let (items, total) = call.ctx.store.read(read).await?;
    Ok(Envelope::of(&call).page(items, u64::try_from(total).unwrap_or(0), page))
}

async fn get(call: Call) -> Result<Reply, Fault> {
    let (agent, scope, models) = (agent_id(&call)?, call.ctx.caller.scope(), Arc::clone(&call.app.agents.models));
    let read = move |tx: &mut Tx<'_>| {
        let agent = agents::require(tx, scope.workspace, agent)?;
        let model = model_of(tx, &models, scope, agent.config.model.as_deref())?;
        Ok(whole(&agent, &model))
    };
    let shown = call.ctx.store.read(read).await.map_err(|fault| named(&call, fault))?;
    Ok(Envelope::of(&call).ok(&shown))
}

async fn begin(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let title = body.text("title", 0, TITLE_MAX).filter(|title| !title.is_empty());
    let metadata = metadata(&mut body);
    body.finish_ignoring_unknown()?;
    let (agent, ctx, told) = (agent_id(&call)?, call.ctx.clone(), Envelope::of(&call));
    let act = move |tx: &mut Tx<'_>| threads::begin(tx, &ctx, agent, title.clone(), &metadata);
    let render = move |thread: floe_store::agents::threads::Thread| {
        let path = format!("/threads/{}", thread.id.prefixed());
        Ok(told.made(StatusCode::CREATED, &path, &thread_routes::wire(&thread, 0)))
    };
    call.commit(act, render).await.map_err(|fault| named(&call, fault))
}

async fn list_threads(call: Call) -> Result<Reply, Fault> {
    let (agent, scope, page) = (agent_id(&call)?, call.ctx.caller.scope(), Page::of(&call));
    let (limit, offset) = (page.limit() as usize, i64::try_from(page.offset()).unwrap_or(i64::MAX));
    let read = move |tx: &mut Tx<'_>| {
        if !agents::is_there(tx, scope.workspace, agent)? {
            return Err(Fault::not_found(WHAT));
        }
        let filter = thread_list::Filter { agent: Some(agent), ..thread_list::Filter::default() };
        let total = thread_list::total(tx, scope, &filter)?;
        let mut items = Vec::new();
        for thread in thread_list::begun(tx, scope, agent, limit, offset)? {
            let count = threads::shown_count(tx, scope, &thread)?;
            items.push(thread_routes::wire(&thread, count));
        }
        Ok((items, total))
    };
    let (items, total) = call.ctx.store.read(read).await.map_err(|fault| named(&call, fault))?;
    Ok(Envelope::of(&call).page(items, u64::try_from(total).unwrap_or(0), page))
}

/// The agent that the path names.
pub(super) fn agent_id(call: &Call) -> Result<AgentId, Fault> {
    let text = call.param("id")?;
    AgentId::parse(text).map_err(|_| errors::missing(WHAT, text))
}

/// Names the agent of the path in a fault that says that it is not there.
pub(super) fn named(call: &Call, fault: Fault) -> Fault {
    errors::named(fault, WHAT, call.param("id").unwrap_or_default())
}

/// Name of a model there, and of its provider, as this API tells them apart.
type Model = (String, Option<String>);

fn model_of(
    tx: &mut Tx<'_>,
    models: &floe_agents::models::ModelService,
    scope: Scope,
    name: Option<&str>,
) -> Result<Model, Fault> {
    if let Some(info) = models.look_up(tx, scope, ModelKind::Chat, name)? {
        return Ok((info.upstream_model, Some(info.provider)));
    }
    Ok(match name.and_then(|name| name.split_once('/')) {
        Some((provider, model)) => (model.to_owned(), Some(provider.to_owned())),
        None => (name.unwrap_or(floe_runtime::models::DEFAULT_MODEL).to_owned(), None),
    })
}

fn item(agent: &Agent, (model, provider): &Model) -> Value {
    json!({
        "id": agent.id.prefixed(), "name": agent.config.name, "description": agent.config.description, "model": model,
        "provider": provider, "created_at": agent.created_at, "updated_at": agent.updated_at,
    })
}

fn whole(agent: &Agent, model: &Model) -> Value {
    let mut shown = item(agent, model);
    let config = &agent.config;
    shown["system_prompt"] = json!(config.instructions);
    shown["temperature"] = json!(config.temperature);
    shown["max_tokens"] = json!(config.max_output_tokens.unwrap_or(OUTPUT_TOKENS));
    shown["available_tools"] = (1..).zip(&config.tools).map(|(number, tool)| self::tool(number, tool)).collect();
    shown
}

fn tool(number: usize, tool: &Tool) -> Value {
    let kind = match tool.kind.as_str() {
        "flow" | "workflow" => "workflow",
        "knowledge" => "knowledge_base",
        "http" => "function",
        // mcp, agent, builtin
        kind => kind,
    };
    let id = format!("tool_{number}");
    json!({
        "name": tool.name.as_deref().unwrap_or(&id), "id": id, "description": tool.description, "type": kind,
    })
}
