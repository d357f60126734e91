//! Values read as other types.

use serde_json::{Number, Value};

use crate::expr::{number_text, unfenced};

/// A value as text: texts as they are, all else as compact JSON.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number_as_text(number),
        other => other.to_string(),
    }
}

fn number_as_text(number: &Number) -> String {
    match number.as_f64() {
        Some(x) if number.is_f64() => number_text(x),
        _ => number.to_string(),
    }
}

/// The number that a text spells, in decimal digits; an empty one spells none.
pub(super) fn number_in(text: &str) -> Option<f64> {
    let text = text.trim();
    let decimal = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    let spells = text.bytes().all(decimal) && text.bytes().any(|byte| byte.is_ascii_digit());
    spells.then(|| text.parse::<f64>().ok()).flatten().filter(|x| x.is_finite())
}

/// A number as JSON; integers without a fraction.
pub(super) fn number(x: f64) -> Value {
    if x.fract() == 0.0 && x.abs() < 9.0e15 {
        return Value::from(x as i64);
    }
    Number::from_f64(x).map_or(Value::Null, Value::Number)
}

/// A value as a number, if it is one or spells one.
pub(super) fn to_number(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => text.trim().parse::<i64>().ok().map(Value::from).or_else(|| number_in(text).map(number)),
        _ => None,
    }
}

/// A value as a boolean, if it is one or spells one.
pub(super) fn to_boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => match number.as_f64() {
            Some(1.0) => Some(true),
            Some(0.0) => Some(false),
            _ => None,
        },
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// What a text holds as JSON; any other value, and a text that is no JSON, as it is.
pub(super) fn parsed(value: Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other,
    }
}

/// The array or object that a text holds as JSON, code fences allowed.
pub(super) fn composite_in(text: &str) -> Option<Value> {
    let text = unfenced(text);
    if !text.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// Truthiness of section 15.
pub(super) fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}
