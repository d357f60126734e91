//! Threads of an agent: reading them, who answers in them, and what people say of them (agents contract, section 6).

use floe_access::secret::sha256;
use floe_agents::threads::{self, Rating, Turn};
use floe_model::agents::envelope::parse_message_name;
use floe_model::agents::exchange::ThreadState;
use floe_model::id::{AgentId, MessageId, ThreadId, to_base32};
use floe_model::{Fault, FaultKind};
use floe_store::Tx;
use floe_store::agents::thread_list::{self, Filter, Place};
use floe_store::agents::threads::Thread;
use http::StatusCode;
use serde_json::json;

use super::chat_body::is_thread_id;
use super::{KEY, SURFACE, gate, shapes::threads as shapes, thread_wire as wire};
use crate::http::shape::{TEXT, int};
use crate::http::{Call, Fields, Reply, Route};

/// Rows of a page unless it is said, and at most.
const PAGE: i64 = 50;
const PAGE_MAX: i64 = 200;
/// Characters of a note or a comment, and of a message, at most.
pub(crate) const NOTE_MAX: usize = 1_000;
pub(crate) const SAY_MAX: usize = 50_000;
/// Codes of what a thread can refuse.
const REFUSED: &[&str] = &["thread_closed", "not_in_human_hands"];

macro_rules! path {
    ($rest:literal) => {
        concat!("/api/public/agent/{agent_id}/threads", $rest)
    };
}

pub(super) fn routes() -> Vec<Route> {
    let limit = |route: Route| route.query("limit", int(1, PAGE_MAX), "Rows of a page; 50 unless given");
    vec![
        limit(Route::get(&SURFACE, path!(""), KEY, list).scope("usage").doc("List threads of an agent"))
            .about("Those that were busy last come first.")
            .query("cursor", TEXT, "next_cursor of the page before")
            .query("state", shapes::STATE, "In one state")
            .answers(200, shapes::THREADS)
            .refuses(400, &["invalid_cursor"]),
        limit(Route::get(&SURFACE, path!("/{thread_id}"), KEY, show).scope("usage").doc("Show a thread"))
            .about("With its last messages, oldest first.")
            .query("before", TEXT, "Messages before this one")
            .answers(200, shapes::FULL_THREAD),
        Route::delete(&SURFACE, path!("/{thread_id}"), KEY, delete)
            .scope("manage")
            .doc("Delete a thread")
            .about("Its messages are removed for good; what was counted stays.")
            .answers(200, shapes::DELETED),
        Route::post(&SURFACE, path!("/{thread_id}/handoff"), KEY, handoff)
            .scope("manage")
            .doc("Hand a thread to a person")
            .takes(shapes::HANDOFF)
            .answers(200, shapes::THREAD)
            .refuses(409, REFUSED),
        Route::post(&SURFACE, path!("/{thread_id}/release"), KEY, release)
            .scope("manage")
            .doc("Give a thread back to its agent")
            .takes(shapes::HANDOFF)
            .answers(200, shapes::THREAD)
            .refuses(409, REFUSED),
        Route::post(&SURFACE, path!("/{thread_id}/messages"), KEY, say)
            .scope("manage")
            .doc("Answer in the agent's place")
            .about("While the thread is in the hands of a person.")
            .takes(shapes::SAY)
            .answers(201, shapes::MESSAGE)
            .refuses(409, REFUSED),
        Route::post(&SURFACE, path!("/{thread_id}/feedback"), KEY, feedback)
            .scope("manage")
            .doc("Rate a message")
            .takes(shapes::FEEDBACK)
            .answers(200, shapes::MESSAGE),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (agent, limit) = (gate::agent_id(&call)?, limit(&call)?);
    let state = match call.query.get("state").filter(|word| !word.is_empty()) {
        None => None,
        Some(word) => Some(
            ThreadState::parse(word)
                .ok_or_else(|| Fault::field("/state", "value", "state must be one of: bot, human, closed"))?,
        ),
    };
    let after = call.query.get("cursor").filter(|text| !text.is_empty()).map(|text| read_cursor(text, agent, state));
    let after = after.transpose()?;
    let filter = Filter { agent: Some(agent), state, text: None };
    let scope = call.ctx.caller.scope();
    let mut found = call.ctx.store.read(move |tx| thread_list::list(tx, scope, &filter, after, limit + 1)).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let cursor = found.last().filter(|_| more).map(|last| cursor(last, agent, state));
    let data: Vec<_> = found.iter().map(wire::thread).collect();
    Reply::ok(&json!({ "data": data, "next_cursor": cursor }))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let limit = limit(&call)?;
    let before = call.query.get("before").map(message_name).transpose()?;
    let (name, scope) = (Name::of(&call)?, call.ctx.caller.scope());
    let read = move |tx: &mut Tx<'_>| {
        let thread = threads::named(tx, scope, name.agent, &name.thread)?;
        let page = threads::page(tx, scope, &thread, before, limit)?;
        Ok((thread, page))
    };
    let (thread, page) = call.ctx.store.read(read).await?;
    let mut shown = wire::thread(&thread);
    shown["messages"] = page.messages.iter().map(wire::message).collect();
    shown["has_more"] = json!(page.more);
    Reply::ok(&shown)
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let (name, ctx) = (Name::of(&call)?, call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| {
        let thread = threads::named(tx, ctx.caller.scope(), name.agent, &name.thread)?;
        threads::delete(tx, &ctx, thread.id)?;
        Ok(thread.alias)
    };
    call.commit(act, |alias| Reply::ok(&json!({ "deleted": true, "id": alias }))).await
}

async fn handoff(call: Call) -> Result<Reply, Fault> {
    let note = note(&call)?;
    change(&call, move |tx, ctx, turn, thread| threads::hand_over(tx, ctx, turn, thread, note.clone())).await
}

async fn release(call: Call) -> Result<Reply, Fault> {
    note(&call)?;
    change(&call, |tx, ctx, turn, thread| threads::release(tx, ctx, turn, thread)).await
}

async fn say(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let content = body.required_text("content", 1, SAY_MAX);
    body.finish_ignoring_unknown()?;
    let (name, ctx) = (Name::of(&call)?, call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| {
        let turn = Turn::of(&ctx);
        let thread = threads::named(tx, turn.scope, name.agent, &name.thread)?;
        threads::say(tx, &ctx, &turn, thread.id, &content)
    };
    call.commit(act, |message| Ok(Reply::value(StatusCode::CREATED, &wire::message(&message)))).await
}

async fn feedback(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let given = Given::read(&mut body);
    body.finish_ignoring_unknown()?;
    let message = message_name(&given.message)?;
    let (name, scope) = (Name::of(&call)?, call.ctx.caller.scope());
    let act = move |tx: &mut Tx<'_>| {
        let thread = threads::named(tx, scope, name.agent, &name.thread)?;
        threads::rate(tx, scope, &thread, message, given.rating, &given.comment)
    };
    call.commit(act, |message| Reply::ok(&wire::message(&message))).await
}

/// Does something to the thread of the path and shows it.
async fn change(
    call: &Call,
    act: impl Fn(&mut Tx<'_>, &floe_runtime::Ctx, &Turn<'_>, ThreadId) -> Result<Thread, Fault> + Send + 'static,
) -> Result<Reply, Fault> {
    let (name, ctx) = (Name::of(call)?, call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| {
        let turn = Turn::of(&ctx);
        let thread = threads::named(tx, turn.scope, name.agent, &name.thread)?;
        act(tx, &ctx, &turn, thread.id)
    };
    call.commit(act, |thread| Reply::ok(&wire::thread(&thread))).await
}

/// What somebody thinks of a message.
pub(crate) struct Given {
    pub(crate) message: String,
    pub(crate) rating: Rating,
    pub(crate) comment: Option<String>,
}

impl Given {
    /// Takes it out of a body.
    pub(crate) fn read(body: &mut Fields) -> Self {
        Self {
            message: body.required_text("message_id", 1, 100),
            rating: body.required_word("rating", "up, down", Rating::parse).unwrap_or(Rating::Up),
            comment: body.text("comment", 0, NOTE_MAX),
        }
    }
}

/// The thread that a path names.
struct Name {
    agent: AgentId,
    thread: String,
}

impl Name {
    fn of(call: &Call) -> Result<Self, Fault> {
        let thread = call.param("thread_id")?;
        if !is_thread_id(thread) {
            return Err(Fault::not_found("Thread"));
        }
        Ok(Self { agent: gate::agent_id(call)?, thread: thread.to_owned() })
    }
}

fn note(call: &Call) -> Result<Option<String>, Fault> {
    let mut body = call.fields()?;
    let note = body.text("note", 0, NOTE_MAX);
    body.finish_ignoring_unknown()?;
    Ok(note)
}

/// A message by its name; anything else is no message of ours.
pub(crate) fn message_name(text: &str) -> Result<MessageId, Fault> {
    parse_message_name(text).ok_or_else(|| Fault::not_found("Message"))
}

fn limit(call: &Call) -> Result<usize, Fault> {
    let limit = call.query.number("limit", 1, PAGE_MAX)?.unwrap_or(PAGE);
    Ok(usize::try_from(limit).unwrap_or(1))
}

/// A place in the list: the instant in microseconds, the id, and a digest of what the list shows, for which alone it is good.
fn cursor(last: &Thread, agent: AgentId, state: Option<ThreadState>) -> String {
    format!("{}.{}.{}", last.updated_at.micros(), to_base32(last.id.0), mark(agent, state))
}

fn read_cursor(text: &str, agent: AgentId, state: Option<ThreadState>) -> Result<Place, Fault> {
    let read = || {
        let mut parts = text.split('.');
        let at = floe_model::Timestamp(parts.next()?.parse().ok()?);
        let id = ThreadId::parse(parts.next()?).ok()?;
        (parts.next()? == mark(agent, state) && parts.next().is_none()).then_some((at, id))
    };
    let message = "cursor must be the next_cursor of a page of this list with the same filters";
    read().ok_or_else(|| Fault::new(FaultKind::Invalid, "invalid_cursor", message))
}

fn mark(agent: AgentId, state: Option<ThreadState>) -> String {
    let digest = sha256(format!("threads {agent} {:?}", state.map(ThreadState::as_str)).as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
