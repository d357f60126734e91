//! Another agent as a tool: it is asked in a conversation of its own, and its answer is the result.

use std::sync::Arc;

use floe_model::agents::envelope::Finish;
use floe_model::agents::exchange::Channel;
use floe_model::agents::message::Message;
use floe_model::id::AgentId;
use floe_model::{Fault, FaultKind, Scope};
use floe_runtime::tools::{Tool, ToolCall, ToolFault, ToolFuture, ToolSpec};
use floe_runtime::{Ctx, Platform};
use serde_json::{Value, json};

use super::{DEPTH_MAX, names, text};
use crate::Agents;
use crate::agents as records;
use crate::exchanges::NewExchange;

/// Characters of what is asked at most.
const MESSAGE_CHARS_MAX: usize = 50_000;

struct AgentTool {
    spec: ToolSpec,
    agent: AgentId,
    agents: Arc<Agents>,
}

/// The tool of a definition.
///
/// # Errors
/// `invalid_definition`; `not_found` for an agent that is not in the workspace; `too_deep`.
pub(super) async fn open(
    agents: &Arc<Agents>,
    scope: Scope,
    definition: &Value,
    depth: u8,
) -> Result<Arc<dyn Tool>, ToolFault> {
    if depth + 1 >= DEPTH_MAX {
        let message = format!("Agents ask each other at most {DEPTH_MAX} deep");
        return Err(ToolFault::new("too_deep", message));
    }
    let missing = || ToolFault::new("not_found", "The agent is not there");
    let id = text(definition, "agent_id").and_then(|text| AgentId::parse(text).ok()).ok_or_else(missing)?;
    let found = agents.platform.store.read(move |tx| records::require(tx, scope.workspace, id)).await;
    let found = found.map_err(|_| missing())?;
    let name = text(definition, "name").unwrap_or(&found.config.name);
    let description = match (text(definition, "description"), found.config.description.as_str()) {
        (Some(given), _) => given.to_owned(),
        (None, "") => format!("Asks the agent {}", found.config.name),
        (None, own) => own.to_owned(),
    };
    let spec = ToolSpec {
        name: names::plain(name, "agent"),
        description,
        parameters: json!({
            "type": "object", "required": ["message"], "additionalProperties": false,
            "properties": { "message": {
                "type": "string", "minLength": 1, "maxLength": MESSAGE_CHARS_MAX,
                "description": "What to ask, with everything that the other agent has to know",
            } },
        }),
    };
    Ok(Arc::new(AgentTool { spec, agent: id, agents: Arc::clone(agents) }))
}

impl Tool for AgentTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: ToolCall) -> ToolFuture<'a> {
        Box::pin(async move {
            let message = call.arguments["message"].as_str().unwrap_or_default().to_owned();
            let ctx = Ctx::new(Arc::clone(platform), Arc::clone(&call.caller), platform.ids.next());
            let new = NewExchange {
                channel: Channel::Agent,
                key: Some(format!("tool:{}", call.key)),
                depth: call.depth + 1,
                chain: call.chain,
                ..NewExchange::new(self.agent, vec![Message::user(message)])
            };
            let outcome = Box::pin(self.agents.exchange(&ctx, new, None)).await.map_err(|fault| fault_of(&fault))?;
            match outcome.code {
                200 => Ok(json!({
                    "answer": outcome.text, "output": outcome.output, "thread_id": outcome.thread,
                    "finish_reason": outcome.finish.map(Finish::as_str),
                })),
                402 => Err(ToolFault::new("no_credits", "There are no credits left to ask the other agent")),
                503 => Err(ToolFault::new("busy", "The other agent cannot be asked now; try again later")),
                _ => Err(ToolFault::new("failed", "The other agent failed")),
            }
        })
    }
}

fn fault_of(fault: &Fault) -> ToolFault {
    match fault.kind() {
        FaultKind::NotFound => ToolFault::new("not_found", "The agent is not there"),
        FaultKind::Conflict | FaultKind::Overloaded => ToolFault::new(fault.code(), fault.message()),
        _ => ToolFault::new("failed", "The other agent could not be asked"),
    }
}
