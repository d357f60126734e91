//! `conditional`: a choice between two ways.

use serde_json::{Map, Value, json};

use super::config::{self, NodeProblem, Parsed, failed, wrong};
use super::operators::{self, Operator};
use super::{Computed, convert};
use crate::event::StepError;
use crate::expr::{Env, Expression, JsonTemplate, Names, Profile, Template};
use crate::plan::Port;

/// The way on when the condition holds.
const TRUE: Port = Port::branch(0);
/// The way on when it does not.
const FALSE: Port = Port::branch(1);

/// A condition.
#[derive(Debug)]
pub struct Conditional(Test);

#[derive(Debug)]
enum Test {
    Text(Expression),
    Simple { left: JsonTemplate, operator: Comparison, right: JsonTemplate },
}

#[derive(Debug)]
enum Comparison {
    Known(Operator, Box<str>),
    Computed(Template),
}

/// The port of a handle.
pub(super) fn port(handle: &str) -> Option<Port> {
    match handle {
        "true" | "output-true" | "yes" => Some(TRUE),
        "false" | "output-false" | "no" => Some(FALSE),
        _ => None,
    }
}

impl Conditional {
    pub(super) fn parse(config: &Map<String, Value>) -> Result<Self, Vec<NodeProblem>> {
        let text = config::first(config, &["expression", "condition"]);
        if let (Some(text), None) = (text, config.get("leftValue").filter(|value| !value.is_null())) {
            let text = convert::text(text);
            if text.trim().is_empty() {
                return Err(vec![NodeProblem::missing("expression")]);
            }
            let parsed = Expression::parse_in(Profile::Graph, &text);
            return parsed.map(|text| Self(Test::Text(text))).map_err(|error| config::unparsed("expression", &error));
        }
        let Some(left) = config.get("leftValue") else { return Err(vec![NodeProblem::missing("leftValue")]) };
        let written = config::text(config, &["operator"]).unwrap_or("==").trim();
        let operator = if written.contains("{{") {
            Comparison::Computed(config::template("operator", &Value::from(written))?)
        } else {
            let known = Operator::find(written).ok_or_else(|| {
                vec![NodeProblem::invalid("operator", format!("`{written}` is no operator of a condition"))]
            })?;
            Comparison::Known(known, written.into())
        };
        Ok(Self(Test::Simple {
            left: config::json("leftValue", left)?,
            operator,
            right: config::json("rightValue", config.get("rightValue").unwrap_or(&Value::Null))?,
        }))
    }

    pub(super) fn sources(&self) -> Vec<Parsed<'_>> {
        match &self.0 {
            Test::Text(text) => vec![Parsed::Expression(text)],
            Test::Simple { left, operator, right } => {
                let mut sources = vec![Parsed::Json(left), Parsed::Json(right)];
                if let Comparison::Computed(template) = operator {
                    sources.push(Parsed::Template(template));
                }
                sources
            }
        }
    }

    pub(super) fn run(&self, names: &dyn Names, env: &mut Env<'_>) -> Result<Computed, StepError> {
        let (met, left, right, operator) = match &self.0 {
            Test::Text(text) => {
                let met = text.is_truthy(names, env).map_err(failed)?;
                (met, Value::Null, Value::Null, Value::Null)
            }
            Test::Simple { left, operator, right } => {
                let left = left.render(names, env).map_err(failed)?;
                let right = right.render(names, env).map_err(failed)?;
                let (operator, written) = operator.known(names, env)?;
                let met = operators::holds(operator, &left, &right)?;
                (met, operators::converted(&left), operators::converted(&right), Value::from(written))
            }
        };
        let record = json!({
            "conditionMet": met,
            "branch": if met { "true" } else { "false" },
            "leftValue": left,
            "rightValue": right,
            "operator": operator,
        });
        Ok(Computed { port: if met { TRUE } else { FALSE }, ..Computed::record(record) })
    }
}

impl Comparison {
    fn known(&self, names: &dyn Names, env: &mut Env<'_>) -> Result<(Operator, String), StepError> {
        match self {
            Self::Known(operator, written) => Ok((*operator, written.to_string())),
            Self::Computed(template) => {
                let written = template.render_text(names, env).map_err(failed)?;
                let operator = Operator::find(written.trim());
                operator
                    .map(|operator| (operator, written.clone()))
                    .ok_or_else(|| wrong(format!("`{written}` is no operator of a condition")))
            }
        }
    }
}
