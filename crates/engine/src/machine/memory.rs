//! What a run of a graph keeps: variables and the records of its nodes (Workflow API contract, sections 14 and 15).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::context::weight;
use crate::plan::NodeIndex;

/// Records that stay when older ones are dropped for want of room (Workflow API contract, section 14).
pub(super) const RECORDS_KEPT: usize = 10;

/// Variables and records. A copy shares what it was copied from.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    variables: BTreeMap<String, Variable>,
    records: BTreeMap<NodeIndex, Arc<Value>>,
    /// Nodes with a record, the one that completed last at the end.
    order: Vec<NodeIndex>,
    /// Rough size of what was written to it.
    pub(super) bytes: usize,
    /// What of it was written before it was copied, and is counted there.
    inherited: Inherited,
}

/// Names of what a copy holds and has not written itself.
#[derive(Debug, Clone, Default)]
struct Inherited {
    is_copy: bool,
    variables: std::collections::BTreeSet<String>,
    records: std::collections::BTreeSet<NodeIndex>,
}

/// A workflow variable.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub(super) value: Arc<Value>,
    /// The node whose whole record it is.
    pub(super) record_of: Option<NodeIndex>,
}

impl Memory {
    /// A copy to work on apart.
    pub(super) fn fork(&self) -> Self {
        Self { bytes: 0, inherited: Inherited { is_copy: true, ..Inherited::default() }, ..self.clone() }
    }

    pub(super) fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.variables.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    pub(super) fn record(&self, node: NodeIndex) -> Option<&Arc<Value>> {
        self.records.get(&node)
    }

    /// Records, the one that was made last first.
    pub(super) fn latest(&self) -> impl DoubleEndedIterator<Item = (NodeIndex, &Arc<Value>)> {
        self.order.iter().rev().filter_map(|node| Some((*node, self.records.get(node)?)))
    }

    /// Gives a variable a value. `record_of` is the node whose whole record it is: what is shared is counted once.
    pub(super) fn set(&mut self, name: &str, value: Arc<Value>, record_of: Option<NodeIndex>) {
        self.bytes += name.len() + weight_of(&value, record_of);
        let old = self.variables.insert(name.to_owned(), Variable { value, record_of });
        let is_own = !self.inherited.is_copy || !self.inherited.variables.insert(name.to_owned());
        if let Some(old) = old.filter(|_| is_own) {
            self.bytes = self.bytes.saturating_sub(name.len() + weight_of(&old.value, old.record_of));
        }
    }

    /// Keeps the record of a node.
    pub(super) fn put(&mut self, node: NodeIndex, record: Arc<Value>) {
        self.bytes += weight(&record);
        match self.order.iter().rposition(|known| *known == node) {
            Some(position) if position + 1 == self.order.len() => {}
            Some(position) => {
                self.order.remove(position);
                self.order.push(node);
            }
            None => self.order.push(node),
        }
        let old = self.records.insert(node, record);
        let is_own = !self.inherited.is_copy || !self.inherited.records.insert(node);
        if let Some(old) = old.filter(|_| is_own) {
            self.bytes = self.bytes.saturating_sub(weight(&old));
        }
    }

    /// Drops the oldest record that may go; false when only the last ones are left.
    pub(super) fn drop_oldest(&mut self, stays: impl Fn(NodeIndex) -> bool) -> bool {
        if self.order.len() <= RECORDS_KEPT {
            return false;
        }
        let oldest = self.order[..self.order.len() - RECORDS_KEPT].iter().position(|&node| !stays(node));
        let Some(position) = oldest else { return false };
        let node = self.order.remove(position);
        if let Some(record) = self.records.remove(&node) {
            let is_own = !self.inherited.is_copy || self.inherited.records.contains(&node);
            if is_own {
                self.bytes = self.bytes.saturating_sub(weight(&record));
            }
        }
        true
    }

    /// All variables as one object.
    pub(super) fn variables_shown(&self) -> Map<String, Value> {
        self.variables.iter().map(|(name, variable)| (name.clone(), variable.value.as_ref().clone())).collect()
    }
}

fn weight_of(value: &Value, record_of: Option<NodeIndex>) -> usize {
    if record_of.is_some() { 8 } else { weight(value) }
}
