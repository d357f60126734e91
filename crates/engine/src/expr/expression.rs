//! One parsed expression.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::ast::Program;
use super::env::{Env, Names};
use super::error::{EvalError, ParseError};
use super::graph::{self, ast::Code};
use super::parser;
use super::profile::Profile;
use super::script::ScriptKind;
use super::{eval, value::Val};

/// A parsed expression: immutable, cheap to clone, usable from many threads.
#[derive(Clone)]
pub struct Expression(Arc<Inner>);

struct Inner {
    source: Box<str>,
    program: Either,
}

enum Either {
    Steps(Program),
    Graph(Code),
}

impl Expression {
    /// Parses a source of at most [`SOURCE_BYTES_MAX`](super::limits::SOURCE_BYTES_MAX) bytes.
    ///
    /// # Errors
    /// The first place that is not part of the language, or a source that is too long or nested too deep.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        Self::parse_in(Profile::Steps, source)
    }

    /// Parses a source of either language. In a graph, bare names and placeholders may be mixed: `{{x}}` outside quotes
    /// is an operand, inside quotes it is replaced by text.
    ///
    /// # Errors
    /// As for [`Self::parse`]; in a graph only a source longer than
    /// [`SCRIPT_SOURCE_BYTES_MAX`](super::limits::SCRIPT_SOURCE_BYTES_MAX) bytes.
    pub fn parse_in(profile: Profile, source: &str) -> Result<Self, ParseError> {
        let program = match profile {
            Profile::Steps => Either::Steps(parser::parse_expression(source)?),
            Profile::Graph => Either::Graph(graph::parse(source)?),
        };
        Ok(Self(Arc::new(Inner { source: source.into(), program })))
    }

    /// Takes a source as JavaScript of a graph, also when the native grammar could read it.
    ///
    /// # Errors
    /// As for [`Self::parse_in`].
    pub fn script(source: &str, kind: ScriptKind) -> Result<Self, ParseError> {
        let program = Either::Graph(graph::parse_script(source, kind)?);
        Ok(Self(Arc::new(Inner { source: source.into(), program })))
    }

    /// The text that was parsed.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Whether the sandbox has to evaluate it.
    #[must_use]
    pub fn is_script(&self) -> bool {
        matches!(&self.0.program, Either::Graph(Code::Script(_)))
    }

    /// The value as JSON; missing and numbers that are not finite are null. In a graph the failure of a script is null
    /// too.
    ///
    /// # Errors
    /// A passed limit, or a method or function on a value of the wrong type.
    pub fn evaluate(&self, names: &dyn Names, env: &mut Env<'_>) -> Result<Value, EvalError> {
        match &self.0.program {
            Either::Steps(program) => eval::run(program, names, env)?.into_json(),
            Either::Graph(code) => graph::eval::value(code, names, env)?.into_json_in(Profile::Graph),
        }
    }

    /// As [`evaluate`](Self::evaluate), with the failure of a script as an error, and with names in front of the others.
    ///
    /// # Errors
    /// As for [`evaluate`](Self::evaluate), and [`EvalError::Script`].
    pub fn evaluate_with(
        &self,
        locals: &Map<String, Value>,
        names: &dyn Names,
        env: &mut Env<'_>,
    ) -> Result<Value, EvalError> {
        let beside = super::env::Overlay { names, locals };
        match &self.0.program {
            Either::Steps(program) => eval::run(program, &beside, env)?.into_json(),
            Either::Graph(code) => graph::eval::checked(code, &beside, env)?.into_json_in(Profile::Graph),
        }
    }

    /// Whether the value counts as true, as in JavaScript: all but missing, null, false, 0, not-a-number and the
    /// empty text.
    ///
    /// # Errors
    /// As for [`evaluate`](Self::evaluate); in a graph also the failure of a script.
    pub fn is_truthy(&self, names: &dyn Names, env: &mut Env<'_>) -> Result<bool, EvalError> {
        self.value(names, env).map(|value| value.is_truthy())
    }

    fn value<'a>(&'a self, names: &'a dyn Names, env: &mut Env<'_>) -> Result<Val<'a>, EvalError> {
        match &self.0.program {
            Either::Steps(program) => eval::run(program, names, env),
            Either::Graph(code) => graph::eval::checked(code, names, env),
        }
    }

    /// The root names that the expression may read, each once, in order of appearance.
    #[must_use]
    pub fn roots(&self) -> Vec<&str> {
        match &self.0.program {
            Either::Steps(program) => program.names.iter().map(AsRef::as_ref).collect(),
            Either::Graph(code) => code.roots(),
        }
    }

    /// The members that an expression of a graph reads of a root name: `NAME` for `env.NAME`.
    #[must_use]
    pub fn members<'s>(&'s self, root: &'s str) -> Vec<&'s str> {
        match &self.0.program {
            Either::Steps(_) => Vec::new(),
            Either::Graph(code) => code.members(root),
        }
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.source()).finish()
    }
}
