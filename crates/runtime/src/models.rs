//! Models: what any slice may ask of one, and what comes back (console contract, section 5.1).
//!
//! Nobody but the slice that speaks to providers knows their protocols. A call names a configured model, or none for the default
//! one, and says what to fall back to; the answer tells which model gave it, what it used and what that costs. Dropping the future
//! of a call cancels it: the connection to the provider is closed.
//!
//! What a model says is data. Its arguments for a tool are not checked here; a text that is no JSON arrives as a JSON string.

mod fault;

use std::future::Future;
use std::pin::Pin;

use floe_model::{Fault, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::tools::ToolSpec;

pub use fault::{ModelFailure, ModelFault};

/// Longest time for one call with all its tries, in milliseconds (agents contract, section 2.2).
pub const CALL_MS_MAX: u64 = 120_000;
/// Most models that are tried after the first one (agents contract, section 5).
pub const FALLBACKS_MAX: usize = 5;
/// Most texts of one embedding call.
pub const EMBED_TEXTS_MAX: usize = 2_048;
/// The name that stands for the workspace's default model.
pub const DEFAULT_MODEL: &str = "default";

/// The future of a call.
pub type ModelFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One call of a chat model.
#[derive(Debug, Clone, Default)]
pub struct ModelCall {
    /// Configured name, or `<provider>/<upstream name>`; none, empty and [`DEFAULT_MODEL`] mean the workspace's default.
    pub model: Option<String>,
    /// Models to try in this order when one is busy, at most [`FALLBACKS_MAX`].
    pub fallbacks: Vec<String>,
    /// Instructions.
    pub system: Option<String>,
    /// The conversation, oldest first.
    pub messages: Vec<ChatMessage>,
    /// What the model may ask to be called.
    pub tools: Vec<ToolSpec>,
    /// 0 to 2; none leaves it to the provider.
    pub temperature: Option<f64>,
    /// Only the likeliest words that make up this part of all, 0 to 1; none leaves it to the provider.
    pub top_p: Option<f64>,
    /// Longest answer in tokens; none or more than the model can means the model's own limit.
    pub max_output_tokens: Option<u32>,
    /// Tokens in which the model may think before it answers, beside those of the answer; none leaves it to the provider. A model that
    /// cannot think answers without.
    pub thinking_tokens: Option<u32>,
    /// JSON Schema of the answer's text.
    pub response_schema: Option<Value>,
    /// For everything, tries and fallbacks included; at most [`CALL_MS_MAX`], 0 means that.
    pub deadline_ms: u64,
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum ChatMessage {
    /// Instructions in the middle of a conversation.
    System {
        /// What it says.
        text: String,
    },
    /// What a person says and shows.
    User {
        /// In order.
        parts: Vec<Part>,
    },
    /// What the model said and asked for.
    Assistant {
        /// May be empty when it only asks for tools.
        text: String,
        /// In order.
        tool_calls: Vec<ToolRequest>,
    },
    /// The result of a tool that the message before asked for.
    Tool {
        /// [`ToolRequest::id`].
        call_id: String,
        /// [`ToolRequest::name`].
        name: String,
        /// A text, or JSON as text.
        content: String,
    },
}

impl ChatMessage {
    /// A plain message of a person.
    #[must_use]
    pub fn user(text: impl Into<String>) -> Self {
        Self::User { parts: vec![Part::Text(text.into())] }
    }

    /// A plain message of the model.
    #[must_use]
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::Assistant { text: text.into(), tool_calls: Vec::new() }
    }
}

/// A part of a person's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text.
    Text(String),
    /// An image: a URL that the provider fetches, or a `data:` URL.
    Image(String),
}

/// A tool that a model asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolRequest {
    /// Id that its result has to name; unique within one answer.
    pub id: String,
    /// Name of the tool. Not checked: models make names up.
    pub name: String,
    /// An object by rights; a JSON string of what the model wrote when that was not JSON.
    pub arguments: Value,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// It was done.
    Stop,
    /// The answer has reached its limit.
    Length,
    /// It asks for tools.
    ToolCalls,
    /// The provider withheld the rest.
    ContentFilter,
}

impl Finish {
    /// The word in traces and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
        }
    }
}

/// Tokens that a call used, as the provider counts; estimated (a token each four characters) for one that does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Went in.
    pub input_tokens: i64,
    /// Came out.
    pub output_tokens: i64,
}

/// What a model costs, in thousandths of a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Each call, or each exchange of an agent.
    pub per_call: i64,
    /// Each call of a tool in an exchange.
    pub per_tool_call: i64,
    /// A thousand tokens that go in.
    pub per_1k_input: i64,
    /// A thousand tokens that come out.
    pub per_1k_output: i64,
}

/// Highest price of any kind, in thousandths of a credit.
pub const PRICE_MAX: i64 = 1_000_000_000;

impl Default for Price {
    /// One credit for each call (agents contract, section 7).
    fn default() -> Self {
        Self { per_call: 1_000, per_tool_call: 0, per_1k_input: 0, per_1k_output: 0 }
    }
}

impl Price {
    /// What one call or exchange with so many tool calls and tokens costs, in thousandths of a credit; parts of a thousandth count whole.
    #[must_use]
    pub fn of(&self, usage: Usage, tool_calls: u32) -> i64 {
        let tokens = |per_1k: i64, tokens: i64| (i128::from(per_1k) * i128::from(tokens.max(0)) + 999) / 1_000;
        let sum = i128::from(self.per_call)
            + i128::from(self.per_tool_call) * i128::from(tool_calls)
            + tokens(self.per_1k_input, usage.input_tokens)
            + tokens(self.per_1k_output, usage.output_tokens);
        i64::try_from(sum).unwrap_or(i64::MAX).max(0)
    }
}

/// One try that did not answer, for traces. Never holds a key, an address or what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// The configured name.
    pub model: String,
    /// [`ModelFault::code`].
    pub error: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// The answer of a chat model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelReply {
    /// What it says; may be empty when it asks for tools.
    pub text: String,
    /// What it thought before, where it tells; else empty.
    pub thinking: String,
    /// What it asks for.
    pub tool_calls: Vec<ToolRequest>,
    /// Why it stopped.
    pub finish: Finish,
    /// What it used.
    pub usage: Usage,
    /// Configured name of the model that answered.
    pub model: String,
    /// Name of its provider.
    pub provider: String,
    /// Whether it was not the model that was asked for.
    pub fallback_used: bool,
    /// What was tried in vain before, in order.
    pub tries: Vec<Try>,
    /// What the model that answered costs.
    pub price: Price,
    /// How long the last try took, in milliseconds.
    pub duration_ms: u64,
}

/// Takes the text of an answer while it comes. The model is read no faster than this takes it, so a slow reader is bounded; a reader
/// that is gone drops the future of the call.
///
/// Once a piece was given out, the call is not tried again: the reader would see a second beginning.
pub trait Deltas: Send + Sync {
    /// The next piece of text, never empty.
    fn text<'a>(&'a self, piece: &'a str) -> ModelFuture<'a, ()>;
}

/// One call of an embedding model.
#[derive(Debug, Clone, Default)]
pub struct EmbedCall {
    /// Configured name; none, empty and [`DEFAULT_MODEL`] mean the built-in `hash-256`.
    pub model: Option<String>,
    /// What to embed, at most [`EMBED_TEXTS_MAX`]; in portions as the provider takes them.
    pub texts: Vec<String>,
    /// For everything; at most [`CALL_MS_MAX`], 0 means that.
    pub deadline_ms: u64,
}

/// Vectors of texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// One for each text, in order, all as long; unit length.
    pub vectors: Vec<Vec<f32>>,
    /// Configured name of the model.
    pub model: String,
    /// What it used.
    pub usage: Usage,
    /// What it costs; `per_call` counts once for this whole call.
    pub price: Price,
}

/// What kind of model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// Answers.
    Chat,
    /// Makes vectors.
    Embedding,
}

impl ModelKind {
    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embedding => "embedding",
        }
    }
}

/// What a model can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supports {
    /// Ask for tools.
    pub tools: bool,
    /// See images.
    pub vision: bool,
    /// Answer by a schema, held to it by the provider. Without it the schema goes into the instructions.
    pub json_schema: bool,
    /// Give its answer piece by piece.
    pub stream: bool,
}

/// A model as others see it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelInfo {
    /// Configured name, what a call says.
    pub name: String,
    /// What kind.
    pub kind: ModelKind,
    /// Name of its provider.
    pub provider: String,
    /// Its name there.
    pub upstream_model: String,
    /// Tokens of question and answer together.
    pub context_tokens: u32,
    /// Tokens of an answer at most.
    pub max_output_tokens: u32,
    /// What it can do.
    pub supports: Supports,
    /// What it costs.
    pub price: Price,
    /// Whether it is the default one of its kind.
    pub is_default: bool,
}

/// The models of every workspace.
pub trait Models: Send + Sync {
    /// Calls a chat model, and those to fall back to when it is busy. With `deltas` the text is given out as it comes, and stands
    /// whole in the reply as well.
    fn call<'a>(
        &'a self,
        scope: Scope,
        call: &'a ModelCall,
        deltas: Option<&'a dyn Deltas>,
    ) -> ModelFuture<'a, Result<ModelReply, ModelFailure>>;

    /// Makes vectors of texts.
    fn embed<'a>(&'a self, scope: Scope, call: &'a EmbedCall) -> ModelFuture<'a, Result<Embedded, ModelFailure>>;

    /// The models that can be named in this scope: switched on, of one kind, built-in ones included; the default one first, then
    /// by name.
    ///
    /// The outer fault is that of the database.
    fn list<'a>(&'a self, scope: Scope, kind: ModelKind) -> ModelFuture<'a, Result<Vec<ModelInfo>, Fault>>;

    /// One chat model by the name that a call would give, `None` when a call would fail with `UnknownModel` or `NotConfigured`:
    /// for its price before a call, for its window, and for checks when something is published.
    ///
    /// The outer fault is that of the database.
    fn find<'a>(&'a self, scope: Scope, name: Option<&'a str>) -> ModelFuture<'a, Result<Option<ModelInfo>, Fault>>;

    /// One embedding model by the name that a call would give, `None` when there is none.
    ///
    /// The outer fault is that of the database.
    fn find_embedding<'a>(
        &'a self,
        scope: Scope,
        name: Option<&'a str>,
    ) -> ModelFuture<'a, Result<Option<ModelInfo>, Fault>>;
}

#[cfg(test)]
mod tests;
