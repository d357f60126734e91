//! Threads and their messages as the agent API shows them.

use floe_model::agents::envelope::{exchange_name, instant, message_name};
use floe_store::agents::messages::Message;
use floe_store::agents::threads::Thread;
use serde_json::{Map, Value, json};

/// A thread.
pub(super) fn thread(thread: &Thread) -> Value {
    json!({
        "id": thread.alias,
        "agent_id": thread.agent,
        "state": thread.state.as_str(),
        "channel": thread.channel.as_str(),
        "title": thread.title,
        "metadata": metadata(thread),
        "note": thread.note,
        "message_count": thread.message_count,
        "last_message_at": thread.last_message_at.map(instant),
        "created_at": instant(thread.created_at),
        "updated_at": instant(thread.updated_at),
    })
}

/// A message.
pub(super) fn message(message: &Message) -> Value {
    json!({
        "id": message_name(message.id),
        "role": message.role.as_str(),
        "content": message.content.to_json(),
        "author": message.author,
        "exchange_id": message.exchange.map(exchange_name),
        "rating": message.rating,
        "comment": message.rating_comment,
        "created_at": instant(message.created_at),
    })
}

/// What its owner keeps with a thread.
pub(crate) fn metadata(thread: &Thread) -> Value {
    Value::Object(serde_json::from_str::<Map<String, Value>>(&thread.metadata).unwrap_or_default())
}
