//! What the body of a resolve says (placements contract, sections 2.1 and 3).
//!
//! A body that is as it should be is read in one go. Only one that is not is read a second time, piece by piece, so that the answer
//! names every problem.

use std::borrow::Cow;
use std::collections::HashSet;

use floe_model::placements::Platform;
use floe_model::placements::asking::{Body, ID_CHARS_MAX};
use floe_model::placements::attributes::{Attributes, PROBLEMS_MAX, Text, is_longer};
use floe_model::{Fault, FaultKind, FieldProblem};
use serde::Deserialize as _;
use serde_json::Value;

use crate::http::parse_json;

/// Placements of a batch, each counted once.
const PLACEMENTS_MAX: usize = 50;
/// Entries of the list as it is sent.
const ENTRIES_MAX: usize = 1_000;

/// A body, checked.
#[derive(Debug)]
pub(super) struct Input<'a> {
    pub(super) user_id: Cow<'a, str>,
    pub(super) session_id: Cow<'a, str>,
    pub(super) platform: Platform,
    pub(super) attributes: Option<Attributes<'a>>,
    pub(super) app_id: Option<Cow<'a, str>>,
    /// Each key once, in the order of their first appearance; empty where none are asked for.
    pub(super) keys: Vec<Cow<'a, str>>,
}

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A resolve of one placement or flow.
    One,
    /// A batch.
    Batch,
}

/// Reads a body.
///
/// # Errors
/// 400 `invalid_json`, `validation_failed` with every problem, `too_many_placements`.
pub(super) fn read(body: &[u8], form: Form) -> Result<Input<'_>, Fault> {
    let mut problems = Problems::default();
    let said = match Body::parse(body) {
        Some(said) => said,
        None => slowly(body, &mut problems)?,
    };
    let user_id = problems.opaque("user_id", said.user_id);
    let session_id = problems.opaque("session_id", said.session_id);
    let platform = problems.platform(said.device_platform);
    if let Some(attributes) = &said.attributes {
        attributes.check("/attributes", &mut problems.0);
    }
    let keys = if form == Form::Batch { problems.keys(said.placement_keys)? } else { Vec::new() };
    let app_id = said.app_id.map(|text| text.0);
    match (user_id, session_id, platform) {
        (Some(user_id), Some(session_id), Some(platform)) if problems.0.is_empty() => {
            Ok(Input { user_id, session_id, platform, attributes: said.attributes, app_id, keys })
        }
        _ => Err(Fault::validation(problems.0)),
    }
}

/// The same body member by member, with a problem for each of a wrong type. Of a name that comes twice the last value counts.
fn slowly<'a>(body: &[u8], problems: &mut Problems) -> Result<Body<'a>, Fault> {
    if body.is_empty() {
        return Err(Fault::new(FaultKind::Invalid, "invalid_json", "The body is empty; it must be a JSON object"));
    }
    let Value::Object(mut members) = parse_json(body)? else {
        return Err(Fault::new(FaultKind::Invalid, "invalid_json", "The body must be a JSON object"));
    };
    let mut take = |name: &str| members.remove(name).filter(|value| !value.is_null());
    let (user_id, session_id, platform) = (take("user_id"), take("session_id"), take("device_platform"));
    let (attributes, app_id, keys) = (take("attributes"), take("app_id"), take("placement_keys"));
    Ok(Body {
        user_id: problems.text("user_id", user_id),
        session_id: problems.text("session_id", session_id),
        device_platform: problems.text("device_platform", platform),
        attributes: match attributes {
            Some(value @ Value::Object(_)) => Attributes::deserialize(value).ok(),
            Some(_) => problems.add("/attributes", "type", "attributes must be an object"),
            None => None,
        },
        app_id: problems.text("app_id", app_id),
        placement_keys: match keys {
            Some(Value::Array(entries)) => problems.texts(entries),
            Some(_) => problems.add("/placement_keys", "type", "placement_keys must be a list of texts"),
            None => None,
        },
    })
}

/// What is wrong with a body.
#[derive(Debug, Default)]
struct Problems(Vec<FieldProblem>);

impl Problems {
    fn add<T>(&mut self, path: impl Into<String>, issue: &'static str, message: impl Into<String>) -> Option<T> {
        if self.0.len() < PROBLEMS_MAX {
            self.0.push(FieldProblem::new(path, issue, message));
        }
        None
    }

    fn knows(&self, path: &str) -> bool {
        self.0.iter().any(|problem| problem.path == path)
    }

    fn text<'a>(&mut self, name: &str, value: Option<Value>) -> Option<Text<'a>> {
        match value? {
            Value::String(text) => Some(Text(text.into())),
            _ => self.add(format!("/{name}"), "type", format!("{name} must be a text")),
        }
    }

    fn texts<'a>(&mut self, entries: Vec<Value>) -> Option<Vec<Text<'a>>> {
        let mut texts = Vec::with_capacity(entries.len().min(ENTRIES_MAX));
        for (index, entry) in entries.into_iter().enumerate() {
            match entry {
                Value::String(text) => texts.push(Text(text.into())),
                _ => {
                    let message = format!("placement_keys[{index}] must be a text");
                    return self.add(format!("/placement_keys/{index}"), "type", message);
                }
            }
        }
        Some(texts)
    }

    /// A user or a session: opaque, and not blank.
    fn opaque<'a>(&mut self, name: &str, text: Option<Text<'a>>) -> Option<Cow<'a, str>> {
        let path = || format!("/{name}");
        let Some(Text(text)) = text else {
            let is_known = self.knows(&path());
            return if is_known { None } else { self.add(path(), "required", format!("{name} is required")) };
        };
        if text.trim().is_empty() {
            return self.add(path(), "required", format!("{name} must not be blank"));
        }
        if is_longer(&text, ID_CHARS_MAX) {
            return self.add(path(), "length", format!("{name} must have at most {ID_CHARS_MAX} characters"));
        }
        if text.contains('\0') {
            return self.add(path(), "characters", format!("{name} must not hold a zero character"));
        }
        Some(text)
    }

    fn platform(&mut self, text: Option<Text<'_>>) -> Option<Platform> {
        const NAME: &str = "/device_platform";
        let Some(Text(text)) = text else {
            let is_known = self.knows(NAME);
            return if is_known { None } else { self.add(NAME, "required", "device_platform is required") };
        };
        let platform = Platform::parse(&text);
        platform.or_else(|| self.add(NAME, "value", "device_platform must be one of: ios, android, web"))
    }

    fn keys<'a>(&mut self, texts: Option<Vec<Text<'a>>>) -> Result<Vec<Cow<'a, str>>, Fault> {
        const NAME: &str = "/placement_keys";
        let Some(texts) = texts else {
            if !self.0.iter().any(|problem| problem.path.starts_with(NAME)) {
                self.add::<()>(NAME, "required", "placement_keys is required");
            }
            return Ok(Vec::new());
        };
        if texts.is_empty() {
            self.add::<()>(NAME, "required", "placement_keys must name a placement");
            return Ok(Vec::new());
        }
        if texts.len() > ENTRIES_MAX {
            return Err(too_many(format!("placement_keys has at most {ENTRIES_MAX} entries")));
        }
        let mut seen = HashSet::with_capacity(texts.len());
        let mut keys: Vec<Cow<'a, str>> = Vec::with_capacity(texts.len().min(PLACEMENTS_MAX + 1));
        for Text(key) in texts {
            if seen.insert(key.clone()) {
                keys.push(key);
            }
        }
        if keys.len() > PLACEMENTS_MAX {
            return Err(too_many(format!("At most {PLACEMENTS_MAX} different placements can be asked for at once")));
        }
        Ok(keys)
    }
}

fn too_many(message: String) -> Fault {
    let problem = FieldProblem::new("/placement_keys", "range", message.clone());
    Fault::new(FaultKind::Invalid, "too_many_placements", message).with_fields(vec![problem])
}

#[cfg(test)]
mod tests;
