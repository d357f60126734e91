//! Reads a JSON object field by field and collects every problem, so that one answer names all of them.

use floe_model::{Fault, FaultKind, FieldProblem};
use serde_json::{Map, Value};

/// Problems that one answer names.
const PROBLEMS_MAX: usize = 50;

/// An object whose fields are taken out one by one. What is left at the end is unknown.
#[derive(Debug)]
pub struct Fields {
    map: Map<String, Value>,
    problems: Vec<FieldProblem>,
}

impl Fields {
    /// Takes an object.
    ///
    /// # Errors
    /// 400 `validation_error` for any other JSON.
    pub fn of(value: Value) -> Result<Self, Fault> {
        match value {
            Value::Object(map) => Ok(Self { map, problems: Vec::new() }),
            _ => Err(Fault::field("", "type", "The body must be a JSON object")),
        }
    }

    /// Whether a field is there, null included.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// Whether a field is there and not null.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// Takes a field as it is; null counts as missing.
    pub fn value(&mut self, name: &str) -> Option<Value> {
        // `remove` would move the last field into the gap; the order matters for nothing here.
        self.map.swap_remove(name).filter(|value| !value.is_null())
    }

    /// An object.
    pub fn object(&mut self, name: &str) -> Option<Map<String, Value>> {
        let Value::Object(map) = self.value(name)? else {
            self.problem(name, "type", format!("{name} must be an object"));
            return None;
        };
        Some(map)
    }

    /// An object of texts, as pairs in their order.
    pub fn text_pairs(&mut self, name: &str) -> Option<Vec<(String, String)>> {
        let map = self.object(name)?;
        let mut pairs = Vec::with_capacity(map.len());
        for (key, value) in map {
            match value {
                Value::String(text) => pairs.push((key, text)),
                _ => self.problem(name, "type", format!("{name} must hold texts")),
            }
        }
        Some(pairs)
    }

    /// A text that must be there, of so many characters; the empty text when there is a problem.
    pub fn required_text(&mut self, name: &str, least: usize, most: usize) -> String {
        if self.map.get(name).is_none_or(Value::is_null) {
            self.map.swap_remove(name);
            self.problem(name, "required", format!("{name} is required"));
            return String::new();
        }
        self.text(name, least, most).unwrap_or_default()
    }

    /// A text of so many characters. Control characters other than line ends and tabs are refused, NUL above all.
    pub fn text(&mut self, name: &str, least: usize, most: usize) -> Option<String> {
        let Value::String(text) = self.value(name)? else {
            self.problem(name, "type", format!("{name} must be a text"));
            return None;
        };
        let length = text.chars().count();
        if length < least || length > most {
            self.problem(name, "length", format!("{name} must have {least} to {most} characters"));
            return None;
        }
        if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
            self.problem(name, "characters", format!("{name} holds control characters"));
            return None;
        }
        Some(text)
    }

    /// A truth value.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Bool(flag) => Some(flag),
            _ => {
                self.problem(name, "type", format!("{name} must be true or false"));
                None
            }
        }
    }

    /// A whole number within a range, bounds included.
    pub fn number(&mut self, name: &str, least: i64, most: i64) -> Option<i64> {
        let value = self.value(name)?;
        let whole =
            value.as_i64().or_else(|| value.as_f64().filter(|float| float.fract() == 0.0).map(|float| float as i64));
        match whole {
            Some(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                self.problem(name, "range", format!("{name} must be a whole number from {least} to {most}"));
                None
            }
        }
    }

    /// A list of texts, at most so many, each of 1 to 200 characters.
    pub fn texts(&mut self, name: &str, most: usize) -> Option<Vec<String>> {
        let Value::Array(items) = self.value(name)? else {
            self.problem(name, "type", format!("{name} must be a list"));
            return None;
        };
        if items.len() > most {
            self.problem(name, "length", format!("{name} holds more than {most} entries"));
            return None;
        }
        let mut texts = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            match item {
                Value::String(text) if (1..=200).contains(&text.chars().count()) => texts.push(text),
                _ => self.problem(&format!("{name}/{at}"), "type", format!("{name} must hold texts")),
            }
        }
        Some(texts)
    }

    /// One of a set of words, as `parse` reads it.
    pub fn word<T>(&mut self, name: &str, words: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = self.value(name)?;
        let parsed = value.as_str().and_then(parse);
        if parsed.is_none() {
            self.problem(name, "value", format!("{name} must be one of: {words}"));
        }
        parsed
    }

    /// One of a set of words that must be there.
    pub fn required_word<T>(&mut self, name: &str, words: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        if self.map.get(name).is_none_or(Value::is_null) {
            self.map.swap_remove(name);
            self.problem(name, "required", format!("{name} is required, one of: {words}"));
            return None;
        }
        self.word(name, words, parse)
    }

    /// Notes a problem that the caller of this reader found; `name` is the path below the body, without a leading slash.
    pub fn problem(&mut self, name: &str, code: &'static str, message: impl Into<String>) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(FieldProblem::new(format!("/{name}"), code, message));
        }
    }

    /// Ends the reading; fields that nobody took are ignored.
    ///
    /// # Errors
    /// 400 `validation_error` with every problem.
    pub fn finish_ignoring_unknown(self) -> Result<(), Fault> {
        if self.problems.is_empty() { Ok(()) } else { Err(Fault::validation(self.problems)) }
    }

    /// Ends the reading; a field that nobody took is refused.
    ///
    /// # Errors
    /// 400 `unknown_field` naming the first such field; 400 `validation_error` with every problem.
    pub fn finish(self) -> Result<(), Fault> {
        if let Some(name) = self.map.keys().next() {
            let shown: String = name.chars().take(100).collect();
            let message = format!("There is no field {shown:?} here");
            return Err(Fault::new(FaultKind::Invalid, "unknown_field", message)
                .with_details(serde_json::json!({ "field": shown })));
        }
        self.finish_ignoring_unknown()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_problem_is_named_at_once() {
        let mut fields = Fields::of(json!({ "name": 1, "age": 1.5, "on": "x", "kind": "z" })).expect("an object");
        assert_eq!(fields.required_text("name", 1, 10), "");
        assert_eq!(fields.required_text("title", 1, 10), "");
        assert_eq!(fields.number("age", 0, 9), None);
        assert_eq!(fields.flag("on"), None);
        assert_eq!(fields.word("kind", "a, b", |word| (word == "a").then_some(())), None);
        let fault = fields.finish().expect_err("problems");
        let paths: Vec<_> = fault.fields().iter().map(|field| (field.path.as_str(), field.code)).collect();
        assert_eq!(
            paths,
            [("/name", "type"), ("/title", "required"), ("/age", "range"), ("/on", "type"), ("/kind", "value")]
        );
    }

    #[test]
    fn unknown_fields_are_refused_when_asked() {
        let fields = Fields::of(json!({ "x": 1 })).expect("an object");
        assert_eq!(fields.finish().expect_err("unknown").code(), "unknown_field");
        let mut fields = Fields::of(json!({ "n": 3.0, "nothing": null })).expect("an object");
        assert_eq!((fields.number("n", 0, 9), fields.value("nothing")), (Some(3), None));
        assert!(fields.finish().is_ok());
    }
}
