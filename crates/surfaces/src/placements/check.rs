//! Parameters of path and query, checked from what the route table says about them, once it is known who calls and before the body
//! is read (placements contract, section 1.2). Handlers read them afterwards without finding anything wrong.

use floe_model::id::parse_bits;
use floe_model::{Fault, FaultKind, FieldProblem, Timestamp};

use crate::http::shape::Kind;
use crate::http::{Param, Params, Query, Route};

/// Checks every parameter; all problems of the query in one answer. Of the path only the id of the app: whatever else is not an id
/// is not found.
///
/// # Errors
/// 400 `invalid_app_id` or `validation_failed`.
pub(super) fn parameters(route: &Route, params: &Params, query: &Query) -> Result<(), Fault> {
    if let Some((_, id)) = params.iter().find(|(name, _)| *name == "appId")
        && parse_bits(id).is_err()
    {
        return Err(Fault::new(FaultKind::Invalid, "invalid_app_id", "The id of the app is not a UUID"));
    }
    let wrong = |param: &Param| {
        // Of a parameter that comes twice the last value counts.
        let text = query.get(param.name)?;
        let (issue, must) = problem(param, text)?;
        Some(FieldProblem::new(format!("/{}", param.name), issue, format!("{} {must}", param.name)))
    };
    let problems: Vec<FieldProblem> = route.doc.query.iter().filter_map(wrong).collect();
    if problems.is_empty() { Ok(()) } else { Err(Fault::validation(problems)) }
}

/// What is wrong with the value of a parameter.
fn problem(param: &Param, text: &str) -> Option<(&'static str, String)> {
    match param.shape.kind {
        Kind::Int { min, max } => {
            let fits = text.parse::<i64>().is_ok_and(|number| (min..=max).contains(&number));
            let range = if max == i64::MAX { format!("from {min}") } else { format!("from {min} to {max}") };
            (!fits).then(|| ("range", format!("must be a whole number {range}")))
        }
        Kind::Words(words) => {
            (!words.contains(&text)).then(|| ("value", format!("must be one of: {}", words.join(", "))))
        }
        Kind::Id => parse_bits(text).is_err().then(|| ("value", "must be a UUID".to_owned())),
        Kind::Flag => {
            (!matches!(text, "true" | "false" | "1" | "0")).then(|| ("value", "must be true or false".to_owned()))
        }
        Kind::Format("date") => Timestamp::parse(&format!("{text}T00:00:00Z"))
            .is_none()
            .then(|| ("value", "must be a date, YYYY-MM-DD".to_owned())),
        Kind::Format("date-time") => {
            Timestamp::parse(text).is_none().then(|| ("value", "must be an instant as in RFC 3339".to_owned()))
        }
        Kind::Text { min, max } => text_problem(text, min, max),
        _ => None,
    }
}

fn text_problem(text: &str, min: usize, max: usize) -> Option<(&'static str, String)> {
    if text.chars().any(char::is_control) {
        return Some(("characters", "holds control characters".to_owned()));
    }
    let length = text.chars().count();
    (length < min || length > max).then(|| ("length", format!("must have {min} to {max} characters")))
}
