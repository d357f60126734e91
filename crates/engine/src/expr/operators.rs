//! Unary and binary operators, as in JavaScript.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::ast::{BinaryOp, UnaryOp};
use super::compare;
use super::error::EvalError;
use super::limits::{self, Meter};
use super::text;
use super::value::Val;

pub(super) fn unary<'a>(op: UnaryOp, operand: &Val<'a>, meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    Ok(match op {
        UnaryOp::Not => Val::Bool(!operand.is_truthy()),
        UnaryOp::Minus => Val::Num(-operand.to_number(meter)?),
        UnaryOp::Plus => Val::Num(operand.to_number(meter)?),
    })
}

pub(super) fn binary<'a>(
    op: BinaryOp,
    left: Val<'a>,
    right: &Val<'a>,
    meter: &mut Meter,
) -> Result<Val<'a>, EvalError> {
    Ok(match op {
        BinaryOp::Add => return add(left, right, meter),
        BinaryOp::Subtract => Val::Num(left.to_number(meter)? - right.to_number(meter)?),
        BinaryOp::Multiply => Val::Num(left.to_number(meter)? * right.to_number(meter)?),
        BinaryOp::Divide => Val::Num(left.to_number(meter)? / right.to_number(meter)?),
        BinaryOp::Remainder => Val::Num(left.to_number(meter)? % right.to_number(meter)?),
        BinaryOp::Less => Val::Bool(compare::order(&left, right, meter)? == Some(Ordering::Less)),
        BinaryOp::LessOrEqual => Val::Bool(compare::order(&left, right, meter)?.is_some_and(Ordering::is_le)),
        BinaryOp::Greater => Val::Bool(compare::order(&left, right, meter)? == Some(Ordering::Greater)),
        BinaryOp::GreaterOrEqual => Val::Bool(compare::order(&left, right, meter)?.is_some_and(Ordering::is_ge)),
        BinaryOp::Equal => Val::Bool(compare::equal(&left, right, meter)?),
        BinaryOp::NotEqual => Val::Bool(!compare::equal(&left, right, meter)?),
        BinaryOp::Same => Val::Bool(compare::same(&left, right, meter)?),
        BinaryOp::NotSame => Val::Bool(!compare::same(&left, right, meter)?),
    })
}

/// Texts are joined as soon as one side is one, or becomes one; anything else is added as numbers.
fn add<'a>(left: Val<'a>, right: &Val<'a>, meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    if let (Val::Num(left), Val::Num(right)) = (&left, right) {
        return Ok(Val::Num(left + right));
    }
    if !compare::is_textual(&left) && !compare::is_textual(right) {
        return Ok(Val::Num(left.to_number(meter)? + right.to_number(meter)?));
    }
    let right = text::of(right, meter)?;
    // A text made by the chain so far grows in place, so a long chain costs what it writes.
    let mut joined = match left {
        Val::Str(Cow::Owned(text)) => text,
        left => {
            let left = text::of(&left, meter)?;
            meter.bytes(left.len())?;
            limits::check_size(left.len())?;
            left.into_owned()
        }
    };
    meter.bytes(right.len())?;
    limits::check_size(joined.len() + right.len())?;
    joined.push_str(&right);
    Ok(Val::Str(Cow::Owned(joined)))
}
