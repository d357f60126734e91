//! Comparisons of the native grammar (Workflow API contract, section 15).

use std::cmp::Ordering;

use super::super::compare::same;
use super::super::error::EvalError;
use super::super::limits::Meter;
use super::super::number;
use super::super::value::Val;
use super::ast::Comparison;

pub(super) fn holds(op: Comparison, left: &Val<'_>, right: &Val<'_>, meter: &mut Meter) -> Result<bool, EvalError> {
    Ok(match op {
        Comparison::Equal => equal(left, right, meter)?,
        Comparison::NotEqual => !equal(left, right, meter)?,
        Comparison::Same => strictly_equal(left, right, meter)?,
        Comparison::NotSame => !strictly_equal(left, right, meter)?,
        Comparison::Less => order(left, right, meter)?.is_lt(),
        Comparison::LessOrEqual => order(left, right, meter)?.is_le(),
        Comparison::Greater => order(left, right, meter)?.is_gt(),
        Comparison::GreaterOrEqual => order(left, right, meter)?.is_ge(),
    })
}

/// `==`: null equals only null and missing; values of one type by content; a number and a text by number. A boolean
/// equals 1 or 0, and the text that spells it.
fn equal(left: &Val<'_>, right: &Val<'_>, meter: &mut Meter) -> Result<bool, EvalError> {
    if left.is_nullish() || right.is_nullish() {
        return Ok(left.is_nullish() && right.is_nullish());
    }
    Ok(match (left, right) {
        (Val::Str(text), Val::Num(_) | Val::Exact(_)) | (Val::Num(_) | Val::Exact(_), Val::Str(text)) => {
            meter.bytes(text.len())?;
            let other = if matches!(left, Val::Str(_)) { right } else { left };
            numeric(text) == Some(other.to_number(meter)?)
        }
        (Val::Bool(flag), Val::Str(text)) | (Val::Str(text), Val::Bool(flag)) => {
            let spelled = if *flag { "true" } else { "false" };
            text.eq_ignore_ascii_case(spelled) || numeric(text) == Some(f64::from(u8::from(*flag)))
        }
        (Val::Bool(flag), Val::Num(x)) | (Val::Num(x), Val::Bool(flag)) => f64::from(u8::from(*flag)) == *x,
        _ => same(left, right, meter)?,
    })
}

/// `===`: the same type too; missing counts as null.
fn strictly_equal(left: &Val<'_>, right: &Val<'_>, meter: &mut Meter) -> Result<bool, EvalError> {
    if left.is_nullish() || right.is_nullish() {
        return Ok(left.is_nullish() && right.is_nullish());
    }
    same(left, right, meter)
}

/// By code point when both are texts that are no numbers, else by number; what is no number counts as 0.
fn order(left: &Val<'_>, right: &Val<'_>, meter: &mut Meter) -> Result<Ordering, EvalError> {
    if let (Val::Str(left), Val::Str(right)) = (left, right) {
        meter.bytes(left.len().saturating_add(right.len()))?;
        if numeric(left).is_none() && numeric(right).is_none() {
            return Ok(left.cmp(right));
        }
    }
    let (left, right) = (measured(left), measured(right));
    Ok(left.partial_cmp(&right).unwrap_or(Ordering::Equal))
}

fn measured(value: &Val<'_>) -> f64 {
    let x = match value {
        Val::Bool(flag) => f64::from(u8::from(*flag)),
        Val::Num(x) => *x,
        Val::Exact(number) => number.as_f64().unwrap_or(0.0),
        Val::Str(text) => numeric(text).unwrap_or(0.0),
        Val::Missing | Val::Null | Val::Ref(_) | Val::Owned(_) => 0.0,
    };
    if x.is_nan() { 0.0 } else { x }
}

/// The number that a text spells; an empty one spells none.
fn numeric(text: &str) -> Option<f64> {
    if text.trim().is_empty() {
        return None;
    }
    Some(number::parse(text)).filter(|x| !x.is_nan())
}
