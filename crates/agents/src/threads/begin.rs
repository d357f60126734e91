//! Threads that are begun before anything is said in them (Workflow API contract, section 8.3).

use floe_model::Fault;
use floe_model::agents::exchange::{Channel, ThreadState};
use floe_model::id::{AgentId, ThreadId};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::agents::threads::{self as rows, Thread};
use serde_json::{Map, Value};

use super::find;

/// Begins a thread with an agent.
///
/// # Errors
/// 404 when there is no such agent.
pub fn begin(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    agent: AgentId,
    title: Option<String>,
    metadata: &Map<String, Value>,
) -> Result<Thread, Fault> {
    let scope = ctx.caller.scope();
    if !crate::agents::is_there(tx, scope.workspace, agent)? {
        return Err(Fault::not_found("Agent"));
    }
    let (id, now) = (ctx.ids.next::<ThreadId>(), ctx.now());
    let new = Thread {
        id,
        agent,
        alias: id.prefixed(),
        state: ThreadState::Bot,
        channel: Channel::Workflow,
        title,
        metadata: serde_json::to_string(metadata).map_err(Fault::internal)?,
        note: None,
        summary: None,
        summary_seq: 0,
        arrivals: 0,
        last_seq: 0,
        message_count: 0,
        last_message_at: None,
        created_at: now,
        updated_at: now,
    };
    if !rows::insert(tx, scope, &new)? {
        return Err(Fault::internal("a new thread has the id of another one"));
    }
    find(tx, scope, id)
}
