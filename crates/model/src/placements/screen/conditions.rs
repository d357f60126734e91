//! Conditions that are evaluated on the device (Placements contract, section 10.5).

use serde_json::Value;

use super::findings::Findings;
use super::place::Place;
use super::words::{Operand, operand_of};

/// Checks one condition; the ones nested in it come by themselves.
pub(super) fn check(findings: &mut Findings, place: &Place<'_>, condition: &Value) {
    let Some(op) = condition.get("op").and_then(Value::as_str) else {
        findings.error(place, "condition_invalid", || "A condition is an object with `op`".to_owned());
        return;
    };
    match op {
        "and" | "or" if condition.get("conditions").is_none_or(|nested| !nested.is_array()) => {
            findings.error(place, "condition_invalid", || format!("`{op}` needs a list `conditions`"));
        }
        "not" if condition.get("condition").is_none_or(|nested| !nested.is_object()) => {
            findings.error(place, "condition_invalid", || "`not` needs a `condition`".to_owned());
        }
        "and" | "or" | "not" => {}
        _ => check_comparison(findings, place, condition, op),
    }
}

fn check_comparison(findings: &mut Findings, place: &Place<'_>, condition: &Value, op: &str) {
    let Some(operand) = operand_of(op) else {
        findings.error(&place.member("op"), "unknown_operator", || format!("There is no operator `{op}`"));
        return;
    };
    if variable_of(condition).is_none() {
        findings.error(&place.member("left"), "condition_invalid", || {
            format!("`{op}` needs `left` to be {{\"var\": …}} with the key of a variable")
        });
    }
    let right = condition.get("right").unwrap_or(&Value::Null);
    let (fits, wanted) = match operand {
        Operand::Any | Operand::None => (true, ""),
        Operand::Number => (right.is_number(), "a number"),
        Operand::Text => (right.is_string(), "a text"),
    };
    if !fits {
        findings.error(&place.member("right"), "condition_operand", || format!("`{op}` needs {wanted} as `right`"));
    }
}

/// The variable that a comparison reads.
pub(super) fn variable_of(condition: &Value) -> Option<&str> {
    condition.get("left")?.get("var")?.as_str().filter(|key| !key.is_empty())
}
