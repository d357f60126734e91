//! Published flows as tools of agents (agents contract, section 5).
//!
//! The agents slice knows nothing of flows: it opens definitions of the type `flow` with the source that is registered here. A flow
//! takes what its trigger declares; a call starts a run and waits for it. The id of the run follows from the key of the call, so that a
//! call that is made again after a crash finds the same run.

mod parameters;
mod workflow;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use floe_model::access::Caller;
use floe_model::flows::Engine;
use floe_model::id::{FlowId, RunId, parse_bits};
use floe_model::{Fault, FaultKind, Scope};
use floe_runtime::tools::{OpenFuture, Tool, ToolCall, ToolFault, ToolFuture, ToolSource, ToolSpec};
use floe_runtime::{Ctx, Platform};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::definitions::{self, VersionChoice};
use crate::runs::{DEPTH_MAX, RunState, choose_entry};
use crate::{Execute, Flows, WAIT_MS_MAX, WayIn};

pub use workflow::workflows;

/// The `type` of the definitions.
const KIND: &str = "flow";
/// Time that is left of a call's limit to tell what became of its run, in milliseconds.
const MARGIN_MS: u64 = 500;
/// Bits of an id below its time.
const BELOW_TIME: u32 = 80;

/// The source of tools, for the registry.
#[must_use]
pub fn source(flows: Arc<Flows>) -> Arc<dyn ToolSource> {
    Arc::new(FlowTools(flows))
}

struct FlowTools(Arc<Flows>);

impl ToolSource for FlowTools {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn open<'a>(&'a self, platform: &'a Arc<Platform>, scope: Scope, definition: &'a Value) -> OpenFuture<'a> {
        Box::pin(async move {
            let tool: Arc<dyn Tool> = Arc::new(FlowTool::open(&self.0, platform, scope, definition).await?);
            Ok(vec![tool])
        })
    }
}

struct FlowTool {
    spec: ToolSpec,
    flow: FlowId,
    version: VersionChoice,
    /// The trigger that a call takes.
    trigger: String,
    /// Whether that is one for messages.
    is_message: bool,
    flows: Arc<Flows>,
}

impl FlowTool {
    /// Opens a definition.
    async fn open(
        flows: &Arc<Flows>,
        platform: &Platform,
        scope: Scope,
        definition: &Value,
    ) -> Result<Self, ToolFault> {
        let missing = || ToolFault::new("not_found", "The flow is not there");
        let flow = definition["flow_id"].as_str().and_then(|id| FlowId::parse(id).ok()).ok_or_else(missing)?;
        let version = version_of(definition)?;
        let found = platform.store.read(move |tx| definitions::resolve(tx, scope.workspace, flow, version)).await;
        let resolved = found.map_err(|fault| unavailable(&fault))?;
        if resolved.engine == Engine::Workflow {
            return Err(missing());
        }
        let plan =
            flows.plans.compile(resolved.document_hash, &resolved.definition).map_err(|fault| unavailable(&fault))?;
        let entry = choose_entry(&plan, "peer", None).map_err(|fault| unavailable(&fault))?;
        let entry = &plan.entries[entry];
        let step = parameters::step_of(&resolved.definition, &entry.step_id);
        let said = |name: &str| {
            let own = definition.get(name).and_then(Value::as_str);
            let of_step = step.get(name).and_then(Value::as_str).filter(|_| entry.kind == "peer.action");
            own.or(of_step).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let is_message = entry.kind == "peer.message";
        let description = said("description").unwrap_or_else(|| format!("Runs the flow {}", resolved.flow_name));
        let spec = ToolSpec {
            name: parameters::plain_name(&said("name").unwrap_or(resolved.flow_name)),
            description,
            parameters: if is_message { parameters::of_message() } else { parameters::of_inputs(&entry.inputs, &step) },
        };
        Ok(Self { spec, flow, version, trigger: entry.step_id.clone(), is_message, flows: Arc::clone(flows) })
    }
}

/// The version that a definition names.
fn version_of(definition: &Value) -> Result<VersionChoice, ToolFault> {
    match definition.get("version") {
        None | Some(Value::Null) => Ok(VersionChoice::Latest),
        Some(number) => match number.as_u64().and_then(|number| u32::try_from(number).ok()) {
            Some(number) => Ok(VersionChoice::Number(number)),
            None => Err(ToolFault::new("invalid_definition", "version must be a number")),
        },
    }
}

impl Tool for FlowTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: ToolCall) -> ToolFuture<'a> {
        Box::pin(async move {
            let depth = u32::from(call.depth) + 1;
            if depth > DEPTH_MAX {
                let message = format!("Agents and flows call each other at most {DEPTH_MAX} deep");
                return Err(ToolFault::new("too_deep", message));
            }
            let run = run_of(&call.key).unwrap_or_else(|| platform.ids.next());
            // The agent runs the flow: that it may was decided by whoever gave it the tool.
            let caller = Arc::new(Caller::system(call.scope.workspace, call.scope.mode));
            let ctx = Ctx::new(Arc::clone(platform), caller, platform.ids.next());
            let execute = Execute {
                flow: self.flow,
                version: self.version,
                way: WayIn::Peer { trigger: Some(self.trigger.clone()), depth, chain: call.chain },
                inputs: self.inputs(call.arguments, call.agent.to_string()),
                hook_id: None,
                ip: None,
                run,
                wait_ms: call.deadline_ms.saturating_sub(MARGIN_MS).min(WAIT_MS_MAX),
            };
            let state = self.flows.execute(&ctx, execute).await.map_err(|fault| refused(&fault))?;
            told(run, state.as_ref())
        })
    }
}

impl FlowTool {
    fn inputs(&self, arguments: Value, agent: String) -> Map<String, Value> {
        let Value::Object(arguments) = arguments else { return Map::new() };
        if !self.is_message {
            return arguments;
        }
        let message = arguments.get("message").cloned().unwrap_or_default();
        let inputs = json!({
            "messages": [{ "role": "user", "content": message }], "attachments": [], "user": null, "peer": { "id": agent },
        });
        match inputs {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

/// The run of a call: the time of the exchange, and the rest from the key. None for a key that names no exchange.
fn run_of(key: &str) -> Option<RunId> {
    let exchange = key.split(':').find_map(|part| parse_bits(part).ok())?;
    let digest = Sha256::digest(key.as_bytes());
    let mut head = [0; 16];
    head.copy_from_slice(&digest[..16]);
    let below = u128::from_be_bytes(head) & ((1 << BELOW_TIME) - 1);
    // The version and variant of an id (RFC 9562) stay what they are in every one.
    let marks = (0xf << 76) | (0b11 << 62);
    let marked = (below & !marks) | (0x7 << 76) | (0b10 << 62);
    Some(RunId((exchange >> BELOW_TIME << BELOW_TIME) | marked))
}

/// What became of the run, as a model is told.
fn told(run: RunId, state: Option<&RunState>) -> Result<Value, ToolFault> {
    let Some(state) = state else {
        return Ok(json!({ "status": "running", "run_id": run }));
    };
    match (state.status, &state.error) {
        ("completed", _) => Ok(state.output.as_deref().cloned().unwrap_or_default()),
        ("failed", Some(error)) => Err(ToolFault::new("failed", format!("The flow failed: {}", error.message))),
        ("failed" | "cancelled", _) => {
            Err(ToolFault::new("failed", format!("The run of the flow was {}", state.status)))
        }
        (status, _) => {
            let waits_for = state.wait.as_ref().map(|wait| wait.kind);
            Ok(json!({ "status": status, "run_id": run, "waits_for": waits_for }))
        }
    }
}

fn unavailable(fault: &Fault) -> ToolFault {
    match fault.kind() {
        FaultKind::NotFound => ToolFault::new("not_found", "The flow is not there"),
        FaultKind::Conflict => ToolFault::new(fault.code(), fault.message()),
        _ => ToolFault::new("failed", "The flow cannot be used as it is"),
    }
}

fn refused(fault: &Fault) -> ToolFault {
    match fault.kind() {
        FaultKind::Invalid => {
            let fields: Vec<String> = fault.fields().iter().map(|field| field.message.clone()).collect();
            let message = if fields.is_empty() { fault.message().to_owned() } else { fields.join("; ") };
            ToolFault::new("invalid_arguments", message)
        }
        FaultKind::Overloaded => ToolFault::new("busy", "The flow cannot be run now; try again later"),
        _ => unavailable(fault),
    }
}
