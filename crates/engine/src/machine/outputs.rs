//! The output of a graph's run (Workflow API contract, section 14).

use serde_json::{Map, Value, json};

use super::{Machine, Outcome};
use crate::plan::{Gives, NodeIndex};

impl Machine {
    /// The output of a run that is over; of a graph that failed or was cancelled what its output nodes had given by then. `None` when
    /// there is nothing.
    #[must_use]
    pub fn outputs(&self) -> Option<Value> {
        match self.outcome()? {
            Outcome::Completed(output) => Some(output.as_ref().clone()),
            Outcome::Failed(_) | Outcome::Cancelled => self.merged(Gives::Output),
        }
    }

    /// What a graph's run comes to when every node is settled and none failed unhandled.
    pub(super) fn merged_output(&self) -> Value {
        self.merged(Gives::Output).or_else(|| self.merged(Gives::End)).unwrap_or_else(|| json!({}))
    }

    /// The records of completed nodes of that kind, merged in definition order.
    fn merged(&self, gives: Gives) -> Option<Value> {
        let memory = self.memories.get(&0)?;
        let of_kind = (0..).zip(&self.plan.nodes).filter(|(_, node)| node.gives == gives);
        let mut nodes: Vec<(u32, NodeIndex)> = of_kind.map(|(index, node)| (node.order, index)).collect();
        nodes.sort_unstable();
        let mut records = nodes.into_iter().filter_map(|(_, index)| memory.record(index)).peekable();
        records.peek()?;
        let mut merged = Map::new();
        for record in records {
            if let Value::Object(members) = record.as_ref() {
                merged.extend(members.clone());
            }
        }
        Some(Value::Object(merged))
    }

    /// What a graph's run holds, for reads.
    pub(super) fn memory_shown(&self) -> Value {
        let inputs = self.beginning().map(|beginning| beginning.inputs.clone()).unwrap_or_default();
        let memory = self.memories.get(&0);
        let variables = memory.map(super::memory::Memory::variables_shown).unwrap_or_default();
        let mut nodes = Map::new();
        for (index, record) in memory.into_iter().flat_map(|memory| memory.latest().rev()) {
            nodes.insert(self.plan.node(index).id.clone(), record.as_ref().clone());
        }
        let mut shown = json!({ "inputs": null, "variables": null, "nodes": null, "shared": null });
        shown["inputs"] = Value::Object(inputs);
        shown["variables"] = Value::Object(variables);
        shown["nodes"] = Value::Object(nodes);
        shown["shared"] = self.shared.clone();
        shown
    }
}
