//! Parameters of path and query, checked from what the route table says about them, before the body is read (Treasury contract,
//! sections 1.3 and 1.4). Handlers read them afterwards without finding anything wrong.

use floe_model::{Fault, FieldProblem};

use super::input::{self, control_problem, length_problem};
use crate::http::shape::Kind;
use crate::http::{Param, Params, Query, Route};

/// Checks every parameter; all problems in one answer.
///
/// # Errors
/// 422.
pub(super) fn parameters(route: &Route, params: &Params, query: &Query) -> Result<(), Fault> {
    let mut problems = Vec::new();
    for (name, value) in params.iter().filter(|(name, _)| *name == "id" || name.ends_with("_id")) {
        if input::parse_id(value).is_none() {
            problems.push(FieldProblem::new(format!("/path/{name}"), "uuid_parsing", input::NO_UUID));
        }
    }
    for param in &route.doc.query {
        // Of a parameter that comes twice the last value counts.
        if let Some((kind, message)) = query.get(param.name).and_then(|text| problem(param, text)) {
            problems.push(FieldProblem::new(format!("/query/{}", param.name), kind, message));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(input::invalid(problems)) }
}

/// What is wrong with the value of a parameter.
fn problem(param: &Param, text: &str) -> Option<(&'static str, String)> {
    match param.shape.kind {
        Kind::Int { min, max } => int_problem(text, min, max),
        Kind::Words(words) => {
            (!words.contains(&text)).then(|| ("enum", format!("must be one of: {}", words.join(", "))))
        }
        Kind::Id => input::parse_id(text).is_none().then(|| ("uuid_parsing", input::NO_UUID.to_owned())),
        Kind::Flag => (!matches!(text, "true" | "false")).then(|| ("enum", "must be true or false".to_owned())),
        Kind::Format("date") => input::parse_date(text).is_none().then(|| ("date_parsing", input::NO_DATE.to_owned())),
        Kind::Format("date-time") => {
            input::parse_instant(text).is_none().then(|| ("date_parsing", input::NO_INSTANT.to_owned()))
        }
        Kind::Text { min, max } => control_problem(text).or_else(|| length_problem(text.trim(), min, max)),
        _ => None,
    }
}

fn int_problem(text: &str, min: i64, max: i64) -> Option<(&'static str, String)> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(("int_parsing", "must be an integer".to_owned()));
    }
    // A number too long for the type is still a number.
    let number = text.parse::<i64>().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX });
    if number < min {
        return Some(("greater_than_equal", format!("must be greater than or equal to {min}")));
    }
    (number > max).then(|| ("less_than_equal", format!("must be less than or equal to {max}")))
}
