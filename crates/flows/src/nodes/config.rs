//! Reads a node's configuration after interpolation. A placeholder may have made anything of a field, so nothing is taken for granted.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use floe_engine::event::StepError;
use serde_json::{Map, Value};

use super::failure::invalid;

/// The configuration of one call.
#[derive(Clone, Copy)]
pub(super) struct Config<'a>(pub(super) &'a Value);

impl<'a> Config<'a> {
    /// The value of the first of these keys that has one; null and empty texts count as missing.
    pub(super) fn get(self, keys: &[&str]) -> Option<&'a Value> {
        keys.iter().filter_map(|key| self.0.get(*key)).find(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.trim().is_empty(),
            _ => true,
        })
    }

    /// A text; numbers and flags as they are written.
    ///
    /// # Errors
    /// VALIDATION for a list or an object.
    pub(super) fn text(self, keys: &[&str]) -> Result<Option<Cow<'a, str>>, StepError> {
        match self.get(keys) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(Cow::Borrowed(text.trim()))),
            Some(Value::Array(_) | Value::Object(_)) => Err(invalid(format!("{} is not a text", keys[0]))),
            Some(other) => Ok(Some(Cow::Owned(other.to_string()))),
        }
    }

    /// A text that has to be there.
    ///
    /// # Errors
    /// VALIDATION.
    pub(super) fn required(self, keys: &[&str]) -> Result<Cow<'a, str>, StepError> {
        self.text(keys)?.ok_or_else(|| invalid(format!("{} is missing", keys[0])))
    }

    /// A whole number in a range, also as text.
    ///
    /// # Errors
    /// VALIDATION for anything else.
    pub(super) fn number(self, keys: &[&str], default: u64, range: RangeInclusive<u64>) -> Result<u64, StepError> {
        let found = match self.get(keys) {
            None => return Ok(default),
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        let whole = found.filter(|number| *number >= 0.0 && *number <= *range.end() as f64).map(|number| number as u64);
        whole
            .filter(|number| range.contains(number))
            .ok_or_else(|| invalid(format!("{} is not a number from {} to {}", keys[0], range.start(), range.end())))
    }

    /// True or false, also as text.
    ///
    /// # Errors
    /// VALIDATION for anything else.
    pub(super) fn flag(self, keys: &[&str], default: bool) -> Result<bool, StepError> {
        match self.get(keys) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if text.trim().eq_ignore_ascii_case("true") => Ok(true),
            Some(Value::String(text)) if text.trim().eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(invalid(format!("{} is not true or false", keys[0]))),
        }
    }

    /// Names and values: a list of `{key, value}`, an object, or either as JSON text. Those without a value are left out; a name that
    /// stands several times has a list of values.
    ///
    /// # Errors
    /// VALIDATION for anything else.
    pub(super) fn pairs(self, key: &str) -> Result<Map<String, Value>, StepError> {
        let wrong = || invalid(format!("{key} is not an object or a list of {{key, value}}"));
        match self.get(&[key]) {
            None => Ok(Map::new()),
            Some(Value::String(text)) => {
                let parsed: Value = serde_json::from_str(text).map_err(|_| wrong())?;
                pairs_of(&parsed).ok_or_else(wrong)
            }
            Some(value) => pairs_of(value).ok_or_else(wrong),
        }
    }
}

/// What the run was given under a name, else what a name of the run holds; null counts as missing.
pub(super) fn given<'c>(context: Option<&'c Value>, name: &str) -> Option<&'c Value> {
    let context = context?;
    ["inputs", "names"].iter().find_map(|part| context[*part].get(name).filter(|value| !value.is_null()))
}

fn pairs_of(value: &Value) -> Option<Map<String, Value>> {
    let mut pairs: Map<String, Value> = Map::new();
    match value {
        Value::Object(map) => {
            pairs.extend(
                map.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone())),
            );
        }
        Value::Array(items) => {
            for item in items {
                let name = item.get("key").or_else(|| item.get("name"))?.as_str()?.trim();
                let value = item.get("value").filter(|value| !value.is_null());
                // An editor's empty row.
                let (false, Some(value)) = (name.is_empty(), value) else { continue };
                match pairs.get_mut(name) {
                    Some(Value::Array(values)) => values.push(value.clone()),
                    Some(first) => *first = Value::Array(vec![first.take(), value.clone()]),
                    None => drop(pairs.insert(name.to_owned(), value.clone())),
                }
            }
        }
        Value::Null => {}
        _ => return None,
    }
    Some(pairs)
}

/// A value as a text field shows it: texts as they are, objects and lists as compact JSON, null as nothing.
pub(super) fn written(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// A value that may have come as JSON text; any other text stays one.
pub(super) fn parsed(value: &Value) -> Cow<'_, Value> {
    match value {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            serde_json::from_str(text).map_or(Cow::Borrowed(value), Cow::Owned)
        }
        other => Cow::Borrowed(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pairs_are_read_in_every_notation() {
        for (given, expected) in [
            (json!(null), json!({})),
            (json!(" "), json!({})),
            (json!({ "a": 1, "b": null }), json!({ "a": 1 })),
            (json!([{ "key": "a", "value": "1" }, { "key": "", "value": "x" }]), json!({ "a": "1" })),
            (json!([{ "key": "a", "value": 1 }, { "key": "a", "value": 2 }]), json!({ "a": [1, 2] })),
            (json!("{\"a\": \"1\"}"), json!({ "a": "1" })),
            (json!("[{\"name\": \"a\", \"value\": \"1\"}]"), json!({ "a": "1" })),
        ] {
            let config = json!({ "headers": given });
            assert_eq!(Value::Object(Config(&config).pairs("headers").expect("pairs")), expected, "{config}");
        }
        for wrong in [json!(1), json!("x"), json!(["a"]), json!([{ "value": 1 }])] {
            let config = json!({ "headers": wrong });
            assert_eq!(Config(&config).pairs("headers").expect_err("no pairs").code, "VALIDATION", "{config}");
        }
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let read =
            |value: Value| Config(&json!({ "n": value })).number(&["n"], 30, 1..=300).map_err(|error| error.code);
        assert_eq!(read(json!(null)), Ok(30));
        assert_eq!(read(json!("45")), Ok(45));
        assert_eq!(read(json!(300)), Ok(300));
        for wrong in [json!(0), json!(301), json!(-1), json!("x"), json!([]), json!(1e300)] {
            assert_eq!(read(wrong.clone()).expect_err("refused"), "VALIDATION", "{wrong}");
        }
    }
}
