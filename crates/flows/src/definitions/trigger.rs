//! What a trigger of a definition says of itself.

use floe_model::Mode;
use serde_json::{Map, Value};

/// `data` of a trigger step; empty when the definition has none of that id.
pub(crate) fn trigger_data(definition: &str, trigger: &str) -> Map<String, Value> {
    let definition: Value = serde_json::from_str(definition).unwrap_or_default();
    let steps = definition.get("steps").and_then(Value::as_array).into_iter().flatten();
    let mut of_trigger = steps.filter(|step| step.get("id").and_then(Value::as_str) == Some(trigger));
    let data = of_trigger.next().and_then(|step| step.get("data")).and_then(Value::as_object);
    data.cloned().unwrap_or_default()
}

/// Schedules and share links run live unless the trigger says `"mode": "test"` (console contract, section 2.5).
pub(crate) fn mode_of(data: &Map<String, Value>) -> Mode {
    data.get("mode").and_then(Value::as_str).and_then(Mode::parse).unwrap_or(Mode::Live)
}
