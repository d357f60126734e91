//! The node type `agent`: an exchange with an agent.

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_model::access::Caller;
use floe_model::agents::envelope::Finish;
use floe_model::agents::exchange::Channel;
use floe_model::agents::message::Message;
use floe_model::id::{AgentId, RequestId};
use floe_model::{Fault, FaultKind};
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use floe_runtime::{Ctx, Platform};
use serde_json::{Value, json};

use super::config::Config;
use super::fail::{fault_of, invalid, no_credits, not_found};
use super::model::usage;
use crate::Agents;
use crate::exchanges::{NewExchange, Outcome};

pub(super) static SPEC: StepSpec = super::spec(
    "node-agent",
    "Ask an agent",
    "Sends a message to an agent and waits for its answer.",
    &[("text", "what the agent answered"), ("thread_id", "the thread"), ("tool_calls", "calls of tools")],
);

/// Asks agents.
pub(super) struct AskAgent(pub(super) Arc<Agents>);

impl Effect for AskAgent {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { run(&self.0, platform, &call).await.into() })
    }
}

async fn run(agents: &Arc<Agents>, platform: &Arc<Platform>, call: &EffectCall) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let named = config.written(&["agentId"]).ok_or_else(|| invalid("agentId", "is missing"))?;
    let agent = AgentId::parse(named.trim()).map_err(|_| not_found("agent"))?;
    let message = config.written(&["input", "message"]).ok_or_else(|| invalid("input", "is empty"))?;
    let thread = config.written(&["threadId", "conversationId"]).map(|name| thread_name(&name)).transpose()?;
    let new = NewExchange {
        thread,
        channel: Channel::Workflow,
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

/// An id that a caller may give to a thread (Agents contract, section 2.1).
fn thread_name(text: &str) -> Result<String, StepError> {
    let text = text.trim();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    if (1..=128).contains(&text.len()) && text.bytes().all(is_plain) {
        return Ok(text.to_owned());
    }
    Err(invalid("threadId", "is not 1 to 128 letters, digits or _-.:"))
}

fn answered(outcome: Outcome) -> Result<Value, StepError> {
    match outcome.code {
        200 if outcome.finish == Some(Finish::Cancelled) => {
            return Err(StepError::new("CANCELLED", "The answer of the agent was stopped"));
        }
        200 => {}
        402 => return Err(no_credits()),
        503 => {
            let is_limit = outcome.error.as_deref() == Some("rate_limited");
            let code = if is_limit { "RATE_LIMIT" } else { "SERVER_ERROR" };
            return Err(StepError::retryable(code, "No model can answer for the agent now"));
        }
        _ => {
            let error = match outcome.error.as_deref() {
                Some("unknown_model" | "model_unavailable") => {
                    StepError::new("NOT_CONFIGURED", "The model of the agent is not configured")
                }
                Some("max_iterations") => {
                    StepError::new("SERVER_ERROR", "The agent could not finish within the steps that it is allowed")
                }
                _ => StepError::new("SERVER_ERROR", "The agent could not answer"),
            };
            return Err(error.with_details(json!({ "reason": outcome.error })));
        }
    }
    let tool_calls = outcome.envelope.pointer("/body/metadata/tool_calls").cloned().unwrap_or_else(|| json!({}));
    Ok(json!({
        "text": outcome.text,
        "output": outcome.output,
        "thread_id": outcome.thread_id.prefixed(),
        "message_id": outcome.answer.map(|id| id.prefixed()),
        "tool_calls": tool_calls,
        "usage": usage(outcome.usage),
        "model": outcome.model,
        "finish_reason": outcome.finish.map(Finish::as_str),
    }))
}

fn refused(fault: Fault) -> StepError {
    match (fault.kind(), fault.code()) {
        (FaultKind::NotFound, _) => not_found("agent"),
        (FaultKind::Conflict, "thread_busy") => StepError::retryable("TRANSIENT", fault.message().to_owned()),
        _ => fault_of(&fault),
    }
}
