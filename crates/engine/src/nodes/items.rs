//! Where loops take their passes from (Workflow API contract, section 16).

use serde_json::Value;

use super::config::wrong;
use super::convert;
use crate::event::StepError;
use crate::expr::is_model_record;

/// What stands in front of an entry of a list in a text.
const BULLETS: [char; 4] = ['-', '*', '•', '+'];
/// Passes of a counted loop that can be asked for; the loop's own limit is lower.
const COUNT_MAX: f64 = 1e9;

/// The items of a loop over a list.
///
/// An array is its members; a record of files its files; a record of a model its text; an object with exactly one array that array; a
/// text what it holds as JSON, else its lines that are not empty, without the marks of a list.
///
/// # Errors
/// The value is none of these.
pub fn items(value: &Value) -> Result<Vec<Value>, StepError> {
    match value {
        Value::Array(items) => Ok(items.clone()),
        Value::Object(members) => match (members.get("files"), members.get("text")) {
            (Some(Value::Array(files)), _) if members.contains_key("combinedText") => Ok(files.clone()),
            (_, Some(Value::String(text))) if is_model_record(members) => of_text(text),
            _ => only_array(value).ok_or_else(|| not_a_list("an object without exactly one list in it")),
        },
        Value::String(text) => of_text(text),
        Value::Null => Err(not_a_list("nothing")),
        Value::Bool(_) => Err(not_a_list("a boolean")),
        Value::Number(_) => Err(not_a_list("a number")),
    }
}

fn of_text(text: &str) -> Result<Vec<Value>, StepError> {
    match convert::composite_in(text) {
        Some(Value::Array(items)) => Ok(items),
        Some(object) => only_array(&object).ok_or_else(|| not_a_list("an object without exactly one list in it")),
        None => Ok(text.lines().map(without_bullet).filter(|line| !line.is_empty()).map(Value::from).collect()),
    }
}

fn only_array(value: &Value) -> Option<Vec<Value>> {
    let mut arrays = value.as_object()?.values().filter_map(Value::as_array);
    let first = arrays.next()?;
    arrays.next().is_none().then(|| first.clone())
}

/// `- one`, `* one`, `1. one` and `2) one` without their marks.
fn without_bullet(line: &str) -> &str {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix(BULLETS).filter(|rest| rest.starts_with(char::is_whitespace)) {
        return rest.trim_start();
    }
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let numbered = line[digits..].strip_prefix(['.', ')']).filter(|rest| rest.starts_with(char::is_whitespace));
    match numbered {
        Some(rest) if digits > 0 => rest.trim_start(),
        _ => line,
    }
}

fn not_a_list(what: &str) -> StepError {
    wrong(format!("The loop needs a list, and its source is {what}"))
}

/// How often a counted loop passes: a number, or a text that spells one; fractions are cut.
///
/// # Errors
/// The value is no number, or below zero.
pub fn count(value: &Value) -> Result<usize, StepError> {
    let number = convert::to_number(value).and_then(|number| number.as_f64());
    match number {
        Some(x) if (0.0..=COUNT_MAX).contains(&x) => Ok(x as usize),
        Some(_) => Err(wrong(format!("The count of the loop must be from 0 to {COUNT_MAX}"))),
        None => Err(wrong("The count of the loop is not a number")),
    }
}
