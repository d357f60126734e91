//! Writes the body of a chat completion.

use floe_runtime::models::{ChatMessage, ToolRequest};
use serde_json::{Map, Value, json};

use crate::models::asking::{Asking, Seen};
use crate::models::catalog::Server;

/// What servers differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    /// `max_completion_tokens` instead of `max_tokens`.
    newer_limit: bool,
    has_temperature: bool,
    has_stream_options: bool,
    has_effort: bool,
}

/// Tokens of thought from which on a model is asked for some or for much effort; the protocol knows three words and no number.
const EFFORTS: [(u32, &str); 3] = [(16_384, "high"), (4_096, "medium"), (0, "low")];

impl Dialect {
    /// What a server is expected to take.
    pub(super) fn of(server: &Server) -> Self {
        let newer_limit = server.base_url.starts_with("https://api.openai.com/");
        Self { newer_limit, has_temperature: true, has_stream_options: true, has_effort: true }
    }

    /// The same without a field that a server has refused; none when there is nothing left to try.
    pub(super) fn without(self, field: &str) -> Option<Self> {
        match field {
            "max_tokens" if !self.newer_limit => Some(Self { newer_limit: true, ..self }),
            "max_completion_tokens" if self.newer_limit => Some(Self { newer_limit: false, ..self }),
            "temperature" if self.has_temperature => Some(Self { has_temperature: false, ..self }),
            "stream_options" if self.has_stream_options => Some(Self { has_stream_options: false, ..self }),
            "reasoning_effort" if self.has_effort => Some(Self { has_effort: false, ..self }),
            _ => None,
        }
    }
}

/// The body.
pub(super) fn body(asking: &Asking<'_>, dialect: Dialect) -> Value {
    let (call, info) = (asking.call, asking.info);
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(info.upstream_model));
    body.insert("messages".to_owned(), Value::Array(messages(asking)));
    let limit = if dialect.newer_limit { "max_completion_tokens" } else { "max_tokens" };
    let thinking = asking.thinking_tokens().filter(|_| dialect.has_effort);
    let most = info.max_output_tokens.max(1);
    body.insert(limit.to_owned(), json!(asking.output_tokens().saturating_add(thinking.unwrap_or(0)).min(most)));
    let effort = thinking.and_then(|tokens| EFFORTS.iter().find(|(least, _)| tokens >= *least));
    if let Some((_, effort)) = effort {
        body.insert("reasoning_effort".to_owned(), json!(effort));
    }
    if let Some(temperature) = call.temperature.filter(|_| dialect.has_temperature) {
        body.insert("temperature".to_owned(), json!(temperature));
    }
    if let Some(part) = call.top_p {
        body.insert("top_p".to_owned(), json!(part));
    }
    let tools = asking.tools();
    if !tools.is_empty() {
        let tool = |tool: &floe_runtime::tools::ToolSpec| {
            json!({ "type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.parameters,
            } })
        };
        body.insert("tools".to_owned(), tools.iter().map(tool).collect());
    }
    if let Some(schema) = call.response_schema.as_ref().filter(|_| info.supports.json_schema) {
        let format = json!({ "type": "json_schema", "json_schema": {
            "name": "answer", "schema": schema, "strict": is_strict(schema),
        } });
        body.insert("response_format".to_owned(), format);
    }
    if asking.streams() {
        body.insert("stream".to_owned(), json!(true));
        if dialect.has_stream_options {
            body.insert("stream_options".to_owned(), json!({ "include_usage": true }));
        }
    }
    Value::Object(body)
}

fn messages(asking: &Asking<'_>) -> Vec<Value> {
    let system = asking.system(!asking.info.supports.json_schema);
    let system = system.map(|text| json!({ "role": "system", "content": text }));
    system.into_iter().chain(asking.call.messages.iter().map(|message| one(asking, message))).collect()
}

fn one(asking: &Asking<'_>, message: &ChatMessage) -> Value {
    match message {
        ChatMessage::System { text } => json!({ "role": "system", "content": text }),
        ChatMessage::User { parts } => {
            let seen = asking.seen(parts);
            match seen.as_slice() {
                [Seen::Text(text)] => json!({ "role": "user", "content": text }),
                seen => json!({ "role": "user", "content": seen.iter().map(part).collect::<Vec<_>>() }),
            }
        }
        ChatMessage::Assistant { text, tool_calls } if tool_calls.is_empty() => {
            json!({ "role": "assistant", "content": text })
        }
        ChatMessage::Assistant { text, tool_calls } => {
            let content = Some(text).filter(|text| !text.is_empty());
            let calls: Vec<Value> = tool_calls.iter().map(tool_call).collect();
            json!({ "role": "assistant", "content": content, "tool_calls": calls })
        }
        ChatMessage::Tool { call_id, content, .. } => {
            json!({ "role": "tool", "tool_call_id": call_id, "content": content })
        }
    }
}

fn part(part: &Seen<'_>) -> Value {
    match part {
        Seen::Text(text) => json!({ "type": "text", "text": text }),
        Seen::Image(url) => json!({ "type": "image_url", "image_url": { "url": url } }),
    }
}

fn tool_call(call: &ToolRequest) -> Value {
    let arguments = match &call.arguments {
        // What the model wrote, and was no JSON.
        Value::String(written) => written.clone(),
        arguments => arguments.to_string(),
    };
    json!({ "id": call.id, "type": "function", "function": { "name": call.name, "arguments": arguments } })
}

/// Whether a schema is of the kind to which a server can hold a model without exception: every object closed, every property required.
fn is_strict(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            let is_object = map.get("type").and_then(Value::as_str) == Some("object") || map.contains_key("properties");
            let closed = map.get("additionalProperties") == Some(&Value::Bool(false));
            let properties = map.get("properties").and_then(Value::as_object);
            let required = map.get("required").and_then(Value::as_array);
            let all_required = properties.is_none_or(|properties| {
                properties.keys().all(|key| required.is_some_and(|list| list.iter().any(|name| name == key.as_str())))
            });
            (!is_object || (closed && all_required)) && map.values().all(is_strict)
        }
        Value::Array(list) => list.iter().all(is_strict),
        _ => true,
    }
}
