//! What an app says about a user (Placements contract, section 2.1), read without copying what need not be copied.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::FieldProblem;

/// Most attributes, and most members of an object inside them.
pub const ATTRIBUTES_MAX: usize = 200;
/// Most characters of the name of an attribute.
pub const NAME_CHARS_MAX: usize = 128;
/// Most characters of a text in an attribute.
pub const TEXT_CHARS_MAX: usize = 1_024;
/// Most entries of a list in an attribute.
pub const LIST_MAX: usize = 100;
/// Most objects inside each other below the attributes.
pub const DEPTH_MAX: usize = 4;
/// Problems that one answer about attributes names.
pub const PROBLEMS_MAX: usize = 20;
/// Attributes for which there is room at once: as many as most apps send.
const ROOM: usize = 16;

/// Attributes by their names, each once, in the order of their first appearance. There are few of them, so that looking through all is
/// faster than a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes<'a> {
    members: Vec<(Cow<'a, str>, Attribute<'a>)>,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute<'a> {
    /// `null`: as if there were none.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Cow<'a, str>),
    /// A list, whatever stands in it; see [`Attributes::check`].
    List(Vec<Self>),
    /// More attributes, whose names are joined by dots.
    Object(Attributes<'a>),
}

/// A text of the input, borrowed where it holds no escapes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl<'a> Attributes<'a> {
    /// The members of a JSON object.
    #[must_use]
    pub fn of(members: &'a Map<String, Value>) -> Self {
        let mut attributes = Self { members: Vec::with_capacity(members.len().min(ATTRIBUTES_MAX + 1)) };
        for (name, value) in members {
            attributes.insert(Cow::Borrowed(name), value.into());
        }
        attributes
    }

    /// The value of an attribute.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Attribute<'a>> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Adds what is wrong with attributes that were sent at a JSON pointer, until there are [`PROBLEMS_MAX`] problems. An object with too
    /// many members or with a bad name is not looked at further, nor a list with a value that it must not have.
    pub fn check(&self, path: &str, problems: &mut Vec<FieldProblem>) {
        Check { problems }.members(self, &Place::Top(path), 0);
    }

    /// Of a name that comes twice the last value counts. What is beyond the limit is left out, as nobody looks at it: that there is
    /// more than the limit is kept.
    fn insert(&mut self, name: Cow<'a, str>, value: Attribute<'a>) {
        let is_beyond = self.members.len() > ATTRIBUTES_MAX;
        match self.members.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None if is_beyond => {}
            None => self.members.push((name, value)),
        }
    }

    fn to_value(&self) -> Value {
        self.members.iter().map(|(name, value)| (name.to_string(), value.to_value())).collect()
    }
}

impl Attribute<'_> {
    /// As JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => Value::String(text.to_string()),
            Self::List(entries) => entries.iter().map(Self::to_value).collect(),
            Self::Object(attributes) => attributes.to_value(),
        }
    }
}

impl<'a> From<&'a Value> for Attribute<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            Value::Array(entries) => Self::List(entries.iter().map(Self::from).collect()),
            Value::Object(members) => Self::Object(Attributes::of(members)),
        }
    }
}

/// Where in the attributes something is: written as a path only for a problem.
enum Place<'a> {
    Top(&'a str),
    In { place: &'a Place<'a>, name: &'a str },
}

impl Place<'_> {
    /// Its JSON pointer (RFC 6901).
    fn path(&self) -> String {
        match self {
            Self::Top(path) => (*path).to_owned(),
            Self::In { place, name } => format!("{}/{}", place.path(), name.replace('~', "~0").replace('/', "~1")),
        }
    }
}

struct Check<'p> {
    problems: &'p mut Vec<FieldProblem>,
}

impl Check<'_> {
    fn add(&mut self, place: &Place<'_>, issue: &'static str, message: String) {
        self.problems.push(FieldProblem::new(place.path(), issue, message));
    }

    fn members(&mut self, attributes: &Attributes<'_>, place: &Place<'_>, depth: usize) {
        if attributes.members.len() > ATTRIBUTES_MAX {
            return self.add(place, "range", format!("At most {ATTRIBUTES_MAX} attributes are taken"));
        }
        for (name, value) in &attributes.members {
            if self.problems.len() >= PROBLEMS_MAX {
                return;
            }
            if name.is_empty() || is_longer(name, NAME_CHARS_MAX) {
                let message = format!("Names of attributes must have 1 to {NAME_CHARS_MAX} characters");
                return self.add(place, "length", message);
            }
            self.value(value, &Place::In { place, name }, depth);
        }
    }

    fn value(&mut self, value: &Attribute<'_>, place: &Place<'_>, depth: usize) {
        match value {
            Attribute::Null | Attribute::Bool(_) | Attribute::Number(_) => {}
            Attribute::Text(text) => self.text(text, place),
            Attribute::List(entries) => self.list(entries, place),
            Attribute::Object(_) if depth >= DEPTH_MAX => {
                self.add(place, "depth", format!("Attributes are nested at most {DEPTH_MAX} deep"));
            }
            Attribute::Object(inner) => self.members(inner, place, depth + 1),
        }
    }

    fn list(&mut self, entries: &[Attribute<'_>], place: &Place<'_>) {
        if entries.len() > LIST_MAX {
            let message = format!("A list among the attributes has at most {LIST_MAX} values");
            return self.add(place, "range", message);
        }
        for entry in entries {
            match entry {
                Attribute::Text(text) if is_longer(text, TEXT_CHARS_MAX) => return self.text(text, place),
                Attribute::List(_) | Attribute::Object(_) => {
                    let message = "A list among the attributes holds texts, numbers, booleans and null only";
                    return self.add(place, "type", message.to_owned());
                }
                Attribute::Null | Attribute::Bool(_) | Attribute::Number(_) | Attribute::Text(_) => {}
            }
        }
    }

    fn text(&mut self, text: &str, place: &Place<'_>) {
        if is_longer(text, TEXT_CHARS_MAX) {
            let message = format!("A text among the attributes has at most {TEXT_CHARS_MAX} characters");
            self.add(place, "length", message);
        }
    }
}

/// Whether a text has more characters; short ones are not counted.
#[must_use]
pub fn is_longer(text: &str, characters: usize) -> bool {
    text.len() > characters && text.chars().count() > characters
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Attributes<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Attributes<'de>, A::Error> {
        let mut attributes = Attributes { members: Vec::with_capacity(ROOM) };
        while let Some((Text(name), value)) = access.next_entry()? {
            attributes.insert(name, value);
        }
        Ok(attributes)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Attributes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Attribute<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Attribute<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_unit<E>(self) -> Result<Attribute<'de>, E> {
                Ok(Attribute::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Attribute<'de>, E> {
                Ok(Attribute::Bool(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Attribute<'de>, E> {
                Ok(Attribute::Number(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Attribute<'de>, E> {
                Ok(Attribute::Number(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Attribute<'de>, E> {
                Ok(Number::from_f64(value).map_or(Attribute::Null, Attribute::Number))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Attribute<'de>, E> {
                Ok(Attribute::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Attribute<'de>, E> {
                Ok(Attribute::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Attribute<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = access.next_element()? {
                    entries.push(entry);
                }
                Ok(Attribute::List(entries))
            }

            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Attribute<'de>, A::Error> {
                Members.visit_map(access).map(Attribute::Object)
            }
        }

        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_without_escapes_are_borrowed_and_the_last_of_a_name_counts() {
        let text = r#"{"a":"x","\u0062":"\"","a":{"c":[1,-1,0.5,null,true,"y"]}}"#;
        let read: Attributes<'_> = serde_json::from_str(text).expect("attributes");
        let names: Vec<_> = read.members.iter().map(|(name, _)| (&**name, matches!(name, Cow::Borrowed(_)))).collect();
        assert_eq!(names, [("a", true), ("b", false)]);
        assert_eq!(read.to_value(), json!({ "a": { "c": [1, -1, 0.5, null, true, "y"] }, "b": "\"" }));
        assert!(matches!(read.get("b"), Some(Attribute::Text(Cow::Owned(_)))));
        assert_eq!(read.get("c"), None);
    }

    #[test]
    fn more_than_the_limit_is_known_and_not_kept() {
        let text = |count: usize| {
            let members: Vec<String> = (0..count).map(|number| format!("\"k{number}\":{number}")).collect();
            format!("{{{},\"k0\":7}}", members.join(","))
        };
        for (count, kept, wrong) in [
            (ATTRIBUTES_MAX, ATTRIBUTES_MAX, 0),
            (ATTRIBUTES_MAX + 1, ATTRIBUTES_MAX + 1, 1),
            (5_000, ATTRIBUTES_MAX + 1, 1),
        ] {
            let text = text(count);
            let read: Attributes<'_> = serde_json::from_str(&text).expect("attributes");
            let mut problems = Vec::new();
            read.check("/attributes", &mut problems);
            assert_eq!((read.members.len(), problems.len()), (kept, wrong), "{count}");
            assert_eq!(read.get("k0"), Some(&Attribute::Number(7.into())));
        }
    }

    #[test]
    fn problems_have_an_end() {
        let long = "x".repeat(TEXT_CHARS_MAX + 1);
        let count = |value: Value| {
            let object = value.as_object().cloned().expect("an object");
            let mut problems = Vec::new();
            Attributes::of(&object).check("/attributes", &mut problems);
            problems.len()
        };
        assert_eq!(count(json!({ "a": [long, long, long] })), 1, "a list is named once");
        let many: Map<String, Value> = (0..100).map(|number| (format!("k{number}"), json!({ "in": [[]] }))).collect();
        assert_eq!(count(Value::Object(many)), PROBLEMS_MAX);
    }

    proptest! {
        /// Reading a text and looking at the values of one that was read give the same.
        #[test]
        fn both_ways_to_attributes_agree(members in prop::collection::vec(("[a-c]{1,2}", "[ -~é\"\\\\]{0,4}", any::<f64>()), 0..8)) {
            let object: Map<String, Value> = members
                .into_iter()
                .map(|(name, text, number)| (name, json!([text, number, { "in": text }])))
                .collect();
            let text = Value::Object(object.clone()).to_string();
            let read: Attributes<'_> = serde_json::from_str(&text).expect("attributes");
            prop_assert_eq!(&read, &Attributes::of(&object));
            prop_assert_eq!(read.to_value(), Value::Object(object));
        }
    }
}
