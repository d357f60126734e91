//! Reading the answer of a client tool, which both ways of answering take.

use floe_model::FieldProblem;
use serde_json::{Map, Value};

use crate::runs::AnswerKind;

/// Characters of an error's text at most; longer ones are cut.
const ERROR_CHARS_MAX: usize = 10_000;

/// Reads `{executionId, success, output, error?}` (Flow API contract, section 4). `execution` stands in for a missing
/// `executionId`; `base` is the pointer under which problems are told.
///
/// # Errors
/// Every problem at once.
pub fn tool_result(given: &Value, execution: Option<&str>, base: &str) -> Result<AnswerKind, Vec<FieldProblem>> {
    let Value::Object(map) = given else {
        return Err(vec![FieldProblem::new(base, "type", "The result of a client tool must be an object")]);
    };
    let mut problems = Vec::new();
    let mut problem = |name: &str, code: &'static str, message: &str| {
        problems.push(FieldProblem::new(format!("{base}/{name}"), code, message));
    };
    let execution_id = match (present(map, "executionId"), execution) {
        (Some(Value::String(id)), _) => id.clone(),
        (None, Some(id)) => id.to_owned(),
        (None, None) => {
            problem("executionId", "required", "executionId is required");
            String::new()
        }
        (Some(_), _) => {
            problem("executionId", "type", "executionId must be a text");
            String::new()
        }
    };
    let success = match present(map, "success") {
        Some(Value::Bool(success)) => *success,
        None => {
            problem("success", "required", "success is required");
            false
        }
        Some(_) => {
            problem("success", "type", "success must be true or false");
            false
        }
    };
    let error = match present(map, "error") {
        None => "The client tool failed".to_owned(),
        Some(Value::String(text)) => text.chars().take(ERROR_CHARS_MAX).collect(),
        Some(_) => {
            problem("error", "type", "error must be a text");
            String::new()
        }
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let output = || map.get("output").cloned().unwrap_or_default();
    Ok(AnswerKind::ToolResult { execution_id, outcome: if success { Ok(output()) } else { Err(error) } })
}

fn present<'m>(map: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    map.get(name).filter(|value| !value.is_null())
}
