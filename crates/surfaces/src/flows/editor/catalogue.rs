//! The editor's catalogue: read from what the engine runs, so that it can name nothing else.

use floe_engine::catalog::{Catalog, Field, FieldKind, StepSpec};
use floe_engine::expr::{self, FUNCTIONS};
use floe_engine::lang::steps::{DEFINITION_BYTES_MAX, NESTING_MAX, STEPS_MAX};
use floe_engine::{builtin, drive, machine};
use floe_flows::files::{FILE_BYTES_MAX, FILES_MAX};
use floe_flows::runs::DEPTH_MAX;
use floe_runtime::models::ModelInfo;
use serde_json::{Value, json};

/// The catalogue of a workspace in a time zone, with the models that answer there.
pub(super) fn catalogue(catalog: &Catalog, timezone: &str, models: &[ModelInfo]) -> Value {
    let steps: Vec<&StepSpec> = catalog.steps().collect();
    let mut triggers: Vec<Value> = builtin::TRIGGERS.iter().map(step).collect();
    triggers.push(inbound_hook());
    let functions = FUNCTIONS.iter();
    let functions =
        functions.map(|one| json!({ "name": one.name, "signature": one.signature, "description": one.description }));
    json!({
        "steps": steps.iter().map(|spec| step(spec)).collect::<Vec<Value>>(),
        "triggers": triggers,
        "categories": categories(&steps),
        "models": models.iter().map(model).collect::<Vec<Value>>(),
        "functions": functions.collect::<Vec<Value>>(),
        "limits": limits(),
        "timezone": timezone,
    })
}

fn model(info: &ModelInfo) -> Value {
    json!({ "id": info.name, "name": info.name, "provider": info.provider, "available": true })
}

fn step(spec: &StepSpec) -> Value {
    let outputs = spec.outputs.iter();
    let outputs = outputs.map(|(key, description)| json!({ "key": key, "type": "json", "description": description }));
    json!({
        "key": spec.key, "name": spec.name, "category": spec.category, "description": spec.description,
        "inputs": spec.fields.iter().map(field).collect::<Vec<Value>>(),
        "outputs": outputs.collect::<Vec<Value>>(),
        "waits": spec.waits,
    })
}

fn field(field: &Field) -> Value {
    let default: Value = field.default.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    json!({
        "key": field.key, "label": field.label, "type": field.kind.as_str(), "required": field.required,
        "default": default, "options": field.options,
        "dynamic": field.choices.is_some() || field.kind == FieldKind::StepRef,
    })
}

/// The trigger whose key the author ends: `webhook.<id>`.
fn inbound_hook() -> Value {
    json!({
        "key": "webhook.<id>", "name": "Inbound hook", "category": "trigger",
        "description": "Starts when another program calls the hook's address. The part behind the dot is yours to choose.",
        "inputs": [], "outputs": [], "waits": false,
    })
}

fn categories(steps: &[&StepSpec]) -> Vec<Value> {
    let mut keys: Vec<&str> = vec!["trigger"];
    for spec in steps {
        if !keys.contains(&spec.category) {
            keys.push(spec.category);
        }
    }
    keys.into_iter().map(|key| json!({ "key": key, "name": title(key) })).collect()
}

/// A word with its first letter in upper case; an abbreviation whole.
fn title(word: &str) -> String {
    if word == "ai" {
        return "AI".to_owned();
    }
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn limits() -> Value {
    json!({
        "steps": STEPS_MAX,
        "nestingLevels": NESTING_MAX,
        "definitionBytes": DEFINITION_BYTES_MAX,
        "expressionBytes": expr::limits::SOURCE_BYTES_MAX,
        "expressionDepth": expr::limits::DEPTH_MAX,
        "expressionOperations": expr::limits::OPERATIONS_MAX,
        "expressionResultBytes": expr::limits::RESULT_BYTES_MAX,
        "stepExecutions": machine::STEPS_MAX,
        "contextBytes": machine::CONTEXT_BYTES_MAX,
        "activeSeconds": drive::ACTIVE_MS_MAX / 1_000,
        "callDepth": DEPTH_MAX,
        "fileBytes": FILE_BYTES_MAX,
        "filesPerUpload": FILES_MAX,
    })
}
