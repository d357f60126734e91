//! Several values as one.

use serde_json::{Map, Value};

use super::super::NodeInfo;
use super::super::config::failed;
use super::super::reference::Reference;
use crate::event::StepError;
use crate::expr::{Env, Names};

/// The sources that a field names: a list, or `${a}, ${b}` and `{{a}} {{b}}` in one text, or one value.
pub(super) fn parts(value: &Value) -> Vec<Value> {
    let Value::String(text) = value else {
        return match value {
            Value::Array(items) => items.clone(),
            Value::Null => Vec::new(),
            other => vec![other.clone()],
        };
    };
    let open = if text.contains("${") { ("${", "}") } else { ("{{", "}}") };
    let mut parts = Vec::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(open.0) {
        let Some((inner, behind)) = after.split_once(open.1) else { break };
        if before.chars().any(|c| !c.is_whitespace() && !matches!(c, ',' | ';' | '[' | ']' | '+')) {
            return vec![value.clone()];
        }
        parts.push(Value::String(format!("{{{{{}}}}}", inner.trim())));
        rest = behind;
    }
    if parts.is_empty() {
        parts.extend(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from));
    }
    parts
}

/// Lists one behind the other, plain objects one over the other, anything else side by side under its name. Without
/// sources: the primary values of the nodes right before, side by side.
pub(super) fn run(
    sources: &[Reference],
    info: &NodeInfo<'_>,
    names: &dyn Names,
    env: &mut Env<'_>,
) -> Result<Value, StepError> {
    if sources.is_empty() {
        let before = info.before.iter();
        return Ok(side_by_side(
            before.map(|before| (before.output.unwrap_or(before.id).to_owned(), before.value.clone())),
        ));
    }
    let mut values = Vec::with_capacity(sources.len());
    for (index, source) in sources.iter().enumerate() {
        let name = source.name().map_or_else(|| format!("source{}", index + 1), str::to_owned);
        values.push((name, source.value(names, env).map_err(failed)?));
    }
    let records = sources.iter().any(|source| source.is_record(names));
    if values.iter().all(|(_, value)| value.is_array()) {
        let lists = values
            .into_iter()
            .filter_map(|(_, value)| if let Value::Array(items) = value { Some(items) } else { None });
        return Ok(Value::Array(lists.flatten().collect()));
    }
    if !records && values.iter().all(|(_, value)| value.is_object()) {
        let mut merged = Map::new();
        for (_, value) in values {
            if let Value::Object(members) = value {
                merged.extend(members);
            }
        }
        return Ok(Value::Object(merged));
    }
    Ok(side_by_side(values.into_iter()))
}

fn side_by_side(values: impl Iterator<Item = (String, Value)>) -> Value {
    Value::Object(values.collect())
}
