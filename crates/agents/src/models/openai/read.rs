//! Reads the answers of chat completions, whole and in pieces, and of embeddings.

use std::collections::BTreeMap;

use floe_model::agents::embedding::{DIMENSIONS_MAX, normalise};
use floe_runtime::models::{Finish, ModelFault, ToolRequest, Usage};
use serde_json::Value;

use crate::models::asking::{Said, TOOL_CALLS_MAX, arguments, tokens};

/// An answer of which pieces have arrived.
#[derive(Debug, Default)]
pub(super) struct Answer {
    text: String,
    calls: BTreeMap<u64, Call>,
    finish: Option<Finish>,
    usage: Option<Usage>,
}

#[derive(Debug, Default)]
struct Call {
    id: String,
    name: String,
    arguments: String,
}

impl Answer {
    /// Takes the next piece and tells the text in it.
    pub(super) fn take<'c>(&mut self, chunk: &'c Value) -> Result<&'c str, ModelFault> {
        if let Some(usage) = usage(chunk) {
            self.usage = Some(usage);
        }
        // The piece with the usage has no choice.
        let Some(choice) = chunk.get("choices").and_then(|choices| choices.get(0)) else { return Ok("") };
        if let Some(finish) = choice.get("finish_reason").and_then(Value::as_str) {
            self.finish = Some(finish_of(finish));
        }
        let Some(delta) = choice.get("delta") else { return Ok("") };
        for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            self.take_call(call)?;
        }
        let part = |name: &str| delta.get(name).and_then(Value::as_str);
        let piece = part("content").or_else(|| part("refusal")).unwrap_or_default();
        self.text.push_str(piece);
        Ok(piece)
    }

    /// The first piece of a tool names it; later ones add to its arguments. Servers without numbers send each tool in one piece.
    fn take_call(&mut self, piece: &Value) -> Result<(), ModelFault> {
        let next = self.calls.len() as u64;
        let index = piece.get("index").and_then(Value::as_u64).unwrap_or(next);
        if index >= TOOL_CALLS_MAX as u64 {
            return Err(ModelFault::Malformed);
        }
        let call = self.calls.entry(index).or_default();
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        if call.id.is_empty() {
            call.id = text(piece.get("id"));
        }
        let Some(function) = piece.get("function") else { return Ok(()) };
        if call.name.is_empty() {
            call.name = text(function.get("name"));
        }
        match function.get("arguments") {
            Some(Value::String(written)) => call.arguments.push_str(written),
            Some(Value::Null) | None => {}
            Some(whole) => call.arguments = whole.to_string(),
        }
        Ok(())
    }

    /// Whether it has said why it stopped.
    pub(super) fn has_ended(&self) -> bool {
        self.finish.is_some()
    }

    /// The whole answer, after its end.
    pub(super) fn done(self) -> Result<Said, ModelFault> {
        let requests = self.calls.into_values().map(|call| {
            if call.name.is_empty() {
                return Err(ModelFault::Malformed);
            }
            Ok(ToolRequest { id: call.id, name: call.name, arguments: arguments(&call.arguments) })
        });
        Ok(Said {
            text: self.text,
            thinking: String::new(),
            tool_calls: requests.collect::<Result<_, _>>()?,
            finish: self.finish.unwrap_or(Finish::Stop),
            usage: self.usage,
        })
    }
}

/// An answer that came whole.
pub(super) fn whole(answer: &Value) -> Result<Said, ModelFault> {
    let choice = answer.get("choices").and_then(|choices| choices.get(0)).ok_or(ModelFault::Malformed)?;
    let message = choice.get("message").ok_or(ModelFault::Malformed)?;
    let tool_calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    let finish = choice.get("finish_reason").and_then(Value::as_str).map_or(Finish::Stop, finish_of);
    let text = text_of(message.get("content"))?;
    let refusal = message.get("refusal").and_then(Value::as_str).filter(|_| text.is_empty());
    Ok(Said {
        finish: if refusal.is_some() { Finish::ContentFilter } else { finish },
        text: refusal.map_or(text, str::to_owned),
        thinking: String::new(),
        tool_calls: tool_calls.map(request).collect::<Result<_, _>>()?,
        usage: usage(answer),
    })
}

/// A text, nothing, or a list of parts of which some are texts.
fn text_of(content: Option<&Value>) -> Result<String, ModelFault> {
    match content {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(parts)) => {
            Ok(parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect())
        }
        Some(_) => Err(ModelFault::Malformed),
    }
}

fn request(call: &Value) -> Result<ToolRequest, ModelFault> {
    let function = call.get("function").ok_or(ModelFault::Malformed)?;
    let name = function.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    Ok(ToolRequest {
        id: call.get("id").and_then(Value::as_str).unwrap_or_default().to_owned(),
        name: name.ok_or(ModelFault::Malformed)?.to_owned(),
        arguments: match function.get("arguments") {
            Some(Value::String(written)) => arguments(written),
            Some(Value::Null) | None => arguments(""),
            Some(whole) => whole.clone(),
        },
    })
}

fn finish_of(word: &str) -> Finish {
    match word {
        "length" => Finish::Length,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "content_filter" => Finish::ContentFilter,
        _ => Finish::Stop,
    }
}

fn usage(answer: &Value) -> Option<Usage> {
    let usage = answer.get("usage").filter(|usage| usage.is_object())?;
    let count = |name: &str| tokens(usage.get(name));
    Some(Usage { input_tokens: count("prompt_tokens"), output_tokens: count("completion_tokens") })
}

/// One vector for each text, of unit length.
pub(super) fn vectors(answer: &Value, texts: &[String]) -> Result<(Vec<Vec<f32>>, Usage), ModelFault> {
    let data = answer.get("data").and_then(Value::as_array).ok_or(ModelFault::Malformed)?;
    let mut vectors: Vec<Vec<f32>> = vec![Vec::new(); texts.len()];
    for (at, entry) in data.iter().enumerate() {
        let index =
            entry.get("index").and_then(Value::as_u64).map_or(at, |index| usize::try_from(index).unwrap_or(usize::MAX));
        let place = vectors.get_mut(index).ok_or(ModelFault::Malformed)?;
        let values = entry.get("embedding").and_then(Value::as_array).ok_or(ModelFault::Malformed)?;
        let number = |value: &Value| value.as_f64().map(|value| value as f32).filter(|value| value.is_finite());
        let mut vector: Vec<f32> = values.iter().map(number).collect::<Option<_>>().ok_or(ModelFault::Malformed)?;
        normalise(&mut vector);
        *place = vector;
    }
    let length = vectors.first().map_or(0, Vec::len);
    let is_whole = length > 0 && length <= DIMENSIONS_MAX && vectors.iter().all(|vector| vector.len() == length);
    if !is_whole && !texts.is_empty() {
        return Err(ModelFault::Malformed);
    }
    Ok((vectors, usage(answer).unwrap_or_default()))
}
