//! What a chat is answered: `statusCode` and `body` (agents contract, sections 2.2 and 2.3). The order of members is that of the contract.

use serde_json::{Map, Value, json};

use super::message::{Message, Role};
use crate::Timestamp;
use crate::access::credits;
use crate::id::{AgentId, ExchangeId, MessageId};

/// Messages of a thread that an answer holds at most (agents contract, section 2.3).
pub const HISTORY_MAX: usize = 200;

/// How an exchange ended, where it is worth saying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Finish {
    /// The model had said everything.
    Stop,
    /// The answer was cut at its largest length.
    Length,
    /// The model wanted more rounds than the agent allows.
    MaxSteps,
    /// A guardrail put its own message in the place of the answer.
    Blocked,
    /// A person answers in this thread.
    Handoff,
    /// A call of a tool waits for somebody's approval.
    Approval,
    /// The caller went away, or somebody ended it.
    Cancelled,
}

impl Finish {
    /// Every one.
    pub const ALL: [Self; 7] =
        [Self::Stop, Self::Length, Self::MaxSteps, Self::Blocked, Self::Handoff, Self::Approval, Self::Cancelled];

    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::MaxSteps => "max_steps",
            Self::Blocked => "blocked",
            Self::Handoff => "handoff",
            Self::Approval => "approval",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|finish| finish.as_str() == word)
    }
}

/// A message as an answer shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// `msg-` and 26 characters; shown where the exchange used tools.
    pub id: Option<String>,
    /// It.
    pub message: Message,
}

/// A call of a tool as an answer shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolUse {
    /// Names the call within its exchange.
    pub id: String,
    /// The tool.
    pub name: String,
    /// What it was called with.
    pub arguments: Value,
    /// What it gave, or why it gave nothing.
    pub outcome: Result<Value, String>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
}

/// An answered exchange.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The agent.
    pub agent: AgentId,
    /// The conversation, oldest first, this exchange included; the last [`HISTORY_MAX`] are shown.
    pub history: Vec<Told>,
    /// The exchange.
    pub exchange: ExchangeId,
    /// The model that gave the final answer; none when no model ran.
    pub model: Option<String>,
    /// When the answer was ready.
    pub at: Timestamp,
    /// Calls of tools, in order.
    pub tool_calls: Vec<ToolUse>,
    /// How long it took, in milliseconds.
    pub execution_ms: i64,
    /// What was taken from the balance, in thousandths of a credit.
    pub used_credits: i64,
    /// The thread as the caller names it.
    pub thread: String,
    /// How it ended; `Stop` is not said.
    pub finish: Finish,
    /// Tokens that went in and came out, where the model told.
    pub usage: Option<(i64, i64)>,
    /// Whether another model than the first one answered.
    pub fallback_used: bool,
    /// What the guardrails found.
    pub guardrail: Option<Value>,
    /// What the caller gave along.
    pub custom: Map<String, Value>,
    /// The parsed answer of an agent with a response schema.
    pub output: Option<Value>,
}

impl Answer {
    /// The envelope.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let first = self.history.len().saturating_sub(HISTORY_MAX);
        let history: Vec<Value> = self.history.iter().skip(first).map(Told::to_json).collect();
        let mut body = json!({
            "agent_id": self.agent, "conversation_history": history, "metadata": self.metadata(),
        });
        if let Some(output) = &self.output {
            body["output"] = output.clone();
        }
        json!({ "statusCode": 200, "body": body })
    }

    fn metadata(&self) -> Value {
        let tool_calls: Map<String, Value> =
            self.tool_calls.iter().map(|call| (call.id.clone(), call.to_json())).collect();
        let mut metadata = json!({
            "id": exchange_name(self.exchange),
            "model": self.model,
            "timestamp": instant(self.at),
            "tool_calls": tool_calls,
            "execution_time": self.execution_ms,
            "used_credits": credits::number(self.used_credits),
            "thread_id": self.thread,
        });
        if self.finish != Finish::Stop {
            metadata["finish_reason"] = json!(self.finish.as_str());
        }
        if let Some((input, output)) = self.usage {
            metadata["usage"] = json!({ "input_tokens": input, "output_tokens": output });
        }
        if self.fallback_used {
            metadata["fallback_used"] = json!(true);
        }
        if let Some(guardrail) = &self.guardrail {
            metadata["guardrail"] = guardrail.clone();
        }
        if !self.custom.is_empty() {
            metadata["custom"] = Value::Object(self.custom.clone());
        }
        metadata
    }
}

impl Told {
    /// `{role, content}`, and `id` where it is shown.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut told = self.message.to_json();
        if let Some(id) = &self.id {
            told["id"] = json!(id);
        }
        told
    }
}

impl ToolUse {
    fn to_json(&self) -> Value {
        let (result, status, error) = match &self.outcome {
            Ok(result) => (result.clone(), "success", Value::Null),
            Err(error) => (Value::Null, "error", json!(error)),
        };
        json!({
            "name": self.name, "arguments": self.arguments, "result": result, "status": status, "error": error,
            "duration_ms": self.duration_ms,
        })
    }
}

/// The balance or a limit is used up.
#[must_use]
pub fn no_credits(agent: AgentId) -> Value {
    let text = "No credits available";
    json!({ "statusCode": 402, "body": { "agent_id": agent, "message": text, "error": text } })
}

/// Every configured model failed with what passes.
#[must_use]
pub fn busy(agent: AgentId) -> Value {
    json!({ "statusCode": 503, "body": {
        "agent_id": agent,
        "message": "Service temporarily unavailable",
        "error": "AI provider is currently experiencing high traffic",
    } })
}

/// Any other failure.
#[must_use]
pub fn failed() -> Value {
    json!({ "statusCode": 500, "body": { "error": "An unexpected error occurred while processing your request" } })
}

/// The status that an envelope holds.
#[must_use]
pub fn status_code(envelope: &Value) -> u16 {
    envelope["statusCode"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(500)
}

/// An exchange as answers name it: `meta_` and 26 characters.
#[must_use]
pub fn exchange_name(exchange: ExchangeId) -> String {
    format!("meta_{}", crate::id::to_base32(exchange.0))
}

/// A message as answers name it: `msg-` and 26 characters.
#[must_use]
pub fn message_name(message: MessageId) -> String {
    format!("msg-{}", crate::id::to_base32(message.0))
}

/// Reads the name of a message, in this spelling or any other of an id.
#[must_use]
pub fn parse_message_name(text: &str) -> Option<MessageId> {
    MessageId::parse(text.strip_prefix("msg-").unwrap_or(text)).ok()
}

/// An instant in whole seconds, as the agent API shows it (agents contract, section 1).
#[must_use]
pub fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}

/// Whether the last of these messages is one that an agent can answer.
#[must_use]
pub fn ends_with_user(messages: &[Message]) -> bool {
    messages.last().is_some_and(|message| message.role == Role::User)
}

#[cfg(test)]
mod tests;
