//! Threads (workflows contract, section 8.5).

use floe_agents::threads;
use floe_model::Fault;
use floe_model::agents::exchange::ThreadState;
use floe_model::id::ThreadId;
use floe_store::Tx;
use floe_store::agents::threads::Thread;
use serde_json::{Map, Value, json};

use super::shapes::enveloped;
use super::shapes::threads as shapes;
use super::{Envelope, KEY, SURFACE, errors};
use crate::http::{Call, Reply, Route};

/// What is missing when a thread is.
const WHAT: &str = "Thread";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/v1/threads/{id}", KEY, get)
            .scope("threads:read")
            .doc("Get a thread")
            .answers(200, enveloped!(shapes::THREAD)),
        Route::delete(&SURFACE, "/v1/threads/{id}", KEY, delete)
            .scope("threads:write")
            .doc("Delete a thread")
            .about("What was said is removed for good, and a reply that is under way is cancelled.")
            .answers(200, enveloped!(shapes::DELETED)),
    ]
}

async fn get(call: Call) -> Result<Reply, Fault> {
    let (id, scope) = (thread_id(&call)?, call.ctx.caller.scope());
    let read = move |tx: &mut Tx<'_>| {
        let thread = threads::find(tx, scope, id)?;
        let count = threads::shown_count(tx, scope, &thread)?;
        Ok(wire(&thread, count))
    };
    let shown = call.ctx.store.read(read).await.map_err(|fault| named(&call, fault))?;
    Ok(Envelope::of(&call).ok(&shown))
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let (id, ctx, told) = (thread_id(&call)?, call.ctx.clone(), Envelope::of(&call));
    let act = move |tx: &mut Tx<'_>| threads::delete(tx, &ctx, id);
    let render = move |()| Ok(told.ok(&json!({ "id": id.prefixed(), "deleted": true })));
    call.commit(act, render).await.map_err(|fault| named(&call, fault))
}

/// The thread that the path names.
pub(super) fn thread_id(call: &Call) -> Result<ThreadId, Fault> {
    let text = call.param("id")?;
    ThreadId::parse(text).map_err(|_| errors::missing(WHAT, text))
}

/// Names the thread of the path in a fault that says that it is not there.
pub(super) fn named(call: &Call, fault: Fault) -> Fault {
    errors::named(fault, WHAT, call.param("id").unwrap_or_default())
}

/// A thread in which so many messages are shown.
pub(super) fn wire(thread: &Thread, messages: u64) -> Value {
    let id = thread.id.prefixed();
    let mut metadata: Map<String, Value> = serde_json::from_str(&thread.metadata).unwrap_or_default();
    // A caller's own name of the thread on another API (console contract, section 5.2).
    if thread.alias != id {
        metadata.insert("external_id".to_owned(), json!(thread.alias));
    }
    json!({
        "id": id, "agent_id": thread.agent.prefixed(), "status": status(thread.state), "title": thread.title,
        "metadata": metadata, "message_count": messages, "created_at": thread.created_at,
        "updated_at": thread.updated_at, "last_message_at": thread.last_message_at,
    })
}

fn status(state: ThreadState) -> &'static str {
    match state {
        ThreadState::Bot | ThreadState::Human => "active",
        ThreadState::Closed => "archived",
    }
}
