//! What interactions do (Placements contract, section 10.4).

use serde_json::Value;

use super::walk::text;

/// How an action moves through the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move<'a> {
    /// To this node.
    To(&'a str),
    /// Along an edge, to the end, or wherever the code of the app takes it.
    On,
    /// It stays, or goes back to where one could have gone on.
    Stay,
}

/// How an action moves.
pub(super) fn move_of(action: &Value) -> Move<'_> {
    match action.get("kind").and_then(Value::as_str) {
        Some("navigate") => text(action, "targetNodeId").map_or(Move::Stay, Move::To),
        Some("goNext" | "closeFlow" | "custom") => Move::On,
        _ => Move::Stay,
    }
}

/// The variables that a text shows: the names at the start of each `{{…}}`.
pub(super) fn shown_variables(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{").skip(1).filter_map(|rest| {
        let (inside, _) = rest.split_once("}}")?;
        let inside = inside.trim_start();
        let end =
            inside.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '$'))).unwrap_or(inside.len());
        Some(inside[..end].trim_end_matches('.')).filter(|name| !name.is_empty())
    })
}

/// Calls back with every text inside a value.
pub(super) fn texts_in<'a>(value: &'a Value, each: &mut dyn FnMut(&'a str)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(items) => items.iter().for_each(|item| texts_in(item, each)),
        Value::Object(members) => members.values().for_each(|member| texts_in(member, each)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
