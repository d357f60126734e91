//! The stored form of a definition, and its exports (Workflow API contract, section 13).

use serde_json::{Map, Value, json};

use super::document::{Document, EdgeDef, NodeDef};

/// The record form after alias rewriting.
pub(super) fn record(document: &Document, entry: Option<&str>) -> Value {
    let mut record = Map::new();
    put(&mut record, "name", document.name.as_deref());
    put(&mut record, "description", document.description.as_deref());
    put(&mut record, "entryPoint", document.entry_point.as_deref().or(entry));
    let nodes: Map<String, Value> =
        document.nodes.iter().map(|one| (one.id.clone(), Value::Object(node(one)))).collect();
    record.insert("nodes".to_owned(), Value::Object(nodes));
    record.insert("edges".to_owned(), document.edges.iter().map(|one| Value::Object(edge(one))).collect());
    if !document.settings.is_empty() {
        record.insert("settings".to_owned(), Value::Object(document.settings.clone()));
    }
    if let Some(trigger) = &document.default_trigger {
        record.insert("defaultTrigger".to_owned(), Value::Object(trigger.clone()));
    }
    for (key, value) in &document.extra {
        record.entry(key).or_insert_with(|| value.clone());
    }
    Value::Object(record)
}

/// A file whose parts could not all be read, without its wrapper: it keeps what is wrong with it.
pub(super) fn unread(file: &Value, document: &Document) -> Value {
    let inner = file.get("definition").filter(|inner| inner.is_object() && file.get("nodes").is_none()).unwrap_or(file);
    let mut record = inner.as_object().cloned().unwrap_or_default();
    put(&mut record, "name", document.name.as_deref());
    put(&mut record, "description", document.description.as_deref());
    if let Some(trigger) = &document.default_trigger {
        record.insert("defaultTrigger".to_owned(), Value::Object(trigger.clone()));
    }
    record.entry("nodes").or_insert_with(|| json!({}));
    Value::Object(record)
}

fn node(node: &NodeDef) -> Map<String, Value> {
    let mut written = Map::new();
    put(&mut written, "type", Some(&node.kind));
    put(&mut written, "name", Some(&node.name));
    written.insert("config".to_owned(), Value::Object(node.config.clone()));
    if let Some(position) = &node.position {
        written.insert("position".to_owned(), position.clone());
    }
    if !node.on_error.is_empty() {
        written.insert("onError".to_owned(), Value::Object(node.on_error.clone()));
    }
    for (key, value) in &node.extra {
        written.entry(key).or_insert_with(|| value.clone());
    }
    written
}

fn edge(edge: &EdgeDef) -> Map<String, Value> {
    let mut written = Map::new();
    put(&mut written, "id", Some(&edge.id));
    put(&mut written, "source", Some(&edge.source));
    put(&mut written, "target", Some(&edge.target));
    put(&mut written, "sourceHandle", edge.handle.as_deref());
    for (key, value) in &edge.extra {
        written.entry(key).or_insert_with(|| value.clone());
    }
    written
}

fn put(map: &mut Map<String, Value>, key: &str, text: Option<&str>) {
    if let Some(text) = text {
        map.insert(key.to_owned(), Value::from(text));
    }
}

/// The canvas form of a record form: nodes as a list, their config as `data`, no entry point.
#[must_use]
pub fn canvas(record: &Value) -> Value {
    let mut canvas = record.as_object().cloned().unwrap_or_default();
    canvas.shift_remove("entryPoint");
    if let Some(Value::Object(nodes)) = canvas.get("nodes") {
        let list: Vec<Value> = nodes.iter().map(|(id, node)| canvas_node(id, node)).collect();
        canvas.insert("nodes".to_owned(), Value::Array(list));
    }
    Value::Object(canvas)
}

fn canvas_node(id: &str, node: &Value) -> Value {
    let mut written = node.as_object().cloned().unwrap_or_default();
    let mut data = Map::new();
    if let Some(name) = written.shift_remove("name") {
        data.insert("label".to_owned(), name);
    }
    if let Some(Value::Object(config)) = written.shift_remove("config") {
        data.extend(config);
    }
    let mut shown = Map::new();
    put(&mut shown, "id", Some(id));
    for key in ["type", "position"] {
        if let Some(value) = written.shift_remove(key) {
            shown.insert(key.to_owned(), value);
        }
    }
    shown.entry("position").or_insert_with(|| json!({ "x": 0, "y": 0 }));
    shown.insert("data".to_owned(), Value::Object(data));
    shown.extend(written);
    Value::Object(shown)
}
