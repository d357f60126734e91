//! Equality and order.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::error::{EvalError, Limit};
use super::limits::{Meter, VALUE_DEPTH_MAX};
use super::number;
use super::text;
use super::value::Val;

/// `===`: same type and same content.
pub(super) fn same(left: &Val<'_>, right: &Val<'_>, meter: &mut Meter) -> Result<bool, EvalError> {
    Ok(match (left, right) {
        (Val::Missing, Val::Missing) | (Val::Null, Val::Null) => true,
        (Val::Bool(left), Val::Bool(right)) => left == right,
        (Val::Num(left), Val::Num(right)) => left == right,
        (Val::Exact(left), Val::Exact(right)) => left == right,
        (Val::Exact(exact), Val::Num(x)) | (Val::Num(x), Val::Exact(exact)) => exact.as_f64() == Some(*x),
        (Val::Str(left), Val::Str(right)) => same_text(left, right, meter)?,
        _ => match (left.composite(), right.composite()) {
            (Some(left), Some(right)) => same_content(left, right, meter, 0)?,
            _ => false,
        },
    })
}

/// `==`: null equals missing, plain values of different types are compared as numbers; arrays and objects are never
/// converted.
pub(super) fn equal(left: &Val<'_>, right: &Val<'_>, meter: &mut Meter) -> Result<bool, EvalError> {
    if left.is_nullish() || right.is_nullish() {
        return Ok(left.is_nullish() && right.is_nullish());
    }
    let composite = left.composite().is_some() || right.composite().is_some();
    if composite || std::mem::discriminant(left) == std::mem::discriminant(right) {
        return same(left, right, meter);
    }
    Ok(left.to_number(meter)? == right.to_number(meter)?)
}

/// How two values are ordered: texts by code point, anything else as numbers; `None` when one is not a number.
pub(super) fn order(left: &Val<'_>, right: &Val<'_>, meter: &mut Meter) -> Result<Option<Ordering>, EvalError> {
    if let (Val::Num(left), Val::Num(right)) = (left, right) {
        return Ok(left.partial_cmp(right));
    }
    if is_textual(left) && is_textual(right) {
        let (left, right) = (text::of(left, meter)?, text::of(right, meter)?);
        meter.bytes(left.len().min(right.len()))?;
        return Ok(Some(left.cmp(&right)));
    }
    if let (Val::Exact(left), Val::Exact(right)) = (left, right) {
        return Ok(integer(left).partial_cmp(&integer(right)));
    }
    Ok(left.to_number(meter)?.partial_cmp(&right.to_number(meter)?))
}

/// Whether JavaScript's operators take the value as a text: texts, and arrays and objects, which become texts.
pub(super) fn is_textual(value: &Val<'_>) -> bool {
    matches!(value, Val::Str(_) | Val::Ref(_) | Val::Owned(_))
}

fn same_text(left: &str, right: &str, meter: &mut Meter) -> Result<bool, EvalError> {
    if left.len() != right.len() {
        return Ok(false);
    }
    meter.bytes(left.len())?;
    Ok(left == right)
}

fn same_content(left: &Value, right: &Value, meter: &mut Meter, depth: usize) -> Result<bool, EvalError> {
    if depth > VALUE_DEPTH_MAX {
        return Err(EvalError::Limit(Limit::ValueDepth));
    }
    meter.elements(1)?;
    match (left, right) {
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (left, right) in left.iter().zip(right) {
                if !same_content(left, right, meter, depth + 1)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Object(left), Value::Object(right)) if left.len() == right.len() => {
            for (key, left) in left {
                meter.bytes(key.len())?;
                let Some(right) = right.get(key) else { return Ok(false) };
                if !same_content(left, right, meter, depth + 1)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::String(left), Value::String(right)) => same_text(left, right, meter),
        (Value::Number(left), Value::Number(right)) => Ok(same_number(left, right)),
        (Value::Array(_) | Value::Object(_), _) => Ok(false),
        (left, right) => Ok(left == right),
    }
}

fn same_number(left: &Number, right: &Number) -> bool {
    match (number::from_json(left), number::from_json(right)) {
        (Some(left), Some(right)) => left == right,
        (None, None) => left == right,
        (Some(x), None) => right.as_f64() == Some(x),
        (None, Some(x)) => left.as_f64() == Some(x),
    }
}

fn integer(number: &Number) -> Option<i128> {
    number.as_u64().map(i128::from).or_else(|| number.as_i64().map(i128::from))
}
