//! Names that a definition defines, and branches that its nodes choose among.

use std::collections::BTreeSet;

use serde_json::Value;

use super::document::{Document, NodeDef};
use super::inputs;

/// Names that are always there (Workflow API contract, section 15), and words of the expressions.
const RESERVED: [&str; 22] = [
    "loop",
    "parallel",
    "shared",
    "trigger",
    "env",
    "error",
    "workflow",
    "execution",
    "$now",
    "$elapsed",
    "$executionId",
    "$workflowId",
    "true",
    "false",
    "null",
    "undefined",
    "JSON",
    "Math",
    "Object",
    "Date",
    "this",
    "new",
];

/// Branches that are looked at; a node with more is refused.
const BRANCHES_MAX: usize = 500;

/// A branch that a node may choose.
#[derive(Debug)]
pub(super) struct Branch {
    /// Its first handle.
    pub(super) name: String,
    handles: Vec<String>,
}

impl Branch {
    /// Whether an edge of that handle leaves by it.
    pub(super) fn takes(&self, handle: &str) -> bool {
        self.handles.iter().any(|known| known == handle)
    }
}

/// Whether an edge of that handle leaves a node that chooses whatever it chose.
pub(super) fn is_any(handle: &str) -> bool {
    matches!(handle, "output" | "source")
}

/// Whether a handle stands for what no case or route takes.
pub(super) fn is_default(node: &NodeDef, handle: &str) -> bool {
    let key = if node.is("router") { "defaultRoute" } else { "defaultCase" };
    !node.is("conditional") && (handle == "default" || node.text(key) == Some(handle))
}

/// The branches of a node that chooses.
pub(super) fn branches(node: &NodeDef) -> Vec<Branch> {
    let of = |name: String, handles: Vec<String>| Branch { name, handles };
    if node.is("conditional") {
        let words = |words: [&str; 3]| words.map(str::to_owned).to_vec();
        return vec![
            of("true".to_owned(), words(["true", "output-true", "yes"])),
            of("false".to_owned(), words(["false", "output-false", "no"])),
        ];
    }
    let key = if node.is("router") { "routes" } else { "cases" };
    let list = node.config.get(key).and_then(Value::as_array).into_iter().flatten();
    let value = |one: &Value| {
        let value = one.get("value").unwrap_or(one);
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    };
    list.enumerate()
        .take(BRANCHES_MAX)
        .map(|(at, one)| {
            let value = value(one);
            of(value.clone(), vec![value.clone(), format!("case-{at}"), format!("case-{value}")])
        })
        .collect()
}

/// Every name that a definition defines, without its inputs.
pub(super) fn known(document: &Document) -> BTreeSet<String> {
    let mut known: BTreeSet<String> = RESERVED.iter().map(|&name| name.to_owned()).collect();
    for node in &document.nodes {
        known.insert(node.id.clone());
        known.insert(node.name.clone());
        let keys = ["outputVariable", "variableName", "outputName", "itemVariable", "indexVariable", "key"];
        known.extend(keys.iter().filter_map(|key| node.text(key)).map(str::to_owned));
        known.extend(inputs::name_of(node).map(str::to_owned));
        known.extend(node.spec.iter().flat_map(|spec| spec.outputs).map(|(key, _)| (*key).to_owned()));
        match node.kind.as_str() {
            "loop" => known.extend(["item", "index"].map(str::to_owned)),
            "input" => known.extend(["userInput".to_owned()]),
            _ => {}
        }
        for key in ["variables", "initialVariables"] {
            known.extend(
                node.config.get(key).and_then(Value::as_object).into_iter().flat_map(|map| map.keys().cloned()),
            );
        }
    }
    known
}

/// The first names of the placeholders of a node that are plain paths.
pub(super) fn placeholders(node: &NodeDef) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (key, value) in &node.config {
        if node.is("code") && key == "code" || node.is("templateOutput") {
            continue;
        }
        collect(value, &mut found, 0);
    }
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>, depth: usize) {
    match value {
        Value::String(text) => {
            let mut rest = text.as_str();
            while let Some(at) = rest.find("{{") {
                rest = &rest[at + 2..];
                let Some(end) = rest.find("}}") else { return };
                found.extend(plain_root(rest[..end].trim()));
                rest = &rest[end..];
            }
        }
        Value::Array(items) if depth < 64 => items.iter().for_each(|one| collect(one, found, depth + 1)),
        Value::Object(map) if depth < 64 => map.values().for_each(|one| collect(one, found, depth + 1)),
        _ => {}
    }
}

/// The first name of a path; none for anything else.
fn plain_root(text: &str) -> Option<String> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '-');
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let begins = text.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$');
    let path = text[end..].chars().all(|c| is_part(c) || matches!(c, '.' | '[' | ']' | '\'' | '"'));
    (begins && path).then(|| text[..end].to_owned())
}
