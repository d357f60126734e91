//! What both protocols do alike with a call before it is written, and with an answer after it was read.

use floe_model::id::to_base32;
use floe_runtime::Platform;
use floe_runtime::models::{ChatMessage, Deltas, Finish, ModelCall, ModelFault, ModelInfo, Part, ToolRequest, Usage};
use floe_runtime::tools::ToolSpec;
use serde_json::Value;
use tokio::time::Instant;

/// Tools that one answer may ask for.
pub(super) const TOOL_CALLS_MAX: usize = 128;
/// Fewer tokens than these no provider thinks in.
const THINKING_TOKENS_MIN: u32 = 1_024;
/// Tokens that a provider is believed to have counted.
const TOKENS_MAX: i64 = 1_000_000_000;
/// Characters that count as one token where a provider does not tell.
const CHARS_PER_TOKEN: usize = 4;
/// What stands for an image before a model that cannot see.
const UNSEEN: &str = "[an image that this model cannot see]";

/// One call of one model.
pub(super) struct Asking<'a> {
    pub(super) platform: &'a Platform,
    pub(super) info: &'a ModelInfo,
    pub(super) call: &'a ModelCall,
    pub(super) deltas: Option<&'a dyn Deltas>,
    pub(super) until: Instant,
}

/// What a model said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) text: String,
    /// What it thought before; empty where it does not tell.
    pub(super) thinking: String,
    pub(super) tool_calls: Vec<ToolRequest>,
    pub(super) finish: Finish,
    /// None where the provider did not tell.
    pub(super) usage: Option<Usage>,
}

impl Asking<'_> {
    /// Whether the answer is to come piece by piece.
    pub(super) fn streams(&self) -> bool {
        self.deltas.is_some() && self.info.supports.stream
    }

    /// The tools that the model is told of.
    pub(super) fn tools(&self) -> &[ToolSpec] {
        if self.info.supports.tools { &self.call.tools } else { &[] }
    }

    /// Tokens of the answer at most.
    pub(super) fn output_tokens(&self) -> u32 {
        let most = self.info.max_output_tokens.max(1);
        self.call.max_output_tokens.map_or(most, |asked| asked.clamp(1, most))
    }

    /// Tokens in which the model may think: what is asked for, as far as the answer leaves room. A model that may say no more than the
    /// answer has at least half of it for that.
    pub(super) fn thinking_tokens(&self) -> Option<u32> {
        let all = self.info.max_output_tokens;
        let most = all - self.output_tokens().min(all / 2);
        self.call.thinking_tokens.map(|asked| asked.min(most)).filter(|tokens| *tokens >= THINKING_TOKENS_MIN)
    }

    /// The instructions; `with_schema` adds the schema of the answer for a model that is not held to it by its provider.
    pub(super) fn system(&self, with_schema: bool) -> Option<String> {
        let schema = self.call.response_schema.as_ref().filter(|_| with_schema).map(|schema| {
            format!(
                "Answer with nothing but one JSON value that fits this JSON Schema, without a code fence:\n{schema}"
            )
        });
        let parts: Vec<&str> = [self.call.system.as_deref(), schema.as_deref()].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join("\n\n"))
    }

    /// The parts of a person's message that the model can take.
    pub(super) fn seen<'m>(&self, parts: &'m [Part]) -> Vec<Seen<'m>> {
        let seen = |part: &'m Part| match part {
            Part::Text(text) => Seen::Text(text),
            Part::Image(image) if self.info.supports.vision => Seen::Image(image),
            Part::Image(_) => Seen::Text(UNSEEN),
        };
        parts.iter().map(seen).collect()
    }

    /// Gives out a piece of the answer.
    pub(super) async fn give(&self, piece: &str) {
        if let Some(deltas) = self.deltas.filter(|_| !piece.is_empty()) {
            deltas.text(piece).await;
        }
    }

    /// An id for a tool that is asked for without one.
    pub(super) fn call_id(&self) -> String {
        format!("call_{}", to_base32(self.platform.ids.next_bits()))
    }

    /// Checks an answer and makes it whole: ids that are missing or given twice, and the reason to stop where tools are asked for.
    pub(super) fn complete(&self, mut said: Said) -> Result<Said, ModelFault> {
        if said.tool_calls.len() > TOOL_CALLS_MAX {
            return Err(ModelFault::Malformed);
        }
        for at in 0..said.tool_calls.len() {
            let (before, rest) = said.tool_calls.split_at_mut(at);
            let id = &mut rest[0].id;
            if id.is_empty() || before.iter().any(|other| other.id == *id) {
                *id = self.call_id();
            }
        }
        if !said.tool_calls.is_empty() && said.finish == Finish::Stop {
            said.finish = Finish::ToolCalls;
        } else if said.tool_calls.is_empty() && said.finish == Finish::ToolCalls {
            said.finish = Finish::Stop;
        }
        Ok(said)
    }
}

/// A part of a message that a model can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen<'a> {
    Text(&'a str),
    Image(&'a str),
}

/// The arguments of a tool: JSON, or what the model wrote as a text. Nothing means none.
pub(super) fn arguments(written: &str) -> Value {
    if written.trim().is_empty() {
        return Value::Object(serde_json::Map::new());
    }
    serde_json::from_str(written).unwrap_or_else(|_| Value::String(written.to_owned()))
}

/// A count of tokens in an answer.
pub(super) fn tokens(count: Option<&Value>) -> i64 {
    count.and_then(Value::as_i64).unwrap_or(0).clamp(0, TOKENS_MAX)
}

/// Tokens of a call, where the provider did not count them.
pub(super) fn estimate(call: &ModelCall, said: &Said) -> Usage {
    let of_message = |message: &ChatMessage| match message {
        ChatMessage::System { text } => text.len(),
        ChatMessage::User { parts } => parts.iter().map(of_part).sum(),
        ChatMessage::Assistant { text, tool_calls } => {
            text.len() + tool_calls.iter().map(|call| call.arguments.to_string().len()).sum::<usize>()
        }
        ChatMessage::Tool { content, .. } => content.len(),
    };
    let input = call.system.as_deref().map_or(0, str::len) + call.messages.iter().map(of_message).sum::<usize>();
    let asked = said.tool_calls.iter().map(|call| call.name.len() + call.arguments.to_string().len());
    let output = said.text.len() + said.thinking.len() + asked.sum::<usize>();
    let tokens = |bytes: usize| i64::try_from(bytes.div_ceil(CHARS_PER_TOKEN)).unwrap_or(i64::MAX);
    Usage { input_tokens: tokens(input), output_tokens: tokens(output) }
}

fn of_part(part: &Part) -> usize {
    match part {
        Part::Text(text) => text.len(),
        // An image is no text; what providers count for one lies around this.
        Part::Image(_) => 3_000,
    }
}
