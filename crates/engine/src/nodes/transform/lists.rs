//! Sorting, flattening, and taking values out by path.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::super::config::{self, NodeProblem, Parsed, failed};
use super::super::convert;
use super::program::Program;
use crate::event::StepError;
use crate::expr::{Env, Expression, Names, Profile};

/// How a list is sorted.
#[derive(Debug)]
pub(super) enum Order {
    /// By a member of the elements, or by the elements.
    Path {
        path: Option<Expression>,
        descending: bool,
    },
    Comparator(Program),
}

impl Order {
    /// Reads a path, with `-` in front for descending, or a comparator over `a` and `b`.
    pub(super) fn parse(expression: Option<&Value>) -> Result<Self, Vec<NodeProblem>> {
        let Some(text) = expression.map(convert::text).filter(|text| !text.trim().is_empty()) else {
            return Ok(Self::Path { path: None, descending: false });
        };
        let text = text.trim();
        let (path, descending) = match text.strip_prefix('-') {
            Some(path) => (path, true),
            None => (text, false),
        };
        let path = path.strip_prefix("item.").unwrap_or(path);
        let is_path = path.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '-' | '[' | ']'))
            && !path.starts_with("a.")
            && !path.starts_with("b.");
        if !is_path {
            return Program::parse(text, &["a", "b"]).map(Self::Comparator);
        }
        Ok(Self::Path { path: Some(below_item(path)?), descending })
    }

    pub(super) fn source(&self) -> Option<Parsed<'_>> {
        match self {
            Self::Path { .. } => None,
            Self::Comparator(program) => Some(program.source()),
        }
    }

    pub(super) fn sorted(&self, items: Vec<Value>, names: &dyn Names, env: &mut Env<'_>) -> Result<Value, StepError> {
        let (path, descending) = match self {
            Self::Comparator(program) => return program.sort(items, names, env),
            Self::Path { path, descending } => (path, *descending),
        };
        let mut keyed = Vec::with_capacity(items.len());
        for item in items {
            let key = match path {
                Some(path) => at(path, &item, env)?,
                None => item.clone(),
            };
            keyed.push((key, item));
        }
        keyed.sort_by(|(left, _), (right, _)| match (left.is_null(), right.is_null()) {
            // What has no such member stands last either way.
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let order = compared(left, right);
                if descending { order.reverse() } else { order }
            }
        });
        Ok(Value::Array(keyed.into_iter().map(|(_, item)| item).collect()))
    }
}

/// Numbers by size, all else by text.
pub(super) fn compared(left: &Value, right: &Value) -> Ordering {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
        _ => convert::text(left).cmp(&convert::text(right)),
    }
}

/// Paths of values to take out.
#[derive(Debug)]
pub(super) enum Paths {
    One(Expression),
    /// With the names that the values get.
    Many(Vec<(String, Expression)>),
}

impl Paths {
    pub(super) fn parse(expression: Option<&Value>) -> Result<Self, Vec<NodeProblem>> {
        let paths: Vec<String> = match expression {
            Some(Value::Array(paths)) => paths.iter().map(convert::text).collect(),
            Some(value) => match convert::parsed(value.clone()) {
                Value::Array(paths) => paths.iter().map(convert::text).collect(),
                other => return Ok(Self::One(below_item(bare(&convert::text(&other)))?)),
            },
            None => return Err(vec![NodeProblem::missing("expression")]),
        };
        let mut named: Vec<(String, Expression)> = Vec::with_capacity(paths.len());
        for path in &paths {
            let path = bare(path);
            let last = path.rsplit(['.', '[']).next().unwrap_or(path).trim_end_matches(']').trim_matches(['"', '\'']);
            // Two values of one name keep their whole paths apart.
            let is_taken = named.iter().any(|(name, _)| name == last);
            named.push((if is_taken { path } else { last }.to_owned(), below_item(path)?));
        }
        Ok(Self::Many(named))
    }

    pub(super) fn extract(&self, data: &Value, env: &mut Env<'_>) -> Result<Value, StepError> {
        match self {
            Self::One(path) => at(path, data, env),
            Self::Many(paths) => {
                let mut extracted = Map::new();
                for (name, path) in paths {
                    extracted.insert(name.clone(), at(path, data, env)?);
                }
                Ok(Value::Object(extracted))
            }
        }
    }
}

/// A path without braces, and without the `$.` that some write for the whole.
fn bare(path: &str) -> &str {
    let path = path.trim();
    let path = path.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(path).trim();
    path.strip_prefix("$.").unwrap_or(path)
}

fn below_item(path: &str) -> Result<Expression, Vec<NodeProblem>> {
    let source = if path.starts_with('[') { format!("item{path}") } else { format!("item.{path}") };
    Expression::parse_in(Profile::Graph, &source).map_err(|error| config::unparsed("expression", &error))
}

/// The value at a path below a value.
fn at(path: &Expression, value: &Value, env: &mut Env<'_>) -> Result<Value, StepError> {
    let locals = Map::from_iter([("item".to_owned(), value.clone())]);
    path.evaluate(&locals, env).map_err(failed)
}

/// One level less of lists in lists.
pub(super) fn flattened(items: Vec<Value>) -> Value {
    let mut flat = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Value::Array(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    Value::Array(flat)
}
