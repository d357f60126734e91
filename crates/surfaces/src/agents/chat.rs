//! Chat (agents contract, section 2): a message in, an answer out; at once, as it is made, or later to an address.

use floe_agents::exchanges::{Accepted, NewExchange, Outcome};
use floe_model::agents::exchange::Channel;
use floe_model::id::AgentId;
use floe_model::{Fault, FaultKind};
use http::StatusCode;
use serde_json::{Value, json};

use super::chat_body::ChatIn;
use super::chat_stream::{self, Told};
use super::{KEY, SURFACE, gate, shapes::chat as shapes};
use crate::flows::late::{Turn, once};
use crate::http::shape::TEXT;
use crate::http::{Call, Reply, Route};
use crate::stream::{EVENT, MEDIA};

/// The header by which a caller asks for the status of the envelope (section 2.2).
const STRICT: &str = "x-strict-status";

pub(super) fn routes() -> Vec<Route> {
    let chat = Route::post(&SURFACE, "/api/public/agent/{agent_id}/chat", KEY, chat)
        .scope("chat")
        .doc("Chat with an agent")
        .about(
            "The status is 200 whatever becomes of the exchange, and statusCode in the body tells: 200, 402, 500 or 503. With \
             X-Strict-Status: true the status is the same as statusCode. With callback_url the answer is 202 and the envelope is sent \
             there. With stream, or Accept: text/event-stream, the answer is a stream of the events message.delta, tool.call, \
             tool.result, message.completed and error.",
        )
        .header("X-Strict-Status", TEXT, "true: the status is that of the envelope")
        .takes(shapes::CHAT)
        .answers(200, shapes::ENVELOPE)
        .answers(202, shapes::ACCEPTED)
        .answers_media(200, MEDIA, EVENT)
        .answers(402, shapes::ENVELOPE)
        .answers(500, shapes::ENVELOPE)
        .answers(503, shapes::ENVELOPE)
        .refuses(400, &["invalid_messages", "invalid_thread_id", "invalid_callback_url", "invalid_request", "invalid_metadata"])
        .refuses(409, &["agent_inactive", "thread_busy", "thread_closed"]);
    vec![chat]
}

async fn chat(call: Call) -> Result<Reply, Fault> {
    let agent = gate::agent_id(&call)?;
    let mut body = ChatIn::read(call.json_value()?)?;
    // What is tried in the playground is nothing for keys.
    body.config = None;
    if body.callback_url.is_some() {
        return in_background(&call, agent, body).await;
    }
    if body.stream.unwrap_or_else(|| takes_events(&call)) {
        return chat_stream::answer(call, agent, body, Channel::Api, Told::Contract).await.map_err(gone);
    }
    let subject = call.ctx.ids.next_bits();
    let ask = |turn| {
        let call = &call;
        let new = NewExchange { key: repeat_key(call, turn, subject), ..exchange(agent, body, Channel::Api) };
        async move { Ok(told(&call.app.agents.exchange(&call.ctx, new, None).await?)) }
    };
    let reply = once(&call, subject, ask).await.map_err(gone)?;
    Ok(strictly(&call, reply))
}

/// The work is written down together with the acknowledgement (section 2.5).
async fn in_background(call: &Call, agent: AgentId, body: ChatIn) -> Result<Reply, Fault> {
    if let Some(first) = call.answered().await? {
        return Ok(first);
    }
    if let Some(url) = &body.callback_url {
        call.app.webhooks.check_callback_url(url).await?;
    }
    let agents = std::sync::Arc::clone(&call.app.agents);
    let ready = agents.prepare(&call.ctx, exchange(agent, body, Channel::Api)).await.map_err(gone)?;
    let accept = move |tx: &mut floe_store::Tx<'_>| agents.accept_in_background(tx, &ready);
    let reply = call.commit(accept, |accepted| Ok(acknowledged(&accepted))).await?;
    Ok(strictly(call, reply))
}

fn acknowledged(accepted: &Accepted) -> Reply {
    match accepted {
        Accepted::Taken(_) | Accepted::Known(_) => {
            let body = json!({
                "message": "Request accepted and being processed asynchronously", "status": "processing",
            });
            Reply::value(StatusCode::ACCEPTED, &body)
        }
        Accepted::Refused(outcome) => told(outcome),
    }
}

/// What is asked of the slice.
pub(crate) fn exchange(agent: AgentId, body: ChatIn, channel: Channel) -> NewExchange {
    NewExchange {
        thread: body.thread,
        channel,
        metadata: body.metadata,
        callback_url: body.callback_url,
        config_override: body.config.and_then(|config| match config {
            Value::Object(config) => Some(config),
            _ => None,
        }),
        ..NewExchange::new(agent, body.messages)
    }
}

/// Names an exchange by its call; none where no repeat can find it, because the call has no idempotency key.
pub(super) fn repeat_key(call: &Call, turn: Turn, subject: u128) -> Option<String> {
    call.header("idempotency-key").map(|_| key_of(turn, subject))
}

/// Names an exchange by the call that it came of, so that a repeat of the call finds it.
pub(crate) fn key_of(turn: Turn, subject: u128) -> String {
    let subject = match turn {
        Turn::First => subject,
        Turn::Again(first) => first,
    };
    format!("call:{}", floe_model::id::to_base32(subject))
}

/// The envelope, with status 200 whatever it says (section 2.2).
pub(crate) fn told(outcome: &Outcome) -> Reply {
    Reply::value(StatusCode::OK, &outcome.envelope)
}

/// Gives an envelope its own status where the caller asks for it. What is kept for repeats has 200.
fn strictly(call: &Call, mut reply: Reply) -> Reply {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head {
        status_code: u16,
    }
    let is_asked = call.header(STRICT).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if is_asked
        && reply.status == StatusCode::OK
        && let Some(head) = reply.full_body().and_then(|body| serde_json::from_slice::<Head>(body).ok())
    {
        reply.status = StatusCode::from_u16(head.status_code).unwrap_or(reply.status);
    }
    reply
}

/// An agent that was deleted while the request was on its way is told like one that never was.
fn gone(fault: Fault) -> Fault {
    if fault.kind() == FaultKind::NotFound { gate::no_agent() } else { fault }
}

/// Whether the caller takes events and nothing is said in the body.
fn takes_events(call: &Call) -> bool {
    call.header("accept").is_some_and(|accept| accept.split(',').any(|one| one.trim().starts_with(MEDIA)))
}
