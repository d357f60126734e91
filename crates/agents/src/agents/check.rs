//! Whether what a configuration names is there. Flows and workflows are looked for when they are called: they belong to other slices.

use floe_model::agents::agent::{AgentConfig, ToolKind};
use floe_model::id::{AgentId, WorkspaceId};
use floe_model::{Fault, FieldProblem};
use floe_store::Tx;
use floe_store::agents::{agents as rows, knowledge_bases};

use crate::tools::Schema;

/// Looks for the knowledge bases and agents that tools name, and whether schemas are any; `own` is the agent itself, which cannot be its own tool.
///
/// # Errors
/// 400 with every wrong field.
pub(super) fn references(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    own: Option<AgentId>,
    config: &AgentConfig,
) -> Result<(), Fault> {
    let mut problems = Vec::new();
    for (at, tool) in config.tools.iter().enumerate() {
        match &tool.kind {
            ToolKind::Knowledge { knowledge_base_ids, .. } => {
                for (place, base) in knowledge_base_ids.iter().enumerate() {
                    if knowledge_bases::find(tx, workspace, *base)?.is_none() {
                        let path = format!("/tools/{at}/knowledge_base_ids/{place}");
                        problems.push(FieldProblem::new(path, "value", "There is no such knowledge base"));
                    }
                }
            }
            ToolKind::Agent { agent_id } => {
                let path = format!("/tools/{at}/agent_id");
                if Some(*agent_id) == own {
                    problems.push(FieldProblem::new(path, "value", "An agent cannot be its own tool"));
                } else if !rows::is_there(tx, workspace, *agent_id)? {
                    problems.push(FieldProblem::new(path, "value", "There is no such agent"));
                }
            }
            ToolKind::Http { parameters, .. } => {
                problems.extend(schema_problem(&format!("/tools/{at}/parameters"), parameters));
            }
            _ => {}
        }
    }
    if let Some(schema) = &config.response_schema {
        problems.extend(schema_problem("/response_schema", schema));
    }
    if problems.is_empty() { Ok(()) } else { Err(Fault::validation(problems)) }
}

fn schema_problem(path: &str, schema: &serde_json::Value) -> Option<FieldProblem> {
    let problem = Schema::compile(schema).err()?;
    Some(FieldProblem::new(path, "value", format!("This is no JSON Schema that can be used: {problem}")))
}
