//! `humanReview`: when it has to wait, and what an answer is worth (Workflow API contract, sections 8.2 and 18).
//!
//! The question is what the run asks: `{prompt, description, variable_name, input_type, placeholder, required, default?,
//! validation}`, or the same in the spelling of the definition (`variableName`, `inputType`, `defaultValue`).

use floe_model::fault::FieldProblem;
use floe_model::pattern::Pattern;
use serde_json::{Map, Value, json};

use super::config::{self, wrong};
use super::convert;
use super::schema::Schema;
use crate::event::StepError;

/// The member of the record that the node's variable receives.
pub const PRIMARY: &str = "value";
/// Where an answer stands in its request.
const PATH: &str = "/response";

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewSource {
    /// An input of the run.
    Provided,
    /// The default of the node.
    Default,
    /// A person.
    User,
}

impl ReviewSource {
    /// The word in the record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provided => "provided",
            Self::Default => "default",
            Self::User => "user",
        }
    }
}

/// The record of a review that need not be asked: the run has an input of its name, or an answer is not required and there
/// is a default.
///
/// # Errors
/// The input of that name is not of the type that is asked for.
pub fn settle(question: &Map<String, Value>, inputs: &Map<String, Value>) -> Result<Option<Value>, StepError> {
    let name = name_of(question).and_then(Value::as_str).unwrap_or_default();
    if let Some(given) = inputs.get(name).filter(|value| !value.is_null()) {
        let value = check(question, given).map_err(|problems| {
            let why = problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
            wrong(format!("The input {name} can't stand for the review: {why}"))
        })?;
        return Ok(Some(record(question, value, ReviewSource::Provided)));
    }
    if is_required(question) { Ok(None) } else { Ok(expired(question)) }
}

/// The record after the review's time: its default, if it has one.
#[must_use]
pub fn expired(question: &Map<String, Value>) -> Option<Value> {
    let default = config::first(question, &["default", "defaultValue"])?;
    let value = typed(kind_of(question), default).unwrap_or_else(|_| default.clone());
    Some(record(question, value, ReviewSource::Default))
}

/// The record of a checked value.
#[must_use]
pub fn record(question: &Map<String, Value>, value: Value, source: ReviewSource) -> Value {
    json!({
        "value": value,
        "variableName": name_of(question),
        "inputType": kind_of(question),
        "source": source.as_str(),
    })
}

/// The value of an answer, as the type that is asked for.
///
/// # Errors
/// One problem for each rule that the answer breaks.
pub fn check(question: &Map<String, Value>, response: &Value) -> Result<Value, Vec<FieldProblem>> {
    let is_empty = response.is_null() || response.as_str().is_some_and(|text| text.trim().is_empty());
    if is_empty {
        if is_required(question) {
            return Err(vec![FieldProblem::new(PATH, "required", "An answer is required")]);
        }
        return Ok(Value::Null);
    }
    let value = typed(kind_of(question), response).map_err(|problem| vec![problem])?;
    let rules = match question.get("validation") {
        Some(Value::Object(rules)) => rules.clone(),
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        _ => Map::new(),
    };
    let problems: Vec<_> = rules.iter().flat_map(|(rule, wanted)| broken(rule, wanted, &value)).collect();
    if problems.is_empty() { Ok(value) } else { Err(problems) }
}

fn kind_of(question: &Map<String, Value>) -> &str {
    config::text(question, &["input_type", "inputType"]).unwrap_or("text")
}

fn name_of(question: &Map<String, Value>) -> Option<&Value> {
    config::first(question, &["variable_name", "variableName"])
}

fn is_required(question: &Map<String, Value>) -> bool {
    question.get("required").is_none_or(|value| convert::to_boolean(value).unwrap_or(true))
}

fn typed(kind: &str, value: &Value) -> Result<Value, FieldProblem> {
    match kind {
        "number" => convert::to_number(value).ok_or_else(|| FieldProblem::new(PATH, "type", "A number is expected")),
        "boolean" => convert::to_boolean(value)
            .map(Value::Bool)
            .ok_or_else(|| FieldProblem::new(PATH, "type", "true or false is expected")),
        "json" => Ok(convert::parsed(value.clone())),
        _ => Ok(Value::String(convert::text(value))),
    }
}

/// What a value breaks of one rule; a rule that does not read, or is not for values of this type, breaks nothing.
fn broken(rule: &str, wanted: &Value, value: &Value) -> Vec<FieldProblem> {
    let bound = convert::to_number(wanted).and_then(|wanted| wanted.as_f64());
    let length = match value {
        Value::String(text) => Some(text.chars().count() as f64),
        Value::Array(items) => Some(items.len() as f64),
        _ => None,
    };
    let one = |breaks: bool, code: &'static str, message: String| {
        if breaks { vec![FieldProblem::new(PATH, code, message)] } else { Vec::new() }
    };
    match (rule, bound) {
        ("min", Some(min)) => {
            one(value.as_f64().is_some_and(|x| x < min), "range", format!("The answer must be at least {min}"))
        }
        ("max", Some(max)) => {
            one(value.as_f64().is_some_and(|x| x > max), "range", format!("The answer must be at most {max}"))
        }
        ("minLength", Some(min)) => one(
            length.is_some_and(|length| length < min),
            "length",
            format!("The answer must have at least {min} characters"),
        ),
        ("maxLength", Some(max)) => one(
            length.is_some_and(|length| length > max),
            "length",
            format!("The answer must have at most {max} characters"),
        ),
        ("pattern", _) => {
            let pattern = wanted.as_str().and_then(|pattern| Pattern::compile(pattern).ok());
            let fits = pattern.is_none_or(|pattern| pattern.is_found_in(&convert::text(value)));
            one(!fits, "pattern", "The answer does not have the expected form".to_owned())
        }
        ("jsonSchema", _) => {
            let wanted = convert::parsed(wanted.clone());
            let Ok(schema) = Schema::compile(&wanted) else { return Vec::new() };
            let misfits = schema.problems(value).into_iter();
            misfits.map(|(path, why)| FieldProblem::new(format!("{PATH}{path}"), "schema", why)).collect()
        }
        _ => Vec::new(),
    }
}
