//! Values as text: the way JavaScript's operators and methods see them, and the way a template writes them.

use std::borrow::Cow;
use std::io;
use std::ops::Range;

use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

use super::error::{EvalError, Limit};
use super::limits::{self, Meter, VALUE_DEPTH_MAX};
use super::number;
use super::profile::Profile;
use super::value::Val;

/// A text that grows within the limits.
#[derive(Default)]
pub(super) struct TextBuilder(pub(super) String, Profile);

impl TextBuilder {
    /// Of a language.
    pub(super) fn new(profile: Profile) -> Self {
        Self(String::new(), profile)
    }

    /// Appends a text and pays for it.
    pub(super) fn push(&mut self, text: &str, meter: &mut Meter) -> Result<(), EvalError> {
        meter.bytes(text.len())?;
        self.push_free(text)
    }

    /// Appends a text that was paid for, or that stands in a definition.
    pub(super) fn push_free(&mut self, text: &str) -> Result<(), EvalError> {
        limits::check_size_in(self.1, self.0.len() + text.len())?;
        self.0.push_str(text);
        Ok(())
    }

    /// Appends what a template writes for a value: nothing for null, missing and numbers that are not finite; compact
    /// JSON for arrays and objects.
    pub(super) fn push_value(&mut self, value: &Val<'_>, meter: &mut Meter) -> Result<(), EvalError> {
        match value {
            Val::Missing | Val::Null => Ok(()),
            Val::Num(x) if !x.is_finite() => Ok(()),
            Val::Ref(value) => self.push(&to_json_text_in(self.1, value)?, meter),
            Val::Owned(value) => self.push(&to_json_text_in(self.1, value)?, meter),
            simple => self.push(&of(simple, meter)?, meter),
        }
    }
}

/// What a template writes for a value; a text is passed on.
pub(super) fn written<'a>(value: Val<'a>, meter: &mut Meter) -> Result<Cow<'a, str>, EvalError> {
    written_in(Profile::Steps, value, meter)
}

/// As [`written`], in a language.
pub(super) fn written_in<'a>(profile: Profile, value: Val<'a>, meter: &mut Meter) -> Result<Cow<'a, str>, EvalError> {
    if let Val::Str(text) = value {
        return Ok(text);
    }
    let mut text = TextBuilder::new(profile);
    text.push_value(&value, meter)?;
    Ok(Cow::Owned(text.0))
}

/// The value as a JavaScript operator or method sees a text.
pub(super) fn of<'v>(value: &'v Val<'_>, meter: &mut Meter) -> Result<Cow<'v, str>, EvalError> {
    Ok(match value {
        Val::Missing => "undefined".into(),
        Val::Null => "null".into(),
        Val::Bool(true) => "true".into(),
        Val::Bool(false) => "false".into(),
        Val::Num(x) => number::to_text(*x).into(),
        Val::Exact(number) => number.to_string().into(),
        Val::Str(text) => Cow::Borrowed(text),
        Val::Ref(value) => of_composite(value, meter)?.into(),
        Val::Owned(value) => of_composite(value, meter)?.into(),
    })
}

/// An array or object as a JavaScript operator sees a text.
fn of_composite(value: &Value, meter: &mut Meter) -> Result<String, EvalError> {
    match value {
        Value::Array(items) => joined(items, ",", meter),
        _ => Ok("[object Object]".into()),
    }
}

/// The elements as texts with a separator between them; null gives nothing.
pub(super) fn joined(items: &[Value], separator: &str, meter: &mut Meter) -> Result<String, EvalError> {
    let mut text = TextBuilder::default();
    push_joined(items, separator, &mut text, meter, 0)?;
    Ok(text.0)
}

fn push_joined(
    items: &[Value],
    separator: &str,
    text: &mut TextBuilder,
    meter: &mut Meter,
    depth: usize,
) -> Result<(), EvalError> {
    if depth == VALUE_DEPTH_MAX {
        return Err(EvalError::Limit(Limit::ValueDepth));
    }
    meter.elements(items.len())?;
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            text.push(separator, meter)?;
        }
        match item {
            Value::Null => {}
            Value::Array(inner) => push_joined(inner, ",", text, meter, depth + 1)?,
            item => {
                let item = Val::borrowed(item);
                let item = of(&item, meter)?;
                text.push(&item, meter)?;
            }
        }
    }
    Ok(())
}

/// A part of a text, without copying when the text is borrowed.
pub(super) fn part(text: Cow<'_, str>, range: Range<usize>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[range]),
        Cow::Owned(text) => Cow::Owned(text[range].to_owned()),
    }
}

/// Compact JSON with numbers as JavaScript writes them, up to the size of a result.
pub(super) fn to_json_text(value: &Value) -> Result<String, EvalError> {
    to_json_text_in(Profile::Steps, value)
}

/// As [`to_json_text`], in a language.
pub(super) fn to_json_text_in(profile: Profile, value: &Value) -> Result<String, EvalError> {
    let mut sink = Sink(Vec::new(), profile);
    let written = serde::Serialize::serialize(value, &mut Serializer::with_formatter(&mut sink, JsNumbers));
    // A value made of JSON and written to memory can only fail at the bound of the sink.
    match (written, String::from_utf8(sink.0)) {
        (Ok(()), Ok(text)) => Ok(text),
        _ => Err(limits::check_size_in(profile, usize::MAX).err().unwrap_or(EvalError::Limit(Limit::ResultSize))),
    }
}

/// Memory that refuses to hold more than a result.
struct Sink(Vec<u8>, Profile);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if limits::check_size_in(self.1, self.0.len() + bytes.len()).is_err() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct JsNumbers;

impl Formatter for JsNumbers {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(number::to_text(value).as_bytes())
    }
}
