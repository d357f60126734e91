//! Following a thread: what is told of the answers in it, to one who listens from the beginning or comes late (Workflow API contract,
//! section 9.3). Everything is read from the database, so any node can tell it.

use floe_model::agents::envelope::Finish;
use floe_model::agents::exchange::ThreadState;
use floe_model::id::{ExchangeId, MessageId, ThreadId};
use floe_model::{Fault, Scope, Timestamp};
use floe_runtime::models::Usage;
use floe_store::Tx;
use floe_store::agents::exchanges::{self, Exchange};
use floe_store::agents::threads::{self, Thread};
use floe_store::agents::{exchange_streams, messages, thread_exchanges};
use serde_json::{Value, json};

use super::asked::Asked;
use crate::threads::Shown;

/// What stands between the texts of two rounds of one answer.
pub const BETWEEN_ROUNDS: &str = "\n\n";
/// How long after its end an answer that nobody saw is told, in milliseconds.
const TOLD_LATE_MS: i64 = 60_000;

/// Something that is told of an answer while it is made.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The agent said more.
    Token(String),
    /// The answer begins anew: what was told of its text does not hold.
    Restart,
    /// A tool is called.
    ToolStarted {
        /// Names the call.
        id: String,
        /// The tool.
        name: String,
        /// Its arguments.
        arguments: Value,
    },
    /// A call gave this.
    ToolCompleted {
        /// Names the call.
        id: String,
        /// The tool.
        name: String,
        /// What it gave.
        result: Value,
    },
    /// A call gave nothing.
    ToolFailed {
        /// Names the call.
        id: String,
        /// The tool.
        name: String,
        /// Why.
        error: String,
    },
}

impl Event {
    /// As the table keeps it.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Token(text) => json!(text),
            Self::Restart => json!({}),
            Self::ToolStarted { id, name, arguments } => json!({ "id": id, "name": name, "arguments": arguments }),
            Self::ToolCompleted { id, name, result } => json!({ "id": id, "name": name, "result": result }),
            Self::ToolFailed { id, name, error } => json!({ "id": id, "name": name, "error": error }),
        }
    }

    fn read(kept: Value) -> Self {
        let mut kept = match kept {
            Value::String(text) => return Self::Token(text),
            Value::Object(kept) => kept,
            _ => return Self::Restart,
        };
        let text = |value: Option<Value>| match value {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let (id, name) = (text(kept.remove("id")), text(kept.remove("name")));
        if let Some(arguments) = kept.remove("arguments") {
            return Self::ToolStarted { id, name, arguments };
        }
        if let Some(result) = kept.remove("result") {
            return Self::ToolCompleted { id, name, result };
        }
        match kept.remove("error") {
            Some(error) => Self::ToolFailed { id, name, error: text(Some(error)) },
            None => Self::Restart,
        }
    }
}

/// An answer that can be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Current {
    /// Its exchange.
    pub exchange: ExchangeId,
    /// The place of the exchange in its thread.
    pub arrival: i64,
    /// Id of the message in which the answer is or will be.
    pub answer: MessageId,
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// The message, and the tokens that it took.
    Completed(Box<Shown>, Usage),
    /// Why there is none, in a sentence.
    Failed(String),
}

/// What there is to tell of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Events, each with its number from 1.
    pub events: Vec<(i64, Event)>,
    /// Whether these are all that there are by now.
    pub is_all: bool,
    /// Its end, once everything else was told.
    pub end: Option<End>,
}

impl Current {
    fn of(exchange: &Exchange) -> Result<Self, Fault> {
        let answer = Asked::read(&exchange.asked)?.answer;
        Ok(Self {
            exchange: exchange.id,
            arrival: exchange.arrival,
            answer: answer.unwrap_or(MessageId(exchange.id.0)),
        })
    }
}

/// The answer of a thread that is under way, or ended a moment ago and was followed and seen by nobody.
///
/// # Errors
/// Of the database.
pub fn in_flight(tx: &mut Tx<'_>, scope: Scope, thread: &Thread, now: Timestamp) -> Result<Option<Current>, Fault> {
    if let Some(first) = thread_exchanges::open(tx, thread)?.first() {
        return Current::of(first).map(Some);
    }
    if let Some(last) = thread_exchanges::newest(tx, scope, thread.id)?
        && thread.state == ThreadState::Human
        && waits_for_person(tx, &last)?
    {
        return Current::of(&last).map(Some);
    }
    let Some(id) = exchange_streams::untold(tx, scope, thread.id)? else { return Ok(None) };
    let Some(exchange) = exchanges::find(tx, scope, id)? else { return Ok(None) };
    let is_fresh = |at: Timestamp| now.millis_since(at) < TOLD_LATE_MS;
    let is_fresh = exchange.ended.as_ref().is_some_and(|ended| is_fresh(ended.at));
    if is_fresh { Current::of(&exchange).map(Some) } else { Ok(None) }
}

/// The arrival of the newest exchange of a thread: those that come later have a higher one.
///
/// # Errors
/// Of the database.
pub fn newest_arrival(tx: &mut Tx<'_>, scope: Scope, thread: ThreadId) -> Result<i64, Fault> {
    Ok(thread_exchanges::newest(tx, scope, thread)?.map_or(0, |exchange| exchange.arrival))
}

/// The first answer of a thread after an arrival.
///
/// # Errors
/// Of the database.
pub fn next(tx: &mut Tx<'_>, scope: Scope, thread: ThreadId, arrival: i64) -> Result<Option<Current>, Fault> {
    thread_exchanges::next(tx, scope, thread, arrival)?.map(|exchange| Current::of(&exchange)).transpose()
}

/// The answer that is or will be in a message of a thread.
///
/// # Errors
/// Of the database.
pub fn named(tx: &mut Tx<'_>, scope: Scope, thread: ThreadId, answer: MessageId) -> Result<Option<Current>, Fault> {
    let Some(thread) = threads::find(tx, scope, thread)? else { return Ok(None) };
    for exchange in thread_exchanges::open(tx, &thread)? {
        let current = Current::of(&exchange)?;
        if current.answer == answer {
            return Ok(Some(current));
        }
    }
    let message = messages::find(tx, scope.workspace, thread.id, answer)?;
    let found = match message.and_then(|message| message.exchange) {
        Some(id) => exchanges::find(tx, scope, id)?,
        None => thread_exchanges::newest(tx, scope, thread.id)?,
    };
    let current = found.map(|exchange| Current::of(&exchange)).transpose()?;
    Ok(current.filter(|current| current.answer == answer))
}

/// What there is to tell of an answer after an event; the end comes with the last ones. None when the exchange is no more.
///
/// # Errors
/// Of the database.
pub fn look(tx: &mut Tx<'_>, scope: Scope, exchange: ExchangeId, after: i64) -> Result<Option<Look>, Fault> {
    // Read before the pieces: when it is over, all of them are there.
    let Some(found) = exchanges::find(tx, scope, exchange)? else { return Ok(None) };
    let (events, is_all) = read(tx, scope, exchange, after)?;
    let end = if is_all { end_of(tx, &found)? } else { None };
    Ok(Some(Look { events, is_all, end }))
}

/// Notes that somebody saw the end of an answer.
///
/// # Errors
/// Of the database.
pub fn seen(tx: &mut Tx<'_>, scope: Scope, exchange: ExchangeId, at: Timestamp) -> Result<(), Fault> {
    exchange_streams::told(tx, scope, exchange, at)
}

/// Everything that was told of an exchange.
pub(super) fn every(tx: &mut Tx<'_>, scope: Scope, exchange: ExchangeId) -> Result<Vec<Event>, Fault> {
    let mut all: Vec<Event> = Vec::new();
    loop {
        let after = i64::try_from(all.len()).unwrap_or(i64::MAX);
        let (events, is_all) = read(tx, scope, exchange, after)?;
        all.extend(events.into_iter().map(|(_, event)| event));
        if is_all {
            return Ok(all);
        }
    }
}

/// Events after a number, which is the last of a row or nothing was told before, and whether they are all there are.
fn read(tx: &mut Tx<'_>, scope: Scope, exchange: ExchangeId, after: i64) -> Result<(Vec<(i64, Event)>, bool), Fault> {
    let rows = exchange_streams::after(tx, scope, exchange, after)?;
    let is_all = rows.len() < exchange_streams::ROWS_MAX;
    let mut events = Vec::new();
    for row in rows {
        let kept: Vec<Value> = serde_json::from_str(&row.events).map_err(Fault::internal)?;
        events.extend((row.first..).zip(kept.into_iter().map(Event::read)));
    }
    Ok((events, is_all))
}

fn waits_for_person(tx: &mut Tx<'_>, exchange: &Exchange) -> Result<bool, Fault> {
    if exchange.ended.as_ref().and_then(|ended| ended.finish) != Some(Finish::Handoff) {
        return Ok(false);
    }
    let Some(answer) = Asked::read(&exchange.asked)?.answer else { return Ok(false) };
    Ok(messages::find(tx, exchange.scope.workspace, exchange.thread, answer)?.is_none())
}

pub(super) fn end_of(tx: &mut Tx<'_>, exchange: &Exchange) -> Result<Option<End>, Fault> {
    let Some(ended) = &exchange.ended else { return Ok(None) };
    let usage = Usage { input_tokens: ended.input_tokens, output_tokens: ended.output_tokens };
    if ended.code == 200 && ended.finish == Some(Finish::Handoff) {
        // What a person says is the reply (console contract, section 11, row 7).
        let answer = Asked::read(&exchange.asked)?.answer;
        let said = match answer {
            Some(id) => messages::find(tx, exchange.scope.workspace, exchange.thread, id)?,
            None => None,
        };
        return Ok(said.map(|message| End::Completed(Box::new(Shown::of(&[&message])), usage)));
    }
    let reply = match ended.code {
        200 if ended.finish != Some(Finish::Cancelled) => crate::threads::reply(tx, exchange)?,
        _ => None,
    };
    Ok(Some(match reply {
        Some(reply) => End::Completed(Box::new(reply), usage),
        None => End::Failed(why(ended.code, ended.finish, ended.error.as_deref())),
    }))
}

/// Why an exchange gave no reply, in a sentence.
#[must_use]
pub fn why(code: i64, finish: Option<Finish>, error: Option<&str>) -> String {
    let text = match (code, error) {
        (200, _) if finish == Some(Finish::Cancelled) => "The reply was cancelled",
        (200, _) => "The reply is not there any more",
        (402, _) => "There are no credits left",
        (_, Some("rate_limited")) => "The model provider takes no more calls for now",
        (_, Some("model_unavailable")) => "No model is configured for the agent",
        (_, Some("unknown_model")) => "The model of the agent is not there",
        (_, Some("max_iterations")) => "The agent could not finish within max_iterations",
        (_, Some("agent_deleted")) => "The agent was deleted",
        (_, Some("thread_deleted")) => "The thread was deleted",
        (503, _) => "No model can answer for the agent now",
        _ => "The agent could not answer",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests;
