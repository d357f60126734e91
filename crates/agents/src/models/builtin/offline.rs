//! `offline`: answers from tools and knowledge, and says where from (console contract, section 5.1).
//!
//! It calls the tool whose name words all occur in the message, with arguments from its numbers and text; else the tool that searches
//! knowledge. What they give is the answer. Without either it says that it has nothing to answer from: it makes nothing up.

use floe_model::agents::words;
use floe_runtime::models::{ChatMessage, Finish, ModelCall, ToolRequest};
use floe_runtime::tools::ToolSpec;
use serde_json::{Map, Value, json};

use super::passages::{Passage, read};
use super::{fill, last_said};
use crate::models::asking::Said;

/// Passages of one answer.
const PASSAGES_MAX: usize = 3;
/// Characters of a passage in an answer.
const PASSAGE_CHARS_MAX: usize = 600;
/// Characters of another tool's result in an answer.
const RESULT_CHARS_MAX: usize = 1_000;
/// Said when there is nothing to answer from.
const NOTHING: &str = "I am the offline model of this server. I answer from this agent's tools and knowledge, and I have no passages \
                       about this.";

/// What it says, or the tool that it asks for; `call_id` makes the id of that call.
pub(super) fn answer(call: &ModelCall, call_id: impl FnOnce() -> String) -> Said {
    let told = results(call);
    let said = last_said(call);
    if let Some(schema) = call.response_schema.as_ref().filter(|_| !told.is_empty() || call.tools.is_empty()) {
        let text = if told.is_empty() { said } else { from_results(&told) };
        return spoken(fill::value(schema, &text).to_string());
    }
    if !told.is_empty() {
        return spoken(from_results(&told));
    }
    match named(&call.tools, &said).map(|tool| (tool, fill::value(&tool.parameters, &said))).or_else(|| {
        let search = call.tools.iter().find(|tool| is_search(tool))?;
        Some((search, json!({ "query": said })))
    }) {
        Some((tool, arguments)) => Said {
            text: String::new(),
            thinking: String::new(),
            tool_calls: vec![ToolRequest { id: call_id(), name: tool.name.clone(), arguments: as_object(arguments) }],
            finish: Finish::ToolCalls,
            usage: None,
        },
        None => spoken(NOTHING.to_owned()),
    }
}

fn spoken(text: String) -> Said {
    Said { text, thinking: String::new(), tool_calls: Vec::new(), finish: Finish::Stop, usage: None }
}

fn as_object(value: Value) -> Value {
    if value.is_object() { value } else { Value::Object(Map::new()) }
}

/// Name and result of the tools that were called since the person spoke.
fn results(call: &ModelCall) -> Vec<(&str, &str)> {
    let since = call.messages.iter().rposition(|message| matches!(message, ChatMessage::User { .. })).unwrap_or(0);
    let told = call.messages[since.min(call.messages.len())..].iter().filter_map(|message| match message {
        ChatMessage::Tool { name, content, .. } => Some((name.as_str(), content.as_str())),
        _ => None,
    });
    told.collect()
}

/// The tool whose name words all occur in a message; of several the one with the most words, then the first.
fn named<'t>(tools: &'t [ToolSpec], said: &str) -> Option<&'t ToolSpec> {
    let said = words::of(said);
    let score = |tool: &&ToolSpec| {
        let name = name_words(&tool.name);
        let all = !name.is_empty() && name.iter().all(|word| said.contains(word));
        if all && !is_search(tool) { name.len() } else { 0 }
    };
    tools.iter().rev().filter(|tool| score(tool) > 0).max_by_key(score)
}

/// `refund_request`, `refund-request` and `refundRequest` are two words.
fn name_words(name: &str) -> Vec<String> {
    let mut parted = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            parted.push(' ');
        }
        parted.push(if c.is_alphanumeric() { c } else { ' ' });
        before = c;
    }
    words::of(&parted)
}

/// Whether a tool searches knowledge: it says so in its name or its description, and takes a query.
fn is_search(tool: &ToolSpec) -> bool {
    let told = [&tool.name, &tool.description].map(|text| text.to_ascii_lowercase());
    let says = |word: &str| told.iter().any(|text| text.contains(word));
    (says("knowledge") || told[0].contains("search"))
        && tool.parameters.get("properties").is_some_and(|properties| properties.get("query").is_some())
}

fn from_results(told: &[(&str, &str)]) -> String {
    let (mut passages, mut others) = (Vec::new(), Vec::new());
    for (name, content) in told {
        let result = serde_json::from_str::<Value>(content).unwrap_or_else(|_| Value::String((*content).to_owned()));
        match read(&result) {
            Some(found) => passages.extend(found),
            None => others.push(of_tool(name, &result)),
        }
    }
    if others.is_empty() && passages.is_empty() {
        return NOTHING.to_owned();
    }
    others.extend(passages.iter().take(PASSAGES_MAX).map(quoted));
    others.join("\n\n")
}

fn quoted(passage: &Passage) -> String {
    let text = cut(&passage.text, PASSAGE_CHARS_MAX);
    match &passage.source {
        Some(source) => format!("{text}\n(Source: {source})"),
        None => text,
    }
}

fn of_tool(name: &str, result: &Value) -> String {
    let text = |field: &str| result.get(field).and_then(Value::as_str);
    if let Some(error) = text("error") {
        return format!("{name} did not work: {}", text("message").unwrap_or(error));
    }
    if text("status") == Some("waiting_for_approval") {
        return format!("{name} waits for a person's approval.");
    }
    match result {
        Value::String(text) => cut(text, RESULT_CHARS_MAX),
        other => format!("{name}: {}", cut(&other.to_string(), RESULT_CHARS_MAX)),
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most).chain(['…']).collect()
}
