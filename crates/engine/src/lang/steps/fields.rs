//! Checks a step's `data` against the fields that its type declares, and brings key-value fields into one form.

use serde_json::{Map, Value};

use super::definition::StepDef;
use crate::catalog::{Field, FieldKind, StepSpec};
use crate::expr::{Expression, JsonTemplate};
use crate::lang::problem::Problem;

/// Checks every declared field of a step.
pub(super) fn check_fields(step: &StepDef, spec: &StepSpec, problems: &mut Vec<Problem>) {
    for field in spec.fields {
        let pointer = format!("{}/data/{}", step.pointer, field.key);
        match step.data.get(field.key).filter(|value| !is_missing(field, value)) {
            Some(value) => {
                if let Err((code, below, message)) = check_value(field, value) {
                    problems.push(Problem::error(code, Some(&step.id), pointer + &below, message));
                }
            }
            None if field.required && field.kind != FieldKind::Steps => {
                let message = format!("{} needs {}", spec.key, field.key);
                problems.push(Problem::error("missing_field", Some(&step.id), pointer, message));
            }
            None => {}
        }
    }
}

/// A dot path such as `steps.fetch-list.body.items`: names and keys without operators, brackets or blanks.
pub(super) fn dot_path(text: &str) -> Option<Vec<String>> {
    let inner = unwrapped(text).trim();
    let segments: Vec<&str> = inner.split('.').collect();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$');
    let is_key = |segment: &&str| !segment.is_empty() && segment.chars().all(plain);
    let is_name = |name: &&str| name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$');
    let is_path = segments.first().is_some_and(is_name) && segments.iter().all(is_key);
    is_path.then(|| segments.into_iter().map(str::to_owned).collect())
}

/// A key-value field in one form: an object, or a text that gives one when it is rendered.
/// It may be written as a list of `{key,value}`, an object, or a JSON text that yields an object.
///
/// # Errors
/// Pointer below the field and the reason, when it is none of the three.
pub(super) fn key_values(value: &Value) -> Result<Value, (String, String)> {
    match value {
        Value::Null => Ok(Value::Object(Map::new())),
        Value::Object(map) => Ok(Value::Object(map.clone())),
        Value::Array(items) => {
            let mut map = Map::new();
            for (index, item) in items.iter().enumerate() {
                let key = item.get("key").and_then(Value::as_str);
                let key = key.ok_or_else(|| (format!("/{index}/key"), "must be a text".to_owned()))?;
                map.insert(key.to_owned(), item.get("value").cloned().unwrap_or_default());
            }
            Ok(Value::Object(map))
        }
        Value::String(text) if text.trim().is_empty() => Ok(Value::Object(Map::new())),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Object(map)) => Ok(Value::Object(map)),
            _ if text.contains("{{") => Ok(value.clone()),
            _ => Err((String::new(), "must be a JSON text of an object".to_owned())),
        },
        _ => Err((String::new(), "must be an object, a list of {key, value}, or a JSON text".to_owned())),
    }
}

/// An expression field: plain, or wrapped in one pair of braces.
pub(super) fn expression(text: &str) -> Result<Expression, String> {
    Expression::parse(unwrapped(text)).map_err(|error| error.to_string())
}

/// The text without one pair of braces around it.
fn unwrapped(text: &str) -> &str {
    let trimmed = text.trim();
    let inner = trimmed.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    inner.filter(|inner| !inner.contains("{{")).unwrap_or(trimmed)
}

/// Fields whose content is checked part by part elsewhere: lists of steps with the outline, and branches, which hold
/// expressions and steps, not templates.
fn has_own_check(field: &Field) -> bool {
    field.kind == FieldKind::Steps || field.key == "branches"
}

/// Fields that decide on the form of the flow itself, so that no template can give them.
fn is_structural(field: &Field) -> bool {
    matches!(field.key, "failOnError" | "failFast" | "mode" | "waitForCompletion" | "maxIterations" | "elseNextStepId")
}

type Wrong = (&'static str, String, String);

fn is_missing(field: &Field, value: &Value) -> bool {
    value.is_null() || (field.required && value.as_str().is_some_and(|text| text.trim().is_empty()))
}

fn check_value(field: &Field, value: &Value) -> Result<(), Wrong> {
    let bad = |what: &str| ("bad_value", String::new(), format!("{} must be {what}", field.key));
    if has_own_check(field) {
        return Ok(());
    }
    if let Value::String(text) = value
        && text.contains("{{")
        && !matches!(field.kind, FieldKind::Code | FieldKind::Expression | FieldKind::KeyValue)
        && !is_structural(field)
    {
        return check_templates(value);
    }
    match field.kind {
        FieldKind::Text | FieldKind::LongText if value.is_string() || value.is_number() => Ok(()),
        FieldKind::Text | FieldKind::LongText => Err(bad("a text")),
        FieldKind::Code | FieldKind::StepRef if value.is_string() => Ok(()),
        FieldKind::Code | FieldKind::StepRef => Err(bad("a text")),
        FieldKind::Boolean if value.is_boolean() => Ok(()),
        FieldKind::Boolean => Err(bad("true or false")),
        FieldKind::Number => check_number(field, value),
        FieldKind::Select => match value.as_str().filter(|word| field.options.contains(word)) {
            Some(_) => Ok(()),
            None => Err(bad(&format!("one of {}", field.options.join(", ")))),
        },
        FieldKind::Date => match value.as_str().and_then(floe_model::Timestamp::parse) {
            Some(_) => Ok(()),
            None => Err(bad("an RFC 3339 instant")),
        },
        FieldKind::Json => check_templates(value),
        FieldKind::KeyValue => {
            let map = key_values(value).map_err(|(below, why)| ("bad_value", below, format!("{} {why}", field.key)))?;
            check_templates(&map)
        }
        FieldKind::Expression => match value.as_str().map(expression) {
            Some(Ok(_)) => Ok(()),
            Some(Err(why)) => Err(("bad_expression", String::new(), format!("{}: {why}", field.key))),
            None => Err(bad("an expression")),
        },
        FieldKind::Steps => Ok(()),
    }
}

fn check_number(field: &Field, value: &Value) -> Result<(), Wrong> {
    let (min, max) = field.range.unwrap_or((f64::MIN, f64::MAX));
    match value.as_f64() {
        Some(number) if (min..=max).contains(&number) => Ok(()),
        Some(_) => Err(("bad_value", String::new(), format!("{} must be from {min} to {max}", field.key))),
        None => Err(("bad_value", String::new(), format!("{} must be a number", field.key))),
    }
}

fn check_templates(value: &Value) -> Result<(), Wrong> {
    match JsonTemplate::parse(value) {
        Ok(_) => Ok(()),
        Err(error) => Err(("bad_expression", error.pointer, error.error.to_string())),
    }
}
