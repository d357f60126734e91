//! What the body of a resolve says (placements contract, sections 2.1 and 3).
//!
//! A body that is as it should be is read in one go. Only one that is not is read a second time, piece by piece, so that the answer
//! names every problem.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use floe_model::placements::Platform;
use floe_model::placements::asking::{
    ATTRIBUTE_DEPTH_MAX, ATTRIBUTE_LIST_MAX, ATTRIBUTE_NAME_CHARS_MAX, ATTRIBUTE_TEXT_CHARS_MAX, ATTRIBUTES_MAX,
    ID_CHARS_MAX,
};
use floe_model::{Fault, FaultKind, FieldProblem};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::http::parse_json;

/// Placements of a batch, each counted once.
const PLACEMENTS_MAX: usize = 50;
/// Entries of the list as it is sent.
const ENTRIES_MAX: usize = 1_000;
/// Attributes for which there is room at once.
const ATTRIBUTES_ROOM: usize = 14;
/// Problems that one answer names.
const PROBLEMS_MAX: usize = 20;

/// A body, checked.
#[derive(Debug)]
pub(super) struct Input<'a> {
    pub(super) user_id: Cow<'a, str>,
    pub(super) session_id: Cow<'a, str>,
    pub(super) platform: Platform,
    pub(super) attributes: Option<Map<String, Value>>,
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

/// A body of the right types.
#[derive(Debug, Default, serde::Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    user_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    session_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    device_platform: Option<Text<'a>>,
    #[serde(default)]
    attributes: Option<Attributes>,
    #[serde(borrow, default)]
    app_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    placement_keys: Option<Vec<Text<'a>>>,
}

/// A text that is not copied when it holds no escapes.
#[derive(Debug, serde::Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Attributes, read into a map that has room for what most apps send.
#[derive(Debug)]
struct Attributes(Map<String, Value>);

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Attributes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Attributes, A::Error> {
                let mut members = Map::with_capacity(ATTRIBUTES_ROOM);
                while let Some((name, value)) = access.next_entry()? {
                    members.insert(name, value);
                }
                Ok(Attributes(members))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

/// Reads a body.
///
/// # Errors
/// 400 `invalid_json`, `validation_failed` with every problem, `too_many_placements`.
pub(super) fn read(body: &[u8], form: Form) -> Result<Input<'_>, Fault> {
    let mut problems = Problems::default();
    // A list would be read as well, by the order of the members.
    let is_object = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let wire = match serde_json::from_slice::<Wire<'_>>(body) {
        Ok(wire) if is_object => wire,
        Ok(_) | Err(_) => slowly(body, &mut problems)?,
    };
    let user_id = problems.opaque("user_id", wire.user_id);
    let session_id = problems.opaque("session_id", wire.session_id);
    let platform = problems.platform(wire.device_platform);
    let attributes = wire.attributes.map(|attributes| attributes.0);
    if let Some(attributes) = &attributes {
        problems.attributes(attributes, &Place::Top, 0);
    }
    let keys = if form == Form::Batch { problems.keys(wire.placement_keys)? } else { Vec::new() };
    let app_id = wire.app_id.map(|text| text.0);
    match (user_id, session_id, platform) {
        (Some(user_id), Some(session_id), Some(platform)) if problems.0.is_empty() => {
            Ok(Input { user_id, session_id, platform, attributes, app_id, keys })
        }
        _ => Err(Fault::validation(problems.0)),
    }
}

/// The same body member by member, with a problem for each of a wrong type. Of a name that comes twice the last value counts.
fn slowly<'a>(body: &[u8], problems: &mut Problems) -> Result<Wire<'a>, Fault> {
    if body.is_empty() {
        return Err(Fault::new(FaultKind::Invalid, "invalid_json", "The body is empty; it must be a JSON object"));
    }
    let Value::Object(mut members) = parse_json(body)? else {
        return Err(Fault::new(FaultKind::Invalid, "invalid_json", "The body must be a JSON object"));
    };
    let mut take = |name: &str| members.remove(name).filter(|value| !value.is_null());
    let (user_id, session_id, platform) = (take("user_id"), take("session_id"), take("device_platform"));
    let (attributes, app_id, keys) = (take("attributes"), take("app_id"), take("placement_keys"));
    Ok(Wire {
        user_id: problems.text("user_id", user_id),
        session_id: problems.text("session_id", session_id),
        device_platform: problems.text("device_platform", platform),
        attributes: match attributes {
            Some(Value::Object(attributes)) => Some(Attributes(attributes)),
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

/// Where in the attributes something is: written as a path only for a problem.
enum Place<'a> {
    Top,
    In { place: &'a Place<'a>, name: &'a str },
}

impl Place<'_> {
    /// Its JSON pointer.
    fn path(&self) -> String {
        match self {
            Self::Top => "/attributes".to_owned(),
            Self::In { place, name } => format!("{}/{}", place.path(), name.replace('~', "~0").replace('/', "~1")),
        }
    }
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

    fn attributes(&mut self, attributes: &Map<String, Value>, place: &Place<'_>, depth: usize) {
        if attributes.len() > ATTRIBUTES_MAX {
            self.add::<()>(place.path(), "range", format!("At most {ATTRIBUTES_MAX} attributes are taken"));
            return;
        }
        for (name, value) in attributes {
            if name.is_empty() || is_longer(name, ATTRIBUTE_NAME_CHARS_MAX) {
                let message = format!("Names of attributes must have 1 to {ATTRIBUTE_NAME_CHARS_MAX} characters");
                self.add::<()>(place.path(), "length", message);
                return;
            }
            self.attribute(value, &Place::In { place, name }, depth);
        }
    }

    fn attribute(&mut self, value: &Value, place: &Place<'_>, depth: usize) {
        let here = || place.path();
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) if is_longer(text, ATTRIBUTE_TEXT_CHARS_MAX) => self.long_text(here()),
            Value::String(_) => {}
            Value::Array(values) if values.len() > ATTRIBUTE_LIST_MAX => {
                self.add::<()>(
                    here(),
                    "range",
                    format!("A list among the attributes has at most {ATTRIBUTE_LIST_MAX} values"),
                );
            }
            Value::Array(values) => {
                for value in values {
                    match value {
                        Value::String(text) if is_longer(text, ATTRIBUTE_TEXT_CHARS_MAX) => self.long_text(here()),
                        Value::Array(_) | Value::Object(_) => {
                            let message = "A list among the attributes holds texts, numbers, booleans and null only";
                            self.add::<()>(here(), "type", message);
                            return;
                        }
                        _ => {}
                    }
                }
            }
            Value::Object(_) if depth >= ATTRIBUTE_DEPTH_MAX => {
                self.add::<()>(here(), "depth", format!("Attributes are nested at most {ATTRIBUTE_DEPTH_MAX} deep"));
            }
            Value::Object(inner) => self.attributes(inner, place, depth + 1),
        }
    }

    fn long_text(&mut self, path: String) {
        self.add::<()>(
            path,
            "length",
            format!("A text among the attributes has at most {ATTRIBUTE_TEXT_CHARS_MAX} characters"),
        );
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

fn is_longer(text: &str, characters: usize) -> bool {
    text.len() > characters && text.chars().count() > characters
}

#[cfg(test)]
mod tests;
