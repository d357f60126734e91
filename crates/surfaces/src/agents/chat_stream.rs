//! An answer as it is made: server-sent events (agents contract, section 2.6; console contract, section 5.2).
//!
//! The stream begins with the first thing that the exchange tells, so that what is refused before has a status of its own. A reader who
//! goes away stops the exchange: the channel to it closes.

use std::sync::Arc;

use floe_agents::exchanges::{Delta, NewExchange, Outcome};
use floe_model::Fault;
use floe_model::agents::exchange::Channel;
use floe_model::id::AgentId;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::chat::{exchange, repeat_key};
use super::chat_body::ChatIn;
use crate::flows::late::{Kept, Noted, Start, Turn, note};
use crate::http::{Call, Reply};
use crate::stream::{self as streams, Cut, MEDIA, Messages, Place};

/// Deltas that wait for a slow reader; then the exchange waits with them.
const DELTAS_WAITING: usize = 64;

/// What a stream tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// The events of the contract.
    Contract,
    /// The same, and `trace`: what happened inside, for the playground.
    WithTrace,
}

/// An exchange whose outcome is still to come.
struct Going {
    deltas: mpsc::Receiver<Delta>,
    task: JoinHandle<Result<Outcome, Fault>>,
    noted: Option<Noted>,
    told: Told,
}

/// Asks, and answers with a stream.
///
/// # Errors
/// What is refused before the exchange begins; 503 when too many streams are open.
pub(crate) async fn answer(
    call: Call,
    agent: AgentId,
    body: ChatIn,
    channel: Channel,
    told: Told,
) -> Result<Reply, Fault> {
    let place = Place::take()?;
    let subject = call.ctx.ids.next_bits();
    let (noted, turn) = match note(&call, subject).await? {
        Start::Plain => (None, Turn::First),
        Start::Answered(reply) => return Ok(*reply),
        Start::Noted(noted) => {
            let turn = noted.turn;
            (Some(*noted), turn)
        }
    };
    let new = NewExchange { key: repeat_key(&call, turn, subject), ..exchange(agent, body, channel) };
    let (sink, deltas) = mpsc::channel(DELTAS_WAITING);
    let (agents, ctx) = (Arc::clone(&call.app.agents), call.ctx.clone());
    let task = tokio::spawn(async move { agents.exchange(&ctx, new, Some(sink)).await });
    let mut going = Going { deltas, task, noted, told };
    match going.deltas.recv().await {
        Some(first) => Ok(streams::reply(place, |reader| async move { going.tell(&call, first, reader).await })),
        None => going.end_at_once(&call, place).await,
    }
}

impl Going {
    /// Tells what comes, and its end.
    async fn tell(mut self, call: &Call, first: Delta, mut reader: Messages) -> Result<(), Cut> {
        let mut next = Some(first);
        while let Some(delta) = next {
            if let Some(text) = event_of(&delta, self.told) {
                reader.send(text).await?;
            }
            next = loop {
                match streams::next(&mut self.deltas).await {
                    Some(delta) => break delta,
                    None => reader.go_on(call).await?,
                }
            };
        }
        let last = last_event(self.task.await);
        self.noted = keep(call, self.noted.take(), &last).await;
        reader.send(last).await
    }

    /// Nothing was told before the end: a refusal has its own status, an outcome is the only event.
    async fn end_at_once(mut self, call: &Call, place: Place) -> Result<Reply, Fault> {
        let outcome = match self.task.await {
            Ok(Err(fault)) => {
                let outcome = Err(fault);
                if let Some(noted) = self.noted.take() {
                    noted.keep(&call.ctx, Kept::of(&outcome)).await?;
                }
                return outcome;
            }
            other => other,
        };
        let last = last_event(outcome);
        keep(call, self.noted.take(), &last).await;
        Ok(streams::reply(place, |mut reader| async move { reader.send(last).await }))
    }
}

/// Keeps the last event as the answer to repeats: the deltas before it are not kept.
async fn keep(call: &Call, noted: Option<Noted>, last: &str) -> Option<Noted> {
    let noted = noted?;
    let kept = Kept::Answer(Reply::bytes(StatusCode::OK, MEDIA, last.to_owned()));
    if let Err(fault) = noted.keep(&call.ctx, kept).await {
        tracing::warn!(%fault, "the answer to repeats of a stream was not kept");
    }
    None
}

/// `message.completed` with the envelope of an answer, `error` with any other.
fn last_event(outcome: Result<Result<Outcome, Fault>, tokio::task::JoinError>) -> String {
    match outcome {
        Ok(Ok(outcome)) if outcome.code == 200 => event("message.completed", &outcome.envelope),
        Ok(Ok(outcome)) => event("error", &outcome.envelope),
        Ok(Err(fault)) => {
            tracing::error!(%fault, "an exchange failed while it was told");
            event("error", &floe_model::agents::envelope::failed())
        }
        Err(error) => {
            tracing::error!(%error, "an exchange ended badly");
            event("error", &floe_model::agents::envelope::failed())
        }
    }
}

fn event_of(delta: &Delta, told: Told) -> Option<String> {
    match delta {
        Delta::Text(text) => Some(event("message.delta", &json!({ "text": text }))),
        Delta::ToolCall { id, name, args } => {
            Some(event("tool.call", &json!({ "id": id, "name": name, "arguments": args })))
        }
        Delta::ToolResult { id, name, result, error, duration_ms } => {
            let status = if error.is_some() { "error" } else { "success" };
            let data = json!({
                "id": id, "name": name, "result": result, "status": status, "error": error, "duration_ms": duration_ms,
            });
            Some(event("tool.result", &data))
        }
        Delta::Trace(span) => (told == Told::WithTrace).then(|| event("trace", span)),
    }
}

/// JSON text holds no line end, so one line of data is enough.
fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}
