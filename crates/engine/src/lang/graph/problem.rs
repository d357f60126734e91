//! Problems of a graph definition (Workflow API contract, section 20).

use serde::Serialize;

use crate::lang::Severity;

/// Something wrong with a definition, as the import answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GraphProblem {
    /// One of [`code`].
    pub code: &'static str,
    /// Errors block execution, warnings nothing.
    pub severity: Severity,
    /// The node that it is about, if one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// The field of the node or of the definition, if one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Sentence for the author.
    pub message: String,
}

/// The codes.
pub mod code {
    #![allow(missing_docs, reason = "each constant is its own word; the contract, section 20, explains them")]
    pub const NO_NODES: &str = "NO_NODES";
    pub const MISSING_ENTRY_POINT: &str = "MISSING_ENTRY_POINT";
    pub const LOOP_NO_BODY: &str = "LOOP_NO_BODY";
    pub const DUPLICATE_NODE_ID: &str = "DUPLICATE_NODE_ID";
    pub const UNKNOWN_NODE_TYPE: &str = "UNKNOWN_NODE_TYPE";
    pub const INVALID_EDGE: &str = "INVALID_EDGE";
    pub const CYCLE: &str = "CYCLE";
    pub const TOO_MANY_NODES: &str = "TOO_MANY_NODES";
    pub const MISSING_FIELD: &str = "MISSING_FIELD";
    pub const INVALID_FIELD: &str = "INVALID_FIELD";
    pub const UNREACHABLE_NODE: &str = "UNREACHABLE_NODE";
    pub const ORPHAN_NODE: &str = "ORPHAN_NODE";
    pub const DEAD_END_BRANCH: &str = "DEAD_END_BRANCH";
    pub const OUTPUT_VARIABLE_CONFLICT: &str = "OUTPUT_VARIABLE_CONFLICT";
    pub const UNDEFINED_VARIABLE: &str = "UNDEFINED_VARIABLE";
    pub const EMPTY_PROMPT: &str = "EMPTY_PROMPT";
    pub const LOOP_BODY_INFERRED: &str = "LOOP_BODY_INFERRED";
    pub const UNKNOWN_PROVIDER: &str = "UNKNOWN_PROVIDER";
    pub const MISSING_CONNECTION: &str = "MISSING_CONNECTION";
    pub const CAPABILITY_OFF: &str = "CAPABILITY_OFF";
}

/// Problems found so far, at most [`super::PROBLEMS_MAX`] of each severity.
#[derive(Debug, Default)]
pub(super) struct Problems {
    errors: Vec<GraphProblem>,
    warnings: Vec<GraphProblem>,
}

impl Problems {
    /// An error of a node.
    pub(super) fn error(&mut self, code: &'static str, node: &str, field: &str, message: impl Into<String>) {
        let problem = GraphProblem {
            code,
            severity: Severity::Error,
            node_id: Some(node.to_owned()).filter(|node| !node.is_empty()),
            field: Some(field.to_owned()).filter(|field| !field.is_empty()),
            message: message.into(),
        };
        add(&mut self.errors, problem);
    }

    /// A warning of a node.
    pub(super) fn warn(&mut self, code: &'static str, node: &str, field: &str, message: impl Into<String>) {
        let problem = GraphProblem {
            code,
            severity: Severity::Warning,
            node_id: Some(node.to_owned()).filter(|node| !node.is_empty()),
            field: Some(field.to_owned()).filter(|field| !field.is_empty()),
            message: message.into(),
        };
        add(&mut self.warnings, problem);
    }

    /// Whether an error was found.
    pub(super) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Whether that error or warning of that node was found.
    pub(super) fn has(&self, code: &str, node: &str, field: &str) -> bool {
        let is = |one: &GraphProblem| {
            one.code == code && one.node_id.as_deref() == Some(node) && one.field.as_deref() == Some(field)
        };
        self.errors.iter().chain(&self.warnings).any(is)
    }

    /// All of them, errors first.
    pub(super) fn take(self) -> Vec<GraphProblem> {
        let mut all = self.errors;
        all.extend(self.warnings);
        all
    }
}

fn add(list: &mut Vec<GraphProblem>, problem: GraphProblem) {
    if list.len() < super::PROBLEMS_MAX {
        list.push(problem);
    }
}
