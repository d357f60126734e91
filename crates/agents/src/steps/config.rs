//! Reads a step's configuration after templates: what publish let through as a template may by now be of any type.

use floe_engine::event::StepError;
use serde_json::{Map, Value};

/// The configuration of one call.
#[derive(Clone, Copy)]
pub(super) struct Config<'a>(pub(super) &'a Value);

impl<'a> Config<'a> {
    /// The value of a field; null counts as missing.
    pub(super) fn get(self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A text; an empty one counts as missing. Numbers are texts too, as templates give them.
    ///
    /// # Errors
    /// `bad_value` when it is none.
    pub(super) fn text(self, key: &str) -> Result<Option<String>, StepError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.trim().is_empty())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(bad_value(key, "is not a text")),
        }
    }

    /// A text of any value, as a template would write it: objects and arrays as compact JSON.
    pub(super) fn written(self, key: &str) -> Option<String> {
        let text = match self.get(key)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(text).filter(|text| !text.trim().is_empty())
    }

    /// A required text.
    ///
    /// # Errors
    /// `bad_value` when it is none or missing.
    pub(super) fn required(self, key: &str) -> Result<String, StepError> {
        self.text(key)?.ok_or_else(|| bad_value(key, "is missing"))
    }

    /// A number in a range, also as the text in which forms carry it.
    ///
    /// # Errors
    /// `bad_value` when it is none, or out of range.
    pub(super) fn number(self, key: &str, least: f64, most: f64) -> Result<Option<f64>, StepError> {
        let number = match self.get(key) {
            None => return Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(value) => value.as_f64(),
        };
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(bad_value(key, &format!("is not a number from {least} to {most}"))),
        }
    }

    /// An object, also as a JSON text.
    ///
    /// # Errors
    /// `bad_value` when it is none.
    pub(super) fn object(self, key: &str) -> Result<Option<Map<String, Value>>, StepError> {
        let wrong = || bad_value(key, "is not an object");
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|_| wrong()),
            Some(Value::Object(map)) => Ok(Some(map.clone())),
            Some(_) => Err(wrong()),
        }
    }

    /// A list, also as a JSON text; a single text is a list of one.
    ///
    /// # Errors
    /// `bad_value` when it is none, or longer than `most`.
    pub(super) fn list(self, key: &str, most: usize) -> Result<Vec<Value>, StepError> {
        let list = match self.get(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => items.clone(),
            Some(Value::String(text)) if text.trim().is_empty() => Vec::new(),
            Some(text @ Value::String(written)) => match serde_json::from_str(written) {
                Ok(Value::Array(items)) => items,
                _ => vec![text.clone()],
            },
            Some(_) => return Err(bad_value(key, "is not a list")),
        };
        if list.len() > most { Err(bad_value(key, &format!("has more than {most} entries"))) } else { Ok(list) }
    }

    /// A list of texts.
    ///
    /// # Errors
    /// `bad_value` when it is none.
    pub(super) fn texts(self, key: &str, most: usize) -> Result<Vec<String>, StepError> {
        let text = |value: Value| match value {
            Value::String(text) => Ok(text),
            _ => Err(bad_value(key, "is not a list of texts")),
        };
        self.list(key, most)?.into_iter().map(text).collect()
    }
}

/// What a template made of a field cannot be used. The message names the field and never its value, which may be secret.
pub(super) fn bad_value(field: &str, what: &str) -> StepError {
    StepError::new("bad_value", format!("{field} {what}"))
}
