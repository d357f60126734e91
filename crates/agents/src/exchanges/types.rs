//! What callers of exchanges give and get.

use std::sync::Arc;

use floe_model::agents::envelope::Finish;
use floe_model::agents::exchange::Channel;
use floe_model::agents::message::Message;
use floe_model::id::{AgentId, ExchangeId, MessageId, RequestId, ThreadId, TriggerId};
use floe_model::{Scope, Timestamp};
use floe_runtime::models::{ModelInfo, Usage};
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::asked::Asked;
use super::config::Config;
use crate::approvals::Continued;
use floe_model::access::Caller;

/// An exchange that is wanted.
#[derive(Debug, Clone)]
pub struct NewExchange {
    /// With whom.
    pub agent: AgentId,
    /// The thread by its alias, or either spelling of its id; none for a new one.
    pub thread: Option<String>,
    /// What is said, the last by a user; empty only where it `continues`.
    pub messages: Vec<Message>,
    /// The way by which it comes.
    pub channel: Channel,
    /// Texts that are given back in `metadata.custom`.
    pub metadata: Map<String, Value>,
    /// Where its envelope is sent.
    pub callback_url: Option<String>,
    /// What makes a repeat the same exchange, in its workspace and mode.
    pub key: Option<String>,
    /// Members of the configuration that are tried without being saved.
    pub config_override: Option<Map<String, Value>>,
    /// Agents that stand above it.
    pub depth: u8,
    /// The triggers whose runs led to it by events.
    pub chain: Vec<TriggerId>,
    /// Whether what the agent says is kept piece by piece, for those who follow the thread.
    pub streamed: bool,
    /// The exchange that stopped for approvals, all of which are decided: this one goes on from there.
    pub continues: Option<Continued>,
}

impl NewExchange {
    /// Messages for an agent, by the agent API, in a new thread.
    #[must_use]
    pub fn new(agent: AgentId, messages: Vec<Message>) -> Self {
        Self {
            agent,
            thread: None,
            messages,
            channel: Channel::Api,
            metadata: Map::new(),
            callback_url: None,
            key: None,
            config_override: None,
            depth: 0,
            chain: Vec::new(),
            streamed: false,
            continues: None,
        }
    }
}

/// Takes what happens while it happens. The model is read no faster than the receiver takes it; a receiver that is gone stops the
/// exchange, and what was produced is charged and stored.
pub type Sink = mpsc::Sender<Delta>;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// The model said more.
    Text(String),
    /// A tool is called.
    ToolCall {
        /// Names the call.
        id: String,
        /// The tool.
        name: String,
        /// Its arguments.
        args: Value,
    },
    /// A call is over.
    ToolResult {
        /// Names the call.
        id: String,
        /// The tool.
        name: String,
        /// What it gave; null when it failed.
        result: Value,
        /// Why it gave nothing.
        error: Option<String>,
        /// How long it took, in milliseconds.
        duration_ms: i64,
    },
    /// A part of the trace, as [`crate::exchanges::Outcome`]'s trace shows it. Not for the agent API.
    Trace(Value),
}

/// What came of an exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// 200, 402, 500 or 503.
    pub code: u16,
    /// The exchange.
    pub exchange: ExchangeId,
    /// The agent.
    pub agent: AgentId,
    /// The thread as the agent API names it.
    pub thread: String,
    /// The thread.
    pub thread_id: ThreadId,
    /// Id of the message in which the answer is; none for exchanges of older servers.
    pub answer: Option<MessageId>,
    /// How an answered one ended.
    pub finish: Option<Finish>,
    /// Why one was not answered: a stable code.
    pub error: Option<String>,
    /// The last thing that the agent said; empty when it said nothing.
    pub text: String,
    /// The parsed answer of an agent with a response schema.
    pub output: Option<Value>,
    /// Name of the model that answered.
    pub model: Option<String>,
    /// Tokens of all rounds.
    pub usage: Usage,
    /// Credits taken, in thousandths.
    pub used_credits: i64,
    /// `statusCode` and `body` (sections 2.2 and 2.3).
    pub envelope: Value,
}

/// An exchange that can be accepted: everything is known that a transaction cannot ask for.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Whose, in which mode.
    pub scope: Scope,
    /// Its id, when it is new.
    pub exchange: ExchangeId,
    /// Its thread, when that is new.
    pub new_thread: ThreadId,
    /// What is wanted.
    pub new: NewExchange,
    pub(super) asked: Asked,
    pub(super) caller: Arc<Caller>,
    pub(super) request: RequestId,
    pub(super) config: Arc<Config>,
    /// The model that is asked first; none when none may answer.
    pub(super) model: Option<ModelInfo>,
    /// Credits to put aside, in thousandths.
    pub(super) hold: i64,
    pub(super) now: Timestamp,
}

/// What came of accepting.
#[derive(Debug)]
pub enum Accepted {
    /// It is written down and will end in one outcome.
    Taken(ExchangeId),
    /// It was written down before, under the same key.
    Known(ExchangeId),
    /// There are no credits for it: the outcome of 402.
    Refused(Box<Outcome>),
}
