//! A definition as it is stored: compact text, after the checks of shape and size.

use floe_engine::builtin::is_trigger;
use floe_engine::catalog::Catalog;
use floe_engine::lang::Problem;
use floe_engine::lang::steps::{self, DEFINITION_BYTES_MAX};
use floe_model::{Fault, FaultKind, FieldProblem};
use serde_json::{Value, json};

/// What a record without any version shows.
pub(super) const EMPTY: &str = r#"{"steps":[]}"#;

/// A definition of the right shape and size. Made before the transaction, since the checks take time.
#[derive(Debug, Clone)]
pub struct Content {
    /// Compact JSON text, keys in the order of the author.
    pub text: String,
    /// Types of its triggers, each once.
    pub triggers: Vec<String>,
    /// What publishing it would say; flows that it names are not looked up.
    pub problems: Vec<Problem>,
}

impl Content {
    /// Takes a definition; null is the empty one.
    ///
    /// # Errors
    /// 400 for anything but an object whose `steps` is a list of objects; 413 for more than 1 MiB.
    pub fn take(definition: &Value, catalog: &Catalog) -> Result<Self, Fault> {
        let empty = json!({ "steps": [] });
        let definition = if definition.is_null() { &empty } else { definition };
        check_shape(definition)?;
        let text = definition.to_string();
        if text.len() > DEFINITION_BYTES_MAX {
            let message = format!("The definition has more than {DEFINITION_BYTES_MAX} bytes");
            return Err(Fault::new(FaultKind::TooLarge, "payload_too_large", message));
        }
        if has_nul(definition) {
            return Err(Fault::field("/definition", "characters", "The definition holds the NUL character"));
        }
        let problems = steps::compile(definition, catalog).problems;
        Ok(Self { text, triggers: triggers_of(definition), problems })
    }

    /// A definition that was stored before; what publishing it would say is not asked again.
    ///
    /// # Errors
    /// An internal fault when it is no JSON.
    pub(crate) fn stored(text: String) -> Result<Self, Fault> {
        let definition = serde_json::from_str(&text).map_err(Fault::internal)?;
        Ok(Self { triggers: triggers_of(&definition), text, problems: Vec::new() })
    }

    /// What a new flow begins with: one `api` trigger joined to one `final`.
    ///
    /// # Errors
    /// Does not happen for a catalogue that holds the built-in types.
    pub fn starter(catalog: &Catalog) -> Result<Self, Fault> {
        let definition = json!({ "steps": [
            { "id": "start", "type": "api", "name": "Start", "data": { "inputs": [] }, "nextStepId": "end" },
            { "id": "end", "type": "final", "name": "End", "data": { "outputs": {} } },
        ] });
        Self::take(&definition, catalog)
    }
}

/// Types of the triggers of a definition, each once, in order.
pub(super) fn triggers_of(definition: &Value) -> Vec<String> {
    let steps = definition.get("steps").and_then(Value::as_array).into_iter().flatten();
    let kinds = steps.filter_map(|step| step.get("type").and_then(Value::as_str)).filter(|kind| is_trigger(kind));
    let mut found: Vec<String> = Vec::new();
    for kind in kinds {
        if !found.iter().any(|known| known == kind) {
            found.push(kind.to_owned());
        }
    }
    found
}

fn check_shape(definition: &Value) -> Result<(), Fault> {
    let Value::Object(map) = definition else {
        return Err(Fault::field("/definition", "type", "The definition must be an object"));
    };
    let steps = match map.get("steps") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(steps)) => steps,
        Some(_) => return Err(Fault::field("/definition/steps", "type", "steps must be a list")),
    };
    let wrong = steps.iter().enumerate().filter(|(_, step)| !step.is_object());
    let problems: Vec<FieldProblem> = wrong
        .take(steps::PROBLEMS_MAX)
        .map(|(at, _)| FieldProblem::new(format!("/definition/steps/{at}"), "type", "A step must be an object"))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Fault::validation(problems)) }
}

/// Whether a text or key holds U+0000. In JSON text it is escaped, so the database would take it, and a run that uses the
/// value in a text column would fail much later.
pub(crate) fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        _ => false,
    }
}
