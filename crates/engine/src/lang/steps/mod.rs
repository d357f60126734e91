//! The steps language: a flow as lists of steps joined by `nextStepId` (Flow API contract, section 6).
//!
//! [`compile`] is the way in: it parses, checks, and lowers a definition that has no errors.

mod check;
mod compare;
mod definition;
mod fields;
mod lower;
mod needs;
mod order;
mod secrets;
mod times;
mod walk;

use serde_json::Value;

pub use compare::{Change, LINKS, Op, compare};
pub use definition::{Definition, StepDef};
pub use needs::{Mapping, NeedKind, needs, rename};
pub use walk::{Outlined, outline};

use super::problem::{Problem, Severity};
use crate::catalog::Catalog;
use crate::plan::Plan;

/// Steps of a flow at most, nested ones included.
pub const STEPS_MAX: usize = 500;
/// Levels of nesting at most.
pub const NESTING_MAX: usize = 8;
/// Problems listed at most.
pub const PROBLEMS_MAX: usize = 100;
/// Problems of the outline after which the rest of a definition is not read.
const READ_PROBLEMS_MAX: usize = 1_000;
/// Bytes of a definition at most.
pub const DEFINITION_BYTES_MAX: usize = 1024 * 1024;

/// What came of a definition.
#[derive(Debug)]
pub struct Compiled {
    /// Everything found, errors first, at most [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
    /// The plan, when there is no error.
    pub plan: Option<Plan>,
    /// What the definition names outside of itself, for the caller to look up.
    pub references: Vec<Reference>,
}

/// A record outside of the definition that a step names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The step that names it.
    pub step_id: String,
    /// JSON pointer to the name.
    pub path: String,
    /// What it names.
    pub kind: NeedKind,
    /// The name as written.
    pub name: String,
}

/// Parses, checks and lowers a definition.
#[must_use]
pub fn compile(definition: &Value, catalog: &Catalog) -> Compiled {
    let mut problems = Vec::new();
    let parsed = definition::parse(definition, &mut problems);
    let references = check::check(&parsed, catalog, &mut problems);
    problems.sort_by_key(|problem| problem.severity);
    let failed = problems.first().is_some_and(|problem| problem.severity == Severity::Error);
    problems.truncate(PROBLEMS_MAX);
    let plan = if failed { None } else { lower::lower(&parsed, catalog, &mut problems) };
    Compiled { problems, plan, references }
}

#[cfg(test)]
mod tests;
