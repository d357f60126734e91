//! What an SDK reports about itself: one report read and checked (Placements contract, section 4).

use serde_json::{Map, Value};

use crate::{Fault, FieldProblem};

/// Bytes of one report at most, when it is unpacked.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Bytes to which each text is cut.
pub const TEXT_BYTES_MAX: usize = 8 * 1024;

/// The texts that a report may have beside those that group it.
const TEXTS: [&str; 8] =
    ["environment", "name", "app_version", "os_version", "device_model", "user_id", "session_id", "stack"];

/// One report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SdkReport {
    /// What the app runs on.
    pub platform: String,
    /// Version of the SDK.
    pub sdk_version: String,
    /// Code of the error.
    pub error_code: Option<String>,
    /// Its message.
    pub message: Option<String>,
    /// Whose it is.
    pub user_id: Option<String>,
    /// Everything else, as a JSON object.
    pub rest: String,
}

impl SdkReport {
    /// Reads a report. Members that are not known are left out, long texts are cut.
    ///
    /// # Errors
    /// Which fields are wrong.
    pub fn read(mut body: Map<String, Value>) -> Result<Self, Fault> {
        let mut problems = Vec::new();
        let platform = text(&mut body, "platform", &mut problems);
        let sdk_version = text(&mut body, "sdk_version", &mut problems);
        for (name, value) in [("platform", &platform), ("sdk_version", &sdk_version)] {
            if value.as_ref().is_none_or(|text| text.trim().is_empty())
                && problems.iter().all(|one| one.path[1..] != *name)
            {
                problems.push(FieldProblem::new(format!("/{name}"), "required", format!("{name} is required")));
            }
        }
        let error_code = text(&mut body, "error_code", &mut problems);
        let message = text(&mut body, "message", &mut problems);
        if error_code.is_none() && message.is_none() && problems.is_empty() {
            problems.push(FieldProblem::new("/error_code", "required", "error_code or message is required"));
        }
        let mut rest = Map::new();
        for name in TEXTS {
            if let Some(given) = text(&mut body, name, &mut problems) {
                rest.insert(name.to_owned(), given.into());
            }
        }
        keep(&mut body, &mut rest, "level", &mut problems, "must be error or warning", |value| {
            matches!(value.as_str(), Some("error" | "warning"))
        });
        keep(&mut body, &mut rest, "context", &mut problems, "must be an object of texts", |value| {
            value.as_object().is_some_and(|members| members.values().all(Value::is_string))
        });
        keep(&mut body, &mut rest, "breadcrumbs", &mut problems, "must be a list", Value::is_array);
        if !problems.is_empty() {
            return Err(Fault::validation(problems));
        }
        if let Some(Value::Object(context)) = rest.get_mut("context") {
            context.values_mut().for_each(|value| *value = cut(value.as_str().unwrap_or_default()).into());
        }
        Ok(Self {
            platform: platform.unwrap_or_default(),
            sdk_version: sdk_version.unwrap_or_default(),
            error_code,
            message,
            user_id: rest.get("user_id").and_then(Value::as_str).map(str::to_owned),
            rest: Value::Object(rest).to_string(),
        })
    }

    /// What reports of one group have in common, as one text.
    #[must_use]
    pub fn group(&self) -> String {
        let Self { platform, sdk_version, error_code, message, .. } = self;
        serde_json::json!([platform, sdk_version, error_code, message]).to_string()
    }
}

/// Takes a text out of the body; null is absent.
fn text(body: &mut Map<String, Value>, name: &str, problems: &mut Vec<FieldProblem>) -> Option<String> {
    match body.remove(name)? {
        Value::Null => None,
        Value::String(text) => Some(cut(&text)),
        _ => {
            problems.push(FieldProblem::new(format!("/{name}"), "type", format!("{name} must be a text")));
            None
        }
    }
}

fn keep(
    body: &mut Map<String, Value>,
    rest: &mut Map<String, Value>,
    name: &'static str,
    problems: &mut Vec<FieldProblem>,
    what: &str,
    is_right: impl Fn(&Value) -> bool,
) {
    match body.remove(name) {
        None | Some(Value::Null) => {}
        Some(value) if is_right(&value) => drop(rest.insert(name.to_owned(), value)),
        Some(_) => problems.push(FieldProblem::new(format!("/{name}"), "type", format!("{name} {what}"))),
    }
}

/// The beginning of a text, without the character that a database refuses.
fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(TEXT_BYTES_MAX)].replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests;
