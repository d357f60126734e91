//! Reading a file: record form, canvas form, or a wrapper around one of them (Workflow API contract, section 13).

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::problem::{Problems, code};
use super::types::{LOOP_WORDS, NOTES, NodeType, NodeTypes};
use super::{EDGES_MAX, NODES_MAX, aliases};

/// Bytes of a node id at most.
const ID_BYTES_MAX: usize = 128;

/// A definition as it was understood.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    /// The node that is shown first.
    pub(super) entry_point: Option<String>,
    pub(super) nodes: Vec<NodeDef>,
    pub(super) edges: Vec<EdgeDef>,
    pub(super) settings: Map<String, Value>,
    /// Trigger of the wrapper.
    pub(super) default_trigger: Option<Map<String, Value>>,
    /// Keys of the definition that mean nothing here, kept.
    pub(super) extra: Map<String, Value>,
}

/// One node after alias rewriting.
#[derive(Debug)]
pub(super) struct NodeDef {
    pub(super) id: String,
    /// Canonical type; the word as written when it is unknown.
    pub(super) kind: String,
    /// What the table says of it; none for an unknown type.
    pub(super) spec: Option<&'static NodeType>,
    pub(super) name: String,
    /// Whether the file gives the name, or it was made up.
    pub(super) named: bool,
    pub(super) config: Map<String, Value>,
    pub(super) on_error: Map<String, Value>,
    pub(super) position: Option<Value>,
    pub(super) extra: Map<String, Value>,
}

impl NodeDef {
    /// A text of the config that is not empty.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.config.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    }

    /// Whether it is of that type.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }

    /// Whether a run begins there whatever leads to it.
    pub(super) fn starts(&self) -> bool {
        self.is("trigger") || self.is("input")
    }

    /// Whether it gives the output of the run.
    pub(super) fn gives_output(&self) -> bool {
        self.is("output") || self.is("templateOutput")
    }

    /// The node that a failure schedules: `goto`, or `fallback` with a node.
    pub(super) fn goto(&self) -> Option<&str> {
        let key = match self.strategy() {
            "goto" => "gotoNode",
            "fallback" => "fallbackNodeId",
            _ => return None,
        };
        self.on_error.get(key).and_then(Value::as_str).filter(|id| !id.is_empty())
    }

    /// What follows a failure.
    pub(super) fn strategy(&self) -> &str {
        self.on_error.get("strategy").and_then(Value::as_str).unwrap_or("fail")
    }
}

/// One edge between nodes that are there.
#[derive(Debug)]
pub(super) struct EdgeDef {
    pub(super) id: String,
    pub(super) source: String,
    pub(super) target: String,
    /// Where it leaves, if it says so.
    pub(super) handle: Option<String>,
    pub(super) extra: Map<String, Value>,
}

/// Reads a file. What cannot be read is a problem and left out.
pub(super) fn read(file: &Value, types: &NodeTypes, problems: &mut Problems) -> Document {
    let empty = Map::new();
    let outer = file.as_object().unwrap_or(&empty);
    let inner = match outer.get("definition") {
        Some(Value::Object(inner)) if !outer.contains_key("nodes") => inner,
        _ => outer,
    };
    let text = |key: &str| {
        let text = outer.get(key).or_else(|| inner.get(key)).and_then(Value::as_str);
        text.or_else(|| inner.get(key).and_then(Value::as_str)).map(str::to_owned)
    };
    let trigger = outer.get("defaultTrigger").or_else(|| inner.get("defaultTrigger"));
    let mut reader = Reader { types, problems, dropped: HashSet::new(), known: HashMap::new() };
    let nodes = reader.nodes(inner.get("nodes"));
    let edges = reader.edges(inner.get("edges"));
    let entry_point = inner.get("entryPoint").and_then(Value::as_str).filter(|id| !id.is_empty());
    reader.check_entry(entry_point);
    let entry_point = entry_point.filter(|id| reader.known.contains_key(*id)).map(str::to_owned);
    const OWN: [&str; 7] = ["name", "description", "entryPoint", "nodes", "edges", "settings", "defaultTrigger"];
    let extra = inner.iter().filter(|(key, _)| !OWN.contains(&key.as_str()));
    Document {
        name: text("name").filter(|name| !name.trim().is_empty()),
        description: text("description"),
        entry_point,
        nodes,
        edges,
        settings: inner.get("settings").and_then(Value::as_object).cloned().unwrap_or_default(),
        default_trigger: trigger.and_then(Value::as_object).cloned(),
        extra: extra.map(|(key, value)| (key.clone(), value.clone())).collect(),
    }
}

struct Reader<'a> {
    types: &'a NodeTypes,
    problems: &'a mut Problems,
    /// Notes.
    dropped: HashSet<String>,
    known: HashMap<String, usize>,
}

impl Reader<'_> {
    fn nodes(&mut self, nodes: Option<&Value>) -> Vec<NodeDef> {
        let written: Vec<(Option<&str>, &Value)> = match nodes {
            Some(Value::Object(map)) => map.iter().map(|(id, node)| (Some(id.as_str()), node)).collect(),
            Some(Value::Array(list)) => {
                list.iter().map(|node| (node.get("id").and_then(Value::as_str), node)).collect()
            }
            None | Some(Value::Null) => Vec::new(),
            Some(_) => {
                self.problems.error(code::INVALID_FIELD, "", "nodes", "nodes must be a map or a list of nodes");
                Vec::new()
            }
        };
        let mut found = Vec::with_capacity(written.len().min(NODES_MAX));
        for (id, node) in written {
            if found.len() == NODES_MAX {
                let message = format!("A workflow has at most {NODES_MAX} nodes");
                self.problems.error(code::TOO_MANY_NODES, "", "nodes", message);
                break;
            }
            found.extend(self.node(id, node, matches!(nodes, Some(Value::Array(_)))));
        }
        if found.is_empty() && !self.problems.has_errors() {
            self.problems.error(code::NO_NODES, "", "nodes", "The workflow has no nodes");
        }
        found
    }

    fn node(&mut self, id: Option<&str>, node: &Value, canvas: bool) -> Option<NodeDef> {
        let id = id.unwrap_or_default();
        let Value::Object(written) = node else {
            self.problems.error(code::INVALID_FIELD, id, "nodes", "A node must be an object");
            return None;
        };
        let word = written.get("type").and_then(Value::as_str).unwrap_or_default();
        if NOTES.contains(&word) {
            self.dropped.insert(id.to_owned());
            return None;
        }
        if id.is_empty() || id.len() > ID_BYTES_MAX {
            self.problems.error(code::INVALID_FIELD, id, "id", "A node id has 1 to 128 characters");
            if id.is_empty() {
                return None;
            }
        }
        if self.known.insert(id.to_owned(), self.known.len()).is_some() {
            self.problems.error(code::DUPLICATE_NODE_ID, id, "id", format!("Two nodes have the id {id}"));
        }
        let (kind, spec, provider) = self.kind(id, word);
        let settings = if canvas { written.get("data").or(written.get("config")) } else { written.get("config") };
        let mut config = settings.and_then(Value::as_object).cloned().unwrap_or_default();
        if settings.is_some_and(|config| !config.is_object() && !config.is_null()) {
            self.problems.error(code::INVALID_FIELD, id, "config", "The configuration must be an object");
        }
        if let Some((key, value)) = provider {
            config.entry(key).or_insert(value);
        }
        let own: &[&str] = if canvas {
            &["id", "type", "name", "data", "config", "position", "onError"]
        } else {
            &["type", "name", "config", "position", "onError"]
        };
        let label = config.shift_remove("label").and_then(|label| label.as_str().map(str::to_owned));
        let given = written.get("name").and_then(Value::as_str).map(str::to_owned).or(label);
        let given = given.filter(|name| !name.trim().is_empty());
        let on_error = aliases::on_error(&mut config, written.get("onError"));
        aliases::rewrite(&kind, &mut config);
        let extra = written.iter().filter(|(key, _)| !own.contains(&key.as_str()));
        Some(NodeDef {
            id: id.to_owned(),
            named: given.as_ref().is_some_and(|name| *name != kind),
            name: given.unwrap_or_else(|| made_up(&kind, &config)),
            spec,
            on_error,
            position: written.get("position").cloned(),
            extra: extra.map(|(key, value)| (key.clone(), value.clone())).collect(),
            kind,
            config,
        })
    }

    /// The canonical type of a word, and what the word says of the config: the provider, the kind of the loop.
    fn kind(&mut self, id: &str, word: &str) -> (String, Option<&'static NodeType>, Option<(String, Value)>) {
        if let Some(spec) = self.types.get(word) {
            return (spec.key.to_owned(), Some(spec), None);
        }
        if let Some((_, kind)) = LOOP_WORDS.iter().find(|(known, _)| *known == word) {
            return ("loop".to_owned(), self.types.get("loop"), Some(("loopType".to_owned(), Value::from(*kind))));
        }
        if self.types.knows_provider(word) {
            let spec = self.types.get("integration");
            return ("integration".to_owned(), spec, Some(("provider".to_owned(), Value::from(word))));
        }
        let message =
            if word.is_empty() { "A node needs a type".to_owned() } else { format!("There is no node type {word}") };
        self.problems.error(code::UNKNOWN_NODE_TYPE, id, "type", message);
        (word.to_owned(), None, None)
    }

    fn edges(&mut self, edges: Option<&Value>) -> Vec<EdgeDef> {
        let none = Vec::new();
        let written = match edges {
            None | Some(Value::Null) => &none,
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.problems.error(code::INVALID_EDGE, "", "edges", "edges must be a list");
                &none
            }
        };
        if written.len() > EDGES_MAX {
            let message = format!("A workflow has at most {EDGES_MAX} edges");
            self.problems.error(code::INVALID_EDGE, "", "edges", message);
        }
        let mut found: Vec<EdgeDef> = Vec::new();
        let mut ids = HashSet::new();
        let mut ways = HashSet::new();
        let mut numbers = HashMap::new();
        for (at, edge) in written.iter().take(EDGES_MAX).enumerate() {
            let Some(edge) = self.edge(at, edge) else { continue };
            // The same edge twice is one edge.
            if !ways.insert((edge.source.clone(), edge.target.clone(), edge.handle.clone())) {
                continue;
            }
            let taken = edge.id.is_empty() || ids.contains(&edge.id);
            let id = if taken { free_id(&edge, &ids, &mut numbers) } else { edge.id.clone() };
            ids.insert(id.clone());
            found.push(EdgeDef { id, ..edge });
        }
        found
    }

    fn edge(&mut self, at: usize, edge: &Value) -> Option<EdgeDef> {
        let text = |key: &str| edge.get(key).and_then(Value::as_str).unwrap_or_default();
        let (source, target) = (text("source"), text("target"));
        if self.dropped.contains(source) || self.dropped.contains(target) {
            return None;
        }
        for (key, end) in [("source", source), ("target", target)] {
            if !self.known.contains_key(end) {
                let message = if end.is_empty() {
                    format!("Edge {at} has no {key}")
                } else {
                    format!("Edge {at} has the {key} {end}, which is not a node")
                };
                self.problems.error(code::INVALID_EDGE, "", &format!("edges.{at}.{key}"), message);
                return None;
            }
        }
        const OWN: [&str; 4] = ["id", "source", "target", "sourceHandle"];
        let extra = edge.as_object().into_iter().flatten().filter(|(key, _)| !OWN.contains(&key.as_str()));
        Some(EdgeDef {
            id: text("id").to_owned(),
            source: source.to_owned(),
            target: target.to_owned(),
            handle: Some(text("sourceHandle").to_owned()).filter(|handle| !handle.is_empty()),
            extra: extra.map(|(key, value)| (key.clone(), value.clone())).collect(),
        })
    }

    fn check_entry(&mut self, entry: Option<&str>) {
        let Some(entry) = entry else { return };
        if !self.known.contains_key(entry) && !self.dropped.contains(entry) && !self.known.is_empty() {
            let message = format!("The entry point {entry} is not a node");
            self.problems.error(code::MISSING_ENTRY_POINT, "", "entryPoint", message);
        }
    }
}

/// The name of a node whose file gives none (section 13).
fn made_up(kind: &str, config: &Map<String, Value>) -> String {
    let of = |key: &str| config.get(key).and_then(Value::as_str).filter(|name| !name.trim().is_empty());
    of("inputName").or_else(|| of("outputName")).unwrap_or(kind).to_owned()
}

/// An id for an edge without one, the same each time. `numbers` are those that were given last.
fn free_id(edge: &EdgeDef, taken: &HashSet<String>, numbers: &mut HashMap<String, usize>) -> String {
    let plain = format!("{}-{}", edge.source, edge.target);
    let number = numbers.entry(plain.clone()).or_insert(0);
    loop {
        *number += 1;
        let id = if *number == 1 { plain.clone() } else { format!("{plain}-{number}") };
        if !taken.contains(&id) {
            return id;
        }
    }
}
