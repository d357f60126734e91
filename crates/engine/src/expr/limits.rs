//! The named bounds of the language (Flow API contract, section 6.3), and the meter that enforces the number of
//! operations.
//!
//! One operation is one node of the syntax tree. Work over data costs in proportion: [`ELEMENTS_PER_OPERATION`]
//! elements or [`BYTES_PER_OPERATION`] bytes, read or written, are one operation more.

use super::error::{EvalError, Limit};
use super::profile::Profile;

/// Longest source of one expression, in bytes.
pub const SOURCE_BYTES_MAX: usize = 4 * 1024;

/// Deepest nesting of sub-expressions in one expression.
pub const DEPTH_MAX: usize = 64;

/// Operations that one evaluation of one expression may cost.
pub const OPERATIONS_MAX: u64 = 10_000;

/// Operations that all evaluations with one [`Env`](super::Env) may cost together: a bound for a text or a JSON value
/// with very many placeholders.
pub const ENV_OPERATIONS_MAX: u64 = 25 * OPERATIONS_MAX;

/// Size of a result, and of every value made on the way to it: bytes of a text, about the bytes of compact JSON of
/// anything else.
pub const RESULT_BYTES_MAX: usize = 1024 * 1024;

/// Size of a result in a graph, whose inputs may be larger than the results of flows.
pub const GRAPH_RESULT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Deepest nesting of a result. Below what the JSON reader takes (128), so that a result stored inside a document can
/// be read back.
pub const VALUE_DEPTH_MAX: usize = 100;

/// Longest source of one expression of a graph that is wider than its native grammar, in bytes.
pub const SCRIPT_SOURCE_BYTES_MAX: usize = 64 * 1024;

/// Scripts that one round of one evaluation may ask for.
pub const SCRIPTS_MAX: usize = 256;

/// Rounds of scripts and answers that one evaluation may take: scripts that stand behind conditions on other scripts.
pub const SCRIPT_ROUNDS_MAX: usize = 16;

/// Elements of arrays and members of objects that cost one operation.
pub const ELEMENTS_PER_OPERATION: u64 = 16;

/// Bytes of text that cost one operation.
pub const BYTES_PER_OPERATION: u64 = 1024;

/// Counts down in units of one byte, so that small work adds up exactly.
#[derive(Debug)]
pub(super) struct Meter {
    expression_left: u64,
    env_left: u64,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self { expression_left: 0, env_left: ENV_OPERATIONS_MAX * BYTES_PER_OPERATION }
    }

    /// Starts the allowance of the next expression.
    pub(super) fn begin(&mut self) {
        self.expression_left = self.env_left.min(OPERATIONS_MAX * BYTES_PER_OPERATION);
    }

    pub(super) fn operation(&mut self) -> Result<(), EvalError> {
        self.spend(BYTES_PER_OPERATION)
    }

    pub(super) fn elements(&mut self, count: usize) -> Result<(), EvalError> {
        self.spend((count as u64).saturating_mul(BYTES_PER_OPERATION / ELEMENTS_PER_OPERATION))
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<(), EvalError> {
        self.spend(count as u64)
    }

    fn spend(&mut self, units: u64) -> Result<(), EvalError> {
        // A refused expense ends the evaluation; it is not subtracted, so neither count can wrap.
        if units > self.expression_left {
            return Err(EvalError::Limit(Limit::Operations));
        }
        self.expression_left -= units;
        self.env_left -= units;
        Ok(())
    }
}

/// Fails when a text or value of this size may not exist.
pub(super) fn check_size(bytes: usize) -> Result<(), EvalError> {
    check_size_in(Profile::Steps, bytes)
}

/// As [`check_size`], in a language.
pub(super) fn check_size_in(profile: Profile, bytes: usize) -> Result<(), EvalError> {
    let (max, limit) = match profile {
        Profile::Steps => (RESULT_BYTES_MAX, Limit::ResultSize),
        Profile::Graph => (GRAPH_RESULT_BYTES_MAX, Limit::GraphResultSize),
    };
    if bytes > max { Err(EvalError::Limit(limit)) } else { Ok(()) }
}
