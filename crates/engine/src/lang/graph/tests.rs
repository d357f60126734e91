//! Definitions and what comes of them.

mod behaviour;
mod conversion;
mod definitions;
mod fuzz;
mod generate;
mod generated;
mod lowering;
mod play;
mod structure;
mod validation;

use serde_json::{Value, json};

use super::{Compiled, NodeTypes};

/// Compiles with the table alone.
fn compile(file: &Value) -> Compiled {
    super::compile(file, &NodeTypes::default())
}

/// A record form: nodes as `(id, type, config)`, edges as `from to` or `from handle to`.
fn graph(nodes: &[(&str, &str, Value)], edges: &[&str]) -> Value {
    let nodes: serde_json::Map<String, Value> = nodes
        .iter()
        .map(|(id, kind, config)| ((*id).to_owned(), json!({ "type": kind, "name": id, "config": config })))
        .collect();
    let edge = |text: &&str| match text.split(' ').collect::<Vec<_>>()[..] {
        [from, to] => json!({ "source": from, "target": to }),
        [from, handle, to] => json!({ "source": from, "target": to, "sourceHandle": handle }),
        _ => panic!("an edge is `from to` or `from handle to`: {text}"),
    };
    json!({ "name": "Test", "nodes": nodes, "edges": edges.iter().map(edge).collect::<Vec<_>>() })
}

/// A node that is fine by itself.
fn plain(id: &str) -> (&str, &'static str, Value) {
    (id, "transform", json!({ "operation": "passthrough", "inputData": "x" }))
}

/// A condition that is fine by itself.
fn choice(id: &str) -> (&str, &'static str, Value) {
    (id, "conditional", json!({ "expression": "a > 1" }))
}

/// An output that is fine by itself.
fn output(id: &str) -> (&str, &'static str, Value) {
    (id, "output", json!({ "outputName": id, "value": "{{x}}" }))
}

/// A loop over a list.
fn each(id: &str) -> (&str, &'static str, Value) {
    (id, "loop", json!({ "arrayPath": "{{list}}" }))
}
