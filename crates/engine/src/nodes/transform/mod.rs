//! `transform`: a value made from others (Workflow API contract, section 18, *Transform*).

mod aggregate;
mod lists;
mod merge;
mod program;
mod xml;

use serde_json::{Map, Value, json};

use self::program::Program;
use super::config::{self, NodeProblem, Parsed, failed, wrong};
use super::reference::Reference;
use super::{Computed, NodeInfo, convert};
use crate::event::StepError;
use crate::expr::{Env, JsonTemplate, Names, unfenced};

/// A transformation.
#[derive(Debug)]
pub struct Transform {
    data: Option<Reference>,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Map(Program),
    Filter(Program),
    Reduce { step: Program, initial: Option<JsonTemplate> },
    Sort(lists::Order),
    Extract(lists::Paths),
    Merge { sources: Vec<Reference> },
    Template(JsonTemplate),
    Flatten,
    Aggregate(aggregate::Aggregate),
    ParseJson,
    ParseXml,
    Custom(Program),
    Passthrough,
}

impl Transform {
    pub(super) fn parse(config: &Map<String, Value>) -> Result<Self, Vec<NodeProblem>> {
        let Some(operation) = config::text(config, &["operation", "transformType"]) else {
            return Err(vec![NodeProblem::missing("operation")]);
        };
        let expression = config::first(config, &["expression"]);
        let program = |names: &'static [&'static str]| {
            let text = expression.ok_or_else(|| vec![NodeProblem::missing("expression")])?;
            Program::parse(&convert::text(text), names)
        };
        let plain: String = operation.chars().filter(char::is_ascii_alphabetic).collect();
        let data = config::first(config, &["inputData"]);
        let work = match plain.to_ascii_lowercase().as_str() {
            "map" => Work::Map(program(&["item", "index"])?),
            "filter" => Work::Filter(program(&["item", "index"])?),
            "reduce" => Work::Reduce {
                step: program(&["acc", "item", "index"])?,
                initial: config.get("initialValue").map(|value| config::json("initialValue", value)).transpose()?,
            },
            "sort" => Work::Sort(lists::Order::parse(expression)?),
            "extract" => Work::Extract(lists::Paths::parse(expression)?),
            "merge" => return Self::parse_merge(data, config.get("sources")),
            "template" => {
                let template = config::first(config, &["template", "expression"]);
                let template = template.ok_or_else(|| vec![NodeProblem::missing("template")])?;
                Work::Template(config::json_text("template", template)?)
            }
            "flatten" => Work::Flatten,
            "aggregate" => Work::Aggregate(aggregate::Aggregate::parse(config)?),
            "parsejson" => Work::ParseJson,
            "parsexml" => Work::ParseXml,
            "custom" | "javascript" | "code" => {
                let text = config::first(config, &["expression", "code"]);
                let text = text.ok_or_else(|| vec![NodeProblem::missing("expression")])?;
                Work::Custom(Program::body(&convert::text(text))?)
            }
            "passthrough" => Work::Passthrough,
            _ => {
                return Err(vec![NodeProblem::invalid("operation", format!("`{operation}` is no transformation"))]);
            }
        };
        let data = data.map(Reference::parse).transpose().map_err(|error| config::unparsed("inputData", &error))?;
        Ok(Self { data, work })
    }

    /// The sources are `inputData` and `sources`, each one value, a list of them, or `${a}, ${b}`.
    fn parse_merge(data: Option<&Value>, sources: Option<&Value>) -> Result<Self, Vec<NodeProblem>> {
        let mut all = Vec::new();
        for (field, value) in [("inputData", data), ("sources", sources)] {
            for value in value.into_iter().flat_map(merge::parts) {
                all.push(Reference::parse(&value).map_err(|error| config::unparsed(field, &error))?);
            }
        }
        Ok(Self { data: None, work: Work::Merge { sources: all } })
    }

    pub(super) fn sources(&self) -> Vec<Parsed<'_>> {
        let mut sources: Vec<Parsed<'_>> = self.data.iter().flat_map(Reference::sources).collect();
        match &self.work {
            Work::Map(program) | Work::Filter(program) | Work::Custom(program) => sources.push(program.source()),
            Work::Reduce { step, initial } => {
                sources.push(step.source());
                sources.extend(initial.iter().map(Parsed::Json));
            }
            Work::Sort(order) => sources.extend(order.source()),
            Work::Merge { sources: merged } => sources.extend(merged.iter().flat_map(Reference::sources)),
            Work::Template(template) => sources.push(Parsed::Json(template)),
            Work::Extract(_)
            | Work::Flatten
            | Work::Aggregate(_)
            | Work::ParseJson
            | Work::ParseXml
            | Work::Passthrough => {}
        }
        sources
    }

    pub(super) fn run(&self, info: &NodeInfo<'_>, names: &dyn Names, env: &mut Env<'_>) -> Result<Computed, StepError> {
        let value = match &self.work {
            Work::Merge { sources } => merge::run(sources, info, names, env)?,
            Work::Template(template) => {
                let value = template.render(names, env).map_err(failed)?;
                convert::parsed(value)
            }
            work => {
                let data = match &self.data {
                    Some(data) => data.value(names, env).map_err(failed)?,
                    None => info.before.first().map(|before| before.value.clone()).unwrap_or_default(),
                };
                if env.is_asking() { Value::Null } else { work.apply(data, names, env)? }
            }
        };
        Ok(Computed::record(json!({ "value": value })))
    }
}

impl Work {
    fn apply(&self, data: Value, names: &dyn Names, env: &mut Env<'_>) -> Result<Value, StepError> {
        match self {
            Self::Map(program) => program.map(array("map", data)?, names, env),
            Self::Filter(program) => program.filter(array("filter", data)?, names, env),
            Self::Reduce { step, initial } => {
                let initial = initial.as_ref().map(|value| value.render(names, env).map_err(failed)).transpose()?;
                step.reduce(array("reduce", data)?, initial, names, env)
            }
            Self::Sort(order) => order.sorted(array("sort", data)?, names, env),
            Self::Extract(paths) => paths.extract(&data, env),
            Self::Flatten => Ok(lists::flattened(array("flatten", data)?)),
            Self::Aggregate(aggregate) => Ok(aggregate.run(&array("aggregate", data)?)),
            Self::ParseJson => match data {
                Value::String(text) => serde_json::from_str(unfenced(&text))
                    .map_err(|error| wrong(format!("The text is not JSON: {error}"))),
                other => Ok(other),
            },
            Self::ParseXml => match data {
                Value::String(text) => xml::parse(&text),
                other => Ok(other),
            },
            Self::Custom(program) => program.custom(data, names, env),
            Self::Passthrough | Self::Merge { .. } | Self::Template(_) => Ok(data),
        }
    }
}

/// The list that an operation works on; one written as JSON text counts.
fn array(operation: &str, data: Value) -> Result<Vec<Value>, StepError> {
    match data {
        Value::Array(items) => Ok(items),
        Value::String(text) => match convert::composite_in(&text) {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(not_a_list(operation, "a text")),
        },
        Value::Null => Err(not_a_list(operation, "nothing")),
        Value::Object(_) => Err(not_a_list(operation, "an object")),
        Value::Bool(_) => Err(not_a_list(operation, "a boolean")),
        Value::Number(_) => Err(not_a_list(operation, "a number")),
    }
}

fn not_a_list(operation: &str, what: &str) -> StepError {
    wrong(format!("`{operation}` needs a list, and its input is {what}"))
}
