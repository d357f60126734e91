//! What is made of a model's text.

use floe_model::flows::{DESCRIPTION_MAX, NAME_MAX, SUMMARY_MAX};
use serde_json::{Value, json};

/// Bytes of a text that are looked at: a definition has at most 1 MiB.
const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Name of a flow whose model gave none.
const UNNAMED: &str = "New flow";

/// A text that holds a definition.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answered {
    pub(super) definition: Value,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) summary: String,
}

/// The form of an answer.
pub(super) fn schema() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "properties": {
            "name": text, "description": text, "summary": text,
            "definition": {
                "type": "object",
                "properties": { "steps": { "type": "array", "items": { "type": "object" } }, "variables": { "type": "array" } },
                "required": ["steps"],
            },
        },
        "required": ["summary", "definition"],
    })
}

/// Reads an answer; the complaint is for the model.
pub(super) fn read(text: &str) -> Result<Answered, String> {
    let answer = object_in(text)?;
    // Some models leave the outer object out.
    let definition = match (answer.get("definition"), answer.get("steps")) {
        (Some(definition @ Value::Object(_)), _) => definition.clone(),
        (Some(_), _) => return Err("definition must be an object with steps".to_owned()),
        (None, Some(_)) => answer.clone(),
        (None, None) => return Err("The answer has no definition".to_owned()),
    };
    if !definition.get("steps").is_some_and(Value::is_array) {
        return Err("definition.steps must be a list".to_owned());
    }
    let said = |key: &str, most: usize| {
        let text = answer.get(key).and_then(Value::as_str).unwrap_or_default();
        let plain: String = text.chars().filter(|letter| !letter.is_control() || *letter == '\n').take(most).collect();
        plain.trim().to_owned()
    };
    let name = Some(said("name", NAME_MAX)).filter(|name| !name.is_empty());
    Ok(Answered {
        name: name.unwrap_or_else(|| UNNAMED.to_owned()),
        description: said("description", DESCRIPTION_MAX),
        summary: said("summary", SUMMARY_MAX),
        definition,
    })
}

/// The JSON object of a text, also when words or a code fence stand around it.
fn object_in(text: &str) -> Result<Value, String> {
    if text.len() > TEXT_BYTES_MAX {
        return Err("The answer is too long".to_owned());
    }
    let (Some(start), Some(end)) = (text.find('{'), text.rfind('}')) else {
        return Err("The answer holds no JSON object".to_owned());
    };
    let inner = text.get(start..=end).unwrap_or_default();
    match serde_json::from_str(inner) {
        Ok(object @ Value::Object(_)) => Ok(object),
        Ok(_) => Err("The answer must be one JSON object".to_owned()),
        Err(error) => Err(format!("The answer is not valid JSON: {error}")),
    }
}
