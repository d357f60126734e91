//! Which screens can be reached, and which can be left.

use std::collections::HashMap;

use serde_json::Value;

use super::actions::{Move, move_of};
use super::walk::{Owner, Part, items, text, walk};

/// The nodes of a schema and the ways between them. Ways to nodes that are not there are left out.
pub(super) struct Graph<'a> {
    /// The first node with each id.
    ids: HashMap<&'a str, usize>,
    /// Index of the entry; none when the schema names one that is not there, or has no screen.
    entry: Option<usize>,
    /// For each node where it can go.
    ways: Vec<Vec<usize>>,
    /// For each node whether something on it moves on.
    moves_on: Vec<bool>,
    /// Kinds of the edges that leave each node, known ones only.
    leaving: Vec<Vec<&'a str>>,
    /// Where zones go, from every screen.
    zone_ways: Vec<usize>,
    /// Whether something in a zone moves on.
    zones_move_on: bool,
}

impl<'a> Graph<'a> {
    pub(super) fn of(schema: &'a Value) -> Self {
        let nodes: Vec<&Value> = items(schema, "nodes").map(|(_, node)| node).collect();
        let mut ids = HashMap::new();
        for (index, node) in nodes.iter().enumerate() {
            if let Some(id) = text(node, "id") {
                ids.entry(id).or_insert(index);
            }
        }
        let entry = match text(schema, "entryNodeId") {
            Some(id) => ids.get(id).copied(),
            None => nodes.iter().position(|node| is_screen(node)),
        };
        let count = nodes.len();
        let mut graph = Self {
            ids,
            entry,
            ways: vec![Vec::new(); count],
            moves_on: vec![false; count],
            leaving: vec![Vec::new(); count],
            zone_ways: Vec::new(),
            zones_move_on: false,
        };
        walk(schema, &mut |owner, _, part| graph.add(owner, &part));
        graph
    }

    fn add(&mut self, owner: Owner, part: &Part<'a>) {
        match part {
            Part::Edge(edge) => self.add_edge(edge),
            Part::Variant(variant) => {
                if let Some(target) = text(variant, "targetNodeId") {
                    self.add_move(owner, Move::To(target));
                }
            }
            Part::Action(action) => self.add_move(owner, move_of(action)),
            // Code of the app draws it, and decides where to go.
            Part::Component(component) if text(component, "type") == Some("custom") => self.add_move(owner, Move::On),
            Part::Node(node) if text(node, "screenType") == Some("custom") => self.add_move(owner, Move::On),
            _ => {}
        }
    }

    fn add_edge(&mut self, edge: &'a Value) {
        let Some(from) = text(edge, "fromNodeId").and_then(|id| self.index_of(id)) else { return };
        self.leaving[from].push(edge_kind(edge).unwrap_or_default());
        self.moves_on[from] = true;
        if let Some(to) = text(edge, "toNodeId").and_then(|id| self.index_of(id)) {
            self.ways[from].push(to);
        }
    }

    fn add_move(&mut self, owner: Owner, moved: Move<'_>) {
        if moved == Move::Stay {
            return;
        }
        let to = match moved {
            Move::To(id) => self.index_of(id),
            Move::On | Move::Stay => None,
        };
        match owner {
            Owner::Node(index) => {
                self.moves_on[index] = true;
                self.ways[index].extend(to);
            }
            Owner::Flow => {
                self.zones_move_on = true;
                self.zone_ways.extend(to);
            }
        }
    }

    /// The first node with an id.
    pub(super) fn index_of(&self, id: &str) -> Option<usize> {
        self.ids.get(id).copied()
    }

    /// Whether an edge of this kind leaves the node.
    pub(super) fn leaves_by(&self, node: usize, kind: &str) -> bool {
        self.leaving.get(node).is_some_and(|kinds| kinds.contains(&kind))
    }

    /// Whether a person can get on from the node.
    pub(super) fn has_way_on(&self, node: usize) -> bool {
        self.zones_move_on || self.moves_on.get(node).copied().unwrap_or(false)
    }

    /// For each node whether it can be reached; `None` when it is not known where the flow begins.
    pub(super) fn reached(&self) -> Option<Vec<bool>> {
        let mut reached = vec![false; self.ways.len()];
        let mut open = vec![self.entry?];
        open.extend(&self.zone_ways);
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut reached[node], true) {
                open.extend(self.ways[node].iter().filter(|&&to| !reached[to]));
            }
        }
        Some(reached)
    }
}

/// Whether a node is a screen.
pub(super) fn is_screen(node: &Value) -> bool {
    text(node, "kind") == Some("screen")
}

/// The kind of an edge: `normal` when it says none; `None` when it is not a text.
pub(super) fn edge_kind(edge: &Value) -> Option<&str> {
    match edge.get("kind") {
        None | Some(Value::Null) => Some("normal"),
        Some(kind) => kind.as_str(),
    }
}
