//! Reads the answers of the messages protocol, whole and in pieces.

use std::collections::BTreeMap;

use floe_runtime::models::{Finish, ModelFault, ToolRequest, Usage};
use serde_json::Value;

use crate::models::asking::{Said, TOOL_CALLS_MAX, arguments, tokens};

/// Blocks of one answer: texts between tools.
const BLOCKS_MAX: u64 = 2 * TOOL_CALLS_MAX as u64 + 16;

/// An answer of which pieces have arrived.
#[derive(Debug)]
pub(super) struct Answer {
    /// The tool whose arguments are the text of the answer.
    as_text: Option<&'static str>,
    text: String,
    thinking: String,
    tools: BTreeMap<u64, Tool>,
    finish: Finish,
    usage: Option<Usage>,
}

#[derive(Debug)]
struct Tool {
    id: String,
    name: String,
    written: String,
}

impl Answer {
    pub(super) fn new(as_text: Option<&'static str>) -> Self {
        let (text, thinking) = (String::new(), String::new());
        Self { as_text, text, thinking, tools: BTreeMap::new(), finish: Finish::Stop, usage: None }
    }

    /// Takes the next event and tells the text in it. Events of other kinds are passed over, as the protocol asks for.
    pub(super) fn take<'e>(&mut self, event: &'e Value) -> Result<&'e str, ModelFault> {
        match event.get("type").and_then(Value::as_str) {
            Some("message_start") => self.count(event.get("message").and_then(|message| message.get("usage"))),
            Some("content_block_start") => {
                let block = event.get("content_block").ok_or(ModelFault::Malformed)?;
                return self.begin(index(event)?, block);
            }
            Some("content_block_delta") => {
                let delta = event.get("delta").ok_or(ModelFault::Malformed)?;
                return self.add(index(event)?, delta);
            }
            Some("message_delta") => {
                let reason = event.get("delta").and_then(|delta| delta.get("stop_reason")).and_then(Value::as_str);
                self.finish = reason.map_or(self.finish, finish_of);
                self.count(event.get("usage"));
            }
            _ => {}
        }
        Ok("")
    }

    fn begin<'e>(&mut self, index: u64, block: &'e Value) -> Result<&'e str, ModelFault> {
        match block.get("type").and_then(Value::as_str) {
            Some("text") => Ok(self.say(string(block, "text"))),
            Some("tool_use") => {
                let input = block.get("input").filter(|input| input.as_object().is_some_and(|map| !map.is_empty()));
                let written = input.map(Value::to_string).unwrap_or_default();
                let (id, name) = (string(block, "id").to_owned(), string(block, "name").to_owned());
                self.tools.insert(index, Tool { id, name, written });
                Ok("")
            }
            _ => Ok(""),
        }
    }

    fn add<'e>(&mut self, index: u64, delta: &'e Value) -> Result<&'e str, ModelFault> {
        match delta.get("type").and_then(Value::as_str) {
            Some("text_delta") => Ok(self.say(string(delta, "text"))),
            Some("thinking_delta") => {
                self.thinking.push_str(string(delta, "thinking"));
                Ok("")
            }
            Some("input_json_delta") => {
                let piece = string(delta, "partial_json");
                let tool = self.tools.get_mut(&index).ok_or(ModelFault::Malformed)?;
                tool.written.push_str(piece);
                Ok(if Some(tool.name.as_str()) == self.as_text { piece } else { "" })
            }
            _ => Ok(""),
        }
    }

    fn say<'e>(&mut self, piece: &'e str) -> &'e str {
        // Beside the tool that is the answer a model has nothing to say.
        if self.as_text.is_some() {
            return "";
        }
        self.text.push_str(piece);
        piece
    }

    /// Later counts take the place of earlier ones; each names only what it knows.
    fn count(&mut self, told: Option<&Value>) {
        let Some(told) = told.filter(|told| told.is_object()) else { return };
        let mut usage = self.usage.unwrap_or_default();
        if told.get("input_tokens").is_some_and(Value::is_number) {
            usage.input_tokens = input_tokens(told);
        }
        if let Some(output) = told.get("output_tokens").filter(|count| count.is_number()) {
            usage.output_tokens = tokens(Some(output));
        }
        self.usage = Some(usage);
    }

    /// The whole answer, after its end.
    pub(super) fn done(self) -> Result<Said, ModelFault> {
        let blocks = self.tools.into_values().map(|tool| (tool.id, tool.name, tool.written));
        let said = finished(self.as_text, self.text, blocks, self.finish, self.usage)?;
        Ok(Said { thinking: self.thinking, ..said })
    }
}

/// An answer that came whole.
pub(super) fn whole(answer: &Value, as_text: Option<&'static str>) -> Result<Said, ModelFault> {
    let blocks = answer.get("content").and_then(Value::as_array).ok_or(ModelFault::Malformed)?;
    let of_kind =
        |kind: &'static str| blocks.iter().filter(move |block| block.get("type").and_then(Value::as_str) == Some(kind));
    let text =
        if as_text.is_some() { String::new() } else { of_kind("text").map(|block| string(block, "text")).collect() };
    let tools = of_kind("tool_use").map(|block| {
        let written = block.get("input").map(Value::to_string).unwrap_or_default();
        (string(block, "id").to_owned(), string(block, "name").to_owned(), written)
    });
    let finish = answer.get("stop_reason").and_then(Value::as_str).map_or(Finish::Stop, finish_of);
    let count =
        |usage: &Value| Usage { input_tokens: input_tokens(usage), output_tokens: tokens(usage.get("output_tokens")) };
    let usage = answer.get("usage").filter(|usage| usage.is_object()).map(count);
    let thinking = of_kind("thinking").map(|block| string(block, "thinking")).collect();
    Ok(Said { thinking, ..finished(as_text, text, tools, finish, usage)? })
}

fn finished(
    as_text: Option<&'static str>,
    mut text: String,
    tools: impl Iterator<Item = (String, String, String)>,
    mut finish: Finish,
    usage: Option<Usage>,
) -> Result<Said, ModelFault> {
    let mut tool_calls = Vec::new();
    for (id, name, written) in tools {
        if name.is_empty() {
            return Err(ModelFault::Malformed);
        }
        if Some(name.as_str()) == as_text {
            // As it was written, so that what was given out piece by piece is what is kept.
            text = written;
            if finish == Finish::ToolCalls {
                finish = Finish::Stop;
            }
        } else {
            tool_calls.push(ToolRequest { id, name, arguments: arguments(&written) });
        }
    }
    Ok(Said { text, thinking: String::new(), tool_calls, finish, usage })
}

fn index(event: &Value) -> Result<u64, ModelFault> {
    event.get("index").and_then(Value::as_u64).filter(|index| *index < BLOCKS_MAX).ok_or(ModelFault::Malformed)
}

fn string<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What was read from or written to the provider's cache went in as well.
fn input_tokens(usage: &Value) -> i64 {
    let names = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"];
    names.iter().map(|name| tokens(usage.get(*name))).sum()
}

fn finish_of(reason: &str) -> Finish {
    match reason {
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::ContentFilter,
        _ => Finish::Stop,
    }
}
