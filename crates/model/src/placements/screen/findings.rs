//! What the checks found.

use serde::Serialize;

use super::place::Place;
use crate::{Fault, FaultKind, FieldProblem};

/// Most errors, and most warnings, that are listed; a flow has few or is not a flow.
pub const FINDINGS_MAX: usize = 1_000;

/// One thing that is wrong or odd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// JSON pointer into the schema; empty for the schema itself.
    pub pointer: String,
    /// Stable word, e.g. `unknown_node`.
    pub code: &'static str,
    /// Sentence for a person.
    pub message: String,
}

/// The check list of a schema: it can be published when there are no errors (section 10.7).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// What a device would refuse, at most [`FINDINGS_MAX`].
    pub errors: Vec<Finding>,
    /// What looks like a slip, at most [`FINDINGS_MAX`].
    pub warnings: Vec<Finding>,
}

impl Findings {
    /// Whether the schema may be published.
    #[must_use]
    pub fn is_publishable(&self) -> bool {
        self.errors.is_empty()
    }

    /// The refusal to publish, 400 `flow_invalid` with every error as a field; `None` when there is no error.
    #[must_use]
    pub fn refusal(&self) -> Option<Fault> {
        let first = self.errors.first()?;
        let message = match self.errors.len() {
            1 => format!("The flow cannot be published: {}", first.message),
            count => format!("The flow cannot be published: {} (and {} more)", first.message, count - 1),
        };
        let fields = self
            .errors
            .iter()
            .map(|error| FieldProblem::new(error.pointer.clone(), error.code, error.message.clone()))
            .collect();
        Some(Fault::new(FaultKind::Invalid, "flow_invalid", message).with_fields(fields))
    }

    pub(super) fn error(&mut self, place: &Place<'_>, code: &'static str, message: impl FnOnce() -> String) {
        add(&mut self.errors, place, code, message);
    }

    pub(super) fn warning(&mut self, place: &Place<'_>, code: &'static str, message: impl FnOnce() -> String) {
        add(&mut self.warnings, place, code, message);
    }

    pub(super) fn warning_at(&mut self, pointer: String, code: &'static str, message: String) {
        if self.warnings.len() < FINDINGS_MAX {
            self.warnings.push(Finding { pointer, code, message });
        }
    }
}

fn add(list: &mut Vec<Finding>, place: &Place<'_>, code: &'static str, message: impl FnOnce() -> String) {
    if list.len() < FINDINGS_MAX {
        list.push(Finding { pointer: place.pointer(), code, message: message() });
    }
}
