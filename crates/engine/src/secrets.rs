//! Secrets in a run: named in a definition, never a value of the run (Flow API contract, section 6.3).
//!
//! While a configuration is rendered, `secrets.NAME` is a mark made of an id that was drawn for this very evaluation, so that nothing
//! which was there before can hold it. [`Marks::take_from`] then replaces each mark by `***` and notes beside the configuration at
//! which place of which text it stood. What is written to the journal and what reads show is therefore free of values, and a text of a
//! caller that looks like a mark, or like `***`, is just a text. [`fill`] puts the values in when the step is performed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use floe_model::id::to_base32;
use serde_json::{Map, Value, json};

use crate::event::StepError;
use crate::expr::{Names, Origin};

/// Types of steps that may name secrets.
pub const STEPS: &[&str] = &["http-request", "tool-action", "ask-to-llm", "ask-peer"];
/// What stands for a secret wherever something is read.
pub const SHOWN: &str = "***";
/// Key of the list of places, beside the fields of the configuration. No step type has a field of this name, and what a type does not
/// know never reaches the configuration, so only [`Marks::take_from`] can write it.
const PLACES: &str = "$secrets";
/// Length of a name at most.
const NAME_MAX: usize = 64;

/// Whether a text is the name of a variable: `^[A-Z][A-Z0-9_]{0,63}$` (console contract, section 5.1).
#[must_use]
pub fn is_name(text: &str) -> bool {
    let rest = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_';
    text.len() <= NAME_MAX && text.starts_with(|c: char| c.is_ascii_uppercase()) && text.bytes().all(rest)
}

/// The names of the secrets that a definition mentions in its templates, also one that cannot be compiled, such as a draft.
#[must_use]
pub fn named_in(definition: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect(definition, &mut names);
    names
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => text.split("{{").skip(1).for_each(|part| {
            let inside = part.split("}}").next().unwrap_or_default();
            collect_in(inside, names);
        }),
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(map) => map.values().for_each(|member| collect(member, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn collect_in(expression: &str, names: &mut BTreeSet<String>) {
    for (at, word) in expression.match_indices("secrets") {
        let is_root = !expression[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.'));
        let Some(rest) = member_in(expression[at + word.len()..].trim_start()) else { continue };
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        if is_root && is_name(&rest[..end]) {
            names.insert(rest[..end].to_owned());
        }
    }
}

/// What follows `.` or `['`.
fn member_in(rest: &str) -> Option<&str> {
    if let Some(name) = rest.strip_prefix('.') {
        return Some(name.trim_start());
    }
    rest.strip_prefix('[')?.trim_start().strip_prefix(['\'', '"'])
}

/// The marks of one evaluation.
pub(crate) struct Marks {
    /// Begins every mark.
    prefix: String,
    names: Vec<String>,
    /// The root name under which they stand.
    root: &'static str,
    /// What that name is during the evaluation.
    object: Value,
}

impl Marks {
    /// Marks for names; `fresh` was drawn for this evaluation.
    pub(crate) fn new(names: &[String], fresh: u128) -> Self {
        let prefix = format!("floe-secret-{}-", to_base32(fresh));
        let object: Map<String, Value> =
            names.iter().enumerate().map(|(at, name)| (name.clone(), format!("{prefix}{at};").into())).collect();
        Self { prefix, names: names.to_vec(), root: "secrets", object: Value::Object(object) }
    }

    /// Marks for names under `env` of a graph, in the place of what is seen of them elsewhere.
    pub(crate) fn in_env(names: &[String], fresh: u128, env: Value) -> Self {
        let mut marks = Self { root: "env", ..Self::new(names, fresh) };
        if let (Value::Object(own), Value::Object(mut all)) = (&marks.object, env) {
            all.extend(own.clone());
            marks.object = Value::Object(all);
        }
        marks
    }

    /// The names of the run with `secrets` among them.
    pub(crate) fn beside<'n>(&'n self, names: &'n dyn Names) -> WithSecrets<'n> {
        WithSecrets { names, root: self.root, object: &self.object }
    }

    /// Replaces each mark in a rendered configuration and notes where it stood.
    ///
    /// # Errors
    /// `bad_value` when a secret became the name of something.
    pub(crate) fn take_from(&self, input: &mut Value) -> Result<(), StepError> {
        let mut places = Vec::new();
        self.walk(input, &mut String::new(), &mut places)?;
        if self.root == "env" && self.is_in(input) {
            return Err(StepError::new("VALIDATION", "A secret of env can only be used as it is, not changed"));
        }
        if let (Value::Object(map), false) = (input, places.is_empty()) {
            map.insert(PLACES.to_owned(), Value::Array(places));
        }
        Ok(())
    }

    /// Whether a piece of a mark is left anywhere: an expression has changed it, so that its value could not be put in.
    fn is_in(&self, value: &Value) -> bool {
        const PIECE: usize = 24;
        match value {
            Value::String(text) => text.to_ascii_lowercase().contains(&self.prefix[..PIECE].to_ascii_lowercase()),
            Value::Array(items) => items.iter().any(|item| self.is_in(item)),
            Value::Object(map) => map.values().any(|member| self.is_in(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn walk(&self, value: &mut Value, pointer: &mut String, places: &mut Vec<Value>) -> Result<(), StepError> {
        let length = pointer.len();
        match value {
            Value::String(text) => *text = self.replace(text, pointer, places),
            Value::Array(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    pointer.push_str(&format!("/{at}"));
                    self.walk(item, pointer, places)?;
                    pointer.truncate(length);
                }
            }
            Value::Object(map) => {
                if map.keys().any(|key| key.contains(&self.prefix)) {
                    return Err(StepError::new("bad_value", "A secret can't be the name of a field"));
                }
                for (key, member) in map.iter_mut() {
                    pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")));
                    self.walk(member, pointer, places)?;
                    pointer.truncate(length);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        Ok(())
    }

    fn replace(&self, text: &str, pointer: &str, places: &mut Vec<Value>) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(found) = rest.find(&self.prefix) {
            let (before, mark) = rest.split_at(found);
            let number = mark[self.prefix.len()..].split(';').next().unwrap_or_default();
            let name = number.parse::<usize>().ok().and_then(|at| self.names.get(at));
            shown.push_str(before);
            if let Some(name) = name {
                places.push(json!([pointer, shown.len(), name]));
            }
            shown.push_str(SHOWN);
            rest = mark.get(self.prefix.len() + number.len() + 1..).unwrap_or_default();
        }
        shown.push_str(rest);
        shown
    }
}

/// The names of a run with `secrets` among them.
pub(crate) struct WithSecrets<'n> {
    names: &'n dyn Names,
    root: &'static str,
    object: &'n Value,
}

impl Names for WithSecrets<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        if name == self.root { Some(self.object) } else { self.names.get(name) }
    }

    fn origin(&self, name: &str) -> Option<Origin<'_>> {
        if name == self.root { None } else { self.names.origin(name) }
    }
}

/// The configuration as it may be shown: without the list of places.
#[must_use]
pub fn shown(input: &Arc<Value>) -> Arc<Value> {
    if input.get(PLACES).is_none() {
        return Arc::clone(input);
    }
    let mut shown = Value::clone(input);
    if let Value::Object(map) = &mut shown {
        map.shift_remove(PLACES);
    }
    Arc::new(shown)
}

/// Whether a configuration needs values put in.
#[must_use]
pub fn has_any(input: &Value) -> bool {
    input.get(PLACES).is_some()
}

/// The configuration with the values of its secrets.
///
/// # Errors
/// `secret_missing`, which names the secret, when there is none of that name.
pub fn fill(input: &Value, value_of: impl Fn(&str) -> Option<String>) -> Result<Value, StepError> {
    let mut filled = input.clone();
    let places = filled.as_object_mut().and_then(|map| map.shift_remove(PLACES)).unwrap_or_default();
    let mut by_text: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
    for place in places.as_array().into_iter().flatten() {
        if let (Some(pointer), Some(at), Some(name)) = (place[0].as_str(), place[1].as_u64(), place[2].as_str()) {
            by_text.entry(pointer).or_default().push((at as usize, name));
        }
    }
    for (pointer, mut places) in by_text {
        let Some(Value::String(text)) = filled.pointer_mut(pointer) else { continue };
        // From the end on, so that the places before stay where they are.
        places.sort_unstable_by_key(|(at, _)| std::cmp::Reverse(*at));
        for (at, name) in places {
            let value = value_of(name).ok_or_else(|| missing(name))?;
            if text.get(at..).is_some_and(|rest| rest.starts_with(SHOWN)) {
                text.replace_range(at..at + SHOWN.len(), &value);
            }
        }
    }
    Ok(filled)
}

fn missing(name: &str) -> StepError {
    StepError::new("secret_missing", format!("There is no variable {name} in this workspace"))
}

#[cfg(test)]
mod tests;
