//! The replies of a thread as a stream of events (workflows contract, section 9.3), from what the database keeps: it does not matter which
//! server makes them, nor when the reader comes.

use floe_agents::exchanges::execution_name;
use floe_agents::exchanges::follow::{self, Current, End, Event, Look};
use floe_agents::threads;
use floe_model::id::{MessageId, ThreadId};
use floe_model::{Fault, Timestamp};
use floe_store::agents::{exchange_streams, exchanges, threads as thread_rows};
use floe_store::{Change, Tx};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::messages::{tool_calls, usage};
use super::stream_base::{self, StreamPlace};
use super::threads::{named, thread_id};
use super::{KEY, SURFACE};
use crate::http::shape::{FLAG, TEXT};
use crate::http::{Call, Reply, Route};
use crate::stream::{Cut, EVENT, LOOK_EVERY, MEDIA, Messages};

/// Longest that a stream stays open which goes on after a reply, in milliseconds.
const FOLLOW_MS_MAX: i64 = 3_600_000;

pub(super) fn routes() -> Vec<Route> {
    let stream = Route::get(&SURFACE, "/v1/threads/{id}/events", KEY, listen)
        .scope("threads:read")
        .or_scope("agents:execute")
        .takes_query_key()
        .doc("Follow a thread")
        .about(
            "Server-sent events: connected, then those of the reply that is under way, or was streamed and seen by nobody, else of the \
             next one. The stream ends after message:completed or message:failed, unless follow is true.",
        )
        .query("follow", FLAG, "Go on with the replies after it, for up to an hour")
        .query("api_key", TEXT, "The key, for programs that cannot set headers")
        .query("last_event_id", TEXT, "As the header Last-Event-ID")
        .header("Last-Event-ID", TEXT, "The id of the event after which to go on; everything for one that is not known")
        .answers_media(200, MEDIA, EVENT)
        .refuses(429, &["rate_limit_exceeded"]);
    vec![stream]
}

async fn listen(call: Call) -> Result<Reply, Fault> {
    let follows = call.query.flag("follow")?.unwrap_or(false);
    let (id, scope, now, resumed) = (thread_id(&call)?, call.ctx.caller.scope(), call.ctx.now(), resumed(&call));
    let read = move |tx: &mut Tx<'_>| {
        let thread = threads::find(tx, scope, id)?;
        let again = match resumed {
            Some((answer, after)) => follow::named(tx, scope, id, answer)?.map(|current| (current, after)),
            None => None,
        };
        let first = match again {
            Some((current, after)) if !is_all_seen(tx, scope, id, &current, after)? => Some((current, after)),
            // Everything of that reply was seen.
            Some(_) => {
                follow::next(tx, scope, id, again.map_or(0, |(current, _)| current.arrival))?.map(|next| (next, 0))
            }
            None => follow::in_flight(tx, scope, &thread, now)?.map(|current| (current, 0)),
        };
        let newest = follow::newest_arrival(tx, scope, id)?;
        Ok((first, newest))
    };
    let (first, newest) = call.ctx.store.read(read).await.map_err(|fault| named(&call, fault))?;
    let place = StreamPlace::take(&call)?;
    let app = std::sync::Arc::clone(&call.app);
    let listener = Listener { thread: id, follows, newest };
    Ok(stream_base::reply(&app.settings, place, move |reader| tell(call, listener, first, reader)))
}

/// The stream of one reply.
pub(super) fn of_message(call: Call, place: StreamPlace, thread: ThreadId, current: Current) -> Reply {
    let app = std::sync::Arc::clone(&call.app);
    let listener = Listener { thread, follows: false, newest: current.arrival };
    stream_base::reply(&app.settings, place, move |reader| tell(call, listener, Some((current, 0)), reader))
}

/// Who listens to what.
#[derive(Debug, Clone, Copy)]
struct Listener {
    thread: ThreadId,
    /// Whether it goes on after a reply.
    follows: bool,
    /// Replies with a higher arrival came after it did.
    newest: i64,
}

/// After which event of which reply a reader goes on.
fn resumed(call: &Call) -> Option<(MessageId, u64)> {
    let given = call.header("last-event-id").or_else(|| call.query.get("last_event_id"))?;
    let (message, number) = given.trim().rsplit_once('-')?;
    Some((MessageId::parse(message).ok()?, number.parse().ok()?))
}

/// Whether a reader who has seen so many events of a reply has seen its end.
fn is_all_seen(
    tx: &mut Tx<'_>,
    scope: floe_model::Scope,
    thread: ThreadId,
    current: &Current,
    after: u64,
) -> Result<bool, Fault> {
    let (mut told, mut seen) = (Told::new(thread, current, after), 0);
    if !told.started(Timestamp(0)).is_empty() {
        return Ok(false);
    }
    loop {
        let Some(look) = follow::look(tx, scope, current.exchange, seen)? else { return Ok(true) };
        for (number, event) in &look.events {
            seen = *number;
            if !told.event(Timestamp(0), event).is_empty() {
                return Ok(false);
            }
        }
        match look.end {
            Some(end) => return Ok(told.end(Timestamp(0), &end).is_empty()),
            None if look.is_all => return Ok(false),
            None => {}
        }
    }
}

async fn tell(
    call: Call,
    mut listener: Listener,
    mut next: Option<(Current, u64)>,
    mut reader: Messages,
) -> Result<(), Cut> {
    // Watch first, so that a change between a read and the wait is not missed.
    let mut changes = call.ctx.store.watch();
    let began = call.ctx.now();
    let status = if next.is_some() { "processing" } else { "idle" };
    let data = json!({
        "type": "connected", "thread_id": listener.thread.prefixed(), "status": status, "timestamp": began,
    });
    reader.send(stream_base::message("connected", None, &data)).await?;
    if let Some((current, _)) = next {
        listener.newest = current.arrival;
    }
    loop {
        let Some((current, after)) = next.take() else {
            next = upcoming(&call, &listener).await?.map(|current| (current, 0));
            if next.is_none() {
                if call.ctx.now().millis_since(began) > FOLLOW_MS_MAX {
                    return Ok(());
                }
                changed(&mut changes, listener.thread.0, listener.thread.0).await;
                reader.go_on(&call).await?;
            }
            continue;
        };
        listener.newest = listener.newest.max(current.arrival);
        one(&call, &listener, &current, after, &mut reader, &mut changes).await?;
        if !listener.follows || call.ctx.now().millis_since(began) > FOLLOW_MS_MAX {
            return Ok(());
        }
    }
}

/// The next reply that came; the stream of a thread that is gone ends.
async fn upcoming(call: &Call, listener: &Listener) -> Result<Option<Current>, Cut> {
    let (scope, Listener { thread, newest, .. }) = (call.ctx.caller.scope(), *listener);
    let read = move |tx: &mut Tx<'_>| {
        threads::find(tx, scope, thread)?;
        follow::next(tx, scope, thread, newest)
    };
    call.ctx.store.read(read).await.map_err(|_| Cut)
}

/// Tells one reply to its end.
async fn one(
    call: &Call,
    listener: &Listener,
    current: &Current,
    after: u64,
    reader: &mut Messages,
    changes: &mut broadcast::Receiver<Change>,
) -> Result<(), Cut> {
    let (scope, exchange) = (call.ctx.caller.scope(), current.exchange);
    let (mut told, mut seen) = (Told::new(listener.thread, current, after), 0);
    for text in told.started(call.ctx.now()) {
        reader.send(text).await?;
    }
    loop {
        let look = call.ctx.store.read(move |tx| follow::look(tx, scope, exchange, seen)).await.map_err(|_| Cut)?;
        let now = call.ctx.now();
        let Look { events, is_all, end } = look.unwrap_or_else(|| Look {
            events: Vec::new(),
            is_all: true,
            end: Some(End::Failed("The thread was deleted".to_owned())),
        });
        for (number, event) in &events {
            seen = *number;
            for text in told.event(now, event) {
                reader.send(text).await?;
            }
        }
        if let Some(end) = end {
            for text in told.end(now, &end) {
                reader.send(text).await?;
            }
            let write = move |tx: &mut Tx<'_>| follow::seen(tx, scope, exchange, now);
            if let Err(fault) = call.ctx.store.write(write).await {
                tracing::debug!(%fault, "that a reply was seen cannot be noted");
            }
            return Ok(());
        }
        // Changes were watched before the look, so nothing is missed.
        if is_all {
            changed(changes, exchange.0, listener.thread.0).await;
            reader.go_on(call).await?;
        }
    }
}

/// Waits until something of an exchange or its thread changed, or may have.
async fn changed(changes: &mut broadcast::Receiver<Change>, exchange: u128, thread: u128) {
    let told = async {
        loop {
            match changes.recv().await {
                Ok(Change::Record { kind: exchanges::KIND | exchange_streams::PIECES, id, .. }) if id == exchange => {
                    return;
                }
                Ok(Change::Record { kind: thread_rows::KIND, id, .. }) if id == thread => return,
                Ok(Change::Many) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                Ok(_) => {}
                Err(broadcast::error::RecvError::Closed) => std::future::pending::<()>().await,
            }
        }
    };
    let _ = tokio::time::timeout(LOOK_EVERY, told).await;
}

/// What was told of a reply. Its events have numbers that follow from what is told, so that they are the same on every server.
struct Told {
    message: String,
    thread: String,
    execution: String,
    /// Number of the last event.
    number: u64,
    /// Events up to this one are not sent: the reader has seen them.
    after: u64,
    /// Tokens since the text began.
    tokens: u64,
    text: String,
}

impl Told {
    fn new(thread: ThreadId, current: &Current, after: u64) -> Self {
        Self {
            message: current.answer.prefixed(),
            thread: thread.prefixed(),
            execution: execution_name(current.exchange),
            number: 0,
            after,
            tokens: 0,
            text: String::new(),
        }
    }

    /// The reply begins.
    fn started(&mut self, now: Timestamp) -> Vec<String> {
        (self.tokens, self.text) = (0, String::new());
        let data = json!({ "execution_id": self.execution, "role": "assistant" });
        self.say("message:started", now, data).into_iter().collect()
    }

    fn event(&mut self, now: Timestamp, event: &Event) -> Vec<String> {
        let (kind, data) = match event {
            Event::Token(text) => return self.token(now, text).into_iter().collect(),
            Event::Restart => return self.started(now),
            Event::ToolStarted { id, name, arguments } => {
                ("tool:started", json!({ "tool_call_id": id, "name": name, "arguments": arguments }))
            }
            Event::ToolCompleted { id, name, result } => {
                ("tool:completed", json!({ "tool_call_id": id, "name": name, "result": result }))
            }
            Event::ToolFailed { id, name, error } => {
                ("tool:failed", json!({ "tool_call_id": id, "name": name, "error": error }))
            }
        };
        self.say(kind, now, data).into_iter().collect()
    }

    /// The reply ends. What of its text was not told piece by piece comes before: all tokens together are the text.
    fn end(&mut self, now: Timestamp, end: &End) -> Vec<String> {
        let (shown, used) = match end {
            End::Failed(why) => return self.say("message:failed", now, json!({ "error": why })).into_iter().collect(),
            End::Completed(shown, used) => (shown, *used),
        };
        let mut all = Vec::new();
        let rest = match shown.text.strip_prefix(self.text.as_str()) {
            Some(rest) => rest,
            None => {
                all.extend(self.started(now));
                shown.text.as_str()
            }
        };
        for piece in rest.split_inclusive(char::is_whitespace) {
            all.extend(self.token(now, piece));
        }
        let data = json!({ "content": shown.text, "tool_calls": tool_calls(shown), "usage": usage(used) });
        all.extend(self.say("message:completed", now, data));
        all
    }

    fn token(&mut self, now: Timestamp, text: &str) -> Option<String> {
        self.tokens += 1;
        self.text.push_str(text);
        let data = json!({ "token": text, "sequence": self.tokens });
        self.say("message:token", now, data)
    }

    /// One event, unless the reader has seen it.
    fn say(&mut self, kind: &str, now: Timestamp, mut data: Value) -> Option<String> {
        self.number += 1;
        if self.number <= self.after {
            return None;
        }
        data["type"] = json!(kind);
        data["thread_id"] = json!(self.thread);
        data["message_id"] = json!(self.message);
        data["timestamp"] = json!(now);
        Some(stream_base::message(kind, Some((&self.message, self.number)), &data))
    }
}

#[cfg(test)]
mod tests;
