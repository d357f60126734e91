//! The names that a node's config mentions: what stands at the beginning of a path in a placeholder, a condition or a program.
//!
//! This is a reading of words, not of the language: it finds the body of a loop without labels and names that nothing
//! defines, and both may err on the side of too many names.

use std::collections::BTreeSet;

use serde_json::Value;

use super::document::NodeDef;

/// Names.
pub(super) type Mentions = BTreeSet<String>;

/// Nesting of a config that is looked into.
const DEPTH_MAX: usize = 64;

/// Every name that a node's config mentions.
pub(super) fn roots(node: &NodeDef) -> Mentions {
    let mut found = Mentions::new();
    for (key, value) in &node.config {
        read(value, is_program(&node.kind, key), 0, &mut found);
    }
    found
}

/// Whether the texts of a field are expressions or programs, not texts with placeholders.
pub(super) fn is_program(kind: &str, key: &str) -> bool {
    match kind {
        "conditional" | "switch" => key == "expression",
        "loop" => matches!(key, "arrayPath" | "condition" | "count"),
        "wait" => key == "condition",
        "transform" => matches!(key, "expression" | "inputData" | "sources"),
        "code" => key == "code",
        _ => false,
    }
}

fn read(value: &Value, program: bool, depth: usize, found: &mut Mentions) {
    match value {
        Value::String(text) if program => words(text, found),
        Value::String(text) => placeholders(text, found),
        Value::Array(items) if depth < DEPTH_MAX => items.iter().for_each(|one| read(one, program, depth + 1, found)),
        Value::Object(map) if depth < DEPTH_MAX => map.values().for_each(|one| read(one, program, depth + 1, found)),
        _ => {}
    }
    // A condition holds placeholders in quotes as well.
    if program && let Value::String(text) = value {
        placeholders(text, found);
    }
}

/// Names in `{{…}}` and `${…}`.
fn placeholders(text: &str, found: &mut Mentions) {
    for (open, close) in [("{{", "}}"), ("${", "}")] {
        let mut rest = text;
        while let Some(at) = rest.find(open) {
            rest = &rest[at + open.len()..];
            let end = rest.find(close).unwrap_or(rest.len());
            words(&rest[..end], found);
            rest = &rest[end..];
        }
    }
}

/// Names at which a path begins. What stands behind `inputs.` and `variables.` counts as well.
fn words(text: &str, found: &mut Mentions) {
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    let mut before = String::new();
    while at < chars.len() {
        let c = chars[at];
        if c == '"' || c == '\'' {
            let end =
                (at + 1..chars.len()).find(|&end| chars[end] == c && chars[end - 1] != '\\').unwrap_or(chars.len());
            if at > 0 && chars[at - 1] == '[' && is_holder(&before) {
                found.insert(chars[(at + 1).min(end)..end].iter().collect());
            }
            at = end + 1;
        } else if c.is_alphabetic() || c == '_' || c == '$' {
            let end = (at..chars.len()).find(|&end| !is_part(chars[end])).unwrap_or(chars.len());
            let word: String = chars[at..end].iter().collect();
            let behind_dot = at > 0 && chars[at - 1] == '.' && !(at > 2 && chars[at - 3..at] == ['.', '.', '.']);
            if !behind_dot || is_holder(&before) {
                insert(&word, found);
            }
            before = if behind_dot { String::new() } else { word };
            at = end;
        } else {
            at += if c.is_ascii_digit() { skip_number(&chars[at..]) } else { 1 };
        }
    }
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$' || c == '-'
}

fn is_holder(word: &str) -> bool {
    word == "inputs" || word == "variables"
}

fn skip_number(chars: &[char]) -> usize {
    chars.iter().position(|c| !c.is_alphanumeric()).unwrap_or(chars.len()).max(1)
}

/// A name may hold `-`, which is a minus in programs: both readings are taken.
fn insert(word: &str, found: &mut Mentions) {
    let word = word.trim_end_matches('-');
    if word.contains('-') {
        found.extend(word.split('-').filter(|part| !part.is_empty()).map(str::to_owned));
    }
    found.insert(word.to_owned());
}
