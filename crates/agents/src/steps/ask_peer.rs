//! The step type `ask-peer`: an exchange with an agent (Flow API contract, section 6.5).

use std::sync::Arc;

use floe_engine::catalog::{Choices, EffectSpec, Execution, Field, FieldKind as K, StepSpec};
use floe_engine::event::StepError;
use floe_model::access::Caller;
use floe_model::agents::envelope::Finish;
use floe_model::agents::exchange::Channel;
use floe_model::agents::message::Message;
use floe_model::id::{AgentId, RequestId};
use floe_model::{Fault, FaultKind};
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use floe_runtime::{Ctx, Platform};
use serde_json::{Map, Value, json};

use super::config::{Config, bad_value};
use super::model::{TIMEOUT_MS, no_credits, usage};
use crate::Agents;
use crate::exchanges::{NewExchange, Outcome};

pub(super) static SPEC: StepSpec = StepSpec {
    key: "ask-peer",
    aliases: &[],
    name: "Ask an agent",
    category: "ai",
    description: "Sends a message to an agent and waits for its answer. With a thread the agent remembers what was said before.",
    fields: &[
        Field::new("peerId", "Agent", K::Text, "Id of the agent.").required().choices(Choices::Agents),
        Field::new("message", "Message", K::LongText, "What the agent is told.").required().choices(Choices::Secrets),
        Field::new("threadId", "Thread", K::Text, "1 to 128 letters, digits or _-.: to continue a conversation."),
        Field::new("inputs", "Inputs", K::KeyValue, "Values that stand below the message."),
    ],
    outputs: &[
        ("response", "what the agent answered"),
        ("threadId", "the thread"),
        ("toolCalls", "calls of tools, by id"),
        ("usage", "{inputTokens, outputTokens}"),
    ],
    waits: false,
    execution: Execution::Effect(EffectSpec {
        touches_world: true,
        timeout_ms: TIMEOUT_MS,
        timeout_ms_max: TIMEOUT_MS,
    }),
};

/// Asks agents.
pub(super) struct AskPeer(pub(super) Arc<Agents>);

impl Effect for AskPeer {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { run(&self.0, platform, &call).await.into() })
    }
}

async fn run(agents: &Arc<Agents>, platform: &Arc<Platform>, call: &EffectCall) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let agent = AgentId::parse(config.required("peerId")?.trim()).map_err(|_| not_found())?;
    let message = config.written("message").ok_or_else(|| bad_value("message", "is missing"))?;
    let message = with_inputs(message, config.object("inputs")?.unwrap_or_default());
    let new = NewExchange {
        thread: config.text("threadId")?.map(|thread| thread_name(&thread)).transpose()?,
        channel: Channel::Flow,
        // Another attempt is another exchange; the same one made again after a crash is not.
        key: Some(format!("step:{}:{}", call.key, call.attempt)),
        depth: u8::try_from(call.depth + 1).unwrap_or(u8::MAX),
        chain: call.chain.clone(),
        ..NewExchange::new(agent, vec![Message::user(message)])
    };
    let caller = Arc::new(Caller::system(call.scope.workspace, call.scope.mode));
    let ctx = Ctx::new(Arc::clone(platform), caller, RequestId(call.run.0));
    let outcome = agents.exchange(&ctx, new, None).await.map_err(refused)?;
    answered(outcome)
}

/// The message with the inputs below it, one a line.
fn with_inputs(message: String, inputs: Map<String, Value>) -> String {
    let written = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let lines: Vec<String> = inputs.iter().map(|(key, value)| format!("{key}: {}", written(value))).collect();
    if lines.is_empty() { message } else { format!("{message}\n\n{}", lines.join("\n")) }
}

/// An id that a caller may give to a thread (Agents contract, section 2.1).
fn thread_name(text: &str) -> Result<String, StepError> {
    let text = text.trim();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    if (1..=128).contains(&text.len()) && text.bytes().all(is_plain) {
        return Ok(text.to_owned());
    }
    Err(bad_value("threadId", "is not 1 to 128 letters, digits or _-.:"))
}

fn answered(outcome: Outcome) -> Result<Value, StepError> {
    match outcome.code {
        200 => {}
        402 => return Err(no_credits()),
        503 => {
            let code =
                if outcome.error.as_deref() == Some("rate_limited") { "model_rate_limited" } else { "model_error" };
            return Err(StepError::retryable(code, "No model can answer for the agent now"));
        }
        _ => return Err(StepError::new("model_error", "The agent could not answer")),
    }
    let tool_calls = outcome.envelope.pointer("/body/metadata/tool_calls").cloned().unwrap_or_else(|| json!({}));
    Ok(json!({
        "response": outcome.text,
        "output": outcome.output,
        "threadId": outcome.thread,
        "toolCalls": tool_calls,
        "usage": usage(outcome.usage),
        "modelId": outcome.model,
        "finishReason": outcome.finish.map(Finish::as_str),
    }))
}

fn refused(fault: Fault) -> StepError {
    match (fault.kind(), fault.code()) {
        (FaultKind::NotFound, _) => not_found(),
        (FaultKind::Conflict, "agent_inactive") => StepError::new("agent_not_found", "The agent is not active"),
        (FaultKind::Conflict, code @ ("thread_busy" | "thread_closed")) => {
            let is_busy = code == "thread_busy";
            let message = fault.message().to_owned();
            if is_busy { StepError::retryable(code, message) } else { StepError::new(code, message) }
        }
        (FaultKind::Internal, _) => {
            tracing::error!(%fault, source = ?std::error::Error::source(&fault), "an agent could not be asked");
            StepError::retryable("internal_error", "The step broke off")
        }
        (_, code) => StepError::new(code, fault.message().to_owned()),
    }
}

fn not_found() -> StepError {
    StepError::new("agent_not_found", "There is no such agent")
}
