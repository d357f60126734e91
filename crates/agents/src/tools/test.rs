//! Trying a tool of an agent by hand, in test mode (console contract, section 5.2).

use std::sync::Arc;

use floe_model::access::Caller;
use floe_model::id::AgentId;
use floe_model::{Fault, Mode, Scope};
use floe_runtime::Ctx;
use floe_runtime::tools::{ToolCall, ToolFault};
use serde_json::{Map, Value, json};

use super::Toolbox;
use crate::{Agents, agents};

/// Longest that a try takes, in milliseconds.
const TRY_MS: u64 = 60_000;

/// A try.
#[derive(Debug, Clone)]
pub struct TryTool {
    /// The agent.
    pub agent: AgentId,
    /// The name of one of its tools, or a definition that was not saved.
    pub tool: Value,
    /// The arguments, an object.
    pub arguments: Value,
}

/// What came of a try.
#[derive(Debug, Clone)]
pub struct Tested {
    /// What the tool gave, or why it gave nothing.
    pub result: Result<Value, ToolFault>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
}

impl Agents {
    /// Calls a tool once, in test mode, whether it needs an approval or not: whoever tries it is the approval.
    ///
    /// # Errors
    /// 404 for the agent; 400 for a tool that it does not have, or a definition that is wrong.
    pub async fn try_tool(self: &Arc<Self>, ctx: &Ctx, wanted: TryTool) -> Result<Tested, Fault> {
        let scope = Scope { workspace: ctx.caller.workspace, mode: Mode::Test };
        let (platform, agent) = (Arc::clone(&self.platform), wanted.agent);
        let found = ctx.store.read(move |tx| agents::load(tx, &platform, scope.workspace, agent)).await?;
        let found = found.ok_or_else(|| Fault::not_found("Agent"))?;
        let (definitions, name) = match &wanted.tool {
            Value::String(name) => (found.tools(), Some(name.clone())),
            Value::Object(definition) => (one_definition(&found, definition)?, None),
            _ => return Err(Fault::field("/tool", "type", "tool must be the name of a tool, or a definition")),
        };
        let toolbox = Toolbox::open(self, scope, &definitions, 0).await;
        let name = match name {
            Some(name) if toolbox.find(&name).is_some() => name,
            Some(name) => match toolbox.problems.iter().find(|problem| problem.name == name) {
                Some(problem) => return Ok(Tested { result: Err(problem.fault.clone()), duration_ms: 0 }),
                None => return Err(Fault::field("/tool", "unknown", toolbox.unknown(&name).message)),
            },
            None => match (toolbox.entries.first(), toolbox.problems.first()) {
                (Some(entry), _) => entry.spec.name.clone(),
                (None, Some(problem)) => return Ok(Tested { result: Err(problem.fault.clone()), duration_ms: 0 }),
                (None, None) => return Err(Fault::field("/tool", "value", "The definition has no tools")),
            },
        };
        let began = ctx.now();
        let call = ToolCall {
            scope,
            caller: Arc::new(Caller { mode: Mode::Test, ..Caller::clone(&ctx.caller) }),
            agent,
            key: format!("try:{}", ctx.request_id),
            arguments: wanted.arguments,
            depth: 0,
            chain: Vec::new(),
            deadline_ms: TRY_MS,
        };
        let result = toolbox.call(&self.platform, &name, call).await;
        Ok(Tested { result, duration_ms: ctx.now().millis_since(began) })
    }
}

/// A definition as it would be saved; secrets that it hides are those of the tool of this name.
fn one_definition(agent: &agents::Agent, definition: &Map<String, Value>) -> Result<Vec<Value>, Fault> {
    let mut body = Map::new();
    body.insert("tools".to_owned(), json!([definition]));
    let config = agent.config.patched(&body).map_err(|problems| {
        let here = |path: &str| path.replacen("/tools/0", "/tool", 1);
        let problems = problems.into_iter().map(|one| floe_model::FieldProblem { path: here(&one.path), ..one });
        Fault::validation(problems.collect())
    })?;
    Ok(config.tools.iter().map(floe_model::agents::agent::Tool::to_json).collect())
}
