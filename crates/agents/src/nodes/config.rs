//! Reads the configuration of a node after its expressions: what import let through as an expression may by now be of any type.

use floe_engine::event::StepError;
use serde_json::Value;

use super::fail::invalid;

/// The configuration of one call.
#[derive(Clone, Copy)]
pub(super) struct Config<'a>(pub(super) &'a Value);

impl<'a> Config<'a> {
    /// The value of the first of these keys that has one; null and blank text count as missing.
    pub(super) fn first(self, keys: &[&str]) -> Option<&'a Value> {
        keys.iter().filter_map(|key| self.0.get(*key)).find(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.trim().is_empty(),
            _ => true,
        })
    }

    /// A text of any value, as an expression in a text would write it: objects and lists as compact JSON.
    pub(super) fn written(self, keys: &[&str]) -> Option<String> {
        self.first(keys).map(text_of)
    }

    /// A number, also as a text.
    ///
    /// # Errors
    /// `VALIDATION` when it is none or out of range.
    pub(super) fn number(self, key: &str, least: f64, most: f64) -> Result<Option<f64>, StepError> {
        let Some(value) = self.first(&[key]) else { return Ok(None) };
        let number = match value {
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_f64(),
        };
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(invalid(key, &format!("must be a number from {least} to {most}"))),
        }
    }

    /// True or false, also as a text; nothing is false.
    ///
    /// # Errors
    /// `VALIDATION` for anything else.
    pub(super) fn flag(self, key: &str) -> Result<bool, StepError> {
        match self.first(&[key]) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if ["true", "false"].contains(&text.trim()) => Ok(text.trim() == "true"),
            Some(_) => Err(invalid(key, "must be true or false")),
        }
    }

    /// A whole number of at least one, also as a text; fractions are cut off.
    ///
    /// # Errors
    /// As [`Config::number`].
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the number is in a range that fits")]
    pub(super) fn whole(self, key: &str, most: u32) -> Result<Option<u32>, StepError> {
        Ok(self.number(key, 1.0, f64::from(most))?.map(|number| number as u32))
    }

    /// A list, also as a JSON text; anything else is a list of one.
    pub(super) fn list(self, key: &str) -> Vec<Value> {
        match self.first(&[key]) {
            None => Vec::new(),
            Some(Value::Array(list)) => list.clone(),
            Some(Value::String(text)) => match serde_json::from_str(text) {
                Ok(Value::Array(list)) => list,
                _ => vec![Value::String(text.clone())],
            },
            Some(other) => vec![other.clone()],
        }
    }
}

/// A value as a text.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
