//! The triggers that a definition asks for: each becomes a trigger record, disabled (Workflow API contract, section 19).

use serde_json::{Map, Value};

use super::document::{Document, NodeDef};

/// Node id of the trigger that stands beside a definition.
pub const DEFAULT_TRIGGER: &str = "defaultTrigger";

/// A trigger that a definition asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerNode {
    /// The trigger node; [`DEFAULT_TRIGGER`] for the one of the wrapper.
    pub node_id: String,
    /// Shown name.
    pub name: String,
    /// `schedule`, `webhook`, `event` or `manual`.
    pub kind: &'static str,
    /// Its configuration under canonical keys.
    pub config: Map<String, Value>,
}

/// What the triggers of a definition ask for.
pub(super) fn of(document: &Document) -> Vec<TriggerNode> {
    let nodes = document.nodes.iter().filter(|node| node.is("trigger")).filter_map(of_node);
    nodes.chain(document.default_trigger.as_ref().and_then(of_wrapper)).collect()
}

/// The kind of a trigger node: what it says, else what its config is about.
pub(super) fn kind_of(node: &NodeDef) -> &'static str {
    kind(&node.config, node.text("triggerType"))
}

fn of_node(node: &NodeDef) -> Option<TriggerNode> {
    let kind = kind_of(node);
    // One that only the API starts needs no record.
    if kind == "manual" {
        return None;
    }
    let config = canonical(node.config.clone());
    Some(TriggerNode { node_id: node.id.clone(), name: node.name.clone(), kind, config })
}

fn of_wrapper(config: &Map<String, Value>) -> Option<TriggerNode> {
    let mut config = config.clone();
    let inner = config.shift_remove("config");
    if let Some(Value::Object(inner)) = inner {
        inner.into_iter().for_each(|(key, value)| _ = config.entry(key).or_insert(value));
    }
    let word = config.shift_remove("type").or_else(|| config.get("triggerType").cloned());
    let name = config.shift_remove("name").and_then(|name| name.as_str().map(str::to_owned));
    let config = canonical(config);
    let kind = kind(&config, word.as_ref().and_then(Value::as_str));
    Some(TriggerNode {
        node_id: DEFAULT_TRIGGER.to_owned(),
        name: name.unwrap_or_else(|| "Default trigger".to_owned()),
        kind,
        config,
    })
}

fn kind(config: &Map<String, Value>, word: Option<&str>) -> &'static str {
    let has = |key: &str| config.get(key).is_some_and(|value| !value.is_null());
    match word {
        Some("schedule" | "cron") => "schedule",
        Some("webhook") => "webhook",
        Some("event") => "event",
        Some("manual") => "manual",
        _ if has("cronExpression") => "schedule",
        _ if has("eventType") || has("eventId") || has("event") => "event",
        _ => "manual",
    }
}

/// The keys that trigger records know (section 11).
fn canonical(mut config: Map<String, Value>) -> Map<String, Value> {
    for (from, to) in [
        ("schedule", "cronExpression"),
        ("cron", "cronExpression"),
        ("webhookProvider", "providerId"),
        ("provider", "providerId"),
        ("event", "eventId"),
    ] {
        if let Some(value) = config.shift_remove(from).filter(|value| !value.is_null()) {
            config.entry(to).or_insert(value);
        }
    }
    for key in ["outputVariable", "description", "triggerType"] {
        config.shift_remove(key);
    }
    config
}
