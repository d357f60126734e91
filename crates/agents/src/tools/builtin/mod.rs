//! What the server can do by itself: the time, and sums.

mod sums;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use floe_runtime::Platform;
use floe_runtime::tools::{Tool, ToolCall, ToolFault, ToolFuture, ToolSpec};
use serde_json::{Value, json};

use super::text;

/// Characters of a sum at most.
const SUM_CHARS_MAX: usize = 1_000;

struct Builtin {
    spec: ToolSpec,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    Time,
    Sums,
}

/// The tool of a definition, by its name.
///
/// # Errors
/// `not_supported` for a name that is not known.
pub(super) fn open(definition: &Value) -> Result<Arc<dyn Tool>, ToolFault> {
    let name = text(definition, "name").unwrap_or_default();
    let (what, usual, parameters) = match name {
        "current_time" => (
            What::Time,
            "Tells the present date and time in UTC",
            json!({ "type": "object", "properties": {}, "additionalProperties": false }),
        ),
        "calculator" => (
            What::Sums,
            "Works out a sum with + - * / % ^ and brackets",
            json!({
                "type": "object", "required": ["expression"], "additionalProperties": false,
                "properties": { "expression": {
                    "type": "string", "minLength": 1, "maxLength": SUM_CHARS_MAX, "description": "E.g. (12.5 + 3) * 4",
                } },
            }),
        ),
        _ => return Err(ToolFault::new("not_supported", "There is current_time and calculator")),
    };
    let description = text(definition, "description").unwrap_or(usual).to_owned();
    Ok(Arc::new(Builtin { spec: ToolSpec { name: name.to_owned(), description, parameters }, what }))
}

impl Tool for Builtin {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: ToolCall) -> ToolFuture<'a> {
        Box::pin(async move {
            match self.what {
                What::Time => Ok(json!({ "utc": platform.clock.now() })),
                What::Sums => {
                    let expression = call.arguments["expression"].as_str().unwrap_or_default();
                    let result = sums::work_out(expression);
                    result
                        .map(|value| json!({ "result": value }))
                        .map_err(|why| ToolFault::new("invalid_arguments", why))
                }
            }
        })
    }
}
