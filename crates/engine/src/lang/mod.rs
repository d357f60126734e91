//! The definition languages. Each is parsed, checked and lowered to a [`crate::plan::Plan`].

pub mod graph;
pub mod problem;
pub mod steps;

use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::plan::Plan;
pub use problem::{Problem, Severity};

/// The languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Lists of steps joined by `nextStepId`.
    Steps,
    /// Nodes joined by edges.
    Graph,
}

/// The language of a document, by its shape: a graph has `nodes`, also inside of a wrapper.
#[must_use]
pub fn language(document: &Value) -> Language {
    let has_nodes = |document: &Value| document.get("nodes").is_some();
    let is_graph = has_nodes(document) || document.get("definition").is_some_and(has_nodes);
    if is_graph { Language::Graph } else { Language::Steps }
}

/// Why a document has no plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// How many errors it has.
    pub errors: usize,
    /// Errors and warnings, as its language shows them.
    pub problems: Value,
}

/// The plan of a document in either language.
///
/// # Errors
/// What is wrong with it.
pub fn plan(document: &Value, catalog: &Catalog) -> Result<Plan, Refused> {
    match language(document) {
        Language::Steps => {
            let compiled = steps::compile(document, catalog);
            let errors = compiled.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
            compiled.plan.ok_or_else(|| Refused { errors, problems: json!(compiled.problems) })
        }
        Language::Graph => {
            let compiled = graph::compile(document, catalog.nodes());
            let errors = compiled.errors();
            compiled.plan.ok_or_else(|| Refused { errors, problems: json!(compiled.problems) })
        }
    }
}
