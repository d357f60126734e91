//! Whether what a configuration names is there. Flows and workflows are looked for when they are called: they belong to other slices.

use floe_model::agents::agent::{AgentConfig, ToolKind};
use floe_model::id::{AgentId, WorkspaceId};
use floe_model::{Fault, FieldProblem, Mode, Scope};
use floe_runtime::models::{DEFAULT_MODEL, ModelKind};
use floe_store::Tx;
use floe_store::agents::{agents as rows, knowledge_bases};
use serde_json::{Map, Value};

use crate::models::ModelService;
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

/// Looks at the models that a body names, once its configuration stands: whether they are there, and whether the first one can give answers
/// of that length. Called in the transaction of the change, which a problem ends.
///
/// # Errors
/// 400 with every wrong field.
pub fn check_models(
    tx: &mut Tx<'_>,
    models: &ModelService,
    workspace: WorkspaceId,
    body: &Map<String, Value>,
    config: &AgentConfig,
) -> Result<(), Fault> {
    let mut problems = Vec::new();
    let mut look = |tx: &mut Tx<'_>, path: String, name: &str| {
        if name != DEFAULT_MODEL && !models.knows(tx, workspace, name)? {
            problems.push(FieldProblem::new(path, "value", "There is no such model"));
        }
        Ok::<(), Fault>(())
    };
    if let Some(name) = config.model.as_deref().filter(|_| body.contains_key("model")) {
        look(tx, "/model".to_owned(), name)?;
    }
    if body.contains_key("fallback_models") {
        for (at, name) in config.fallback_models.iter().enumerate() {
            look(tx, format!("/fallback_models/{at}"), name)?;
        }
    }
    let gives_length = ["max_output_tokens", "max_tokens", "model"].iter().any(|name| body.contains_key(*name));
    if let Some(length) = config.max_output_tokens.filter(|_| gives_length) {
        // What test mode would take is as good as what live mode would.
        let scope = Scope { workspace, mode: Mode::Test };
        let model = models.look_up(tx, scope, ModelKind::Chat, config.model.as_deref())?;
        if let Some(limit) = model.map(|model| model.max_output_tokens).filter(|limit| *limit < length) {
            let message = format!("max_output_tokens must be at most {limit}, which is what the model can give");
            problems.push(FieldProblem::new("/max_output_tokens", "range", message));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Fault::validation(problems)) }
}

fn schema_problem(path: &str, schema: &Value) -> Option<FieldProblem> {
    let problem = Schema::compile(schema).err()?;
    Some(FieldProblem::new(path, "value", format!("This is no JSON Schema that can be used: {problem}")))
}
