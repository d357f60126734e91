//! `output`: a part of the run's output.

use serde_json::{Map, Value};

use super::config::{self, NodeProblem, Parsed, failed};
use super::{Computed, convert};
use crate::event::StepError;
use crate::expr::{Env, JsonTemplate, Names, Template};

/// Name of an output that has none.
const NAME: &str = "output";

/// A part of the run's output.
#[derive(Debug)]
pub struct Output {
    name: Template,
    value: JsonTemplate,
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    AsItIs,
    Json,
    Text,
    Number,
    Boolean,
}

impl Output {
    pub(super) fn parse(config: &Map<String, Value>) -> Result<Self, Vec<NodeProblem>> {
        let name = config::text(config, &["outputName"]).unwrap_or(NAME);
        let format = match config::text(config, &["format"]) {
            None => Format::AsItIs,
            Some("json") => Format::Json,
            Some("string" | "text") => Format::Text,
            Some("number") => Format::Number,
            Some("boolean") => Format::Boolean,
            Some(other) => {
                return Err(vec![NodeProblem::invalid("format", format!("`{other}` is no format of an output"))]);
            }
        };
        Ok(Self {
            name: config::template("outputName", &Value::from(name))?,
            value: config::json_text("value", config.get("value").unwrap_or(&Value::Null))?,
            format,
        })
    }

    pub(super) fn sources(&self) -> Vec<Parsed<'_>> {
        vec![Parsed::Json(&self.value), Parsed::Template(&self.name)]
    }

    pub(super) fn run(&self, names: &dyn Names, env: &mut Env<'_>) -> Result<Computed, StepError> {
        let name = self.name.render_text(names, env).map_err(failed)?;
        let value = self.value.render(names, env).map_err(failed)?;
        Ok(Computed::named(&name, self.format.applied(value)))
    }
}

impl Format {
    fn applied(self, value: Value) -> Value {
        match self {
            Self::AsItIs => value,
            Self::Json => convert::parsed(value),
            Self::Text => Value::String(convert::text(&value)),
            Self::Number => match &value {
                Value::Bool(flag) => Value::from(u8::from(*flag)),
                other => convert::to_number(other).unwrap_or(Value::Null),
            },
            Self::Boolean => Value::Bool(convert::is_truthy(&value) && value.as_str() != Some("false")),
        }
    }
}
