//! Reading the configuration of a node.

use serde_json::{Map, Value};

use crate::event::StepError;
use crate::expr::{EvalError, Expression, JsonTemplate, ParseError, PlacedParseError, Profile, Template};

/// What is wrong with a configuration (Workflow API contract, section 20).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeProblem {
    /// The key, with the path below it.
    pub field: String,
    /// `MISSING_FIELD` or `INVALID_FIELD`.
    pub code: &'static str,
    /// Sentence for the author.
    pub message: String,
}

impl NodeProblem {
    pub(super) fn missing(field: &str) -> Self {
        Self { field: field.to_owned(), code: "MISSING_FIELD", message: format!("`{field}` is missing") }
    }

    pub(super) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), code: "INVALID_FIELD", message: message.into() }
    }
}

/// A parsed part of a configuration, to ask what it reads.
pub(super) enum Parsed<'a> {
    Expression(&'a Expression),
    Template(&'a Template),
    Json(&'a JsonTemplate),
}

impl<'a> Parsed<'a> {
    pub(super) fn roots(&self) -> Vec<&'a str> {
        match self {
            Self::Expression(one) => one.roots(),
            Self::Template(one) => one.roots(),
            Self::Json(one) => one.roots(),
        }
    }

    pub(super) fn members(&self, root: &'a str) -> Vec<&'a str> {
        match self {
            Self::Expression(one) => one.members(root),
            Self::Template(one) => one.members(root),
            Self::Json(one) => one.members(root),
        }
    }
}

/// The value of the first of the keys that is there and not null.
pub(super) fn first<'c>(config: &'c Map<String, Value>, keys: &[&str]) -> Option<&'c Value> {
    keys.iter().find_map(|key| config.get(*key).filter(|value| !value.is_null()))
}

/// The text of the first of the keys that holds one that is not empty.
pub(super) fn text<'c>(config: &'c Map<String, Value>, keys: &[&str]) -> Option<&'c str> {
    keys.iter().find_map(|key| config.get(*key)?.as_str().filter(|text| !text.trim().is_empty()))
}

/// Whether a value is only known when the node runs.
pub(super) fn is_computed(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("{{"))
}

pub(super) fn json(field: &str, value: &Value) -> Result<JsonTemplate, Vec<NodeProblem>> {
    JsonTemplate::parse_in(Profile::Graph, value).map_err(|error| placed(field, &error))
}

/// As [`json`], for a field that holds JSON.
pub(super) fn json_text(field: &str, value: &Value) -> Result<JsonTemplate, Vec<NodeProblem>> {
    JsonTemplate::parse_json_text(value).map_err(|error| placed(field, &error))
}

/// The template of a value that becomes text; what is no text is written as JSON.
pub(super) fn template(field: &str, value: &Value) -> Result<Template, Vec<NodeProblem>> {
    let written;
    let text = match value {
        Value::String(text) => text.as_str(),
        other => {
            written = other.to_string();
            &written
        }
    };
    Template::parse_in(Profile::Graph, text).map_err(|error| unparsed(field, &error))
}

pub(super) fn unparsed(field: &str, error: &ParseError) -> Vec<NodeProblem> {
    vec![NodeProblem::invalid(field, error.to_string())]
}

fn placed(field: &str, error: &PlacedParseError) -> Vec<NodeProblem> {
    vec![NodeProblem::invalid(&format!("{field}{}", error.pointer), error.error.to_string())]
}

/// A failed evaluation as the failure of a node.
pub(super) fn failed(error: EvalError) -> StepError {
    StepError::new(error.code_in(Profile::Graph), error.to_string())
}

/// A value that the node cannot take.
pub(super) fn wrong(message: impl Into<String>) -> StepError {
    StepError::new("VALIDATION", message)
}
