//! What each operator asks of an attribute that is present (section 8).

use std::cmp::Ordering;

use regex::Regex;
use serde_json::Value;

use super::super::attributes::Attribute;
use super::scalar::Scalar;
use super::subject::Actual;
use super::text::{Text, fold};
use super::version::{OwnedVersion, Version};

/// What is asked, with its value made ready.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// True for everything that is present.
    Present,
    Equals(Box<str>),
    /// Without case.
    Contains(Box<str>),
    /// Without case.
    StartsWith(Box<str>),
    /// Without case.
    EndsWith(Box<str>),
    /// Sorted.
    In(Box<[Box<str>]>),
    Number(Wanted, f64),
    Version(Wanted, OwnedVersion),
    /// Nanoseconds since the Unix epoch.
    Date(Wanted, i128),
    Matches(Regex),
    /// The value is no number, version or date: true for nobody.
    Never,
}

/// Which outcomes of a comparison are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Wanted {
    fn is(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
        }
    }
}

impl Test {
    /// Whether the attribute passes. `find_version` looks for a version inside a text that is none.
    pub(super) fn holds(&self, actual: &Actual<'_>, find_version: bool) -> bool {
        match self {
            Self::Present => true,
            Self::Never => false,
            Self::Equals(wanted) => text_of(actual).is_some_and(|text| *text == **wanted),
            Self::Contains(wanted) => contains(actual, wanted),
            Self::StartsWith(wanted) => text_of(actual).is_some_and(|text| fold(&text).starts_with(&**wanted)),
            Self::EndsWith(wanted) => text_of(actual).is_some_and(|text| fold(&text).ends_with(&**wanted)),
            Self::In(wanted) => is_in(actual, wanted),
            Self::Number(wanted, than) => {
                let number = actual.scalar().and_then(Scalar::number);
                number.and_then(|number| number.partial_cmp(than)).is_some_and(|order| wanted.is(order))
            }
            Self::Version(wanted, than) => {
                let Some(text) = text_of(actual) else { return false };
                let found = Version::parse(&text).or_else(|| find_version.then(|| Version::within(&text)).flatten());
                found.is_some_and(|version| wanted.is(version.order(than)))
            }
            Self::Date(wanted, than) => {
                let instant = actual.scalar().and_then(Scalar::instant);
                instant.is_some_and(|instant| wanted.is(instant.cmp(than)))
            }
            Self::Matches(pattern) => text_of(actual).is_some_and(|text| pattern.is_match(&text)),
        }
    }
}

fn text_of<'a>(actual: &Actual<'a>) -> Option<Text<'a>> {
    actual.scalar().map(Scalar::text)
}

/// The text forms of the elements that have one.
fn texts_of<'a>(elements: &'a [Attribute<'a>]) -> impl Iterator<Item = Text<'a>> {
    elements.iter().filter_map(Scalar::of).map(Scalar::text)
}

fn contains(actual: &Actual<'_>, wanted: &str) -> bool {
    match actual.elements() {
        Some(elements) => texts_of(elements).any(|text| *fold(&text) == *wanted),
        None => text_of(actual).is_some_and(|text| fold(&text).contains(wanted)),
    }
}

fn is_in(actual: &Actual<'_>, wanted: &[Box<str>]) -> bool {
    let listed = |text: Text<'_>| wanted.binary_search_by(|entry| (**entry).cmp(&*text)).is_ok();
    match actual.elements() {
        Some(elements) => texts_of(elements).any(listed),
        None => text_of(actual).is_some_and(listed),
    }
}

/// A comparison of numbers.
pub(super) fn number_test(wanted: Wanted, value: &Value) -> Test {
    Scalar::of_json(value).and_then(Scalar::number).map_or(Test::Never, |than| Test::Number(wanted, than))
}

/// A comparison of versions.
pub(super) fn version_test(wanted: Wanted, value: &str) -> Test {
    Version::parse(value).map_or(Test::Never, |than| Test::Version(wanted, than.to_owned()))
}

/// A comparison of dates.
pub(super) fn date_test(wanted: Wanted, value: &Value) -> Test {
    Scalar::of_json(value).and_then(Scalar::instant).map_or(Test::Never, |than| Test::Date(wanted, than))
}
