//! Operators of conditions (Workflow API contract, section 18, *Conditional operators*).

use std::cmp::Ordering;

use floe_model::pattern::Pattern;
use serde_json::Value;

use super::config::wrong;
use super::convert;
use crate::event::StepError;

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Contains,
    StartsWith,
    EndsWith,
    IsEmpty,
    IsNotEmpty,
    IsNull,
    IsNotNull,
    Matches,
}

const OPERATORS: [(&str, Operator); 22] = [
    ("==", Operator::Equal),
    ("eq", Operator::Equal),
    ("===", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("ne", Operator::NotEqual),
    ("neq", Operator::NotEqual),
    ("!==", Operator::NotEqual),
    (">", Operator::Greater),
    ("gt", Operator::Greater),
    ("<", Operator::Less),
    ("lt", Operator::Less),
    (">=", Operator::GreaterOrEqual),
    ("gte", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    ("lte", Operator::LessOrEqual),
    ("contains", Operator::Contains),
    ("startsWith", Operator::StartsWith),
    ("endsWith", Operator::EndsWith),
    ("isEmpty", Operator::IsEmpty),
    ("isNotEmpty", Operator::IsNotEmpty),
    ("isNull", Operator::IsNull),
    ("isNotNull", Operator::IsNotNull),
];

impl Operator {
    pub(super) fn find(name: &str) -> Option<Self> {
        if name == "matches" {
            return Some(Self::Matches);
        }
        OPERATORS.iter().find(|(known, _)| *known == name).map(|(_, operator)| *operator)
    }
}

/// Whether the comparison of two interpolated values holds.
///
/// # Errors
/// A pattern that cannot be read.
pub(super) fn holds(operator: Operator, left: &Value, right: &Value) -> Result<bool, StepError> {
    let pattern = right;
    let (left, right) = (&converted(left), &converted(right));
    Ok(match operator {
        Operator::Equal => equal(left, right),
        Operator::NotEqual => !equal(left, right),
        Operator::Greater => order(left, right).is_gt(),
        Operator::Less => order(left, right).is_lt(),
        Operator::GreaterOrEqual => order(left, right).is_ge(),
        Operator::LessOrEqual => order(left, right).is_le(),
        Operator::Contains => contains(left, right),
        Operator::StartsWith => folded(left).starts_with(&folded(right)),
        Operator::EndsWith => folded(left).ends_with(&folded(right)),
        Operator::IsEmpty => is_empty(left),
        Operator::IsNotEmpty => !is_empty(left),
        Operator::IsNull => left.is_null(),
        Operator::IsNotNull => !left.is_null(),
        Operator::Matches => search(&convert::text(pattern), &convert::text(left))?,
    })
}

/// Whether a pattern is found in a text.
///
/// # Errors
/// A pattern that cannot be read.
pub(super) fn search(pattern: &str, text: &str) -> Result<bool, StepError> {
    let pattern = Pattern::compile(pattern).map_err(|why| wrong(format!("The pattern can't be used: {why}")))?;
    Ok(pattern.is_found_in(text))
}

/// A text that looks like a number, true or false, null or undefined, or JSON, as what it looks like.
pub(super) fn converted(value: &Value) -> Value {
    let Value::String(text) = value else { return value.clone() };
    let trimmed = text.trim();
    if let Some(number) = convert::to_number(value) {
        return number;
    }
    match trimmed.to_ascii_lowercase().as_str() {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" | "undefined" => Value::Null,
        _ if trimmed.starts_with(['{', '[']) => serde_json::from_str(trimmed).unwrap_or_else(|_| value.clone()),
        _ => value.clone(),
    }
}

/// Null only equals null; with a number on either side by number; texts without regard to case; else by JSON.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, other) | (other, Value::Null) => other.is_null(),
        (Value::Number(_), _) | (_, Value::Number(_)) => match (measured(left), measured(right)) {
            (Some(left), Some(right)) => left == right,
            _ => false,
        },
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => left == right,
        _ => folded(left) == folded(right),
    }
}

fn measured(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::String(text) => convert::number_in(text),
        _ => None,
    }
}

/// By number when both are numbers, else by text.
fn order(left: &Value, right: &Value) -> Ordering {
    if let (Value::Number(left), Value::Number(right)) = (left, right)
        && let (Some(left), Some(right)) = (left.as_f64(), right.as_f64())
    {
        return left.partial_cmp(&right).unwrap_or(Ordering::Equal);
    }
    convert::text(left).cmp(&convert::text(right))
}

fn contains(left: &Value, right: &Value) -> bool {
    match left {
        Value::Array(members) => members.iter().any(|member| equal(member, right)),
        other => folded(other).contains(&folded(right)),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A value as text, without regard to case.
pub(super) fn folded(value: &Value) -> String {
    convert::text(value).to_lowercase()
}
