//! `input`: one input of the run.

use serde_json::{Map, Value};

use super::config::{self, NodeProblem, Parsed, failed};
use super::{Computed, NodeInfo, convert};
use crate::event::StepError;
use crate::expr::{Env, JsonTemplate, Names};

/// Name of an input that has none.
const NAME: &str = "userInput";

/// An input of the run.
#[derive(Debug)]
pub struct Input {
    name: Box<str>,
    /// Whether the definition names it; else it may also come under the node's id.
    is_named: bool,
    kind: Kind,
    default: Option<JsonTemplate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Boolean,
    Json,
    /// Text, select, file: taken as it comes.
    Other,
}

impl Input {
    pub(super) fn parse(config: &Map<String, Value>) -> Result<Self, Vec<NodeProblem>> {
        let name = config::text(config, &["inputName", "inputVariable", "variableName"]);
        let kind = match config::text(config, &["inputType"]).unwrap_or("text") {
            "number" => Kind::Number,
            "boolean" => Kind::Boolean,
            "json" => Kind::Json,
            _ => Kind::Other,
        };
        let default = config::first(config, &["defaultValue", "value"]);
        let default = default.map(|value| config::json("defaultValue", value)).transpose()?;
        Ok(Self { name: name.unwrap_or(NAME).into(), is_named: name.is_some(), kind, default })
    }

    pub(super) fn sources(&self) -> Vec<Parsed<'_>> {
        self.default.iter().map(Parsed::Json).collect()
    }

    pub(super) fn run(&self, info: &NodeInfo<'_>, names: &dyn Names, env: &mut Env<'_>) -> Result<Computed, StepError> {
        let given = |name: &str| info.inputs.get(name).filter(|value| !value.is_null());
        let given = given(&self.name).or_else(|| if self.is_named { None } else { given(info.id) });
        let value = match (given, &self.default) {
            (Some(value), _) => value.clone(),
            (None, Some(default)) => default.render(names, env).map_err(failed)?,
            (None, None) => Value::Null,
        };
        let value = self.converted(value);
        let mut computed = Computed::named(&self.name, value.clone());
        computed.variables.insert(self.name.to_string(), value);
        Ok(computed)
    }

    /// Inputs are checked before a run begins; what came another way, as the payload of a trigger, is converted where
    /// that is possible.
    fn converted(&self, value: Value) -> Value {
        match self.kind {
            Kind::Number => convert::to_number(&value).unwrap_or(value),
            Kind::Boolean => convert::to_boolean(&value).map_or(value, Value::Bool),
            Kind::Json => convert::parsed(value),
            Kind::Other => value,
        }
    }
}
