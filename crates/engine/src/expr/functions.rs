//! The named functions (Flow API contract, section 6.3).

use std::borrow::Cow;

use serde_json::Value;

use super::dates;
use super::env::Env;
use super::error::EvalError;
use super::lexer::is_space;
use super::limits::{self, Meter};
use super::measure::{self, ArrayBuilder};
use super::number;
use super::text;
use super::value::Val;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Str,
    Num,
    Bool,
    Json,
    Len,
    Keys,
    Values,
    Default,
    Round,
    Floor,
    Ceil,
    Abs,
    Min,
    Max,
    Now,
    DateFormat,
    Uuid,
}

/// Name, function, least and most arguments.
const FUNCTIONS: [(&str, Function, usize, usize); 17] = [
    ("str", Function::Str, 1, 1),
    ("num", Function::Num, 1, 1),
    ("bool", Function::Bool, 1, 1),
    ("json", Function::Json, 1, 1),
    ("len", Function::Len, 1, 1),
    ("keys", Function::Keys, 1, 1),
    ("values", Function::Values, 1, 1),
    ("default", Function::Default, 2, 2),
    ("round", Function::Round, 1, 2),
    ("floor", Function::Floor, 1, 1),
    ("ceil", Function::Ceil, 1, 1),
    ("abs", Function::Abs, 1, 1),
    ("min", Function::Min, 1, usize::MAX),
    ("max", Function::Max, 1, usize::MAX),
    ("now", Function::Now, 0, 0),
    ("dateFormat", Function::DateFormat, 2, 3),
    ("uuid", Function::Uuid, 0, 0),
];

/// Most decimal places, before or behind the point, that `round` takes: about what a floating point number has.
const ROUND_DIGITS_MAX: f64 = 15.0;

impl Function {
    /// The function of a name, with the least and most arguments it takes.
    pub(super) fn find(name: &str) -> Option<(Self, usize, usize)> {
        let (_, function, min, max) = FUNCTIONS.into_iter().find(|(known, ..)| *known == name)?;
        Some((function, min, max))
    }

    fn name(self) -> &'static str {
        FUNCTIONS.iter().find(|(_, function, ..)| *function == self).map_or("", |(name, ..)| name)
    }
}

/// The names of all functions.
#[cfg(test)]
pub(super) fn names() -> Vec<&'static str> {
    FUNCTIONS.iter().map(|(name, ..)| *name).collect()
}

/// An argument, missing when it is not given.
pub(super) fn arg<'v, 'a>(args: &'v [Val<'a>], position: usize) -> &'v Val<'a> {
    args.get(position).unwrap_or(&Val::Missing)
}

pub(super) fn call<'a>(function: Function, args: Vec<Val<'a>>, env: &mut Env<'_>) -> Result<Val<'a>, EvalError> {
    let meter = &mut env.meter;
    let mut given = args.into_iter();
    let mut next = || given.next().unwrap_or(Val::Missing);
    Ok(match function {
        Function::Str => Val::Str(text::written(next(), meter)?),
        Function::Num => to_num(next(), meter)?,
        Function::Bool => Val::Bool(to_bool(&next())),
        Function::Json => from_json(next(), meter)?,
        Function::Len => len(&next(), meter)?,
        Function::Keys => keys(&next(), meter)?,
        Function::Values => values(next(), meter)?,
        Function::Default => match next() {
            Val::Missing | Val::Null => next(),
            value => value,
        },
        Function::Round => round(&next(), &next(), meter)?,
        Function::Floor => Val::Num(next().to_number(meter)?.floor()),
        Function::Ceil => Val::Num(next().to_number(meter)?.ceil()),
        Function::Abs => Val::Num(next().to_number(meter)?.abs()),
        Function::Min => extreme(given.as_slice(), f64::INFINITY, f64::min, meter)?,
        Function::Max => extreme(given.as_slice(), f64::NEG_INFINITY, f64::max, meter)?,
        Function::Now => Val::Str(Cow::Owned(env.now.to_string())),
        Function::DateFormat => dates::format(&next(), &next(), &next(), meter)?,
        Function::Uuid => Val::Str(Cow::Owned((env.uuid)())),
    })
}

/// A number, or null for what is not one; unlike JavaScript's `Number` an empty text and null are not 0.
fn to_num<'a>(value: Val<'a>, meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    let x = match value {
        Val::Exact(_) => return Ok(value),
        Val::Str(text) if text.trim_matches(is_space).is_empty() => return Ok(Val::Null),
        Val::Num(_) | Val::Bool(_) | Val::Str(_) => value.to_number(meter)?,
        Val::Missing | Val::Null | Val::Ref(_) | Val::Owned(_) => return Ok(Val::Null),
    };
    Ok(if x.is_finite() { Val::Num(x) } else { Val::Null })
}

/// Truthiness, except for the texts in which forms and headers carry false.
fn to_bool(value: &Val<'_>) -> bool {
    match value {
        Val::Str(text) => !text.eq_ignore_ascii_case("false") && *text != "0" && !text.is_empty(),
        value => value.is_truthy(),
    }
}

/// A text read as JSON, null when it is none; other values are JSON already.
fn from_json<'a>(value: Val<'a>, meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    let Val::Str(text) = value else { return Ok(value) };
    limits::check_size(text.len())?;
    meter.bytes(text.len())?;
    let Ok(parsed) = serde_json::from_str::<Value>(&text) else { return Ok(Val::Null) };
    measure::pay(&parsed, meter)?;
    Ok(Val::owned(parsed))
}

fn len<'a>(value: &Val<'_>, meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    match value {
        Val::Bool(_) | Val::Num(_) | Val::Exact(_) => Err(wrong_type(Function::Len, value)),
        value => Ok(Val::Num(value.length(meter)? as f64)),
    }
}

fn keys<'a>(value: &Val<'_>, meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    let mut keys = ArrayBuilder::default();
    match value.composite() {
        Some(Value::Object(members)) => {
            members.keys().try_for_each(|key| keys.push(Val::Str(Cow::Borrowed(key)), meter))?
        }
        Some(Value::Array(items)) => {
            (0..items.len()).try_for_each(|index| keys.push(Val::Str(index.to_string().into()), meter))?
        }
        _ if value.is_nullish() => {}
        _ => return Err(wrong_type(Function::Keys, value)),
    }
    Ok(keys.finish())
}

fn values<'a>(value: Val<'a>, meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    let mut values = ArrayBuilder::default();
    match value.composite() {
        Some(Value::Object(members)) => {
            members.values().try_for_each(|member| values.push(Val::borrowed(member), meter))?
        }
        Some(_) => return Ok(value),
        None if value.is_nullish() => {}
        None => return Err(wrong_type(Function::Values, &value)),
    }
    Ok(values.finish())
}

fn round<'a>(value: &Val<'_>, digits: &Val<'_>, meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    let x = value.to_number(meter)?;
    let digits = digits.to_integer(meter)?;
    if digits.abs() > ROUND_DIGITS_MAX {
        return Err(EvalError::Type(format!("`round` takes -{ROUND_DIGITS_MAX} to {ROUND_DIGITS_MAX} digits")));
    }
    Ok(Val::Num(if digits == 0.0 { number::round(x) } else { number::round_to(x, digits as i32) }))
}

/// The extreme of all arguments and of the elements of those that are arrays; not a number as soon as one is not.
fn extreme<'a>(
    args: &[Val<'_>],
    start: f64,
    choose: fn(f64, f64) -> f64,
    meter: &mut Meter,
) -> Result<Val<'a>, EvalError> {
    // `f64::min` and `f64::max` pass over what is not a number.
    let choose = |a: f64, b: f64| if a.is_nan() || b.is_nan() { f64::NAN } else { choose(a, b) };
    let mut chosen = start;
    for arg in args {
        match arg.composite() {
            Some(Value::Array(items)) => {
                meter.elements(items.len())?;
                for item in items {
                    chosen = choose(chosen, Val::borrowed(item).to_number(meter)?);
                }
            }
            _ => chosen = choose(chosen, arg.to_number(meter)?),
        }
    }
    Ok(Val::Num(chosen))
}

fn wrong_type(function: Function, value: &Val<'_>) -> EvalError {
    EvalError::Type(format!("`{}` does not take {}", function.name(), value.type_name()))
}
