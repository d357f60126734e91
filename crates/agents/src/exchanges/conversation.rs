//! The messages of a thread as a model takes them.

use floe_model::agents::message::{Content, Message, Part, Role};
use floe_runtime::models::{ChatMessage, Part as Seen, ToolRequest};
use serde_json::{Value, json};

/// What a model is told when a conversation ends with its own words and it is to go on all the same.
pub(super) const GO_ON: &str =
    "What was waiting for an approval has been decided; its result stands above. Go on from there.";

/// Messages for a model. Each call of a tool is followed by its result, wherever that stands in the conversation: one that a person
/// approved later comes late. A call without a result says that it waits; a result without a call is left out.
pub(super) fn for_model(messages: &[Message]) -> Vec<ChatMessage> {
    let mut used = vec![false; messages.iter().map(|message| parts(message).len()).sum()];
    let mut list = Vec::with_capacity(messages.len());
    for (at, message) in messages.iter().enumerate() {
        match message.role {
            Role::System => list.push(ChatMessage::System { text: message.content.plain_text() }),
            Role::User => list.push(ChatMessage::User { parts: seen(&message.content) }),
            Role::Assistant => {
                let (text, calls) = (message.content.plain_text(), calls(message));
                if !text.is_empty() || !calls.is_empty() {
                    list.push(ChatMessage::Assistant { text, tool_calls: calls.clone() });
                }
                for call in calls {
                    let result = take_result(&messages[at..], offset(messages, at), &mut used, &call.id);
                    let result = result.unwrap_or_else(|| json!({ "status": "waiting_for_approval" }));
                    list.push(ChatMessage::Tool { call_id: call.id, name: call.name, content: text_of(&result) });
                }
            }
            Role::Tool => {}
        }
    }
    list
}

/// What a tool gave, as a model reads it.
fn text_of(result: &Value) -> String {
    match result {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn seen(content: &Content) -> Vec<Seen> {
    match content {
        Content::Text(text) => vec![Seen::Text(text.clone())],
        Content::Parts(parts) => parts
            .iter()
            .filter_map(|part| match part {
                Part::Text { text } => Some(Seen::Text(text.clone())),
                Part::Image { image } => Some(Seen::Image(image.clone())),
                Part::ToolCall { .. } | Part::ToolResult { .. } => None,
            })
            .collect(),
    }
}

fn parts(message: &Message) -> &[Part] {
    match &message.content {
        Content::Text(_) => &[],
        Content::Parts(parts) => parts,
    }
}

fn calls(message: &Message) -> Vec<ToolRequest> {
    parts(message)
        .iter()
        .filter_map(|part| match part {
            Part::ToolCall { id, name, args } => {
                Some(ToolRequest { id: id.clone(), name: name.clone(), arguments: args.clone() })
            }
            _ => None,
        })
        .collect()
}

/// Number of the first part of a message among all parts.
fn offset(messages: &[Message], at: usize) -> usize {
    messages[..at].iter().map(|message| parts(message).len()).sum()
}

/// The first result of a call that no other call has taken.
fn take_result(messages: &[Message], offset: usize, used: &mut [bool], call: &str) -> Option<Value> {
    let all = messages.iter().flat_map(parts);
    let found = all.zip(offset..).find_map(|(part, number)| match part {
        Part::ToolResult { id, result, .. } if id == call && !used[number] => Some((number, result.clone())),
        _ => None,
    });
    found.map(|(number, result)| {
        used[number] = true;
        result
    })
}
