//! `value | filter: argument` (Workflow API contract, section 15). A filter on a value that it cannot take gives null.

use std::borrow::Cow;

use serde_json::Value;

use super::super::error::EvalError;
use super::super::limits::Meter;
use super::super::measure::pay_in;
use super::super::profile::Profile;
use super::super::value::Val;
use super::super::{dates, number, text};

/// Digits behind the point that `round` keeps at most.
const ROUND_DIGITS_MAX: f64 = 15.0;
/// How `date` writes an instant unless it is told.
const DATE_PATTERN: &str = "yyyy-MM-dd";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    Truncate,
    Upper,
    Lower,
    Trim,
    Json,
    Default,
    Join,
    First,
    Last,
    Length,
    Round,
    Date,
}

const FILTERS: [(&str, Filter); 12] = [
    ("truncate", Filter::Truncate),
    ("upper", Filter::Upper),
    ("lower", Filter::Lower),
    ("trim", Filter::Trim),
    ("json", Filter::Json),
    ("default", Filter::Default),
    ("join", Filter::Join),
    ("first", Filter::First),
    ("last", Filter::Last),
    ("length", Filter::Length),
    ("round", Filter::Round),
    ("date", Filter::Date),
];

impl Filter {
    pub(super) fn find(name: &str) -> Option<Self> {
        FILTERS.iter().find(|(known, _)| *known == name).map(|(_, filter)| *filter)
    }

    pub(super) fn apply<'a>(self, value: Val<'a>, arg: Val<'a>, meter: &mut Meter) -> Result<Val<'a>, EvalError> {
        match self {
            Self::Default => return Ok(if value.is_nullish() { arg } else { value }),
            Self::Length => return Ok(Val::Num(value.length(meter)? as f64)),
            _ if value.is_nullish() => return Ok(Val::Null),
            _ => {}
        }
        Ok(match self {
            Self::Truncate => truncate(text::written_in(Profile::Graph, value, meter)?, &arg, meter)?,
            Self::Upper => Val::Str(Cow::Owned(paid(value, meter)?.to_uppercase())),
            Self::Lower => Val::Str(Cow::Owned(paid(value, meter)?.to_lowercase())),
            Self::Trim => Val::Str(Cow::Owned(paid(value, meter)?.trim().to_owned())),
            Self::Json => {
                let value = value.into_json_in(Profile::Graph)?;
                pay_in(Profile::Graph, &value, meter)?;
                Val::Str(Cow::Owned(text::to_json_text_in(Profile::Graph, &value)?))
            }
            Self::Join => join(&value, &arg, meter)?,
            Self::First => end(&value, |items| items.first(), |text| text.chars().next()),
            Self::Last => end(&value, |items| items.last(), |text| text.chars().next_back()),
            Self::Round => round(&value, &arg, meter)?,
            Self::Date => date(&value, &arg, meter),
            Self::Default | Self::Length => value,
        })
    }
}

fn paid<'a>(value: Val<'a>, meter: &mut Meter) -> Result<Cow<'a, str>, EvalError> {
    let text = text::written_in(Profile::Graph, value, meter)?;
    meter.bytes(text.len())?;
    Ok(text)
}

fn truncate<'a>(text: Cow<'a, str>, count: &Val<'_>, meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    let count = count.to_integer(meter)?.max(0.0) as usize;
    meter.bytes(text.len().min(count.saturating_mul(4)))?;
    let end = text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
    Ok(Val::Str(text::part(text, 0..end)))
}

/// Elements as a template writes them; the separator is `, ` unless it is given.
fn join<'a>(value: &Val<'_>, separator: &Val<'_>, meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    let Some(Value::Array(items)) = value.composite() else { return Ok(Val::Null) };
    let separator = match separator {
        Val::Missing | Val::Null => Cow::Borrowed(", "),
        other => text::of(other, meter)?,
    };
    let mut joined = text::TextBuilder::new(Profile::Graph);
    for (position, item) in items.iter().enumerate() {
        meter.elements(1)?;
        if position > 0 {
            joined.push(&separator, meter)?;
        }
        joined.push_value(&Val::borrowed(item), meter)?;
    }
    Ok(Val::Str(Cow::Owned(joined.0)))
}

fn end<'a>(
    value: &Val<'_>,
    of_array: impl Fn(&[Value]) -> Option<&Value>,
    of_text: impl Fn(&str) -> Option<char>,
) -> Val<'a> {
    match value {
        Val::Str(text) => of_text(text).map_or(Val::Missing, |c| Val::Str(Cow::Owned(c.to_string()))),
        other => match other.composite() {
            Some(Value::Array(items)) => of_array(items).cloned().map_or(Val::Missing, Val::owned),
            _ => Val::Null,
        },
    }
}

fn round<'a>(value: &Val<'_>, digits: &Val<'_>, meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    let x = match value {
        Val::Str(text) if text.trim().is_empty() => f64::NAN,
        Val::Str(_) | Val::Num(_) | Val::Exact(_) => value.to_number(meter)?,
        _ => f64::NAN,
    };
    if !x.is_finite() {
        return Ok(Val::Null);
    }
    let digits = digits.to_integer(meter)?.clamp(-ROUND_DIGITS_MAX, ROUND_DIGITS_MAX);
    Ok(Val::Num(if digits == 0.0 { number::round(x) } else { number::round_to(x, digits as i32) }))
}

/// `YYYY` and `DD` are read as `yyyy` and `dd`: both spellings are common, and mean the same to everybody here.
fn date<'a>(value: &Val<'_>, pattern: &Val<'_>, meter: &mut Meter) -> Val<'a> {
    let pattern = match pattern {
        Val::Str(pattern) => pattern.replace('Y', "y").replace('D', "d"),
        _ => DATE_PATTERN.to_owned(),
    };
    dates::format(value, &Val::Str(Cow::Owned(pattern)), &Val::Missing, meter).unwrap_or(Val::Null)
}
