//! Who a filter is asked about, and how a property is looked up in that person's attributes.

use serde_json::Value;

use super::super::attributes::{Attribute, Attributes};
use super::super::words::Platform;
use super::scalar::Scalar;

/// The attribute that the platform of the request stands in for.
const PLATFORM_PROPERTY: &str = "device.platform";
/// The attribute that the user of the request stands in for.
const USER_PROPERTY: &str = "user_id";
/// The attribute whose text is searched for a version when it is none (section 8, Versions).
const OS_VERSION_PROPERTY: &str = "device.os_version";

/// The person of a request.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Who, as the app calls them; empty when nobody said.
    pub user_id: &'a str,
    /// What the app runs on.
    pub platform: Platform,
    /// What the app says about them.
    pub attributes: Option<&'a Attributes<'a>>,
}

/// A property, taken apart for looking it up.
#[derive(Debug, Clone)]
pub(super) struct Property {
    text: Box<str>,
    /// The names between its dots; empty when it has none.
    steps: Box<[Box<str>]>,
    known: Known,
}

/// Properties that are more than a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Platform,
    User,
    OsVersion,
    Other,
}

/// What a property holds; never null.
#[derive(Debug, Clone, Copy)]
pub(super) enum Actual<'a> {
    Said(&'a Attribute<'a>),
    /// Filled in from the request.
    Filled(&'a str),
}

impl Property {
    pub(super) fn new(text: &str) -> Self {
        let steps = if text.contains('.') { text.split('.').map(Box::from).collect() } else { Box::default() };
        let known = match text {
            PLATFORM_PROPERTY => Known::Platform,
            USER_PROPERTY => Known::User,
            OS_VERSION_PROPERTY => Known::OsVersion,
            _ => Known::Other,
        };
        Self { text: text.into(), steps, known }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_os_version(&self) -> bool {
        self.known == Known::OsVersion
    }

    /// The whole text as one attribute; else the way by its dots; else what the request itself says.
    pub(super) fn find<'a>(&self, subject: &Subject<'a>) -> Option<Actual<'a>> {
        let found = subject.attributes.and_then(|attributes| {
            present(attributes.get(&self.text)).or_else(|| self.walk(attributes)).map(Actual::Said)
        });
        found.or(match self.known {
            Known::Platform => Some(Actual::Filled(subject.platform.as_str())),
            Known::User if !subject.user_id.is_empty() => Some(Actual::Filled(subject.user_id)),
            Known::User | Known::OsVersion | Known::Other => None,
        })
    }

    fn walk<'a>(&self, attributes: &'a Attributes<'a>) -> Option<&'a Attribute<'a>> {
        let (first, rest) = self.steps.split_first()?;
        let value = rest.iter().try_fold(attributes.get(first)?, |value, step| match value {
            Attribute::Object(inner) => inner.get(step),
            _ => None,
        });
        present(value)
    }
}

fn present<'a>(value: Option<&'a Attribute<'a>>) -> Option<&'a Attribute<'a>> {
    value.filter(|value| !matches!(value, Attribute::Null))
}

impl<'a> Actual<'a> {
    /// `None` for lists and objects.
    pub(super) fn scalar(&self) -> Option<Scalar<'a>> {
        match self {
            Self::Said(value) => Scalar::of(value),
            Self::Filled(text) => Some(Scalar::Text(text)),
        }
    }

    pub(super) fn elements(&self) -> Option<&'a [Attribute<'a>]> {
        match self {
            Self::Said(Attribute::List(entries)) => Some(entries),
            Self::Said(_) | Self::Filled(_) => None,
        }
    }

    pub(super) fn to_value(self) -> Value {
        match self {
            Self::Said(value) => value.to_value(),
            Self::Filled(text) => text.into(),
        }
    }
}
