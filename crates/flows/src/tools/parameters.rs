//! What a flow takes, as JSON Schema for a model.

use floe_engine::inputs::{InputField, InputKind};
use serde_json::{Map, Value, json};

/// Characters of a name at most.
const NAME_CHARS_MAX: usize = 64;
/// Characters of a message at most.
const MESSAGE_CHARS_MAX: usize = 50_000;

/// The `data` of a step of a definition; null when it is not there.
pub(super) fn step_of(definition: &str, step: &str) -> Value {
    let definition: Value = serde_json::from_str(definition).unwrap_or_default();
    let steps = definition.get("steps").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    steps.iter().find(|one| one["id"] == step).map(|one| one["data"].clone()).unwrap_or_default()
}

/// The declared inputs of a trigger; `step` holds how people see them.
pub(super) fn of_inputs(inputs: &[InputField], step: &Value) -> Value {
    if inputs.is_empty() {
        return json!({ "type": "object", "properties": {} });
    }
    let shown = step.get("inputs").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut properties = Map::new();
    for field in inputs {
        let mut schema = of_kind(field);
        let label = shown.iter().find(|one| one["key"] == field.key.as_str());
        let told = label.and_then(|one| {
            ["description", "label"].iter().find_map(|name| one[*name].as_str().filter(|text| !text.is_empty()))
        });
        if let Some(text) = told {
            schema["description"] = json!(text);
        }
        if let Some(default) = &field.default {
            schema["default"] = default.clone();
        }
        properties.insert(field.key.clone(), schema);
    }
    let is_required = |field: &&InputField| field.required && field.default.is_none();
    let required: Vec<&str> = inputs.iter().filter(is_required).map(|field| field.key.as_str()).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn of_kind(field: &InputField) -> Value {
    match field.kind {
        InputKind::Number => json!({ "type": "number" }),
        InputKind::Boolean => json!({ "type": "boolean" }),
        InputKind::Date => json!({ "type": "string", "description": "A date, or an instant (RFC 3339)" }),
        InputKind::Select if !field.options.is_empty() => json!({ "enum": field.options }),
        InputKind::MultiSelect if !field.options.is_empty() => {
            json!({ "type": "array", "items": { "enum": field.options } })
        }
        InputKind::MultiSelect | InputKind::Array => json!({ "type": "array" }),
        InputKind::File => json!({ "type": "object", "properties": { "fileId": { "type": "string" } } }),
        InputKind::Json => json!({}),
        InputKind::Text | InputKind::LongText | InputKind::Select | InputKind::Email | InputKind::Url => {
            json!({ "type": "string" })
        }
    }
}

/// What a trigger for messages takes.
pub(super) fn of_message() -> Value {
    json!({
        "type": "object", "required": ["message"], "additionalProperties": false,
        "properties": { "message": { "type": "string", "minLength": 1, "maxLength": MESSAGE_CHARS_MAX } },
    })
}

/// A name as models take it: letters, digits, `_` and `-`.
pub(super) fn plain_name(name: &str) -> String {
    let mut plain = String::new();
    for c in name.trim().chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' => plain.push(c),
            _ if plain.ends_with('_') || plain.is_empty() => {}
            _ => plain.push('_'),
        }
    }
    let plain: String = plain.trim_end_matches('_').chars().take(NAME_CHARS_MAX).collect();
    if plain.is_empty() { "flow".to_owned() } else { plain }
}
