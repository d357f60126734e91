//! What a call or an event gives a trigger: whether it counts, and what the run gets of it.

use serde_json::{Map, Value};

use super::config::{EventSource, ManualRules};
use crate::FieldProblem;

/// Members of a form body that are read at most.
const FORM_FIELDS_MAX: usize = 1_000;

/// Whether a payload passes the filters of an event trigger: at each path stands an equal value. Numbers are equal by value.
#[must_use]
pub fn matches(source: &EventSource, payload: &Value) -> bool {
    source.filters.iter().all(|(path, wanted)| {
        let found = payload.get(path).or_else(|| path.split('.').try_fold(payload, step));
        match (found, wanted) {
            (Some(Value::Number(found)), Value::Number(wanted)) => found.as_f64() == wanted.as_f64(),
            (found, Value::Null) => found.is_none_or(Value::is_null),
            (found, wanted) => found == Some(wanted),
        }
    })
}

fn step<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => map.get(name),
        Value::Array(list) => list.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

/// The inputs of a call of a manual trigger over its defaults.
///
/// # Errors
/// What `requireInputs` and `inputSchema` refuse: of a schema `required` and, of `properties`, `type` and `enum`.
pub fn check_manual(rules: &ManualRules, given: Map<String, Value>) -> Result<Map<String, Value>, Vec<FieldProblem>> {
    if rules.require_inputs && given.is_empty() {
        return Err(vec![FieldProblem::new("/inputs", "required", "inputs is required by this trigger")]);
    }
    let mut inputs = rules.inputs.clone();
    inputs.extend(given);
    let mut problems = Vec::new();
    let Some(schema) = &rules.schema else { return Ok(inputs) };
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        if inputs.get(name).is_none_or(Value::is_null) {
            problems.push(FieldProblem::new(format!("/inputs/{name}"), "required", format!("{name} is required")));
        }
    }
    for (name, rule) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let Some(value) = inputs.get(name).filter(|value| !value.is_null()) else { continue };
        if let Some(kind) = rule.get("type").and_then(Value::as_str)
            && !is_of_type(value, kind)
        {
            problems.push(FieldProblem::new(
                format!("/inputs/{name}"),
                "type",
                format!("{name} must be of type {kind}"),
            ));
        } else if let Some(allowed) = rule.get("enum").and_then(Value::as_array)
            && !allowed.contains(value)
        {
            let message = format!("{name} must be one of the values of its schema");
            problems.push(FieldProblem::new(format!("/inputs/{name}"), "enum", message));
        }
    }
    if problems.is_empty() { Ok(inputs) } else { Err(problems) }
}

fn is_of_type(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        // A word that this does not know refuses nothing.
        _ => true,
    }
}

/// The body of a request as a run sees it: JSON as it is, a form as an object, anything else as text; null when it is empty
/// (contract section 11).
#[must_use]
pub fn body_of_request(
    content_type: Option<&str>,
    body: &[u8],
    form: impl Fn(&[u8]) -> Vec<(String, String)>,
) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    let media = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media == "application/x-www-form-urlencoded" {
        return object_of_pairs(form(body));
    }
    let may_be_json = media.is_empty() || media == "application/json" || media.ends_with("+json");
    let json = if may_be_json { serde_json::from_slice(body).ok() } else { None };
    json.unwrap_or_else(|| Value::String(String::from_utf8_lossy(body).replace('\0', "\u{fffd}")))
}

/// Pairs as an object; a name that comes again makes a list.
#[must_use]
pub fn object_of_pairs(pairs: Vec<(String, String)>) -> Value {
    let mut map = Map::new();
    for (name, value) in pairs.into_iter().take(FORM_FIELDS_MAX) {
        match map.get_mut(&name) {
            None => drop(map.insert(name, value.into())),
            Some(Value::Array(list)) => list.push(value.into()),
            Some(first) => *first = Value::Array(vec![first.take(), value.into()]),
        }
    }
    Value::Object(map)
}
