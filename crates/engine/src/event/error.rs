//! Why a step failed, and what it printed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A line that a step printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// What.
    pub message: String,
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepError {
    /// Stable code, e.g. `http_status`.
    pub code: String,
    /// Sentence for a person; never a stack, query or path of the inside.
    pub message: String,
    /// Whether another attempt may help.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retryable: bool,
    /// Facts for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

impl StepError {
    /// An error that another attempt would meet again.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), retryable: false, details: None }
    }

    /// An error that another attempt may not meet.
    pub fn retryable(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { retryable: true, ..Self::new(code, message) }
    }

    /// Adds facts for programs.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Gives an error of the platform the code that graphs have for it (Workflow API contract, section 17); other codes stay.
    pub fn name_as_in_graphs(&mut self) {
        let code = match self.code.as_str() {
            "step_timeout" | "wait_timeout" => "TIMEOUT",
            "expression_error" | "expression_limit" | "bad_expression" => "EXPRESSION_ERROR",
            "bad_value" | "not_an_array" | "validation_error" | "reserved_name" => "VALIDATION",
            "unknown_type" | "secret_missing" => "NOT_CONFIGURED",
            "sub_flow_failed" => return self.name_as_child(),
            "depth_limit" => "VALIDATION",
            "secret_unavailable" => "TRANSIENT",
            "internal_error" => "INTERNAL",
            _ => return,
        };
        code.clone_into(&mut self.code);
    }

    /// The code of a called run that failed is the one that it failed with, where that is one of graphs.
    fn name_as_child(&mut self) {
        let details = self.details.as_ref();
        let inner = details.and_then(|details| details.pointer("/error/code").or(details.get("code"))?.as_str());
        let is_of_graphs = |code: &&str| code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        self.code = match inner {
            Some("not_found" | "flow_not_published") => "NOT_FOUND".to_owned(),
            Some("validation_error" | "workflow_inactive" | "invalid_definition") => "VALIDATION".to_owned(),
            Some(code) if is_of_graphs(&code) => code.to_owned(),
            _ => "INTERNAL".to_owned(),
        };
    }

    /// `{code, message}`, the result of a step that failed and was told to go on.
    #[must_use]
    pub fn brief(&self) -> Value {
        serde_json::json!({ "code": self.code, "message": self.message })
    }
}
