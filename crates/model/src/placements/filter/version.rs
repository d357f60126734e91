//! Versions and their order (section 8, Versions).

use std::cmp::Ordering;

/// Most numeric parts of a version.
const PARTS_MAX: usize = 4;

/// A version: up to four numbers, and a pre-release before them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version<'a> {
    numbers: [u64; PARTS_MAX],
    pre_release: Option<&'a str>,
}

/// A version that owns its text.
#[derive(Debug, Clone)]
pub(super) struct OwnedVersion {
    numbers: [u64; PARTS_MAX],
    pre_release: Option<Box<str>>,
}

impl<'a> Version<'a> {
    /// Reads `v1.2.3.4-pre.1+build`; only the first number is necessary.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let text = text.split_once('+').map_or(text, |(version, _build)| version);
        let (numbers, pre_release) = match text.split_once('-') {
            Some((numbers, pre_release)) => (numbers, Some(pre_release)),
            None => (text, None),
        };
        if pre_release.is_some_and(|text| !is_pre_release(text)) {
            return None;
        }
        let mut parts = [0; PARTS_MAX];
        for (index, part) in numbers.split('.').enumerate() {
            // `parse` takes a plus sign, a version does not.
            let digits = part.bytes().all(|byte| byte.is_ascii_digit());
            *parts.get_mut(index)? = if digits { part.parse().ok()? } else { return None };
        }
        Some(Self { numbers: parts, pre_release })
    }

    /// The first dotted number in a text such as `Version 17.4 (Build 21E213)`.
    pub(super) fn within(text: &'a str) -> Option<Self> {
        let is_part = |letter: char| letter.is_ascii_digit() || letter == '.';
        let runs = text.split(|letter| !is_part(letter)).map(|run| run.trim_matches('.'));
        runs.into_iter().find(|run| run.contains('.')).and_then(Self::parse)
    }

    pub(super) fn to_owned(self) -> OwnedVersion {
        OwnedVersion { numbers: self.numbers, pre_release: self.pre_release.map(Box::from) }
    }

    /// The order of Semantic Versioning 2.0, section 11.
    pub(super) fn order(&self, other: &OwnedVersion) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.pre_release, other.pre_release.as_deref()) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(left), Some(right)) => order_of_pre_releases(left, right),
        })
    }
}

fn is_pre_release(text: &str) -> bool {
    text.split('.')
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

fn order_of_pre_releases(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => order_of_identifiers(left, right),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Numbers by value and below words; words by their bytes.
fn order_of_identifiers(left: &str, right: &str) -> Ordering {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match (is_number(left), is_number(right)) {
        (true, true) => {
            // Numbers of any length: more digits is more, when no zero leads.
            let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
            left.len().cmp(&right.len()).then_with(|| left.cmp(right))
        }
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => left.cmp(right),
    }
}
