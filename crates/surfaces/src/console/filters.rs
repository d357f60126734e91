//! Filters of lists that are more than a text.

use floe_model::{Fault, FaultKind, Mode, Timestamp};
use serde_json::{Value, json};

use crate::http::Call;

/// Characters of a filter at most.
const TEXT_MAX: usize = 300;

/// An instant, or a day in UTC, which is its beginning.
///
/// # Errors
/// 400 for anything else.
pub(super) fn instant(call: &Call, name: &str) -> Result<Option<Timestamp>, Fault> {
    let Some(text) = call.query.get(name) else { return Ok(None) };
    let day = || Timestamp::parse(&format!("{text}T00:00:00Z"));
    let wrong = || {
        Fault::field(
            format!("/{name}"),
            "type",
            format!("{name} must be an instant such as 2026-01-31T08:00:00Z, or a day"),
        )
    };
    Timestamp::parse(text).or_else(day).map(Some).ok_or_else(wrong)
}

/// An id in either spelling.
///
/// # Errors
/// 400 for anything else.
pub(super) fn id(call: &Call, name: &str) -> Result<Option<u128>, Fault> {
    let Some(text) = call.query.get(name) else { return Ok(None) };
    let wrong = |_| Fault::field(format!("/{name}"), "type", format!("{name} must be an id"));
    floe_model::id::parse_bits(text).map(Some).map_err(wrong)
}

/// Live or test.
///
/// # Errors
/// 400 for anything else.
pub(super) fn mode(call: &Call) -> Result<Option<Mode>, Fault> {
    let Some(text) = call.query.get("mode") else { return Ok(None) };
    Mode::parse(text).map(Some).ok_or_else(|| Fault::field("/mode", "value", "mode must be live or test"))
}

/// One of a set of words.
///
/// # Errors
/// 400 for anything else.
pub(super) fn word(call: &Call, name: &str, words: &[&str]) -> Result<Option<String>, Fault> {
    let Some(text) = call.query.get(name) else { return Ok(None) };
    let wrong = || Fault::field(format!("/{name}"), "value", format!("{name} must be one of: {}", words.join(", ")));
    if words.contains(&text) { Ok(Some(text.to_owned())) } else { Err(wrong()) }
}

/// A text of bounded length without NUL.
///
/// # Errors
/// 400 for a longer one.
pub(super) fn text(call: &Call, name: &str) -> Result<Option<String>, Fault> {
    let Some(text) = call.query.get(name) else { return Ok(None) };
    if text.chars().count() > TEXT_MAX || text.contains('\0') {
        let message = format!("{name} must have at most {TEXT_MAX} characters");
        return Err(Fault::field(format!("/{name}"), "length", message));
    }
    Ok(Some(text.to_owned()))
}

/// A list that is shown newest first only.
///
/// # Errors
/// 400 for another order.
pub(super) fn newest_first(newest_first: bool) -> Result<(), Fault> {
    if newest_first { Ok(()) } else { Err(Fault::field("/sort", "value", "sort must be -created_at")) }
}

/// Refuses a member of an object in a body that is none of these.
///
/// # Errors
/// 400 `unknown_field` naming it.
pub(super) fn known_only(path: &str, value: &Value, known: &[&str]) -> Result<(), Fault> {
    let names = value.as_object().into_iter().flat_map(|map| map.keys());
    let Some(name) = names.map(String::as_str).find(|name| !known.contains(name)) else { return Ok(()) };
    let shown: String = format!("{path}/{name}").chars().take(100).collect();
    let fault = Fault::new(FaultKind::Invalid, "unknown_field", format!("There is no field {shown:?} here"));
    Err(fault.with_details(json!({ "field": shown })))
}
