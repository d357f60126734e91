//! Writes the body of a message.
//!
//! The protocol knows two roles that take turns, beginning with the user; what a tool said is a part of the user's turn, and
//! instructions stand outside.

use floe_runtime::models::{ChatMessage, ModelFault, ToolRequest};
use serde_json::{Map, Value, json};

use super::ANSWER_TOOL;
use crate::models::asking::{Asking, Seen};

/// What stands for the beginning of a conversation that the model began.
const BEGINNING: &str = "(The conversation begins.)";

/// What stands for the person where the model spoke last.
const GO_ON: &str = "(Go on.)";

/// Whether the answer comes as the arguments of a tool: a schema is asked for, and no other tool could be called instead.
pub(super) fn answers_by_tool(asking: &Asking<'_>) -> bool {
    let info = asking.info;
    asking.call.response_schema.is_some()
        && info.supports.json_schema
        && info.supports.tools
        && asking.call.tools.is_empty()
        // A model that thinks cannot be made to call a tool.
        && asking.thinking_tokens().is_none()
}

/// The body.
///
/// # Errors
/// `Refused` for an image that is neither a URL nor base64 data.
pub(super) fn body(asking: &Asking<'_>) -> Result<Value, ModelFault> {
    let (call, info) = (asking.call, asking.info);
    let by_tool = answers_by_tool(asking);
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(info.upstream_model));
    let thinking = asking.thinking_tokens();
    let most = asking.output_tokens().saturating_add(thinking.unwrap_or(0)).min(info.max_output_tokens.max(1));
    body.insert("max_tokens".to_owned(), json!(most));
    if let Some(tokens) = thinking {
        body.insert("thinking".to_owned(), json!({ "type": "enabled", "budget_tokens": tokens }));
    }
    if let Some(system) = system(asking, !by_tool) {
        body.insert("system".to_owned(), json!(system));
    }
    body.insert("messages".to_owned(), Value::Array(turns(asking)?));
    // A model that thinks takes neither of the two.
    if let Some(temperature) = call.temperature.filter(|_| thinking.is_none()) {
        // 0 to 1 here.
        body.insert("temperature".to_owned(), json!(temperature.clamp(0.0, 1.0)));
    }
    if let Some(part) = call.top_p.filter(|_| thinking.is_none()) {
        body.insert("top_p".to_owned(), json!(part));
    }
    let tool = |name: &str, description: &str, schema: &Value| json!({ "name": name, "description": description, "input_schema": schema });
    if let Some(schema) = call.response_schema.as_ref().filter(|_| by_tool) {
        body.insert("tools".to_owned(), json!([tool(ANSWER_TOOL, "Give the answer.", schema)]));
        body.insert("tool_choice".to_owned(), json!({ "type": "tool", "name": ANSWER_TOOL }));
    } else if !asking.tools().is_empty() {
        let tools: Vec<Value> =
            asking.tools().iter().map(|spec| tool(&spec.name, &spec.description, &spec.parameters)).collect();
        body.insert("tools".to_owned(), Value::Array(tools));
    }
    if asking.streams() {
        body.insert("stream".to_owned(), json!(true));
    }
    Ok(Value::Object(body))
}

fn system(asking: &Asking<'_>, with_schema: bool) -> Option<String> {
    let (_, before) = asking.call.messages.split_last().unzip();
    let inner = before.into_iter().flatten().filter_map(|message: &ChatMessage| match message {
        ChatMessage::System { text } => Some(text.clone()),
        _ => None,
    });
    let all: Vec<String> =
        asking.system(with_schema).into_iter().chain(inner).filter(|text| !text.is_empty()).collect();
    (!all.is_empty()).then(|| all.join("\n\n"))
}

fn turns(asking: &Asking<'_>) -> Result<Vec<Value>, ModelFault> {
    let mut turns: Vec<(&'static str, Vec<Value>)> = Vec::new();
    let last = asking.call.messages.len().saturating_sub(1);
    for (at, message) in asking.call.messages.iter().enumerate() {
        let (role, blocks) = match message {
            // Instructions at the end are what the model shall act on now.
            ChatMessage::System { text } if at == last => ("user", block(Seen::Text(text))?.into_iter().collect()),
            ChatMessage::System { .. } => continue,
            ChatMessage::User { parts } => (
                "user",
                asking.seen(parts).into_iter().filter_map(|seen| block(seen).transpose()).collect::<Result<_, _>>()?,
            ),
            ChatMessage::Assistant { text, tool_calls } => {
                let text = block(Seen::Text(text))?.into_iter();
                ("assistant", text.chain(tool_calls.iter().map(tool_use)).collect::<Vec<Value>>())
            }
            ChatMessage::Tool { call_id, content, .. } => {
                ("user", vec![json!({ "type": "tool_result", "tool_use_id": call_id, "content": content })])
            }
        };
        match turns.last_mut() {
            Some((last, all)) if *last == role => all.extend(blocks),
            _ if blocks.is_empty() => {}
            _ => turns.push((role, blocks)),
        }
    }
    if turns.first().is_none_or(|(role, _)| *role == "assistant") {
        turns.insert(0, ("user", vec![json!({ "type": "text", "text": BEGINNING })]));
    }
    if turns.last().is_some_and(|(role, _)| *role == "assistant") {
        turns.push(("user", vec![json!({ "type": "text", "text": GO_ON })]));
    }
    Ok(turns.into_iter().map(|(role, blocks)| json!({ "role": role, "content": blocks })).collect())
}

/// A block; none for an empty text, which the protocol refuses.
fn block(seen: Seen<'_>) -> Result<Option<Value>, ModelFault> {
    let image = match seen {
        Seen::Text(text) => {
            return Ok((!text.trim().is_empty()).then(|| json!({ "type": "text", "text": text })));
        }
        Seen::Image(image) => image,
    };
    let source = match image.strip_prefix("data:") {
        None => json!({ "type": "url", "url": image }),
        Some(data) => {
            let parts = data.split_once(";base64,");
            let (kind, data) = parts.ok_or_else(|| ModelFault::Refused("an image must be base64 data".to_owned()))?;
            json!({ "type": "base64", "media_type": kind, "data": data })
        }
    };
    Ok(Some(json!({ "type": "image", "source": source })))
}

fn tool_use(call: &ToolRequest) -> Value {
    // Arguments that were no JSON are shown to the model as what it wrote.
    let input = match &call.arguments {
        Value::Object(_) => call.arguments.clone(),
        other => json!({ "written": other }),
    };
    json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": input })
}
