//! `/threads`: conversations with agents (console contract, section 5.2).

use floe_agents::threads::{self, Turn};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::agents::envelope::exchange_name;
use floe_model::agents::exchange::ThreadState;
use floe_model::id::{AgentId, MessageId, ThreadId};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::agents::messages::Message;
use floe_store::agents::thread_list::{self, Filter};
use floe_store::agents::threads::Thread;
use http::StatusCode;
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{WINDOW, threads as shapes};
use super::{Rights, SURFACE, filters};
use crate::agents::{Given, NOTE_MAX, SAY_MAX, message_name, thread_metadata};
use crate::http::shape::{ID, TEXT};
use crate::http::{Auth, Call, Reply, Route};

/// What a thread in another state refuses.
const REFUSED: &[&str] = &["conflict"];

macro_rules! path {
    ($rest:literal) => {
        concat!("/console/v1/threads/{id}", $rest)
    };
}

pub(super) fn routes() -> Vec<Route> {
    let changes = |route: Route| route.needs(Permission::Answer).answers(200, shapes::THREAD).refuses(409, REFUSED);
    vec![
        Route::get(&SURFACE, "/console/v1/threads", Auth::MEMBER, list)
            .needs(Permission::Read)
            .doc("List threads")
            .about("Those that were busy last come first; of the mode of the request.")
            .queries(WINDOW)
            .query("agent_id", ID, "With one agent")
            .query("state", shapes::STATE, "In one state")
            .query("q", TEXT, "Text in their id, as callers spell it, or their title")
            .answers(200, shapes::THREADS),
        Route::get(&SURFACE, path!(""), Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show a thread")
            .answers(200, shapes::THREAD),
        Route::delete(&SURFACE, path!(""), Auth::MEMBER, delete)
            .needs(Permission::Build)
            .doc("Delete a thread")
            .about("Its messages are removed for good; what was counted stays.")
            .answers_nothing(204),
        Route::get(&SURFACE, path!("/messages"), Auth::MEMBER, messages)
            .needs(Permission::Read)
            .doc("List messages of a thread")
            .about("Newest first.")
            .queries(WINDOW)
            .answers(200, shapes::MESSAGES),
        Route::post(&SURFACE, path!("/messages"), Auth::MEMBER, say)
            .needs(Permission::Answer)
            .doc("Answer in an agent's place")
            .about("While the thread is in the hands of a person.")
            .takes(shapes::SAY)
            .answers(201, shapes::MESSAGE)
            .refuses(409, REFUSED),
        changes(Route::post(&SURFACE, path!("/handoff"), Auth::MEMBER, handoff).doc("Hand a thread to a person"))
            .takes(shapes::HANDOFF),
        changes(Route::post(&SURFACE, path!("/release"), Auth::MEMBER, release).doc("Give a thread back to its agent")),
        changes(Route::post(&SURFACE, path!("/archive"), Auth::MEMBER, archive).doc("Close a thread")),
        changes(Route::post(&SURFACE, path!("/unarchive"), Auth::MEMBER, unarchive).doc("Open a closed thread")),
        Route::post(&SURFACE, path!("/feedback"), Auth::MEMBER, feedback)
            .needs(Permission::Answer)
            .doc("Rate a message")
            .takes(shapes::FEEDBACK)
            .answers(200, shapes::MESSAGE),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &["agent_id", "state", "q"])?;
    filters::newest_first(window.newest_first)?;
    let states: Vec<&str> = ThreadState::ALL.iter().map(|state| state.as_str()).collect();
    let filter = Filter {
        agent: filters::id(&call, "agent_id")?.map(AgentId),
        state: filters::word(&call, "state", &states)?.as_deref().and_then(ThreadState::parse),
        text: filters::text(&call, "q")?.filter(|text| !text.is_empty()),
    };
    // A place in this list is an instant and an id.
    let after = window
        .after
        .zip(window.after_second)
        .and_then(|(micros, id)| Some((floe_model::Timestamp(i64::try_from(micros).ok()?), ThreadId(id))));
    let (scope, limit, counts) = (call.ctx.caller.scope(), window.limit, window.total);
    let read = move |tx: &mut Tx<'_>| {
        let total = if counts { Some(thread_list::total(tx, scope, &filter)?) } else { None };
        Ok((thread_list::list(tx, scope, &filter, after, limit + 1)?, total))
    };
    let (mut found, total) = call.ctx.store.read(read).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|last| (u128::from(last.updated_at.micros().unsigned_abs()), last.id.0)).unzip();
    let data = found.iter().map(|thread| object(thread, &call.ctx)).collect();
    Reply::ok(&window.page_joined(data, [last.0, last.1], more, total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (id, scope): (ThreadId, _) = (call.id("id", "Thread")?, call.ctx.caller.scope());
    let thread = call.ctx.store.read(move |tx| threads::find(tx, scope, id)).await?;
    Reply::ok(&object(&thread, &call.ctx))
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let (id, ctx): (ThreadId, _) = (call.id("id", "Thread")?, call.ctx.clone());
    call.commit(move |tx| threads::delete(tx, &ctx, id), |()| Ok(Reply::no_content())).await
}

async fn messages(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &[])?;
    filters::newest_first(window.newest_first)?;
    let (id, scope): (ThreadId, _) = (call.id("id", "Thread")?, call.ctx.caller.scope());
    let (before, limit) = (window.after.map(MessageId), window.limit);
    let read = move |tx: &mut Tx<'_>| {
        let thread = threads::find(tx, scope, id)?;
        let page = threads::page(tx, scope, &thread, before, limit)?;
        Ok((thread, page))
    };
    let (thread, page) = call.ctx.store.read(read).await?;
    let last = page.messages.first().map(|message| message.id.0);
    let data = page.messages.iter().rev().map(message_object).collect();
    Reply::ok(&window.page(data, last, page.more, Some(thread.message_count)))
}

async fn say(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let content = body.required_text("content", 1, SAY_MAX);
    body.finish()?;
    let (id, ctx): (ThreadId, _) = (call.id("id", "Thread")?, call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| threads::say(tx, &ctx, &Turn::of(&ctx), id, &content);
    call.commit(act, |message| Ok(Reply::value(StatusCode::CREATED, &message_object(&message)))).await
}

async fn handoff(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let note = body.text("note", 0, NOTE_MAX);
    body.finish()?;
    change(&call, move |tx, ctx, id| threads::hand_over(tx, ctx, &Turn::of(ctx), id, note.clone())).await
}

async fn release(call: Call) -> Result<Reply, Fault> {
    call.fields()?.finish()?;
    change(&call, |tx, ctx, id| threads::release(tx, ctx, &Turn::of(ctx), id)).await
}

async fn archive(call: Call) -> Result<Reply, Fault> {
    call.fields()?.finish()?;
    change(&call, |tx, ctx, id| threads::archive(tx, ctx, &Turn::of(ctx), id)).await
}

async fn unarchive(call: Call) -> Result<Reply, Fault> {
    call.fields()?.finish()?;
    change(&call, |tx, ctx, id| threads::unarchive(tx, ctx, &Turn::of(ctx), id)).await
}

async fn feedback(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let given = Given::read(&mut body);
    body.finish()?;
    let message = message_name(&given.message)?;
    let (id, scope): (ThreadId, _) = (call.id("id", "Thread")?, call.ctx.caller.scope());
    let act = move |tx: &mut Tx<'_>| {
        let thread = threads::find(tx, scope, id)?;
        threads::rate(tx, scope, &thread, message, given.rating, &given.comment)
    };
    call.commit(act, |message| Reply::ok(&message_object(&message))).await
}

/// Does something to the thread of the path and shows it.
async fn change(
    call: &Call,
    act: impl Fn(&mut Tx<'_>, &Ctx, ThreadId) -> Result<Thread, Fault> + Send + 'static,
) -> Result<Reply, Fault> {
    let (id, ctx): (ThreadId, _) = (call.id("id", "Thread")?, call.ctx.clone());
    let shown = call.ctx.clone();
    call.commit(move |tx| act(tx, &ctx, id), move |thread| Reply::ok(&object(&thread, &shown))).await
}

fn object(thread: &Thread, ctx: &Ctx) -> Value {
    json!({
        "id": thread.id.prefixed(),
        "external_id": thread.alias,
        "agent_id": thread.agent,
        "mode": ctx.caller.mode.as_str(),
        "state": thread.state.as_str(),
        "channel": thread.channel.as_str(),
        "title": thread.title,
        "metadata": thread_metadata(thread),
        "note": thread.note,
        "message_count": thread.message_count,
        "last_message_at": thread.last_message_at,
        "created_at": thread.created_at,
        "updated_at": thread.updated_at,
    })
}

fn message_object(message: &Message) -> Value {
    json!({
        "id": message.id.prefixed(),
        "role": message.role.as_str(),
        "content": message.content.to_json(),
        "author": message.author,
        "exchange_id": message.exchange.map(exchange_name),
        "rating": message.rating,
        "comment": message.rating_comment,
        "created_at": message.created_at,
    })
}
