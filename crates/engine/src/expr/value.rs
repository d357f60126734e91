//! Values during evaluation: borrowed from the context where possible, numbers unboxed.

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::error::EvalError;
use super::limits::{self, Meter};
use super::profile::Profile;
use super::{measure, number, text};

#[derive(Debug)]
pub(super) enum Val<'a> {
    /// JavaScript's `undefined`.
    Missing,
    Null,
    Bool(bool),
    Num(f64),
    /// An integer outside ±2^53, with all its digits.
    Exact(Number),
    Str(Cow<'a, str>),
    /// An array or object of the context; never another type.
    Ref(&'a Value),
    /// An array or object made by the expression; never another type.
    Owned(Value),
}

impl<'a> Val<'a> {
    pub(super) fn borrowed(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => Self::number(number),
            Value::String(text) => Self::Str(Cow::Borrowed(text)),
            Value::Array(_) | Value::Object(_) => Self::Ref(value),
        }
    }

    pub(super) fn owned(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(flag),
            Value::Number(number) => Self::number(&number),
            Value::String(text) => Self::Str(Cow::Owned(text)),
            Value::Array(_) | Value::Object(_) => Self::Owned(value),
        }
    }

    fn number(number: &Number) -> Self {
        number::from_json(number).map_or_else(|| Self::Exact(number.clone()), Self::Num)
    }

    /// The same value, borrowed from this one.
    pub(super) fn reborrow(&self) -> Val<'_> {
        match self {
            Self::Missing => Val::Missing,
            Self::Null => Val::Null,
            Self::Bool(flag) => Val::Bool(*flag),
            Self::Num(x) => Val::Num(*x),
            Self::Exact(number) => Val::Exact(number.clone()),
            Self::Str(text) => Val::Str(Cow::Borrowed(text)),
            Self::Ref(value) => Val::Ref(value),
            Self::Owned(value) => Val::Ref(value),
        }
    }

    /// The array or object, if it is one.
    pub(super) fn composite(&self) -> Option<&Value> {
        match self {
            Self::Ref(value) => Some(value),
            Self::Owned(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn is_nullish(&self) -> bool {
        matches!(self, Self::Missing | Self::Null)
    }

    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::Missing | Self::Null => false,
            Self::Bool(flag) => *flag,
            Self::Num(x) => *x != 0.0 && !x.is_nan(),
            Self::Str(text) => !text.is_empty(),
            Self::Exact(_) | Self::Ref(_) | Self::Owned(_) => true,
        }
    }

    /// What the value is called in messages.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Missing | Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Num(_) | Self::Exact(_) => "a number",
            Self::Str(_) => "a text",
            Self::Ref(Value::Array(_)) | Self::Owned(Value::Array(_)) => "an array",
            Self::Ref(_) | Self::Owned(_) => "an object",
        }
    }

    /// The value as a JavaScript operator sees a number.
    pub(super) fn to_number(&self, meter: &mut Meter) -> Result<f64, EvalError> {
        Ok(match self {
            Self::Missing => f64::NAN,
            Self::Null => 0.0,
            Self::Bool(flag) => f64::from(u8::from(*flag)),
            Self::Num(x) => *x,
            Self::Exact(number) => number.as_f64().unwrap_or(f64::NAN),
            Self::Str(text) => {
                meter.bytes(text.len())?;
                number::parse(text)
            }
            Self::Ref(_) | Self::Owned(_) => {
                let text = text::of(self, meter)?;
                number::parse(&text)
            }
        })
    }

    /// As [`to_number`](Self::to_number), cut to an integer; what is not a number is 0. Infinities stay.
    pub(super) fn to_integer(&self, meter: &mut Meter) -> Result<f64, EvalError> {
        let x = self.to_number(meter)?;
        Ok(if x.is_nan() { 0.0 } else { x.trunc() })
    }

    /// The member of a name, or of the text of an index. Missing when there is none, whatever the value is.
    pub(super) fn member(self, key: &str, meter: &mut Meter) -> Result<Self, EvalError> {
        match self {
            Self::Ref(Value::Object(members)) => Ok(members.get(key).map_or(Self::Missing, Self::borrowed)),
            Self::Owned(Value::Object(mut members)) => Ok(members.swap_remove(key).map_or(Self::Missing, Self::owned)),
            Self::Ref(_) | Self::Owned(_) | Self::Str(_) if key == "length" => {
                Ok(Self::Num(self.length(meter)? as f64))
            }
            Self::Ref(_) | Self::Owned(_) | Self::Str(_) => match array_index(key) {
                Some(index) => self.element(index, meter),
                None => Ok(Self::Missing),
            },
            _ => Ok(Self::Missing),
        }
    }

    /// The value in square brackets.
    pub(super) fn index(self, key: &Val<'a>, meter: &mut Meter) -> Result<Self, EvalError> {
        match key {
            Val::Num(x) if !matches!(self, Self::Ref(Value::Object(_)) | Self::Owned(Value::Object(_))) => {
                if x.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(x) {
                    self.element(*x as usize, meter)
                } else {
                    Ok(Self::Missing)
                }
            }
            Val::Str(key) => self.member(key, meter),
            key => {
                let key = text::of(key, meter)?;
                self.member(&key, meter)
            }
        }
    }

    /// Element of an array or character of a text.
    fn element(self, index: usize, meter: &mut Meter) -> Result<Self, EvalError> {
        Ok(match self {
            Self::Ref(Value::Array(items)) => items.get(index).map_or(Self::Missing, Self::borrowed),
            Self::Owned(Value::Array(mut items)) if index < items.len() => Self::owned(items.swap_remove(index)),
            Self::Str(text) => {
                meter.bytes(index.min(text.len()))?;
                let range = text.char_indices().nth(index).map(|(at, c)| at..at + c.len_utf8());
                range.map_or(Self::Missing, |range| Self::Str(text::part(text, range)))
            }
            _ => Self::Missing,
        })
    }

    /// Characters of a text, elements of an array, members of an object; 0 for anything else.
    pub(super) fn length(&self, meter: &mut Meter) -> Result<usize, EvalError> {
        Ok(match self {
            Self::Str(text) => {
                meter.bytes(text.len())?;
                text.chars().count()
            }
            Self::Ref(Value::Array(items)) | Self::Owned(Value::Array(items)) => items.len(),
            Self::Ref(Value::Object(members)) | Self::Owned(Value::Object(members)) => members.len(),
            _ => 0,
        })
    }

    /// The value as JSON, at the border: within the limits of a result.
    pub(super) fn into_json(self) -> Result<Value, EvalError> {
        self.into_json_in(Profile::Steps)
    }

    /// As [`Self::into_json`], in a language.
    pub(super) fn into_json_in(self, profile: Profile) -> Result<Value, EvalError> {
        if let Some(value) = self.composite() {
            measure::check(value, profile)?;
        } else if let Self::Str(text) = &self {
            limits::check_size_in(profile, text.len())?;
        }
        Ok(self.into_unmeasured())
    }

    /// The value as JSON; the caller has measured it.
    pub(super) fn into_unmeasured(self) -> Value {
        match self {
            Self::Missing | Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(flag),
            Self::Num(x) => number::to_json(x),
            Self::Exact(number) => Value::Number(number),
            Self::Str(text) => Value::String(text.into_owned()),
            Self::Ref(value) => value.clone(),
            Self::Owned(value) => value,
        }
    }
}

/// The index that a key means, if it is written as JavaScript writes indexes: digits without leading zeros.
fn array_index(key: &str) -> Option<usize> {
    let canonical = key == "0" || (!key.starts_with('0') && key.len() <= 10);
    (canonical && !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit())).then(|| key.parse().ok())?
}
