//! What can go wrong: when a source is parsed, and when it is evaluated.

use super::limits::{GRAPH_RESULT_BYTES_MAX, OPERATIONS_MAX, RESULT_BYTES_MAX, SCRIPTS_MAX, VALUE_DEPTH_MAX};
use super::profile::Profile;

/// A source that is not part of the language. A definition problem: it is found before anything runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {offset})")]
pub struct ParseError {
    /// Where, in bytes from the start of the source; for a template from the start of the whole text.
    pub offset: usize,
    /// Sentence for the author, without the place.
    pub message: String,
}

impl ParseError {
    pub(super) fn new(offset: usize, message: impl Into<String>) -> Self {
        Self { offset, message: message.into() }
    }
}

/// Why an evaluation gave no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A bound of the language was passed.
    #[error(transparent)]
    Limit(#[from] Limit),
    /// A method or function does not take a value of this type.
    #[error("{0}")]
    Type(String),
    /// A script of a condition failed.
    #[error("{0}")]
    Script(String),
}

impl EvalError {
    /// The stable code of the step failure: `expression_limit` (Flow API contract, section 6.3) or
    /// `expression_error`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Limit(_) => "expression_limit",
            Self::Type(_) | Self::Script(_) => "expression_error",
        }
    }

    /// The code of the failure in a language; graphs have one for all (Workflow API contract, section 17).
    #[must_use]
    pub const fn code_in(&self, profile: Profile) -> &'static str {
        match profile {
            Profile::Steps => self.code(),
            Profile::Graph => "EXPRESSION_ERROR",
        }
    }
}

/// Which bound was passed during evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// [`OPERATIONS_MAX`], or [`ENV_OPERATIONS_MAX`](super::limits::ENV_OPERATIONS_MAX) over many expressions.
    #[error("the expression needs more than {OPERATIONS_MAX} operations")]
    Operations,
    /// [`RESULT_BYTES_MAX`].
    #[error("a result of the expression is larger than {RESULT_BYTES_MAX} bytes")]
    ResultSize,
    /// [`GRAPH_RESULT_BYTES_MAX`].
    #[error("a result of the expression is larger than {GRAPH_RESULT_BYTES_MAX} bytes")]
    GraphResultSize,
    /// [`VALUE_DEPTH_MAX`].
    #[error("a result of the expression is nested deeper than {VALUE_DEPTH_MAX} levels")]
    ValueDepth,
    /// [`SCRIPTS_MAX`].
    #[error("the expressions of the node need more than {SCRIPTS_MAX} scripts")]
    Scripts,
}
