//! The node types for the editor, in the vocabulary of the steps catalogue (Flow API contract, section 11).

use serde_json::{Value, json};

use super::types::{NodeType, NodeTypes, Runs};
use crate::catalog::Field;

/// Every node type with its fields, what its record holds, and the handles of its edges; one that needs something which the server
/// is not set up for is not `available`.
#[must_use]
pub fn catalogue(types: &NodeTypes) -> Vec<Value> {
    NodeTypes::all().map(|one| node_type(one, types)).collect()
}

fn node_type(one: &NodeType, types: &NodeTypes) -> Value {
    let outputs = one.outputs.iter().map(|(key, holds)| json!({ "key": key, "type": "json", "description": holds }));
    let available = match one.runs {
        Runs::Effect { key, optional, .. } => !optional || types.is_on(key),
        _ => true,
    };
    json!({
        "key": one.key, "name": one.name, "category": one.category, "description": one.description,
        "aliases": one.aliases,
        "inputs": one.fields.iter().map(field).collect::<Vec<Value>>(),
        "outputs": outputs.collect::<Vec<Value>>(),
        "handles": one.handles,
        "waits": matches!(one.runs, Runs::Wait | Runs::Review | Runs::Child(_)),
        "available": available,
    })
}

fn field(field: &Field) -> Value {
    let default: Value = field.default.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    json!({
        "key": field.key, "label": field.label, "type": field.kind.as_str(), "required": field.required,
        "description": field.description, "default": default, "options": field.options,
        "min": field.range.map(|(min, _)| min), "max": field.range.map(|(_, max)| max),
        "dynamic": field.choices.is_some(),
    })
}
