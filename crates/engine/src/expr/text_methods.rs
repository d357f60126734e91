//! Methods of texts. Positions count characters (Unicode scalar values); otherwise as in JavaScript.

use std::borrow::Cow;

use super::ast::Method;
use super::error::EvalError;
use super::functions::arg;
use super::lexer::is_space;
use super::limits::{self, Meter};
use super::measure::ArrayBuilder;
use super::text::{self, TextBuilder};
use super::value::Val;

/// `None` when texts do not have the method.
pub(super) fn call<'a>(
    method: Method,
    text: Cow<'a, str>,
    args: &[Val<'a>],
    meter: &mut Meter,
) -> Result<Option<Val<'a>>, EvalError> {
    // Each method reads the text once, give or take.
    meter.bytes(text.len())?;
    Ok(Some(match method {
        Method::Includes => Val::Bool(find(&text, args, meter)?.is_some()),
        Method::IndexOf => {
            let found = find(&text, args, meter)?;
            Val::Num(found.map_or(-1.0, |at| text[..at].chars().count() as f64))
        }
        Method::StartsWith => {
            let start = position(&text, arg(args, 1).to_integer(meter)?);
            Val::Bool(text[start..].starts_with(&*text::of(arg(args, 0), meter)?))
        }
        Method::EndsWith => {
            let end = end_position(&text, arg(args, 1), meter)?;
            Val::Bool(text[..end].ends_with(&*text::of(arg(args, 0), meter)?))
        }
        Method::Slice => slice(text, args, meter)?,
        Method::Split => split(&text, args, meter)?,
        Method::Replace => replace(text, args, meter)?,
        Method::Trim => {
            let start = text.len() - text.trim_start_matches(is_space).len();
            let end = start + text[start..].trim_end_matches(is_space).len();
            Val::Str(text::part(text, start..end))
        }
        Method::ToLowerCase => cased(text.to_lowercase(), meter)?,
        Method::ToUpperCase => cased(text.to_uppercase(), meter)?,
        Method::Join | Method::Concat => return Ok(None),
    }))
}

/// Offset of the first argument at or after the position in the second.
fn find(text: &str, args: &[Val<'_>], meter: &mut Meter) -> Result<Option<usize>, EvalError> {
    let start = position(text, arg(args, 1).to_integer(meter)?);
    let wanted = text::of(arg(args, 0), meter)?;
    meter.bytes(wanted.len())?;
    Ok(text[start..].find(&*wanted).map(|at| start + at))
}

fn slice<'a>(text: Cow<'a, str>, args: &[Val<'a>], meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    let (start, end) = bounds(text.chars().count(), args, meter)?;
    let start = position(&text, start as f64);
    let end = position(&text, end as f64);
    Ok(Val::Str(text::part(text, start..end.max(start))))
}

/// The start and end that the two arguments of `slice` mean for a length; negative ones count from the end.
pub(super) fn bounds(length: usize, args: &[Val<'_>], meter: &mut Meter) -> Result<(usize, usize), EvalError> {
    let absolute = |x: f64| (if x < 0.0 { x + length as f64 } else { x }).clamp(0.0, length as f64) as usize;
    let start = absolute(arg(args, 0).to_integer(meter)?);
    let end = match arg(args, 1) {
        Val::Missing => length,
        end => absolute(end.to_integer(meter)?),
    };
    Ok((start, end.max(start)))
}

fn split<'a>(text: &str, args: &[Val<'a>], meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    let count_max = match arg(args, 1) {
        Val::Missing => usize::MAX,
        // JavaScript takes the limit modulo 2^32, so that -1 means all.
        limit => Some(limit.to_integer(meter)?)
            .filter(|x| x.is_finite())
            .map_or(0, |x| x.rem_euclid(4_294_967_296.0) as usize),
    };
    let separator = match arg(args, 0) {
        Val::Missing => None,
        separator => Some(text::of(separator, meter)?),
    };
    let mut parts = ArrayBuilder::default();
    let mut push = |part| parts.push(Val::Str(Cow::Borrowed(part)), meter);
    match separator.as_deref() {
        None => std::iter::once(text).take(count_max).try_for_each(&mut push)?,
        Some("") => text.char_indices().take(count_max).try_for_each(|(at, c)| push(&text[at..at + c.len_utf8()]))?,
        Some(separator) => text.split(separator).take(count_max).try_for_each(&mut push)?,
    }
    Ok(parts.finish())
}

/// Replaces the first occurrence. In the new text `$$` is a dollar sign, `$&` what was found, `` $` `` and `$'` what
/// is before and behind.
fn replace<'a>(text: Cow<'a, str>, args: &[Val<'a>], meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    let wanted = text::of(arg(args, 0), meter)?;
    let replacement = text::of(arg(args, 1), meter)?;
    let Some(at) = text.find(&*wanted) else { return Ok(Val::Str(text)) };
    let (before, behind) = (&text[..at], &text[at + wanted.len()..]);
    let mut result = TextBuilder::default();
    result.push(before, meter)?;
    let mut rest = &*replacement;
    while let Some(dollar) = rest.find('$') {
        result.push(&rest[..dollar], meter)?;
        let (inserted, length) = match rest.as_bytes().get(dollar + 1) {
            Some(b'$') => ("$", 2),
            Some(b'&') => (&*wanted, 2),
            Some(b'`') => (before, 2),
            Some(b'\'') => (behind, 2),
            _ => ("$", 1),
        };
        result.push(inserted, meter)?;
        rest = &rest[dollar + length..];
    }
    result.push(rest, meter)?;
    result.push(behind, meter)?;
    Ok(Val::Str(Cow::Owned(result.0)))
}

fn cased<'a>(text: String, meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    meter.bytes(text.len())?;
    limits::check_size(text.len())?;
    Ok(Val::Str(Cow::Owned(text)))
}

/// The end that an optional argument means: the whole text without it.
fn end_position(text: &str, end: &Val<'_>, meter: &mut Meter) -> Result<usize, EvalError> {
    match end {
        Val::Missing => Ok(text.len()),
        end => Ok(position(text, end.to_integer(meter)?)),
    }
}

/// Offset of a character position, held within the text.
fn position(text: &str, characters: f64) -> usize {
    if characters <= 0.0 {
        return 0;
    }
    text.char_indices().nth(characters as usize).map_or(text.len(), |(at, _)| at)
}
