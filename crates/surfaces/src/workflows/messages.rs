//! Messages (workflows contract, section 8.5): what was said, and saying more. A reply is made behind the call: the caller waits for it,
//! follows it, or comes back.

use std::time::Duration;

use floe_agents::exchanges::follow::{self, Current, End};
use floe_agents::exchanges::{NewExchange, Sent, execution_name};
use floe_agents::threads::{self, Shown, ShownCall};
use floe_model::Fault;
use floe_model::agents::envelope::Finish;
use floe_model::agents::exchange::{Channel, ThreadState};
use floe_model::agents::message::Message;
use floe_runtime::models::Usage;
use floe_store::Tx;
use http::StatusCode;
use serde_json::{Value, json};

use super::shapes::messages as shapes;
use super::shapes::{PAGING, enveloped, paged};
use super::stream_base::StreamPlace;
use super::threads::{named, thread_id};
use super::{Envelope, KEY, Page, SURFACE, errors, thread_events};
use crate::agents::key_of;
use crate::flows::late::{Turn, once};
use crate::http::{Call, Reply, Route};
use crate::stream::{EVENT, MEDIA};

/// Characters of a message at most.
const CONTENT_MAX: usize = 100_000;
/// Longest wait for a reply, and the usual one, in milliseconds.
const WAIT_MS_MAX: i64 = 120_000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/v1/threads/{id}/messages", KEY, list)
            .scope("threads:read")
            .doc("List messages")
            .about("Oldest first. What tools gave stands with the calls of the reply.")
            .queries(PAGING)
            .answers(200, paged!(shapes::MESSAGE)),
        Route::post(&SURFACE, "/v1/threads/{id}/messages", KEY, send)
            .scope("agents:execute")
            .also_scopes(&["threads:write"])
            .doc("Send a message")
            .about(
                "Waits for the reply, up to timeout milliseconds; 202 when it is not ready by then. With stream the answer is 202 at \
                 once, and the reply is followed at /threads/{id}/events; with Accept: text/event-stream as well the answer is that \
                 stream itself.",
            )
            .takes(shapes::SEND)
            .answers(200, enveloped!(shapes::REPLY))
            .answers(202, enveloped!(shapes::PROCESSING))
            .answers_media(200, MEDIA, EVENT)
            .refuses(500, &[errors::FAILED]),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (id, scope, page) = (thread_id(&call)?, call.ctx.caller.scope(), Page::of(&call));
    let (limit, offset) = (usize::try_from(page.limit()).unwrap_or(1), page.offset());
    let read = move |tx: &mut Tx<'_>| {
        let thread = threads::find(tx, scope, id)?;
        threads::listed(tx, scope, &thread, limit, offset)
    };
    let (found, total) = call.ctx.store.read(read).await.map_err(|fault| named(&call, fault))?;
    let items = found.iter().map(|shown| in_thread(shown, id)).collect();
    Ok(Envelope::of(&call).page(items, total, page))
}

/// What is sent.
struct Body {
    content: String,
    streamed: bool,
    wait: Duration,
}

fn read(call: &Call) -> Result<Body, Fault> {
    let mut body = call.fields()?;
    let is_given = body.is_set("content");
    let content = body.required_text("content", 1, CONTENT_MAX);
    if is_given && !content.is_empty() && content.trim().is_empty() {
        body.problem("content", "length", "content must hold more than blanks");
    }
    let streamed = body.flag("stream").unwrap_or(false);
    let wait_ms = body.number("timeout", 0, i64::MAX).unwrap_or(WAIT_MS_MAX).min(WAIT_MS_MAX);
    body.finish_ignoring_unknown()?;
    Ok(Body { content, streamed, wait: Duration::from_millis(wait_ms.unsigned_abs()) })
}

async fn send(call: Call) -> Result<Reply, Fault> {
    let body = read(&call)?;
    if body.streamed && takes_events(&call) {
        return stream(call, body).await;
    }
    let subject = call.ctx.ids.next_bits();
    let (call, body) = (&call, &body);
    let answer = |turn| async move {
        let sent = take(call, body, turn, subject).await?;
        if body.streamed || is_handed_over(&sent) {
            return Ok(processing(call, &sent));
        }
        await_reply(call, &sent, body.wait).await
    };
    once(call, subject, answer).await
}

/// The message is on disk and will be answered.
async fn take(call: &Call, body: &Body, turn: Turn, subject: u128) -> Result<Sent, Fault> {
    let (id, scope) = (thread_id(call)?, call.ctx.caller.scope());
    let thread =
        call.ctx.store.read(move |tx| threads::find(tx, scope, id)).await.map_err(|fault| named(call, fault))?;
    if thread.state == ThreadState::Closed {
        return Err(Fault::conflict("thread_closed", "The thread is archived"));
    }
    let new = NewExchange {
        thread: Some(thread.id.prefixed()),
        channel: Channel::Workflow,
        streamed: body.streamed,
        key: Some(key_of(turn, subject)),
        ..NewExchange::new(thread.agent, vec![Message::user(body.content.clone())])
    };
    let sent = call.app.agents.send(&call.ctx, new).await;
    let sent = sent.map_err(|fault| errors::named(fault, super::agents::WHAT, &thread.agent.prefixed()))?;
    // Deleted between the look and the message.
    if sent.thread != thread.id {
        return Err(errors::missing("Thread", call.param("id")?));
    }
    match sent.outcome.as_ref().filter(|outcome| outcome.code != 200) {
        Some(outcome) => {
            let why = follow::why(i64::from(outcome.code), outcome.finish, outcome.error.as_deref());
            Err(errors::failed(&why, Some(&execution_name(sent.exchange))))
        }
        None => Ok(sent),
    }
}

/// A person answers in the thread (console contract, section 11, row 7).
fn is_handed_over(sent: &Sent) -> bool {
    sent.outcome.as_ref().is_some_and(|outcome| outcome.finish == Some(Finish::Handoff))
}

async fn await_reply(call: &Call, sent: &Sent, wait: Duration) -> Result<Reply, Fault> {
    let (scope, exchange) = (call.ctx.caller.scope(), sent.exchange);
    let waiting = call.app.agents.await_outcome(scope, exchange);
    match tokio::time::timeout(wait, waiting).await {
        Ok(outcome) => drop(outcome?),
        Err(_) => return Ok(processing(call, sent)),
    }
    let look = move |tx: &mut Tx<'_>| follow::look(tx, scope, exchange, i64::MAX);
    let execution = execution_name(exchange);
    match call.ctx.store.read(look).await?.map(|look| look.end) {
        Some(Some(End::Completed(shown, usage))) => Ok(Envelope::of(call).ok(&reply(&shown, sent, &execution, usage))),
        Some(Some(End::Failed(why))) => Err(errors::failed(&why, Some(&execution))),
        // Given to a person while it waited for its turn.
        Some(None) => Ok(processing(call, sent)),
        None => Err(errors::failed("The reply is not there any more", Some(&execution))),
    }
}

/// The answer while there is no reply.
fn processing(call: &Call, sent: &Sent) -> Reply {
    let data = json!({
        "id": sent.answer.prefixed(), "message_id": sent.answer.prefixed(), "thread_id": sent.thread.prefixed(),
        "execution_id": execution_name(sent.exchange), "status": "processing", "role": "assistant", "content": null,
    });
    Envelope::of(call).with(StatusCode::ACCEPTED, &data)
}

/// The answer is the stream of the reply; a repeat of the call is told where to follow it.
async fn stream(call: Call, body: Body) -> Result<Reply, Fault> {
    let place = StreamPlace::take(&call)?;
    let subject = call.ctx.ids.next_bits();
    let taken = std::sync::OnceLock::new();
    let told = {
        let (call, body, slot) = (&call, &body, &taken);
        let act = |turn| async move {
            let sent = take(call, body, turn, subject).await?;
            let told = processing(call, &sent);
            let _ = slot.set(sent);
            Ok(told)
        };
        once(call, subject, act).await?
    };
    let Some(sent) = taken.into_inner() else { return Ok(told) };
    let (scope, id) = (call.ctx.caller.scope(), sent.thread);
    let named = call.ctx.store.read(move |tx| follow::named(tx, scope, id, sent.answer)).await?;
    let current = named.unwrap_or(Current { exchange: sent.exchange, arrival: 0, answer: sent.answer });
    Ok(thread_events::of_message(call, place, id, current))
}

fn takes_events(call: &Call) -> bool {
    call.header("accept").is_some_and(|accept| accept.split(',').any(|one| one.trim().starts_with(MEDIA)))
}

/// A message of a list.
fn in_thread(shown: &Shown, thread: floe_model::id::ThreadId) -> Value {
    let mut told = message(shown);
    told["thread_id"] = json!(thread.prefixed());
    told
}

fn message(shown: &Shown) -> Value {
    json!({
        "id": shown.id.prefixed(), "role": shown.role.as_str(), "content": shown.text, "tool_calls": tool_calls(shown),
        "created_at": shown.created_at,
    })
}

/// Calls of tools with what they gave; null when there are none.
pub(super) fn tool_calls(shown: &Shown) -> Value {
    let one = |call: &ShownCall| json!({ "id": call.id, "name": call.name, "arguments": call.arguments, "result": call.result });
    if shown.calls.is_empty() { Value::Null } else { shown.calls.iter().map(one).collect() }
}

/// Tokens of a reply.
pub(super) fn usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens.saturating_add(usage.output_tokens),
    })
}

fn reply(shown: &Shown, sent: &Sent, execution: &str, used: Usage) -> Value {
    let mut told = message(shown);
    let inner = told.clone();
    for (name, value) in [
        ("message_id", json!(shown.id.prefixed())),
        ("thread_id", json!(sent.thread.prefixed())),
        ("execution_id", json!(execution)),
        ("status", json!("completed")),
        ("usage", usage(used)),
        ("iterations", json!(shown.rounds)),
        ("tool_calls_count", json!(shown.calls.len())),
        ("message", inner),
    ] {
        told[name] = value;
    }
    told
}
