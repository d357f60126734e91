//! What is different between two graph definitions in record form (console contract, section 5.3).
//!
//! Nodes are told apart by their ids, edges by where they lead. Where a node stands on the canvas does not count.

use std::collections::HashSet;

use floe_engine::lang::steps::Op;
use serde_json::{Map, Value};

/// One difference.
pub type Difference = floe_engine::lang::steps::Change;

/// Members of a node and of a definition that only the canvas reads.
const PRESENTATION: &[&str] = &["position", "style", "viewport"];
/// Members of an edge that say where it leads.
const EDGE: [&str; 3] = ["source", "target", "sourceHandle"];

/// The differences from one definition to a later one: what is gone, then what is new or other in the order of the later one.
#[must_use]
pub(super) fn compare(before: &Value, after: &Value) -> Vec<Difference> {
    let nothing = Map::new();
    let object = |value: &Value, name: &str| value.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let (old, new) = (object(before, "nodes"), object(after, "nodes"));
    let mut found = Vec::new();
    for (id, node) in old.iter().filter(|(id, _)| !new.contains_key(*id)) {
        found.push(change(Op::Remove, Some(id), format!("/nodes/{}", escaped(id)), content(node), Value::Null));
    }
    for (id, node) in &new {
        let pointer = format!("/nodes/{}", escaped(id));
        match old.get(id) {
            None => found.push(change(Op::Add, Some(id), pointer, Value::Null, content(node))),
            Some(known) => members(Some(id), &pointer, known, node, &mut found),
        }
    }
    compare_edges(before, after, &mut found);
    let (old, new) = (before.as_object().unwrap_or(&nothing), after.as_object().unwrap_or(&nothing));
    let rest = |name: &&String| !["nodes", "edges"].contains(&name.as_str()) && !PRESENTATION.contains(&name.as_str());
    for name in names(old, new).into_iter().filter(rest) {
        note(None, format!("/{}", escaped(name)), old.get(name), new.get(name), &mut found);
    }
    found
}

/// Members of a node, those of its configuration one by one.
fn members(id: Option<&String>, pointer: &str, before: &Value, after: &Value, found: &mut Vec<Difference>) {
    let nothing = Map::new();
    let (old, new) = (before.as_object().unwrap_or(&nothing), after.as_object().unwrap_or(&nothing));
    for name in names(old, new).into_iter().filter(|name| !PRESENTATION.contains(&name.as_str())) {
        let pointer = format!("{pointer}/{}", escaped(name));
        match (name.as_str(), old.get(name), new.get(name)) {
            ("config", Some(before @ Value::Object(_)), Some(after @ Value::Object(_))) => {
                members(id, &pointer, before, after, found);
            }
            (_, before, after) => note(id, pointer, before, after, found),
        }
    }
}

/// Edges that are gone or new; the node from which they come goes on elsewhere.
fn compare_edges(before: &Value, after: &Value, found: &mut Vec<Difference>) {
    let (old, new) = (edges(before), edges(after));
    let known: HashSet<&str> = old.iter().map(|(key, ..)| key.as_str()).collect();
    let kept: HashSet<&str> = new.iter().map(|(key, ..)| key.as_str()).collect();
    for (_, at, edge) in old.iter().filter(|(key, ..)| !kept.contains(key.as_str())) {
        found.push(change(Op::Connect, source(edge), format!("/edges/{at}"), shown(edge), Value::Null));
    }
    for (_, at, edge) in new.iter().filter(|(key, ..)| !known.contains(key.as_str())) {
        found.push(change(Op::Connect, source(edge), format!("/edges/{at}"), Value::Null, shown(edge)));
    }
}

/// The edges of a definition with what tells them apart, and their places.
fn edges(definition: &Value) -> Vec<(String, usize, &Value)> {
    let list = definition.get("edges").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let key = |edge: &Value| EDGE.map(|name| edge.get(name).cloned().unwrap_or_default());
    list.iter().enumerate().map(|(at, edge)| (Value::from(key(edge).to_vec()).to_string(), at, edge)).collect()
}

fn source(edge: &Value) -> Option<&String> {
    match edge.get("source") {
        Some(Value::String(source)) => Some(source),
        _ => None,
    }
}

fn shown(edge: &Value) -> Value {
    let members = EDGE.iter().filter_map(|name| Some(((*name).to_owned(), edge.get(*name)?.clone())));
    Value::Object(members.filter(|(_, value)| !value.is_null()).collect())
}

/// A node without what only the canvas reads.
fn content(node: &Value) -> Value {
    let mut node = node.clone();
    if let Value::Object(map) = &mut node {
        map.retain(|name, _| !PRESENTATION.contains(&name.as_str()));
    }
    node
}

fn note(
    id: Option<&String>,
    pointer: String,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    // Nothing and null mean the same.
    let (before, after) = (before.cloned().unwrap_or_default(), after.cloned().unwrap_or_default());
    if before != after {
        found.push(change(Op::Update, id, pointer, before, after));
    }
}

fn change(op: Op, id: Option<&String>, pointer: String, before: Value, after: Value) -> Difference {
    Difference { op, step_id: id.cloned(), pointer, before, after }
}

/// Names of both, in the order of the later one, then what only the earlier one has.
fn names<'m>(old: &'m Map<String, Value>, new: &'m Map<String, Value>) -> Vec<&'m String> {
    new.keys().chain(old.keys().filter(|name| !new.contains_key(*name))).collect()
}

/// A name as a token of a JSON pointer (RFC 6901).
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
