//! JSON Schema: of the arguments of tools and of structured answers.
//!
//! A schema comes from people or from servers that nobody here knows, so it is bounded: in size, in what its patterns cost (time grows
//! linearly with the text), and it reaches nothing outside of itself.

use std::fmt;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

/// Bytes of a schema at most, as JSON text.
pub const SCHEMA_BYTES_MAX: usize = 64 * 1024;
/// Problems that are told at most.
const PROBLEMS_MAX: usize = 5;
/// Characters of a sentence about a problem at most.
const SENTENCE_CHARS_MAX: usize = 300;
/// Bytes of a compiled pattern at most.
const PATTERN_BYTES_MAX: usize = 64 * 1024;

/// A schema, ready to be asked.
pub struct Schema(Validator);

/// Where a value does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// JSON pointer to the value; empty for the whole.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

impl Misfit {
    /// The two in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        if self.path.is_empty() { self.message.clone() } else { format!("{}: {}", self.path, self.message) }
    }
}

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn compile(schema: &Value) -> Result<Self, String> {
        if !matches!(schema, Value::Object(_) | Value::Bool(_)) {
            return Err("a JSON Schema is an object".to_owned());
        }
        if schema.to_string().len() > SCHEMA_BYTES_MAX {
            return Err(format!("the schema is larger than {SCHEMA_BYTES_MAX} bytes"));
        }
        let options = jsonschema::options()
            .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES_MAX))
            .with_retriever(Nothing);
        options.build(schema).map(Self).map_err(|error| shortened(&error.to_string()))
    }

    /// What does not fit, a few problems at most; none when the value fits. `base` stands before each path.
    #[must_use]
    pub fn problems(&self, value: &Value, base: &str) -> Vec<Misfit> {
        let misfit = |error: jsonschema::ValidationError<'_>| Misfit {
            path: format!("{base}{}", error.instance_path()),
            message: shortened(&error.to_string()),
        };
        self.0.iter_errors(value).take(PROBLEMS_MAX).map(misfit).collect()
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schema(..)")
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

fn shortened(sentence: &str) -> String {
    sentence.chars().take(SENTENCE_CHARS_MAX).collect()
}
