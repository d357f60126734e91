//! The context of a run: what expressions see (Flow API contract, section 6.3).

use std::collections::BTreeSet;

use floe_model::Timestamp;
use serde_json::{Map, Value, json};

use super::Machine;
use crate::event::{Beginning, Place};
use crate::plan::Plan;

/// Values and step results that steps have written.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Inputs, variables and `output` names.
    pub(super) values: Map<String, Value>,
    /// The object under `steps`.
    pub(super) steps: Value,
    /// Names written since the context was copied, for merging branches.
    pub(super) written: BTreeSet<String>,
    /// Step ids written since the context was copied.
    pub(super) written_steps: BTreeSet<String>,
    /// Rough size of what was written to it.
    pub(super) bytes: usize,
    /// Rough size of what it was copied from.
    pub(super) copied_bytes: usize,
}

impl Context {
    pub(super) fn new() -> Self {
        Self { steps: Value::Object(Map::new()), ..Self::default() }
    }

    /// A copy to work on apart; it remembers what is written from here on.
    pub(super) fn fork(&self) -> Self {
        let copied_bytes = self.copied_bytes + self.bytes;
        Self { written: BTreeSet::new(), written_steps: BTreeSet::new(), bytes: 0, copied_bytes, ..self.clone() }
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.bytes += weight(&value) + name.len();
        let is_own = !self.written.insert(name.to_owned());
        // What was copied still stands where it was copied from, and is counted there.
        if let Some(old) = self.values.insert(name.to_owned(), value).filter(|_| is_own) {
            self.bytes = self.bytes.saturating_sub(weight(&old) + name.len());
        }
    }

    pub(super) fn set_step(&mut self, id: &str, value: Value) {
        let Value::Object(steps) = &mut self.steps else { return };
        self.bytes += weight(&value) + id.len();
        let is_own = !self.written_steps.insert(id.to_owned());
        if let Some(old) = steps.insert(id.to_owned(), value).filter(|_| is_own) {
            self.bytes = self.bytes.saturating_sub(weight(&old) + id.len());
        }
    }

    /// Takes over what a branch has written.
    pub(super) fn merge(&mut self, branch: Self) {
        let Self { mut values, steps, written, written_steps, .. } = branch;
        for name in &written {
            if let Some(value) = values.remove(name) {
                self.set(name, value);
            }
        }
        let Value::Object(mut steps) = steps else { return };
        for id in &written_steps {
            if let Some(value) = steps.remove(id) {
                self.set_step(id, value);
            }
        }
    }
}

/// Rough bytes of a value in memory, for the context limit.
pub(super) fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 8,
        Value::Array(items) => 8 + items.iter().map(weight).sum::<usize>(),
        Value::Object(map) => 8 + map.iter().map(|(key, value)| key.len() + 8 + weight(value)).sum::<usize>(),
    }
}

/// The whole context as one object, for reads.
pub(super) fn whole(machine: &Machine) -> Value {
    let mut all = machine.builtin.clone();
    if let Some(context) = machine.contexts.get(&0) {
        all.extend(context.values.clone());
        all.insert("steps".to_owned(), context.steps.clone());
    }
    Value::Object(all)
}

/// What one place of a flow of steps sees as one object.
pub(super) fn seen_from(machine: &Machine, place: Place) -> Value {
    let mut all = machine.builtin.clone();
    let frame = machine.frames.get(&place.frame);
    if let Some(context) = frame.and_then(|frame| machine.contexts.get(&frame.context)) {
        all.extend(context.values.clone());
        all.insert("steps".to_owned(), context.steps.clone());
    }
    let mut around = Vec::new();
    let mut at = frame;
    while let Some(frame) = at {
        around.push(&frame.locals);
        at = frame.owner.and_then(|owner| machine.frames.get(&owner.frame));
    }
    // From the outside in, so that the innermost loop's names win.
    for locals in around.into_iter().rev() {
        all.extend(locals.clone());
    }
    Value::Object(all)
}

/// The names that every run has from its beginning.
pub(super) fn builtin_names(beginning: &Beginning, plan: &Plan, started_at: Timestamp) -> Map<String, Value> {
    let entry = plan.entries.get(beginning.entry);
    let started = started_at.to_string();
    let mut names = Map::new();
    let trigger = json!({ "type": entry.map(|entry| entry.kind.as_str()), "data": beginning.trigger_data });
    names.insert("_trigger".to_owned(), trigger);
    names.insert("currentUser".to_owned(), beginning.user.clone());
    names.insert("flow".to_owned(), beginning.flow.clone());
    names.insert("run".to_owned(), json!({ "_id": beginning.run, "startedAt": started }));
    names.insert("currentDate".to_owned(), Value::String(started));
    names
}

impl super::Env {
    /// What is seen of it everywhere: the values, and no secret.
    pub(super) fn shown(&self) -> Value {
        let mut shown = self.values.clone();
        shown.extend(self.secrets.iter().map(|name| (name.clone(), json!(crate::secrets::SHOWN))));
        Value::Object(shown)
    }
}

/// The reserved roots of a graph that hold for the whole run (Workflow API contract, section 15).
pub(super) fn graph_names(beginning: &Beginning, started_at: Timestamp) -> Map<String, Value> {
    let execution = format!("exec_{}", floe_model::id::to_base32(beginning.run.0));
    let member = |key: &str| beginning.flow.get(key).cloned().unwrap_or_default();
    let workflow = json!({ "id": member("_id"), "name": member("name"), "version": member("version") });
    Map::from_iter([
        ("trigger".to_owned(), trigger(beginning)),
        ("$workflowId".to_owned(), member("_id")),
        ("workflow".to_owned(), workflow),
        ("execution".to_owned(), json!({ "id": execution, "startedAt": started_at })),
        ("$executionId".to_owned(), json!(execution)),
    ])
}

/// What started the run: the object of its trigger, and where none fired what the caller gave (section 11).
fn trigger(beginning: &Beginning) -> Value {
    if !beginning.trigger.is_null() {
        return beginning.trigger.clone();
    }
    let mut given = beginning.inputs.clone();
    given.insert("type".to_owned(), json!("api"));
    Value::Object(given)
}
