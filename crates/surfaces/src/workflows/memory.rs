//! What agents remember of the people who talk to them (workflows contract, section 8.4).

use floe_agents::agents;
use floe_agents::exchanges::execution_name;
use floe_agents::memory::{self, Asked, Found, Memory, Said};
use floe_model::Fault;
use floe_model::id::AgentId;
use floe_store::Tx;
use serde_json::{Map, Value, json};

use super::agents::{WHAT, agent_id, named};
use super::shapes::memory as shapes;
use super::shapes::{PAGING, enveloped, paged};
use super::{Envelope, KEY, Page, SURFACE, errors};
use crate::http::{Call, Fields, Reply, Route};

/// What is missing when nothing is remembered.
const MEMORY: &str = "AgentMemory";
/// Characters of a caller's own id of a person.
const USER_MAX: usize = 255;
/// Characters of what is remembered of one person.
const TEXT_MAX: usize = 100_000;
/// Characters of a question.
const QUERY_MAX: usize = 8_000;
/// Bytes of the metadata of a memory, as JSON.
const METADATA_BYTES_MAX: usize = 16 * 1024;
/// Hits unless asked otherwise, and at most.
const TOP_K: (i64, i64) = (10, 50);
/// Least similarity of a hit unless asked otherwise.
const THRESHOLD: f64 = 0.7;

pub(super) fn routes() -> Vec<Route> {
    let one = "/v1/agents/{id}/memory/{user_id}";
    vec![
        Route::get(&SURFACE, "/v1/agents/{id}/memory", KEY, list)
            .scope("agents:read")
            .doc("List memories of an agent")
            .about("Newest first.")
            .queries(PAGING)
            .answers(200, paged!(shapes::MEMORY_ITEM)),
        Route::get(&SURFACE, "/v1/agents/{id}/memory/stats", KEY, stats)
            .scope("agents:read")
            .doc("Count memories of an agent")
            .answers(200, enveloped!(shapes::STATS)),
        Route::post(&SURFACE, "/v1/agents/{id}/memory/search", KEY, search)
            .scope("agents:read")
            .doc("Search what was said to an agent")
            .about("Looks at the newest messages of the threads with the agent; of one person where metadata.user_id of a thread says so.")
            .takes(shapes::SEARCH)
            .answers(200, enveloped!(shapes::FOUND)),
        Route::get(&SURFACE, one, KEY, get)
            .scope("agents:read")
            .doc("Get what an agent remembers of a person")
            .answers(200, enveloped!(shapes::MEMORY)),
        Route::put(&SURFACE, one, KEY, put)
            .scope("agents:read")
            .also_scopes(&["agents:execute"])
            .doc("Write what an agent remembers of a person")
            .takes(shapes::WRITE)
            .answers(200, enveloped!(shapes::MEMORY)),
        Route::delete(&SURFACE, one, KEY, delete)
            .scope("agents:read")
            .also_scopes(&["agents:execute"])
            .doc("Forget what an agent remembers of a person")
            .answers(200, enveloped!(shapes::DELETED)),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (agent, scope, page) = (agent_id(&call)?, call.ctx.caller.scope(), Page::of(&call));
    let limit = usize::try_from(page.limit()).unwrap_or(1);
    let offset = i64::try_from(page.offset()).unwrap_or(i64::MAX);
    let read = move |tx: &mut Tx<'_>| {
        is_there(tx, scope.workspace, agent)?;
        memory::list(tx, scope, agent, limit, offset)
    };
    let (found, total) = call.ctx.store.read(read).await.map_err(|fault| named(&call, fault))?;
    let items = found.iter().map(item).collect();
    Ok(Envelope::of(&call).page(items, u64::try_from(total).unwrap_or(0), page))
}

async fn stats(call: Call) -> Result<Reply, Fault> {
    let (agent, scope) = (agent_id(&call)?, call.ctx.caller.scope());
    let read = move |tx: &mut Tx<'_>| {
        let found = agents::require(tx, scope.workspace, agent)?;
        let (texts, messages) = memory::stats(tx, scope, agent)?;
        Ok(json!({
            "agent_id": agent.prefixed(), "working_memory_count": texts, "embedding_count": messages,
            "memory_config": {
                "max_messages": found.config.memory.window_messages, "summarise": found.config.memory.summarise,
                "embedding_model": floe_model::agents::embedding::NAME,
            },
        }))
    };
    let told = call.ctx.store.read(read).await.map_err(|fault| named(&call, fault))?;
    Ok(Envelope::of(&call).ok(&told))
}

async fn get(call: Call) -> Result<Reply, Fault> {
    let ((agent, user), scope) = (place(&call)?, call.ctx.caller.scope());
    let read = move |tx: &mut Tx<'_>| {
        if !agents::is_there(tx, scope.workspace, agent)? {
            return Err(errors::missing(WHAT, &agent.prefixed()));
        }
        memory::require(tx, scope, agent, &user)
    };
    let found = call.ctx.store.read(read).await.map_err(|fault| of_user(&call, fault))?;
    Ok(Envelope::of(&call).ok(&whole(agent, &found)))
}

async fn put(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let text = body.required_text("working_memory", 1, TEXT_MAX);
    if !text.is_empty() && text.trim().is_empty() {
        body.problem("working_memory", "length", "working_memory must hold more than blanks");
    }
    let metadata = metadata(&mut body);
    body.finish_ignoring_unknown()?;
    let ((agent, user), ctx, told) = (place(&call)?, call.ctx.clone(), Envelope::of(&call));
    let act = move |tx: &mut Tx<'_>| {
        is_there(tx, ctx.caller.workspace, agent)?;
        memory::put(tx, &ctx, agent, &user, &text, &metadata)
    };
    call.commit(act, move |found| Ok(told.ok(&whole(agent, &found)))).await.map_err(|fault| named(&call, fault))
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let ((agent, user), ctx, told) = (place(&call)?, call.ctx.clone(), Envelope::of(&call));
    let name = user.clone();
    let act = move |tx: &mut Tx<'_>| {
        if !agents::is_there(tx, ctx.caller.workspace, agent)? {
            return Err(errors::missing(WHAT, &agent.prefixed()));
        }
        memory::delete(tx, &ctx, agent, &user)
    };
    let render = move |()| Ok(told.ok(&json!({ "agent_id": agent.prefixed(), "user_id": name, "deleted": true })));
    call.commit(act, render).await.map_err(|fault| of_user(&call, fault))
}

async fn search(call: Call) -> Result<Reply, Fault> {
    let asked = read(&call)?;
    if let Some(first) = call.answered().await? {
        return Ok(first);
    }
    let (agent, scope, user) = (agent_id(&call)?, call.ctx.caller.scope(), asked.user.clone());
    let read = move |tx: &mut Tx<'_>| {
        is_there(tx, scope.workspace, agent)?;
        memory::heard(tx, scope, agent, user.as_deref())
    };
    let heard = call.ctx.store.read(read).await.map_err(|fault| named(&call, fault))?;
    let query = asked.query.clone();
    // The vectors of thousands of messages take some milliseconds of processor time.
    let searching = tokio::task::spawn_blocking(move || memory::search(&heard, &asked));
    let results: Vec<Value> = searching.await.map_err(Fault::internal)?.iter().map(hit).collect();
    let data = json!({
        "agent_id": agent.prefixed(), "query": query, "result_count": results.len(), "results": results,
    });
    // A search writes nothing, but for its answer to a repeat when there may be one.
    let told = Envelope::of(&call);
    if call.repeat()?.is_none() {
        Ok(told.ok(&data))
    } else {
        call.commit(|_| Ok(()), move |()| Ok(told.ok(&data))).await
    }
}

fn read(call: &Call) -> Result<Asked, Fault> {
    let mut body = call.fields()?;
    let query = body.required_text("query", 1, QUERY_MAX);
    let top_k = body.number("top_k", 1, TOP_K.1).unwrap_or(TOP_K.0);
    let threshold = share(&mut body, "similarity_threshold").unwrap_or(THRESHOLD);
    let user = body.text("user_id", 1, USER_MAX);
    body.finish_ignoring_unknown()?;
    Ok(Asked { query, top_k: usize::try_from(top_k).unwrap_or(1), threshold, user })
}

/// A number from 0 to 1.
pub(super) fn share(body: &mut Fields, name: &str) -> Option<f64> {
    let value = body.value(name)?;
    let share = value.as_f64().filter(|share| (0.0..=1.0).contains(share));
    if share.is_none() {
        body.problem(name, "range", format!("{name} must be a number from 0 to 1"));
    }
    share
}

/// The member `metadata` of a body.
pub(super) fn metadata(body: &mut Fields) -> Map<String, Value> {
    let map = body.object("metadata").unwrap_or_default();
    if Value::Object(map.clone()).to_string().len() > METADATA_BYTES_MAX {
        body.problem("metadata", "size", format!("metadata must have at most {METADATA_BYTES_MAX} bytes as JSON"));
    }
    map
}

/// The agent and the person that the path names; an id that nobody can have is not there.
fn place(call: &Call) -> Result<(AgentId, String), Fault> {
    let (agent, user) = (agent_id(call)?, call.param("user_id")?);
    let can_be_one = (1..=USER_MAX).contains(&user.chars().count()) && !user.chars().any(char::is_control);
    if can_be_one { Ok((agent, user.to_owned())) } else { Err(errors::missing(MEMORY, user)) }
}

fn is_there(tx: &mut Tx<'_>, workspace: floe_model::id::WorkspaceId, agent: AgentId) -> Result<(), Fault> {
    if agents::is_there(tx, workspace, agent)? { Ok(()) } else { Err(Fault::not_found(WHAT)) }
}

fn of_user(call: &Call, fault: Fault) -> Fault {
    errors::named(fault, MEMORY, call.param("user_id").unwrap_or_default())
}

fn item(memory: &Memory) -> Value {
    let metadata: Map<String, Value> = serde_json::from_str(&memory.metadata).unwrap_or_default();
    json!({
        "user_id": memory.user, "working_memory": memory.text, "metadata": metadata, "created_at": memory.created_at,
        "updated_at": memory.updated_at,
    })
}

fn whole(agent: AgentId, memory: &Memory) -> Value {
    let mut shown = item(memory);
    shown["agent_id"] = json!(agent.prefixed());
    shown
}

fn hit(found: &Found) -> Value {
    let said = |list: &[Said]| -> Vec<Value> {
        list.iter().map(|said| json!({ "role": said.role.as_str(), "content": said.text })).collect()
    };
    json!({
        "content": found.said.text, "role": found.said.role.as_str(), "similarity": found.similarity,
        "execution_id": found.exchange.map(execution_name), "context_before": said(&found.before),
        "context_after": said(&found.after),
    })
}
