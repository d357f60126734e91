//! What is different between two definitions, step by step (console contract, section 5.3; Flow API contract, section 11).
//!
//! Steps are told apart by their ids. Where a step goes on is a connection; the rest of it is content. What only the editor
//! reads (`position`) does not count.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::walk::{self, Placed};

/// Names of a step's fields that say where it goes on.
pub const LINKS: [&str; 4] = ["nextStepId", "rejectNextStepId", "timeoutNextStepId", "errorNextStepId"];
/// Fields of a step that are no content of its own: what it is called by, what the editor keeps, and nested steps.
const NOT_CONTENT: [&str; 4] = ["id", "position", "steps", "data"];

/// What happened to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// It is new.
    Add,
    /// Its content is another one.
    Update,
    /// It is gone.
    Remove,
    /// It goes on elsewhere.
    Connect,
}

impl Op {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Update => "update",
            Self::Remove => "remove",
            Self::Connect => "connect",
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What happened.
    pub op: Op,
    /// The step; none for what belongs to the whole definition.
    pub step_id: Option<String>,
    /// JSON pointer to the place: in the later definition, of what is gone in the earlier one.
    pub pointer: String,
    /// What stood there; null for nothing. A step is shown without the steps inside of it.
    pub before: Value,
    /// What stands there now.
    pub after: Value,
}

/// The differences from one definition to a later one: what is gone, then what is new or other in the order of the later one.
#[must_use]
pub fn compare(before: &Value, after: &Value) -> Vec<Change> {
    let (old, new) = (walk::all(before), walk::all(after));
    let old_by_name: HashMap<(&str, &str), &Placed<'_>> = old.iter().map(|step| (name_of(step), step)).collect();
    let new_by_name: HashMap<(&str, &str), &Placed<'_>> = new.iter().map(|step| (name_of(step), step)).collect();
    let mut changes = Vec::new();
    for step in old.iter().filter(|step| !new_by_name.contains_key(&name_of(step))) {
        changes.push(change(Op::Remove, step, "", own(step.step), Value::Null));
    }
    for step in &new {
        match old_by_name.get(&name_of(step)) {
            None => changes.push(change(Op::Add, step, "", Value::Null, own(step.step))),
            Some(known) => compare_steps(known, step, &mut changes),
        }
    }
    compare_order(&old, &new, &mut changes);
    compare_rest(before, after, &mut changes);
    changes
}

/// A step is the same one while its id and the list around it are.
fn name_of<'p>(step: &'p Placed<'_>) -> (&'p str, &'p str) {
    (&step.list, step.id)
}

fn compare_steps(old: &Placed<'_>, new: &Placed<'_>, changes: &mut Vec<Change>) {
    for key in keys(old.step, new.step).filter(|key| !NOT_CONTENT.contains(key)) {
        let op = if LINKS.contains(&key) { Op::Connect } else { Op::Update };
        note(op, new, &format!("/{}", escaped(key)), old.step.get(key), new.step.get(key), changes);
    }
    let nothing = Map::new();
    let data = |step: &Placed<'_>| step.step.get("data").and_then(Value::as_object).cloned();
    let (old_data, new_data) = (data(old).unwrap_or_else(|| nothing.clone()), data(new).unwrap_or(nothing));
    for key in keys(&old_data, &new_data).filter(|key| *key != "steps") {
        let (before, after) = (old_data.get(key), new_data.get(key));
        let pointer = format!("/data/{}", escaped(key));
        match (key, before, after) {
            ("branches", Some(before), Some(after)) if same_branches(before, after) => {
                compare_branches(new, &pointer, before, after, changes);
            }
            ("branches", ..) => {
                let (before, after) = (before.map(without_bodies), after.map(without_bodies));
                note(Op::Update, new, &pointer, before.as_ref(), after.as_ref(), changes);
            }
            ("elseNextStepId", ..) => note(Op::Connect, new, &pointer, before, after, changes),
            _ => note(Op::Update, new, &pointer, before, after, changes),
        }
    }
}

/// Branches with the same ids in the same order are compared one by one.
fn compare_branches(step: &Placed<'_>, pointer: &str, old: &Value, new: &Value, changes: &mut Vec<Change>) {
    let branches = |list: &Value| list.as_array().cloned().unwrap_or_default();
    for (at, (old, new)) in branches(old).iter().zip(&branches(new)).enumerate() {
        let (Value::Object(old), Value::Object(new)) = (old, new) else { continue };
        for key in keys(old, new).filter(|key| *key != "steps") {
            let op = if key == "nextStepId" { Op::Connect } else { Op::Update };
            let pointer = format!("{pointer}/{at}/{}", escaped(key));
            note(op, step, &pointer, old.get(key), new.get(key), changes);
        }
    }
}

fn same_branches(old: &Value, new: &Value) -> bool {
    let ids = |list: &Value| -> Option<Vec<String>> {
        let ids = list.as_array()?.iter().map(|branch| Some(branch.get("id")?.as_str()?.to_owned()));
        ids.collect()
    };
    ids(old).is_some_and(|old| ids(new) == Some(old))
}

/// Steps that stay in their list, in another order: the first trigger of a kind is the one that starts.
fn compare_order(old: &[Placed<'_>], new: &[Placed<'_>], changes: &mut Vec<Change>) {
    let mut lists: Vec<&str> = Vec::new();
    for step in new {
        if !lists.contains(&step.list.as_str()) {
            lists.push(&step.list);
        }
    }
    for list in lists {
        let ids = |steps: &[Placed<'_>]| -> Vec<String> {
            steps.iter().filter(|step| step.list == list).map(|step| step.id.to_owned()).collect()
        };
        let (before, after) = (ids(old), ids(new));
        let common = |of: &[String], beside: &[String]| -> Vec<String> {
            of.iter().filter(|id| beside.contains(id)).cloned().collect()
        };
        let (kept_before, kept_after) = (common(&before, &after), common(&after, &before));
        if kept_before != kept_after {
            let first = new.iter().find(|step| step.list == list);
            let pointer = first.and_then(|step| step.pointer.rsplit_once('/')).map_or("/steps", |(list, _)| list);
            let pointer = pointer.to_owned();
            changes.push(Change {
                op: Op::Update,
                step_id: None,
                pointer,
                before: kept_before.into(),
                after: kept_after.into(),
            });
        }
    }
}

/// What belongs to the whole definition.
fn compare_rest(before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let nothing = Map::new();
    let (old, new) = (before.as_object().unwrap_or(&nothing), after.as_object().unwrap_or(&nothing));
    for key in keys(old, new).filter(|key| *key != "steps") {
        let (before, after) = (value(old.get(key)), value(new.get(key)));
        if before != after {
            let pointer = format!("/{}", escaped(key));
            changes.push(Change { op: Op::Update, step_id: None, pointer, before, after });
        }
    }
}

fn note(
    op: Op,
    step: &Placed<'_>,
    below: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<Change>,
) {
    let (before, after) = (value(before), value(after));
    if before != after {
        changes.push(change(op, step, below, before, after));
    }
}

fn change(op: Op, step: &Placed<'_>, below: &str, before: Value, after: Value) -> Change {
    let pointer = format!("{}{below}", step.pointer);
    Change { op, step_id: Some(step.id.to_owned()), pointer, before, after }
}

/// Nothing and null mean the same.
fn value(value: Option<&Value>) -> Value {
    value.cloned().unwrap_or_default()
}

/// Names of both, in the order of the later one, then what only the earlier one has.
fn keys<'m>(old: &'m Map<String, Value>, new: &'m Map<String, Value>) -> impl Iterator<Item = &'m str> {
    let gone = old.keys().filter(|key| !new.contains_key(*key));
    new.keys().chain(gone).map(String::as_str)
}

/// A step without the steps inside of it.
fn own(step: &Map<String, Value>) -> Value {
    let mut own = step.clone();
    own.shift_remove("steps");
    if let Some(Value::Object(data)) = own.get_mut("data") {
        data.shift_remove("steps");
        if let Some(branches) = data.get_mut("branches") {
            *branches = without_bodies(branches);
        }
    }
    Value::Object(own)
}

fn without_bodies(branches: &Value) -> Value {
    let mut branches = branches.clone();
    for branch in branches.as_array_mut().into_iter().flatten() {
        if let Value::Object(branch) = branch {
            branch.shift_remove("steps");
        }
    }
    branches
}

/// A name in a JSON pointer (RFC 6901).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
