//! One parsed expression.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::ast::Program;
use super::env::{Env, Names};
use super::error::{EvalError, ParseError};
use super::eval;
use super::parser;

/// A parsed expression: immutable, cheap to clone, usable from many threads.
#[derive(Clone)]
pub struct Expression(Arc<Inner>);

struct Inner {
    source: Box<str>,
    program: Program,
}

impl Expression {
    /// Parses a source of at most [`SOURCE_BYTES_MAX`](super::limits::SOURCE_BYTES_MAX) bytes.
    ///
    /// # Errors
    /// The first place that is not part of the language, or a source that is too long or nested too deep.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        let program = parser::parse_expression(source)?;
        Ok(Self(Arc::new(Inner { source: source.into(), program })))
    }

    /// The text that was parsed.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The value as JSON; missing and numbers that are not finite are null.
    ///
    /// # Errors
    /// A passed limit, or a method or function on a value of the wrong type.
    pub fn evaluate(&self, names: &dyn Names, env: &mut Env<'_>) -> Result<Value, EvalError> {
        eval::run(&self.0.program, names, env)?.into_json()
    }

    /// Whether the value counts as true, as in JavaScript: all but missing, null, false, 0, not-a-number and the
    /// empty text.
    ///
    /// # Errors
    /// As for [`evaluate`](Self::evaluate).
    pub fn is_truthy(&self, names: &dyn Names, env: &mut Env<'_>) -> Result<bool, EvalError> {
        Ok(eval::run(&self.0.program, names, env)?.is_truthy())
    }

    /// The root names that the expression may read, each once, in order of appearance.
    #[must_use]
    pub fn roots(&self) -> Vec<&str> {
        self.0.program.names.iter().map(AsRef::as_ref).collect()
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.source()).finish()
    }
}
