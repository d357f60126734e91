//! Tools: what a model may ask for in an exchange of an agent.
//!
//! A slice that has something to offer (flows) registers a [`ToolSource`] in the registry of the server; the agents slice opens the
//! definitions of an agent with it and calls what it gets. What a tool returns is data for a model: it is never trusted, and holds no
//! secret.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use floe_model::Scope;
use floe_model::access::Caller;
use floe_model::id::{AgentId, TriggerId};
use serde_json::Value;

use crate::Platform;

/// A future of a call.
pub type ToolFuture<'a> = Pin<Box<dyn Future<Output = Result<Value, ToolFault>> + Send + 'a>>;
/// A future of a source.
pub type OpenFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<Arc<dyn Tool>>, ToolFault>> + Send + 'a>>;

/// What a model is told of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// 1 to 64 of `A-Z a-z 0-9 _ -`, unique in its exchange.
    pub name: String,
    /// What it does and when to use it.
    pub description: String,
    /// JSON Schema of the arguments, an object.
    pub parameters: Value,
}

/// One call of a tool. The arguments have passed its schema.
#[derive(Debug, Clone)]
pub struct ToolCall {
    /// Whose exchange, in which mode.
    pub scope: Scope,
    /// On whose behalf the exchange runs.
    pub caller: Arc<Caller>,
    /// The agent.
    pub agent: AgentId,
    /// `<exchange>:<round>:<n>`, the same on every repeat of this call; sent on as `Idempotency-Key`.
    pub key: String,
    /// The arguments, an object.
    pub arguments: Value,
    /// How many agents stand above this exchange, 0 for one that was asked for from outside.
    pub depth: u8,
    /// The triggers whose runs led to this exchange by events: what may cause further ones passes them on.
    pub chain: Vec<TriggerId>,
    /// Limit of this call in milliseconds.
    pub deadline_ms: u64,
}

/// Why a call came to nothing. The model is told both; neither holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolFault {
    /// Stable word, e.g. `invalid_arguments`, `timeout`, `blocked`, `failed`.
    pub code: &'static str,
    /// Sentence that says what to do differently, where that is known.
    pub message: String,
}

impl ToolFault {
    /// A failure.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl fmt::Display for ToolFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ToolFault {}

/// Something that a model may call.
pub trait Tool: Send + Sync + 'static {
    /// What a model is told of it.
    fn spec(&self) -> &ToolSpec;

    /// Makes the call. It may be made more than once with the same key, after a crash; a call that is dropped is given up.
    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: ToolCall) -> ToolFuture<'a>;
}

/// Makes tools from definitions of one type, such as `flow`.
pub trait ToolSource: Send + Sync + 'static {
    /// The `type` of the definitions.
    fn kind(&self) -> &'static str;

    /// The tools of a definition (Agents contract, section 5) in the workspace of `scope`. One that cannot be opened is left out of
    /// its exchange.
    fn open<'a>(&'a self, platform: &'a Arc<Platform>, scope: Scope, definition: &'a Value) -> OpenFuture<'a>;
}
