//! Methods of arrays, as in JavaScript.

use std::borrow::Cow;

use serde_json::Value;

use super::ast::Method;
use super::compare;
use super::error::EvalError;
use super::functions::arg;
use super::limits::Meter;
use super::measure::ArrayBuilder;
use super::text;
use super::text_methods::bounds;
use super::value::Val;

/// `None` when arrays do not have the method.
pub(super) fn call<'a>(
    method: Method,
    items: &[Value],
    args: &[Val<'a>],
    meter: &mut Meter,
) -> Result<Option<Val<'a>>, EvalError> {
    Ok(Some(match method {
        Method::Includes => Val::Bool(find(items, args, meter)?.is_some()),
        Method::IndexOf => Val::Num(find(items, args, meter)?.map_or(-1.0, |at| at as f64)),
        Method::Slice => {
            let (start, end) = bounds(items.len(), args, meter)?;
            let mut part = ArrayBuilder::default();
            part.extend(&items[start..end], meter)?;
            part.finish()
        }
        Method::Join => {
            let separator = match arg(args, 0) {
                Val::Missing => Cow::Borrowed(","),
                separator => text::of(separator, meter)?,
            };
            Val::Str(Cow::Owned(text::joined(items, &separator, meter)?))
        }
        Method::Concat => concat(items, args, meter)?,
        _ => return Ok(None),
    }))
}

/// Index of the first element that is the same as the first argument, at or after the position in the second.
fn find(items: &[Value], args: &[Val<'_>], meter: &mut Meter) -> Result<Option<usize>, EvalError> {
    let (start, _) = bounds(items.len(), args.get(1..).unwrap_or(&[]), meter)?;
    for (at, item) in items.iter().enumerate().skip(start) {
        meter.elements(1)?;
        if compare::same(&Val::borrowed(item), arg(args, 0), meter)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// The elements, then those of each argument that is an array, and each other argument as one element.
fn concat<'a>(items: &[Value], args: &[Val<'a>], meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    let mut all = ArrayBuilder::default();
    all.extend(items, meter)?;
    for arg in args {
        match arg.composite() {
            Some(Value::Array(more)) => all.extend(more, meter)?,
            _ => all.push(arg.reborrow(), meter)?,
        }
    }
    Ok(all.finish())
}
