//! A value that a field names: `{{x}}`, `${x}` and `x` are equal (Workflow API contract, sections 18 and 19).

use serde_json::Value;

use super::config::Parsed;
use crate::expr::{Env, EvalError, Expression, JsonTemplate, Names, ParseError, Profile};

/// A value that a field names, or holds.
#[derive(Debug)]
pub(super) struct Reference {
    /// The text without its braces, if it is a text that names something.
    pub(super) path: Option<Box<str>>,
    /// Whether the text stood there bare, so that it may just be a text.
    is_bare: bool,
    pub(super) value: JsonTemplate,
}

impl Reference {
    pub(super) fn parse(value: &Value) -> Result<Self, ParseError> {
        Self::parse_where(value, is_code)
    }

    /// As [`Self::parse`], for a field that takes any bare expression of the native grammar.
    pub(super) fn parse_expression(value: &Value) -> Result<Self, ParseError> {
        let is_native = |text: &str| Expression::parse_in(Profile::Graph, text).is_ok_and(|one| !one.is_script());
        Self::parse_where(value, |text| is_code(text) || is_native(text))
    }

    fn parse_where(value: &Value, is_bare_code: impl Fn(&str) -> bool) -> Result<Self, ParseError> {
        let (path, is_bare) = match value {
            Value::String(text) => path_in(text, is_bare_code),
            _ => (None, false),
        };
        let template = match &path {
            Some(path) => Value::String(format!("{{{{{path}}}}}")),
            None => match value {
                // A list or an object written as text.
                Value::String(text) if !text.contains("{{") => super::convert::parsed(Value::String(text.clone())),
                other => other.clone(),
            },
        };
        let value = JsonTemplate::parse_in(Profile::Graph, &template).map_err(|error| error.error)?;
        Ok(Self { path: path.map(Into::into), is_bare, value })
    }

    pub(super) fn sources(&self) -> Vec<Parsed<'_>> {
        vec![Parsed::Json(&self.value)]
    }

    pub(super) fn value(&self, names: &dyn Names, env: &mut Env<'_>) -> Result<Value, EvalError> {
        self.value.render(names, env)
    }

    /// The value; a bare text that names nothing is that text.
    pub(super) fn value_or_text(&self, names: &dyn Names, env: &mut Env<'_>) -> Result<Value, EvalError> {
        let value = self.value.render(names, env)?;
        match &self.path {
            Some(path) if self.is_bare && value.is_null() && !env.is_asking() => Ok(Value::from(&**path)),
            _ => Ok(value),
        }
    }

    /// What the value is called, where things are put together by name: the last step of its path.
    pub(super) fn name(&self) -> Option<&str> {
        let path = self.path.as_deref()?;
        path.rsplit(['.', '[']).next().map(|name| name.trim_end_matches(']').trim_matches(['"', '\'']))
    }

    /// Whether it names the whole record of a node.
    pub(super) fn is_record(&self, names: &dyn Names) -> bool {
        self.path.as_deref().is_some_and(|path| names.origin(path).is_some())
    }
}

/// The path that a text is, without braces, and whether it had none.
fn path_in(text: &str, is_bare_code: impl Fn(&str) -> bool) -> (Option<String>, bool) {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'))
        && !inner.contains(['{', '}'])
    {
        return (Some(inner.trim().to_owned()), false);
    }
    if let Some(inner) = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"))
        && !inner.contains("{{")
        && !inner.contains("}}")
    {
        return (Some(inner.trim().to_owned()), false);
    }
    let is_json = || serde_json::from_str::<Value>(text).is_ok();
    if text.is_empty() || text.contains("{{") || is_json() || !is_bare_code(text) {
        return (None, false);
    }
    (Some(text.to_owned()), true)
}

/// Whether a bare text names something: a name alone, or with members, indexes or a call behind it. Words are just words.
fn is_code(text: &str) -> bool {
    let name = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '-'))).unwrap_or(text.len());
    let starts = text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '$'));
    starts && (name == text.len() || text[name..].starts_with(['.', '[', '(', '?']) && !text[name..].starts_with(". "))
}

/// A template that gives the value which a field names: a loop's `arrayPath`, a transform's `inputData`. Anything but a
/// text is that value, and so is a JSON text.
///
/// # Errors
/// The text is longer than an expression may be.
pub fn reference(value: &Value) -> Result<JsonTemplate, ParseError> {
    Reference::parse(value).map(|reference| reference.value)
}
