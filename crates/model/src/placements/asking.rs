//! Who asks what to show: what the body of a resolve may hold (Placements contract, section 2.1), and the reading of one that stands
//! inside a simulation. Bodies of devices are checked by the surface; both keep these limits.

use serde_json::{Map, Value};

use super::attributes::{Attributes, Text, is_longer};
use super::words::Platform;
use crate::FieldProblem;

/// Most characters of a user's or session's id.
pub const ID_CHARS_MAX: usize = 256;

/// The body of a device, of the right types and not looked at further. Nothing of it is copied that need not be.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Body<'a> {
    /// The user.
    #[serde(borrow, default)]
    pub user_id: Option<Text<'a>>,
    /// The session.
    #[serde(borrow, default)]
    pub session_id: Option<Text<'a>>,
    /// What the app runs on.
    #[serde(borrow, default)]
    pub device_platform: Option<Text<'a>>,
    /// What the app says about the user.
    #[serde(borrow, default)]
    pub attributes: Option<Attributes<'a>>,
    /// The app.
    #[serde(borrow, default)]
    pub app_id: Option<Text<'a>>,
    /// The placements of a batch.
    #[serde(borrow, default)]
    pub placement_keys: Option<Vec<Text<'a>>>,
}

impl<'a> Body<'a> {
    /// Reads a body in one go. `None` for what is no such body: a second look tells why.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        // A list would be read as well, by the order of the members.
        let is_object = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        if is_object { serde_json::from_slice(bytes).ok() } else { None }
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Asking {
    /// The user, as the app calls them; case counts.
    pub user_id: String,
    /// The session, as the app calls it.
    pub session_id: String,
    /// What the app runs on.
    pub platform: Platform,
    /// What the app says about the user.
    pub attributes: Option<Map<String, Value>>,
    /// The app that the body names, as it was sent; it must be the app of the address.
    pub app_id: Option<String>,
}

impl Asking {
    /// Reads the members of a body; what it does not know is ignored, null counts as absent.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn read(mut members: Map<String, Value>) -> Result<Self, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let user_id = required_id(&mut members, "user_id", &mut problems);
        let session_id = required_id(&mut members, "session_id", &mut problems);
        let platform = platform(&mut members, &mut problems);
        let attributes = attributes(taken(&mut members, "attributes"), "/attributes").unwrap_or_else(|wrong| {
            problems.extend(wrong);
            None
        });
        let app_id = match taken(&mut members, "app_id") {
            None => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                problems.push(FieldProblem::new("/app_id", "type", "app_id must be a text"));
                None
            }
        };
        match platform {
            Some(platform) if problems.is_empty() => Ok(Self { user_id, session_id, platform, attributes, app_id }),
            _ => Err(problems),
        }
    }
}

/// Reads attributes that were sent at a JSON pointer; null counts as absent.
///
/// # Errors
/// Everything that is wrong with them.
pub fn attributes(value: Option<Value>, path: &str) -> Result<Option<Map<String, Value>>, Vec<FieldProblem>> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => {
            let mut problems = Vec::new();
            Attributes::of(&members).check(path, &mut problems);
            if problems.is_empty() { Ok(Some(members)) } else { Err(problems) }
        }
        Some(_) => Err(vec![FieldProblem::new(path, "type", "attributes must be an object")]),
    }
}

fn taken(members: &mut Map<String, Value>, name: &str) -> Option<Value> {
    members.get_mut(name).map(Value::take).filter(|value| !value.is_null())
}

/// An id that must be there, not blank; the empty text after a problem.
fn required_id(members: &mut Map<String, Value>, name: &str, problems: &mut Vec<FieldProblem>) -> String {
    let (code, message) = match taken(members, name) {
        None => ("required", format!("{name} is required")),
        Some(Value::String(text)) if text.trim().is_empty() => ("required", format!("{name} must not be blank")),
        Some(Value::String(text)) if is_longer(&text, ID_CHARS_MAX) => {
            ("length", format!("{name} must have 1 to {ID_CHARS_MAX} characters"))
        }
        // No database keeps this character in a text.
        Some(Value::String(text)) if text.contains('\0') => ("characters", format!("{name} holds a NUL")),
        Some(Value::String(text)) => return text,
        Some(_) => ("type", format!("{name} must be a text")),
    };
    problems.push(FieldProblem::new(format!("/{name}"), code, message));
    String::new()
}

fn platform(members: &mut Map<String, Value>, problems: &mut Vec<FieldProblem>) -> Option<Platform> {
    let (code, message) = match taken(members, "device_platform") {
        None => ("required", "device_platform is required"),
        Some(Value::String(text)) => match Platform::parse(&text) {
            Some(platform) => return Some(platform),
            None => ("value", "device_platform must be one of: ios, android, web"),
        },
        Some(_) => ("type", "device_platform must be a text"),
    };
    problems.push(FieldProblem::new("/device_platform", code, message));
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Result<Asking, Vec<(String, &'static str)>> {
        let Value::Object(members) = body else { panic!("bodies here are objects") };
        Asking::read(members)
            .map_err(|problems| problems.into_iter().map(|problem| (problem.path, problem.code)).collect())
    }

    fn with_attributes(attributes: Value) -> Value {
        json!({ "user_id": "u", "session_id": "s", "device_platform": "web", "attributes": attributes })
    }

    fn nested(levels: usize) -> Value {
        (0..levels).fold(json!(1), |inner, _| json!({ "a": inner }))
    }

    #[test]
    fn a_body_is_read_and_unknown_members_are_ignored() {
        let asking = read(json!({
            "user_id": "F5057FEE", "session_id": " s ", "device_platform": "ios", "attributes": null, "app_id": null, "more": 1,
        }));
        let expected = Asking {
            user_id: "F5057FEE".to_owned(),
            session_id: " s ".to_owned(),
            platform: Platform::Ios,
            attributes: None,
            app_id: None,
        };
        assert_eq!(asking, Ok(expected));
    }

    #[test]
    fn every_wrong_field_is_named() {
        let all =
            read(json!({ "user_id": 1, "session_id": " ", "device_platform": "iOS", "attributes": [], "app_id": 1 }));
        let expected = [
            ("/user_id", "type"),
            ("/session_id", "required"),
            ("/device_platform", "value"),
            ("/attributes", "type"),
            ("/app_id", "type"),
        ];
        assert_eq!(all, Err(expected.map(|(path, code)| (path.to_owned(), code)).to_vec()));
        let none = [("/user_id", "required"), ("/session_id", "required"), ("/device_platform", "required")];
        assert_eq!(read(json!({})), Err(none.map(|(path, code)| (path.to_owned(), code)).to_vec()));
        for (user, is_good) in [("é".repeat(256), true), ("é".repeat(257), false), ("a\0".to_owned(), false)] {
            let body = json!({ "user_id": user, "session_id": "s", "device_platform": "web" });
            assert_eq!(read(body).is_ok(), is_good, "{user:?}");
        }
    }

    #[test]
    fn attributes_have_limits() {
        let many = |count: usize| Value::Object((0..count).map(|index| (format!("k{index}"), json!(1))).collect());
        let cases = [
            (json!({}), None),
            (json!({ "a": [1, "x", true, null], "b": { "c": null } }), None),
            (many(super::super::attributes::ATTRIBUTES_MAX), None),
            (many(super::super::attributes::ATTRIBUTES_MAX + 1), Some(("/attributes", "range"))),
            (json!({ "": 1 }), Some(("/attributes", "length"))),
            (json!({ ("k".repeat(129)): 1 }), Some(("/attributes", "length"))),
            (json!({ "a": "x".repeat(1_024) }), None),
            (json!({ "a": "x".repeat(1_025) }), Some(("/attributes/a", "length"))),
            (json!({ "a": vec![1; 101] }), Some(("/attributes/a", "range"))),
            (json!({ "a": [[1]] }), Some(("/attributes/a", "type"))),
            (json!({ "a": [{}] }), Some(("/attributes/a", "type"))),
            (json!({ "a": ["x".repeat(1_025)] }), Some(("/attributes/a", "length"))),
            (nested(5), None),
            (nested(6), Some(("/attributes/a/a/a/a/a", "depth"))),
        ];
        for (attributes, problem) in cases {
            let expected = problem.map(|(path, code)| vec![(path.to_owned(), code)]);
            assert_eq!(read(with_attributes(attributes.clone())).err(), expected, "{attributes}");
        }
    }
}
