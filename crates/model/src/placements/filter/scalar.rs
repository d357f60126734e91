//! Values that can be compared: texts, numbers and booleans.

use serde_json::{Number, Value};

use super::super::attributes::Attribute;
use super::date;
use super::text::{Digits, Text, decimal};

/// A value that has a text form.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scalar<'a> {
    Bool(bool),
    Number(&'a Number),
    Text(&'a str),
}

impl<'a> Scalar<'a> {
    /// `None` for null, lists and objects.
    pub(super) fn of(value: &'a Attribute<'a>) -> Option<Self> {
        match value {
            Attribute::Text(text) => Some(Self::Text(text)),
            Attribute::Bool(value) => Some(Self::Bool(*value)),
            Attribute::Number(number) => Some(Self::Number(number)),
            Attribute::Null | Attribute::List(_) | Attribute::Object(_) => None,
        }
    }

    /// The same of the value of a filter.
    pub(super) fn of_json(value: &'a Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Text(text)),
            Value::Bool(value) => Some(Self::Bool(*value)),
            Value::Number(number) => Some(Self::Number(number)),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Its text form.
    pub(super) fn text(self) -> Text<'a> {
        match self {
            Self::Text(text) => Text::Plain(text),
            Self::Bool(true) => Text::Plain("true"),
            Self::Bool(false) => Text::Plain("false"),
            Self::Number(number) => Text::Number(Digits::of(number)),
        }
    }

    /// Its number: a JSON number, or a text that is a plain decimal after trimming.
    pub(super) fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) => number.as_f64().filter(|number| number.is_finite()),
            Self::Text(text) => decimal(text),
            Self::Bool(_) => None,
        }
    }

    /// Its instant, nanoseconds since the Unix epoch; see [`date::instant_of_text`].
    pub(super) fn instant(self) -> Option<i128> {
        match self {
            Self::Text(text) => date::instant_of_text(text),
            Self::Number(number) => number.as_f64().and_then(date::instant_of_seconds),
            Self::Bool(_) => None,
        }
    }
}
