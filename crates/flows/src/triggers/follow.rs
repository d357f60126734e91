//! Triggers that come with a definition: a `trigger` node of a workflow makes one that is switched off (Workflow API contract, section 19),
//! a `webhook.<id>` step of a flow an address (console contract, section 5.3).

use std::collections::HashSet;

use floe_engine::lang::graph::TriggerNode;
use floe_model::Fault;
use floe_model::flows::Engine;
use floe_model::flows::trigger::{TriggerKind, canonical, read_config};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::FlowRow;
use floe_store::flows::triggers::{self, TriggerRow};
use serde_json::{Map, Value, json};

use super::records::{audit, blank, insert, remove, set_times, source_of};

/// Triggers that one definition makes at most: as many as it may have nodes.
const NODES_MAX: usize = 500;
/// Characters of the name of a trigger at most.
pub(super) const NAME_CHARS_MAX: usize = 200;
/// What the type of a step begins with that has an address.
const WEBHOOK_STEP: &str = "webhook.";

/// A trigger that a definition asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NodeTrigger {
    /// The node or step.
    pub(crate) node: String,
    /// Its name.
    pub(crate) name: String,
    /// What fires it.
    pub(crate) kind: TriggerKind,
    /// What the node says.
    pub(crate) config: Map<String, Value>,
    /// Whether a new one fires at once.
    enabled: bool,
}

impl NodeTrigger {
    /// What a node of a workflow asks for.
    pub(crate) fn of(node: &TriggerNode) -> Self {
        let kind = TriggerKind::of_node(node.kind);
        let config = canonical(kind, &node.config);
        Self { node: node.node_id.clone(), name: node.name.clone(), kind, config, enabled: false }
    }
}

/// Brings the triggers of a held workflow in line with the definition that was just written: new nodes get one that is switched off, what
/// a node says anew is taken over, and what belongs to a node that is no more goes. Triggers that people made stay.
///
/// # Errors
/// Of the database.
pub(crate) fn follow_nodes(tx: &mut Tx<'_>, ctx: &Ctx, flow: &FlowRow, wanted: &[NodeTrigger]) -> Result<(), Fault> {
    let known = triggers::of_flow(tx, flow.id)?;
    let mut met = HashSet::new();
    for one in wanted.iter().take(NODES_MAX) {
        met.insert(one.node.as_str());
        let row = known.iter().find(|row| row.node.as_deref() == Some(&one.node));
        match row {
            Some(row) if row.kind == one.kind => take_over(tx, ctx, row, one)?,
            Some(row) => {
                remove(tx, row)?;
                make(tx, ctx, flow, one)?;
            }
            None => make(tx, ctx, flow, one)?,
        }
    }
    for row in &known {
        if row.node.as_deref().is_some_and(|node| !met.contains(node)) {
            remove(tx, row)?;
            audit(tx, ctx, row, "deleted_trigger", json!({ "type": row.kind.as_str(), "by": "definition" }))?;
        }
    }
    Ok(())
}

/// The same for a held flow of steps, from the definition that a read shows now.
///
/// # Errors
/// Of the database.
pub(crate) fn follow_steps(tx: &mut Tx<'_>, ctx: &Ctx, flow: &FlowRow, definition: &Value) -> Result<(), Fault> {
    if flow.engine != Engine::Flow {
        return Ok(());
    }
    let steps = definition.get("steps").and_then(Value::as_array).into_iter().flatten();
    let wanted: Vec<NodeTrigger> = steps.filter_map(of_step).collect();
    follow_nodes(tx, ctx, flow, &wanted)
}

/// Ends the triggers of an automation that is deleted.
///
/// # Errors
/// Of the database.
pub(crate) fn end(tx: &mut Tx<'_>, flow: &FlowRow) -> Result<(), Fault> {
    for row in triggers::of_flow(tx, flow.id)? {
        remove(tx, &row)?;
    }
    Ok(())
}

fn of_step(step: &Value) -> Option<NodeTrigger> {
    let kind = step.get("type")?.as_str()?;
    let hook = kind.strip_prefix(WEBHOOK_STEP)?;
    let name = step.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).unwrap_or(hook);
    Some(NodeTrigger {
        node: step.get("id")?.as_str()?.to_owned(),
        name: name.to_owned(),
        kind: TriggerKind::Webhook,
        config: Map::new(),
        enabled: true,
    })
}

fn make(tx: &mut Tx<'_>, ctx: &Ctx, flow: &FlowRow, wanted: &NodeTrigger) -> Result<(), Fault> {
    let read = read_config(wanted.kind, &wanted.config).ok();
    let config = Value::Object(wanted.config.clone()).to_string();
    let mut row = TriggerRow {
        name: shown_name(&wanted.name, flow),
        node: Some(wanted.node.clone()),
        node_config: Some(config.clone()),
        config,
        source: read.as_ref().and_then(source_of),
        enabled: wanted.enabled,
        ..blank(ctx, flow, wanted.kind)
    };
    insert(tx, ctx, &mut row)?;
    let detail = json!({ "type": row.kind.as_str(), "flow_id": flow.id, "enabled": row.enabled, "by": "definition" });
    audit(tx, ctx, &row, "created_trigger", detail)
}

/// Takes over what a node says now, unless it says what it said before: then what people have changed since stays.
fn take_over(tx: &mut Tx<'_>, ctx: &Ctx, row: &TriggerRow, wanted: &NodeTrigger) -> Result<(), Fault> {
    let config = Value::Object(wanted.config.clone()).to_string();
    if row.node_config.as_deref() == Some(&config) {
        return Ok(());
    }
    let mut row = row.clone();
    let read = read_config(row.kind, &wanted.config);
    row.source = read.as_ref().ok().and_then(source_of);
    // What cannot be read does not fire.
    row.enabled = row.enabled && read.is_ok();
    (row.config, row.node_config) = (config.clone(), Some(config));
    set_times(tx, ctx, &mut row)?;
    row.updated_at = ctx.now();
    triggers::update(tx, &row)?;
    audit(
        tx,
        ctx,
        &row,
        "updated_trigger",
        json!({ "changed": ["config"], "enabled": row.enabled, "by": "definition" }),
    )
}

fn shown_name(name: &str, flow: &FlowRow) -> String {
    let name = if name.trim().is_empty() { &flow.name } else { name };
    name.chars().take(NAME_CHARS_MAX).collect()
}
