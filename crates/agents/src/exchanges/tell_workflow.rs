//! What webhooks and event triggers hear of messages and replies that came by the workflow API (Workflow API contract, section 10). Each
//! event is written in the transaction of the change that it tells of.

use floe_model::Fault;
use floe_model::agents::envelope::Finish;
use floe_model::agents::exchange::Channel;
use floe_model::agents::message::Role;
use floe_model::id::{ExchangeId, MessageId, ThreadId, to_base32};
use floe_model::{Scope, Timestamp};
use floe_runtime::Platform;
use floe_store::Tx;
use floe_store::agents::agents;
use floe_store::agents::exchanges::Exchange;
use floe_store::agents::messages::Message;
use floe_store::agents::threads;
use floe_store::webhooks::messages::{NewMessage, enqueue, enqueue_after};
use serde_json::{Value, json};

use super::asked::{Asked, chain_of, questions};
use super::finish::Done;
use super::follow::{BETWEEN_ROUNDS, why};

/// The id of an exchange on the workflow API, where it is an execution.
#[must_use]
pub fn execution_name(exchange: ExchangeId) -> String {
    format!("exec_{}", to_base32(exchange.0))
}

/// An exchange was accepted; `is_new` where its question was not stored before.
pub(super) fn accepted(tx: &mut Tx<'_>, platform: &Platform, exchange: &Exchange, is_new: bool) -> Result<(), Fault> {
    if exchange.channel != Channel::Workflow {
        return Ok(());
    }
    if is_new {
        let agent_name = agent_name(tx, exchange)?;
        for (id, question) in questions(exchange)? {
            let data = json!({
                "thread_id": exchange.thread.prefixed(), "message_id": id.prefixed(), "agent_id": exchange.agent.prefixed(),
                "agent_name": agent_name, "role": question.role.as_str(), "content": question.content.plain_text(),
            });
            tell(tx, platform, exchange, "workflows.thread.message.created", &data, exchange.accepted_at)?;
        }
    }
    if exchange.started_at.is_some() { begun(tx, platform, exchange) } else { Ok(()) }
}

/// A process began an exchange, or took it up again, of which nothing is told.
pub(super) fn begun(tx: &mut Tx<'_>, platform: &Platform, exchange: &Exchange) -> Result<(), Fault> {
    if exchange.channel != Channel::Workflow || exchange.epoch != 1 {
        return Ok(());
    }
    let agent_name = agent_name(tx, exchange)?;
    let at = exchange.started_at.unwrap_or(exchange.accepted_at);
    let data = execution(exchange, &agent_name, "running");
    tell(tx, platform, exchange, "workflows.agent.execution.started", &data, at)
}

/// An exchange is over.
pub(super) fn answered(tx: &mut Tx<'_>, platform: &Platform, exchange: &Exchange, done: &Done) -> Result<(), Fault> {
    let Some(ended) = exchange.ended.as_ref().filter(|_| exchange.channel == Channel::Workflow) else { return Ok(()) };
    let agent_name = agent_name(tx, exchange)?;
    let asked = Asked::read(&exchange.asked)?;
    let is_answered = ended.code == 200 && ended.finish != Some(Finish::Cancelled);
    let status = if is_answered { "completed" } else { "failed" };
    let error = (!is_answered).then(|| why(ended.code, ended.finish, ended.error.as_deref()));
    let mut message = json!({
        "thread_id": exchange.thread.prefixed(), "message_id": asked.answer.map(MessageId::prefixed),
        "agent_id": exchange.agent.prefixed(), "agent_name": agent_name, "role": "assistant",
        "content": if is_answered { text_of(done, asked.messages.len()) } else { String::new() }, "status": status,
    });
    let mut told = execution(exchange, &agent_name, status);
    told["completed_at"] = json!(ended.at);
    if let Some(error) = error {
        message["error"] = json!(error);
        told["error"] = json!(error);
    }
    // A person answers: what is said then is the reply.
    if ended.finish != Some(Finish::Handoff) {
        let name = if is_answered { "workflows.thread.message.completed" } else { "workflows.thread.message.failed" };
        tell(tx, platform, exchange, name, &message, ended.at)?;
    }
    let name = if is_answered { "workflows.agent.execution.completed" } else { "workflows.agent.execution.failed" };
    tell(tx, platform, exchange, name, &told, ended.at)
}

/// A person gave the reply that was promised.
pub(crate) fn answered_by_person(
    tx: &mut Tx<'_>,
    platform: &Platform,
    scope: Scope,
    thread: ThreadId,
    message: &Message,
) -> Result<(), Fault> {
    let Some(thread) = threads::find(tx, scope, thread)? else { return Ok(()) };
    let agent = agents::find(tx, scope.workspace, thread.agent)?;
    let data = json!({
        "thread_id": thread.id.prefixed(), "message_id": message.id.prefixed(), "agent_id": thread.agent.prefixed(),
        "agent_name": agent.map(|agent| agent.name), "role": message.role.as_str(),
        "content": message.content.plain_text(), "status": "completed",
    })
    .to_string();
    let new = NewMessage {
        kind: "workflows.thread.message.completed",
        subject_id: Some(thread.id.0),
        data: &data,
        at: message.created_at,
    };
    enqueue(tx, scope, &new, &mut || platform.ids.next_bits()).map(drop)
}

fn execution(exchange: &Exchange, agent_name: &str, status: &str) -> Value {
    json!({
        "thread_id": exchange.thread.prefixed(), "execution_id": execution_name(exchange.id),
        "agent_id": exchange.agent.prefixed(), "agent_name": agent_name, "status": status,
        "started_at": exchange.started_at.unwrap_or(exchange.accepted_at),
    })
}

/// Everything that the agent said.
fn text_of(done: &Done, asked: usize) -> String {
    let said = done.said.iter().skip(asked).filter(|(_, says, _)| says.role == Role::Assistant);
    let texts = said.map(|(_, says, _)| says.content.plain_text()).filter(|text| !text.is_empty());
    texts.collect::<Vec<_>>().join(BETWEEN_ROUNDS)
}

fn agent_name(tx: &mut Tx<'_>, exchange: &Exchange) -> Result<String, Fault> {
    let agent = agents::find(tx, exchange.scope.workspace, exchange.agent)?;
    Ok(agent.map(|agent| agent.name).unwrap_or_default())
}

fn tell(
    tx: &mut Tx<'_>,
    platform: &Platform,
    exchange: &Exchange,
    kind: &'static str,
    data: &Value,
    at: Timestamp,
) -> Result<(), Fault> {
    let data = data.to_string();
    let new = NewMessage { kind, subject_id: Some(exchange.thread.0), data: &data, at };
    enqueue_after(tx, exchange.scope, &new, &chain_of(exchange)?, &mut || platform.ids.next_bits()).map(drop)
}
