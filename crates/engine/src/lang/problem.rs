//! Problems of a definition (Flow API contract, section 6.6).

use serde::Serialize;

/// Whether a problem blocks publishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It does.
    Error,
    /// It does not.
    Warning,
}

/// Something wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Whether it blocks publishing.
    pub severity: Severity,
    /// Stable word.
    pub code: &'static str,
    /// The step that it is about, if one.
    pub step_id: Option<String>,
    /// JSON pointer into the definition (RFC 6901).
    pub path: String,
    /// Sentence for the author.
    pub message: String,
}

impl Problem {
    /// A problem that blocks publishing.
    pub fn error(code: &'static str, step: Option<&str>, path: impl Into<String>, message: impl Into<String>) -> Self {
        let step_id = step.map(str::to_owned);
        Self { severity: Severity::Error, code, step_id, path: path.into(), message: message.into() }
    }

    /// A problem that does not.
    pub fn warning(
        code: &'static str,
        step: Option<&str>,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, step, path, message) }
    }
}
