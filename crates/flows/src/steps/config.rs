//! Reads a step's configuration after templates: what publish let through as a template may by now be of any type.

use floe_engine::event::StepError;
use serde_json::Value;

/// The configuration of one call.
#[derive(Clone, Copy)]
pub(super) struct Config<'a>(&'a Value);

impl<'a> Config<'a> {
    pub(super) fn new(input: &'a Value) -> Self {
        Self(input)
    }

    /// The value of a field; null counts as missing.
    pub(super) fn get(self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A text; an empty one counts as missing.
    ///
    /// # Errors
    /// `bad_value` when it is none.
    pub(super) fn text(self, key: &str) -> Result<Option<&'a str>, StepError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(_) => Err(bad_value(key, "is not a text")),
        }
    }

    /// True or false, also as the texts in which forms carry them.
    ///
    /// # Errors
    /// `bad_value` when it is none.
    pub(super) fn flag(self, key: &str, default: bool) -> Result<bool, StepError> {
        match self.get(key) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) => match text.trim() {
                "" => Ok(default),
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(bad_value(key, "is not true or false")),
            },
            Some(_) => Err(bad_value(key, "is not true or false")),
        }
    }

    /// The pairs of a key-value field, which the engine has made an object; those without a value are left out, and a list
    /// gives a pair for each of its values.
    ///
    /// # Errors
    /// `bad_value` when it is no object.
    pub(super) fn pairs(self, key: &str) -> Result<Vec<(&'a str, &'a Value)>, StepError> {
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(Value::Object(map)) => Ok(map.iter().flat_map(|(name, value)| spread(name, value)).collect()),
            Some(_) => Err(bad_value(key, "is not an object")),
        }
    }
}

/// A pair for each value of a list, one pair for any other value, none for null.
pub(super) fn spread<'a>(name: &'a str, value: &'a Value) -> Vec<(&'a str, &'a Value)> {
    let values = match value {
        Value::Array(items) => items.as_slice(),
        other => std::slice::from_ref(other),
    };
    values.iter().filter(|value| !value.is_null()).map(|value| (name, value)).collect()
}

/// A value as a template would write it into a text: texts as they are, objects and arrays as compact JSON.
pub(super) fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What a template made of a field cannot be used. The message names the field and never its value, which may be secret.
pub(super) fn bad_value(field: &str, what: &str) -> StepError {
    StepError::new("bad_value", format!("{field} {what}"))
}
