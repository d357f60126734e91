//! What a definition needs from around it, and the same definition with other names for that (Flow API contract, section 12).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::definition::StepDef;
use super::{Reference, walk};
use crate::expr::Template;

/// Kinds of things that a definition names and that may be missing elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NeedKind {
    /// Language models.
    Model,
    /// Agents.
    Agent,
    /// Other flows.
    Flow,
    /// Tools.
    Tool,
    /// Knowledge bases.
    KnowledgeBase,
    /// Secrets.
    Secret,
}

impl NeedKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Model, Self::Agent, Self::Flow, Self::Tool, Self::KnowledgeBase, Self::Secret];

    /// The word in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Agent => "agents",
            Self::Flow => "flows",
            Self::Tool => "tools",
            Self::KnowledgeBase => "knowledgeBases",
            Self::Secret => "secrets",
        }
    }
}

/// Fields of steps that name something: type of the step, key in `data`, what it names. A key may hold a list.
const NAMED: [(&str, &str, NeedKind); 8] = [
    ("ask-to-llm", "modelId", NeedKind::Model),
    ("ask-to-llm", "fallbackModelIds", NeedKind::Model),
    ("extract-data", "modelId", NeedKind::Model),
    ("ask-peer", "modelId", NeedKind::Model),
    ("ask-peer", "peerId", NeedKind::Agent),
    ("call-flow", "flowId", NeedKind::Flow),
    ("tool-action", "toolId", NeedKind::Tool),
    ("knowledge-search", "knowledgeBaseId", NeedKind::KnowledgeBase),
];

/// The new name of each thing under its old one, by kind.
pub type Mapping = BTreeMap<NeedKind, BTreeMap<String, String>>;

/// What a definition names, by kind, each once, in order of appearance. Names that are templates are known only when the flow
/// runs, and are left out.
#[must_use]
pub fn needs(definition: &Value) -> Vec<(NeedKind, String)> {
    let mut found: Vec<(NeedKind, String)> = Vec::new();
    let mut note = |kind: NeedKind, name: &str| {
        if !found.iter().any(|(known, known_name)| *known == kind && known_name == name) {
            found.push((kind, name.to_owned()));
        }
    };
    for step in walk::all(definition) {
        let Some(Value::Object(data)) = step.step.get("data") else { continue };
        for (_, key, kind) in NAMED.iter().filter(|(of, ..)| *of == step.kind) {
            texts_of(data.get(*key)).filter(|name| is_name(name)).for_each(|name| note(*kind, name));
        }
        for (_, value) in data.iter().filter(|(key, _)| !is_body(key)) {
            each_text(value, &mut |text| {
                let template = Template::parse(text).ok();
                let secrets = template.as_ref().and_then(|template| template.secrets().ok());
                secrets.into_iter().flatten().for_each(|name| note(NeedKind::Secret, name));
            });
        }
    }
    found
}

/// What a step of a type names, with the place of each name.
pub(super) fn named_by<'s>(step: &'s StepDef, kind: &'s str) -> impl Iterator<Item = Reference> + 's {
    let fields = NAMED.iter().filter(move |(of, ..)| *of == kind);
    fields.flat_map(move |(_, key, what)| {
        let value = step.data.get(*key);
        let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter().enumerate();
        let in_list = list.filter_map(|(at, name)| Some((format!("/{at}"), name.as_str()?)));
        let alone = value.and_then(Value::as_str).map(|name| (String::new(), name));
        alone.into_iter().chain(in_list).filter(|(_, name)| is_name(name)).map(move |(below, name)| {
            let path = format!("{}/data/{key}{below}", step.pointer);
            Reference { step_id: step.id.clone(), path, kind: *what, name: name.to_owned() }
        })
    })
}

/// Puts other names in the place of those that a mapping knows.
pub fn rename(definition: &mut Value, mapping: &Mapping) {
    if let Some(steps) = definition.get_mut("steps") {
        rename_list(steps, mapping);
    }
}

fn rename_list(steps: &mut Value, mapping: &Mapping) {
    for step in steps.as_array_mut().into_iter().flatten() {
        let Value::Object(step) = step else { continue };
        let kind = step.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(steps) = step.get_mut("steps") {
            rename_list(steps, mapping);
        }
        if let Some(Value::Object(data)) = step.get_mut("data") {
            rename_data(&kind, data, mapping);
        }
    }
}

fn rename_data(step_kind: &str, data: &mut Map<String, Value>, mapping: &Mapping) {
    for (_, key, kind) in NAMED.iter().filter(|(of, ..)| *of == step_kind) {
        let Some(names) = mapping.get(kind) else { continue };
        let renamed = |value: &mut Value| {
            if let Some(new) = value.as_str().and_then(|name| names.get(name)) {
                *value = Value::from(new.as_str());
            }
        };
        match data.get_mut(*key) {
            Some(Value::Array(items)) => items.iter_mut().for_each(renamed),
            Some(value) => renamed(value),
            None => {}
        }
    }
    let secrets = mapping.get(&NeedKind::Secret);
    for (key, value) in data.iter_mut() {
        match (key.as_str(), value) {
            ("steps", steps) => rename_list(steps, mapping),
            ("branches", Value::Array(branches)) => {
                for branch in branches {
                    if let Some(steps) = branch.get_mut("steps") {
                        rename_list(steps, mapping);
                    }
                }
            }
            (_, value) => {
                if let Some(names) = secrets {
                    each_text_mut(value, &mut |text| *text = rename_secrets(text, names));
                }
            }
        }
    }
}

/// A text whose templates name secrets by other names. Both `secrets.A` and `secrets["A"]` are known.
fn rename_secrets(text: &str, names: &BTreeMap<String, String>) -> String {
    let mut renamed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("secrets") {
        let (before, found) = rest.split_at(at);
        renamed.push_str(before);
        let is_whole_word = !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.'));
        let in_template = renamed.rfind("{{").is_some_and(|open| renamed.rfind("}}").is_none_or(|close| close < open));
        let after = &found["secrets".len()..];
        renamed.push_str("secrets");
        rest = after;
        let Some((lead, name)) = accessed(after).filter(|_| is_whole_word && in_template) else { continue };
        renamed.push_str(&after[..lead]);
        renamed.push_str(names.get(name).map_or(name, String::as_str));
        rest = &after[lead + name.len()..];
    }
    renamed.push_str(rest);
    renamed
}

/// The member that is accessed right behind an object: how many bytes before its name, and the name.
fn accessed(after: &str) -> Option<(usize, &str)> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    for open in ["?.", ".", "[\"", "['"] {
        let Some(name) = after.strip_prefix(open) else { continue };
        let length = name.find(|c| !is_name(c)).unwrap_or(name.len());
        return (length > 0).then(|| (open.len(), &name[..length]));
    }
    None
}

fn is_body(key: &str) -> bool {
    matches!(key, "steps" | "branches")
}

/// Whether a text names something by itself.
fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains("{{")
}

fn texts_of(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    value.and_then(Value::as_str).into_iter().chain(list.iter().filter_map(Value::as_str))
}

fn each_text<'v>(value: &'v Value, visit: &mut dyn FnMut(&'v str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, visit)),
        Value::Object(map) => map.values().for_each(|item| each_text(item, visit)),
        _ => {}
    }
}

fn each_text_mut(value: &mut Value, visit: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text_mut(item, visit)),
        Value::Object(map) => map.values_mut().for_each(|item| each_text_mut(item, visit)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
