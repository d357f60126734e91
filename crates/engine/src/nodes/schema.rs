//! JSON Schemas that answers to reviews have to fit: bounded in size, and reaching nothing outside of themselves.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

/// Bytes of a schema at most, as JSON text.
const SCHEMA_BYTES_MAX: usize = 64 * 1024;
/// Problems that are told at most.
const PROBLEMS_MAX: usize = 5;
/// Characters of a sentence about a problem at most.
const SENTENCE_CHARS_MAX: usize = 300;
/// Bytes of a compiled pattern at most.
const PATTERN_BYTES_MAX: usize = 64 * 1024;

/// A schema, ready to be asked.
pub(super) struct Schema(Validator);

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// It is none, too large, or refers to something outside of itself.
    pub(super) fn compile(schema: &Value) -> Result<Self, ()> {
        if !matches!(schema, Value::Object(_) | Value::Bool(_)) || schema.to_string().len() > SCHEMA_BYTES_MAX {
            return Err(());
        }
        let options = jsonschema::options()
            .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES_MAX))
            .with_retriever(Nothing);
        options.build(schema).map(Self).map_err(|_| ())
    }

    /// Where a value does not fit, as pointer and sentence; a few at most.
    pub(super) fn problems(&self, value: &Value) -> Vec<(String, String)> {
        let told = |error: jsonschema::ValidationError<'_>| {
            let sentence = error.to_string().chars().take(SENTENCE_CHARS_MAX).collect();
            (error.instance_path().to_string(), sentence)
        };
        self.0.iter_errors(value).take(PROBLEMS_MAX).map(told).collect()
    }
}

/// What a schema refers to outside of itself is not looked for.
struct Nothing;

impl jsonschema::Retrieve for Nothing {
    fn retrieve(
        &self,
        _: &jsonschema::Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync + 'static>> {
        Err("a schema may refer to itself only".into())
    }
}
