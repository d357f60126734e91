//! What a turn looks like in each protocol.

use serde_json::{Value, json};

use super::Turn;

/// Dimensions of the vectors that it makes.
const DIMENSIONS: usize = 8;

/// One of the two protocols.
#[derive(Debug, Clone, Copy)]
pub(super) enum Protocol {
    Openai,
    Anthropic,
}

/// Text, tools (name, arguments as written), reason to stop in the words of each protocol.
struct Said {
    text: String,
    tools: Vec<(String, String)>,
    reasons: [&'static str; 2],
}

fn said(turn: &Turn) -> Said {
    let stop = ["stop", "end_turn"];
    let tools = ["tool_calls", "tool_use"];
    match turn {
        Turn::Say(text) | Turn::Slowly(_, text) => Said { text: text.clone(), tools: Vec::new(), reasons: stop },
        Turn::Full(text) => Said { text: text.clone(), tools: Vec::new(), reasons: ["length", "max_tokens"] },
        Turn::Cut(text, words) => {
            let text = text.split_inclusive(' ').take(*words).collect();
            Said { text, tools: Vec::new(), reasons: stop }
        }
        Turn::Fails(text, _) => Said { text: text.clone(), tools: Vec::new(), reasons: stop },
        Turn::Tools(text, calls) => {
            let calls = calls.iter().map(|(name, arguments)| (name.clone(), arguments.to_string())).collect();
            Said { text: text.clone(), tools: calls, reasons: tools }
        }
        Turn::Written(name, arguments) => {
            Said { text: String::new(), tools: vec![(name.clone(), arguments.clone())], reasons: tools }
        }
        Turn::Status(..) | Turn::Raw(_) | Turn::After(..) | Turn::Hang => {
            Said { text: String::new(), tools: Vec::new(), reasons: stop }
        }
    }
}

/// Words of what was told and of what is said: counts that a test can foresee.
fn usage(body: &Value, said: &Said) -> (usize, usize) {
    let words = |text: &str| text.split_whitespace().count();
    let told = body.get("messages").map(Value::to_string).unwrap_or_default();
    let tools: usize = said.tools.iter().map(|(_, arguments)| words(arguments) + 1).sum();
    (words(&told), words(&said.text) + tools)
}

fn model(body: &Value) -> &str {
    body.get("model").and_then(Value::as_str).unwrap_or_default()
}

impl Protocol {
    pub(super) fn of(path: &str) -> Self {
        if path.ends_with("/messages") { Self::Anthropic } else { Self::Openai }
    }

    /// The answer as one document.
    pub(super) fn whole(self, turn: &Turn, body: &Value) -> Value {
        let said = said(turn);
        let (input, output) = usage(body, &said);
        match self {
            Self::Openai => {
                let calls: Vec<Value> = said.tools.iter().enumerate().map(|(at, call)| openai_call(at, call)).collect();
                let content = Some(&said.text).filter(|text| !text.is_empty() || calls.is_empty());
                let mut message = json!({ "role": "assistant", "content": content });
                if !calls.is_empty() {
                    message["tool_calls"] = Value::Array(calls);
                }
                json!({
                    "id": "chatcmpl-1", "object": "chat.completion", "model": model(body),
                    "choices": [{ "index": 0, "message": message, "finish_reason": said.reasons[0] }],
                    "usage": { "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output },
                })
            }
            Self::Anthropic => {
                let text = (!said.text.is_empty()).then(|| json!({ "type": "text", "text": said.text }));
                let tools = said.tools.iter().enumerate().map(|(at, (name, arguments))| {
                    let input: Value = serde_json::from_str(arguments).unwrap_or(Value::Null);
                    json!({ "type": "tool_use", "id": format!("toolu_{at}"), "name": name, "input": input })
                });
                json!({
                    "id": "msg_1", "type": "message", "role": "assistant", "model": model(body),
                    "content": text.into_iter().chain(tools).collect::<Vec<_>>(), "stop_reason": said.reasons[1],
                    "usage": { "input_tokens": input, "output_tokens": output },
                })
            }
        }
    }

    /// The answer as events; a cut one ends before its end.
    pub(super) fn events(self, turn: &Turn, body: &Value) -> Vec<String> {
        let said = said(turn);
        let (input, output) = usage(body, &said);
        let is_cut = matches!(turn, Turn::Cut(..));
        let error = match turn {
            Turn::Fails(_, kind) => Some(json!({ "type": kind, "message": "failed in the middle" })),
            _ => None,
        };
        match self {
            Self::Openai => {
                let chunk = |delta: Value, reason: Option<&str>| {
                    let choice = json!({ "index": 0, "delta": delta, "finish_reason": reason });
                    data(
                        &json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": model(body), "choices": [choice] }),
                    )
                };
                let mut events = vec![chunk(json!({ "role": "assistant", "content": "" }), None)];
                events.extend(said.text.split_inclusive(' ').map(|word| chunk(json!({ "content": word }), None)));
                if let Some(error) = error {
                    events.push(data(&json!({ "error": error })));
                    return events;
                }
                for (at, call) in said.tools.iter().enumerate() {
                    events.push(chunk(json!({ "tool_calls": [openai_start(at, call)] }), None));
                    for piece in halves(&call.1) {
                        let part = json!({ "index": at, "function": { "arguments": piece } });
                        events.push(chunk(json!({ "tool_calls": [part] }), None));
                    }
                }
                if is_cut {
                    return events;
                }
                events.push(chunk(json!({}), Some(said.reasons[0])));
                let usage = json!({ "prompt_tokens": input, "completion_tokens": output });
                events.push(data(&json!({ "id": "chatcmpl-1", "choices": [], "usage": usage })));
                events.push("data: [DONE]\n\n".to_owned());
                events
            }
            Self::Anthropic => {
                let start = json!({ "type": "message_start", "message": {
                    "id": "msg_1", "type": "message", "role": "assistant", "model": model(body), "content": [],
                    "usage": { "input_tokens": input, "output_tokens": 1 },
                } });
                let mut events = vec![named(&start), named(&json!({ "type": "ping" }))];
                let text = json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } });
                events.push(named(&text));
                events.extend(said.text.split_inclusive(' ').map(|word| {
                    named(&json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": word } }))
                }));
                if let Some(error) = error {
                    events.push(named(&json!({ "type": "error", "error": error })));
                    return events;
                }
                events.push(named(&json!({ "type": "content_block_stop", "index": 0 })));
                for (at, (name, arguments)) in said.tools.iter().enumerate() {
                    let index = at + 1;
                    let block = json!({ "type": "tool_use", "id": format!("toolu_{at}"), "name": name, "input": {} });
                    events
                        .push(named(&json!({ "type": "content_block_start", "index": index, "content_block": block })));
                    for piece in halves(arguments) {
                        let delta = json!({ "type": "input_json_delta", "partial_json": piece });
                        events.push(named(&json!({ "type": "content_block_delta", "index": index, "delta": delta })));
                    }
                    events.push(named(&json!({ "type": "content_block_stop", "index": index })));
                }
                if is_cut {
                    return events;
                }
                let delta = json!({ "type": "message_delta", "delta": { "stop_reason": said.reasons[1] }, "usage": { "output_tokens": output } });
                events.push(named(&delta));
                events.push(named(&json!({ "type": "message_stop" })));
                events
            }
        }
    }
}

fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn named(value: &Value) -> String {
    let name = value.get("type").and_then(Value::as_str).unwrap_or_default();
    format!("event: {name}\ndata: {value}\n\n")
}

fn openai_call(at: usize, (name, arguments): &(String, String)) -> Value {
    json!({ "id": format!("call_{at}"), "type": "function", "function": { "name": name, "arguments": arguments } })
}

fn openai_start(at: usize, (name, _): &(String, String)) -> Value {
    json!({ "index": at, "id": format!("call_{at}"), "type": "function", "function": { "name": name, "arguments": "" } })
}

/// A text in two pieces, cut between characters.
fn halves(text: &str) -> [&str; 2] {
    let (first, second) = text.split_at(text.floor_char_boundary(text.len() / 2));
    [first, second]
}

/// What the caller said last.
pub(super) fn echo(body: &Value) -> String {
    let messages = body.get("messages").and_then(Value::as_array);
    let last = messages.into_iter().flatten().rev().find(|message| message["role"] == "user");
    let content = last.map_or(&Value::Null, |message| &message["content"]);
    let text = match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    };
    format!("You said: {text}")
}

/// A refusal in the words of the protocol.
pub(super) fn refusal(path: &str, message: &str) -> Value {
    match Protocol::of(path) {
        Protocol::Openai => json!({ "error": { "message": message, "type": "error", "param": null, "code": null } }),
        Protocol::Anthropic => json!({ "type": "error", "error": { "type": "error", "message": message } }),
    }
}

/// Vectors that tell letters apart, given in the opposite order of the texts.
pub(super) fn embeddings(body: &Value) -> Value {
    let texts: Vec<&str> = match &body["input"] {
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => vec![text],
        _ => Vec::new(),
    };
    let vector = |text: &str| {
        let mut vector = [0.0_f64; DIMENSIONS];
        text.bytes().for_each(|byte| vector[usize::from(byte) % DIMENSIONS] += 1.0);
        vector.to_vec()
    };
    let words: usize = texts.iter().map(|text| text.split_whitespace().count()).sum();
    let data = texts
        .iter()
        .enumerate()
        .rev()
        .map(|(index, text)| json!({ "object": "embedding", "index": index, "embedding": vector(text) }));
    json!({ "object": "list", "data": data.collect::<Vec<_>>(), "model": model(body), "usage": { "prompt_tokens": words, "total_tokens": words } })
}
