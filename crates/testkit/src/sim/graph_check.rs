//! Which nodes of a graph must have run: told a second time, from the definition and from what each node came to, without the
//! machine. Graphs with loops, cycles and jumps are left out: of those the loops' own records are checked.

use std::collections::{BTreeMap, BTreeSet};

use floe_engine::event::{Event, Happening};
use floe_engine::machine::Outcome;
use floe_engine::records::{History, StepRecord, StepStatus};
use floe_model::id::RunId;
use serde_json::Value;

use super::{Broken, Sim};

impl Sim<'_> {
    /// What the edges tell is what has run, and the run failed only if a failure was not handled.
    pub(super) fn check_graph(&mut self, run: RunId, history: &History, events: &[Event]) -> Result<(), Broken> {
        let Some(row) = self.disk.runs.get(&run).filter(|_| history.machine.is_graph()) else { return Ok(()) };
        let definition = self.definitions[row.flow].clone();
        self.check_loops(run, history)?;
        let is_cut =
            events.iter().any(|event| matches!(event.what, Happening::Cancelled { .. } | Happening::Stopped { .. }));
        let Some(order) = order(&definition).filter(|_| !is_cut) else { return Ok(()) };
        let records: BTreeMap<&str, &StepRecord> =
            history.steps.iter().map(|record| (history.machine.plan().node(record.node).id.as_str(), record)).collect();
        let mut fails = false;
        for id in &order {
            let node = &definition["nodes"][id.as_str()];
            let into: Vec<&Value> = edges(&definition).filter(|edge| edge["target"] == id.as_str()).collect();
            let starts = into.is_empty() || matches!(node["type"].as_str(), Some("input" | "trigger"));
            let entry = history.machine.beginning().map_or(0, |beginning| beginning.entry);
            let is_other_trigger = entry > 0 && node["type"] == "trigger" && !records.contains_key(id.as_str());
            let lit = |edge: &&Value| {
                records.get(text(&edge["source"])).is_some_and(|record| is_live(&definition, edge, record))
            };
            let must = (starts && !is_other_trigger) || (!starts && into.iter().any(lit));
            if must != records.contains_key(id.as_str()) {
                return Err(self.broken(format!("{run}: {id} should {} have run", if must { "" } else { "not" })));
            }
            fails |= records.get(id.as_str()).is_some_and(|record| is_unhandled(&definition, id, record));
        }
        let has_failed = matches!(history.machine.outcome(), Some(Outcome::Failed(_)));
        if has_failed != fails {
            return Err(self.broken(format!("{run}: failed is {has_failed}, by its nodes {fails}")));
        }
        self.coverage.met("graph told again from its edges");
        Ok(())
    }

    fn check_loops(&mut self, run: RunId, history: &History) -> Result<(), Broken> {
        for record in &history.steps {
            let node = history.machine.plan().node(record.node);
            let Some(output) = record.output.as_ref().filter(|_| node.kind == "loop") else { continue };
            if record.status != StepStatus::Completed {
                continue;
            }
            let passes = output["iterations"].as_u64();
            let results = output["results"].as_array().map(|results| results.len() as u64);
            let items = output["items"].as_array().map_or(0, Vec::len) as u64;
            // A concurrent loop that is broken off has room for all.
            let fits = results >= passes && (items == 0 || passes.is_some_and(|passes| passes <= items));
            if !fits || output["results"] != output["outputs"] {
                return Err(
                    self.broken(format!("{run}: a loop has {passes:?} passes and {results:?} results of {items}"))
                );
            }
            self.coverage.met("loop record checked");
        }
        Ok(())
    }
}

fn edges(definition: &Value) -> impl Iterator<Item = &Value> {
    definition["edges"].as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The ids in an order in which every edge leads forwards; none when there is a loop, a cycle or a jump.
fn order(definition: &Value) -> Option<Vec<String>> {
    let nodes = definition["nodes"].as_object()?;
    if nodes.values().any(|node| node["type"] == "loop" || node["onError"]["strategy"] == "goto") {
        return None;
    }
    let mut ordered: Vec<String> = Vec::new();
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    while ordered.len() < nodes.len() {
        let before = ordered.len();
        for id in nodes.keys() {
            let ready =
                edges(definition).all(|edge| edge["target"] != id.as_str() || placed.contains(text(&edge["source"])));
            if ready && placed.insert(id) {
                ordered.push(id.clone());
            }
        }
        if ordered.len() == before {
            return None;
        }
    }
    Some(ordered)
}

/// Whether an edge is live after what its source came to.
fn is_live(definition: &Value, edge: &Value, record: &StepRecord) -> bool {
    let source = &definition["nodes"][text(&edge["source"])];
    let handle = edge["sourceHandle"].as_str();
    if record.status == StepStatus::Failed {
        return (handle == Some("error")) != goes_on(source);
    }
    let output = |key: &str| record.output.as_ref().map(|output| output[key].clone()).unwrap_or_default();
    match (source["type"].as_str(), handle) {
        (_, Some("error")) => false,
        (Some("conditional"), Some(handle)) => output("branch") == handle,
        (Some("switch"), Some("default")) => output("matchedCase").is_null() || output("matchedCase") == "default",
        (Some("switch"), Some(handle)) => output("matchedCase") == handle,
        _ => true,
    }
}

/// Whether a node that failed goes on with a value.
fn goes_on(node: &Value) -> bool {
    matches!(node["onError"]["strategy"].as_str(), Some("continue" | "fallback"))
}

fn is_unhandled(definition: &Value, id: &str, record: &StepRecord) -> bool {
    let is_caught = edges(definition).any(|edge| edge["source"] == id && edge["sourceHandle"] == "error");
    record.status == StepStatus::Failed && !goes_on(&definition["nodes"][id]) && !is_caught
}
