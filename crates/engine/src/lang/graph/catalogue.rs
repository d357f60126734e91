//! The node types for the editor, in the vocabulary of the steps catalogue (Flow API contract, section 11).

use serde_json::{Value, json};

use super::types::{NodeType, NodeTypes, Runs};
use super::{DEFINITION_BYTES_MAX, EDGES_MAX, NODES_MAX};
use crate::catalog::Field;

/// The catalogue: `steps` with their fields, `categories`, `limits`.
#[must_use]
pub fn catalogue(types: &NodeTypes) -> Value {
    let mut categories: Vec<&str> = Vec::new();
    for one in NodeTypes::all() {
        if !categories.contains(&one.category) {
            categories.push(one.category);
        }
    }
    json!({
        "steps": NodeTypes::all().map(|one| node_type(one, types)).collect::<Vec<Value>>(),
        "categories": categories.iter().map(|key| json!({ "key": key, "name": title(key) })).collect::<Vec<Value>>(),
        "limits": { "nodes": NODES_MAX, "edges": EDGES_MAX, "definitionBytes": DEFINITION_BYTES_MAX },
    })
}

fn node_type(one: &NodeType, types: &NodeTypes) -> Value {
    let outputs = one.outputs.iter();
    let outputs = outputs.map(|(key, description)| json!({ "key": key, "type": "json", "description": description }));
    let available = match one.runs {
        Runs::Effect { key, optional, .. } => !optional || types.is_on(key),
        _ => true,
    };
    json!({
        "key": one.key, "name": one.name, "category": one.category, "description": one.description,
        "inputs": one.fields.iter().map(field).collect::<Vec<Value>>(),
        "outputs": outputs.collect::<Vec<Value>>(),
        "handles": one.handles,
        "waits": matches!(one.runs, Runs::Wait | Runs::Review | Runs::Child),
        "available": available,
    })
}

fn field(field: &Field) -> Value {
    let default: Value = field.default.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    json!({
        "key": field.key, "label": field.label, "type": field.kind.as_str(), "required": field.required,
        "default": default, "options": field.options, "dynamic": field.choices.is_some(),
        "min": field.range.map(|(min, _)| min), "max": field.range.map(|(_, max)| max),
    })
}

/// A word with its first letter in upper case.
fn title(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
