//! Workflows as tools of agents (Workflow API contract, section 22): a call runs one and gives its outputs.
//!
//! The definition names a workflow as the workflow API does; a flow is one as well. The id of the execution follows from the key of the
//! call, so that a call that is made again after a crash finds the same one.

use std::sync::Arc;
use std::time::Duration;

use floe_model::access::Caller;
use floe_model::flows::Engine;
use floe_model::id::{FlowId, RunId};
use floe_model::{Fault, FaultKind, Scope};
use floe_runtime::tools::{OpenFuture, Tool, ToolCall, ToolFault, ToolFuture, ToolSource, ToolSpec};
use floe_runtime::{Ctx, Platform};
use serde_json::{Map, Value, json};

use super::{FlowTool, MARGIN_MS, parameters, refused, run_of, unavailable, version_of};
use crate::Flows;
use crate::definitions::VersionChoice;
use crate::run_feed::wait_for_change;
use crate::runs::DEPTH_MAX;
use crate::workflows::{Execution, Start, Status, ids};

/// The `type` of the definitions.
const KIND: &str = "workflow";
/// Pause between two looks at an execution, for news that were missed.
const LOOK: Duration = Duration::from_millis(500);

/// The source of tools, for the registry.
#[must_use]
pub fn workflows(flows: Arc<Flows>) -> Arc<dyn ToolSource> {
    Arc::new(WorkflowTools(flows))
}

struct WorkflowTools(Arc<Flows>);

impl ToolSource for WorkflowTools {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn open<'a>(&'a self, platform: &'a Arc<Platform>, scope: Scope, definition: &'a Value) -> OpenFuture<'a> {
        Box::pin(async move { Ok(vec![open(&self.0, platform, scope, definition).await?]) })
    }
}

struct WorkflowTool {
    spec: ToolSpec,
    workflow: FlowId,
    version: VersionChoice,
    flows: Arc<Flows>,
}

/// The agent runs the workflow: that it may was decided by whoever gave it the tool.
fn ctx_of(platform: &Arc<Platform>, scope: Scope) -> Ctx {
    let caller = Arc::new(Caller::system(scope.workspace, scope.mode));
    Ctx::new(Arc::clone(platform), caller, platform.ids.next())
}

async fn open(
    flows: &Arc<Flows>,
    platform: &Arc<Platform>,
    scope: Scope,
    definition: &Value,
) -> Result<Arc<dyn Tool>, ToolFault> {
    let id = definition["workflow_id"].as_str().ok_or_else(missing)?;
    let version = version_of(definition)?;
    let found = flows.workflow(&ctx_of(platform, scope), id).await.map_err(|fault| gone(&fault))?;
    if found.flow.engine == Engine::Flow {
        // It declares its inputs at its trigger, and waits for people in its own ways.
        let mut as_flow = definition.clone();
        as_flow["flow_id"] = json!(found.flow.id);
        return Ok(Arc::new(FlowTool::open(flows, platform, scope, &as_flow).await?));
    }
    let said = |name: &str| definition.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let name = parameters::plain_name(said("name").unwrap_or(&found.flow.name));
    let description = said("description").or(found.description()).map(str::to_owned);
    let spec = ToolSpec {
        name,
        description: description.unwrap_or_else(|| format!("Runs the workflow {}", found.flow.name)),
        parameters: schema(found.input_schema),
    };
    Ok(Arc::new(WorkflowTool { spec, workflow: found.flow.id, version, flows: Arc::clone(flows) }))
}

/// What a workflow takes; always the schema of an object.
fn schema(declared: Value) -> Value {
    match declared {
        Value::Object(mut schema) if !schema.is_empty() => {
            schema.insert("type".to_owned(), json!("object"));
            Value::Object(schema)
        }
        _ => json!({ "type": "object", "properties": {} }),
    }
}

impl Tool for WorkflowTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: ToolCall) -> ToolFuture<'a> {
        Box::pin(async move {
            let depth = u32::from(call.depth) + 1;
            if depth > DEPTH_MAX {
                let message = format!("Agents and workflows call each other at most {DEPTH_MAX} deep");
                return Err(ToolFault::new("too_deep", message));
            }
            let ctx = ctx_of(platform, call.scope);
            let run = run_of(&call.key).unwrap_or_else(|| platform.ids.next());
            let inputs = match call.arguments {
                Value::Object(inputs) => inputs,
                _ => Map::new(),
            };
            if look(&self.flows, &ctx, run).await?.is_none() {
                let start = Start {
                    workflow: self.workflow,
                    version: self.version,
                    inputs,
                    lenient: false,
                    trigger: None,
                    source: "agent",
                    run,
                    depth,
                    chain: call.chain,
                    ip: None,
                };
                self.flows.start_workflow(&ctx, start).await.map_err(|fault| not_started(&fault))?;
            }
            let limit = Duration::from_millis(call.deadline_ms.saturating_sub(MARGIN_MS));
            match tokio::time::timeout(limit, ended(&self.flows, &ctx, run)).await {
                Ok(execution) => told(&execution?),
                Err(_) => Ok(json!({ "status": "running", "execution_id": ids::execution(run) })),
            }
        })
    }
}

/// An execution; none when there is no such one.
async fn look(flows: &Flows, ctx: &Ctx, run: RunId) -> Result<Option<Execution>, ToolFault> {
    match flows.execution(ctx, run).await {
        Ok(execution) => Ok(Some(execution)),
        Err(fault) if fault.kind() == FaultKind::NotFound => Ok(None),
        Err(fault) => Err(unavailable(&fault)),
    }
}

/// Waits until an execution is over, or for a person.
async fn ended(flows: &Flows, ctx: &Ctx, run: RunId) -> Result<Execution, ToolFault> {
    loop {
        // Watch first, so that a change between the look and the wait is not missed.
        let changed = flows.runs.watch(run);
        if let Some(execution) = look(flows, ctx, run).await?
            && (execution.status.is_over() || execution.status == Status::Paused)
        {
            return Ok(execution);
        }
        wait_for_change(changed, LOOK).await;
    }
}

/// What became of an execution, as a model is told.
fn told(execution: &Execution) -> Result<Value, ToolFault> {
    match execution.status {
        Status::Completed => Ok(execution.outputs.clone().unwrap_or_else(|| json!({}))),
        Status::Failed => {
            let why = execution.error.as_ref().map_or("", |error| error.message.as_str());
            Err(ToolFault::new("failed", format!("The workflow failed: {why}")))
        }
        Status::Cancelled => Err(ToolFault::new("failed", "The workflow was cancelled")),
        status => Ok(json!({
            "status": status.as_str(), "execution_id": ids::execution(execution.run),
            "waits_for": execution.pause_context.as_ref().and_then(|pause| pause.get("prompt")),
        })),
    }
}

fn missing() -> ToolFault {
    ToolFault::new("not_found", "The workflow is not there")
}

fn gone(fault: &Fault) -> ToolFault {
    if fault.kind() == FaultKind::NotFound { missing() } else { unavailable(fault) }
}

fn not_started(fault: &Fault) -> ToolFault {
    if fault.kind() == FaultKind::NotFound { missing() } else { refused(fault) }
}
