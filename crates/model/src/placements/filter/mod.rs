//! Audience filters: which users a placement, a rule or a saved audience is for (Placements contract, section 8).
//!
//! A filter is read and checked once, when it is saved or when a snapshot is built, and then only walked: properties are taken
//! apart, values have their text form, lists are sorted, patterns are compiled. Start reading with `read.rs` for what is allowed and
//! `test.rs` for what each operator means.

mod date;
mod linking;
mod operator;
mod read;
mod scalar;
mod subject;
mod test;
mod text;
mod version;

use std::sync::Arc;

use serde_json::{Map, Value, json};

pub use linking::{LinkProblem, Saved};
pub use operator::Operator;
pub use subject::Subject;

use subject::Property;
use test::Test;

use crate::FieldProblem;
use crate::id::AudienceId;

/// Most filters inside each other, saved audiences counted where they are used.
pub const DEPTH_MAX: usize = 5;
/// Most conditions of a filter in all, those of its saved audiences counted.
pub const CONDITIONS_MAX: usize = 100;
/// Most characters of a property.
pub const PROPERTY_CHARS_MAX: usize = 512;
/// Most characters of a text that an attribute is compared with.
pub const VALUE_CHARS_MAX: usize = 1_024;
/// Most entries of the list of `in` and `not_in`.
pub const LIST_MAX: usize = 1_000;
/// Most characters of a pattern of `matches`.
pub const PATTERN_CHARS_MAX: usize = 256;
/// Most bytes of a compiled pattern: what a pattern costs each user grows with it.
const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// A filter, ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    any: bool,
    nodes: Box<[Node]>,
}

#[derive(Debug, Clone)]
enum Node {
    Condition(Box<Condition>),
    Group(Filter),
    /// A saved audience; without its filter it matches nobody.
    Audience(AudienceId, Option<Arc<Filter>>),
    /// Something that could not be read: matches nobody.
    Unreadable,
}

#[derive(Debug, Clone)]
struct Condition {
    property: Property,
    operator: Operator,
    /// The answer is turned round, which makes it true for an absent attribute.
    negated: bool,
    test: Test,
}

impl Filter {
    /// Reads a filter that somebody wants to save. `path` is the JSON pointer of the filter in the request. `null` is the filter
    /// that everybody matches.
    ///
    /// # Errors
    /// What is wrong with it, field by field: shape, operators, types of values, patterns, depth and number of conditions. Saved
    /// audiences are checked by [`Saved::check`].
    pub fn check(value: &Value, path: &str) -> Result<Self, Vec<FieldProblem>> {
        let (filter, problems) = read::read(value, path);
        if problems.is_empty() { Ok(filter) } else { Err(problems) }
    }

    /// Reads a filter that was checked when it was saved. A part that cannot be read matches nobody.
    #[must_use]
    pub fn stored(value: &Value) -> Self {
        read::read(value, "").0
    }

    /// The filter that nobody matches: what stands for a saved audience that is gone.
    #[must_use]
    pub fn nobody() -> Self {
        Self { any: false, nodes: Box::new([Node::Unreadable]) }
    }

    /// The saved audiences that the filter names itself, each once.
    #[must_use]
    pub fn audiences(&self) -> Vec<AudienceId> {
        let mut found = Vec::new();
        self.collect_audiences(&mut found);
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Joins the filter with the saved audiences that it names; one that `find` does not know matches nobody.
    #[must_use]
    pub fn link(mut self, find: &mut dyn FnMut(AudienceId) -> Option<Arc<Self>>) -> Self {
        for node in &mut self.nodes {
            match node {
                Node::Audience(id, filter) => *filter = find(*id),
                Node::Group(group) => *group = std::mem::take(group).link(find),
                Node::Condition(_) | Node::Unreadable => {}
            }
        }
        self
    }

    /// Whether the subject matches.
    #[must_use]
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        if self.nodes.is_empty() {
            return true;
        }
        if self.any {
            self.nodes.iter().any(|node| node.matches(subject))
        } else {
            self.nodes.iter().all(|node| node.matches(subject))
        }
    }

    /// Whether the subject matches, and why: an entry for each condition, in order (section 7.2). Groups and saved audiences hold
    /// the entries of their own conditions in `detail`.
    #[must_use]
    pub fn explain(&self, subject: &Subject<'_>) -> (bool, Vec<Value>) {
        let detail = self.nodes.iter().map(|node| node.explain(subject)).collect();
        (self.matches(subject), detail)
    }

    fn collect_audiences(&self, found: &mut Vec<AudienceId>) {
        for node in &self.nodes {
            match node {
                Node::Audience(id, _) => found.push(*id),
                Node::Group(group) => group.collect_audiences(found),
                Node::Condition(_) | Node::Unreadable => {}
            }
        }
    }
}

impl Node {
    fn matches(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::Condition(condition) => condition.matches(subject),
            Self::Group(group) => group.matches(subject),
            Self::Audience(_, filter) => filter.as_ref().is_some_and(|filter| filter.matches(subject)),
            Self::Unreadable => false,
        }
    }

    fn explain(&self, subject: &Subject<'_>) -> Value {
        match self {
            Self::Condition(condition) => condition.explain(subject),
            Self::Group(group) => {
                let (matched, detail) = group.explain(subject);
                json!({ "match": if group.any { "any" } else { "all" }, "matched": matched, "detail": detail })
            }
            Self::Audience(id, filter) => {
                let (matched, detail) = filter.as_ref().map_or((false, Vec::new()), |filter| filter.explain(subject));
                json!({ "audience_id": id, "matched": matched, "detail": detail })
            }
            Self::Unreadable => json!({ "matched": false, "problem": "unreadable" }),
        }
    }
}

impl Condition {
    fn matches(&self, subject: &Subject<'_>) -> bool {
        let actual = self.property.find(subject);
        actual.is_some_and(|actual| self.test.holds(&actual, self.property.is_os_version())) != self.negated
    }

    fn explain(&self, subject: &Subject<'_>) -> Value {
        let mut entry = Map::with_capacity(4);
        entry.insert("property".to_owned(), self.property.text().into());
        entry.insert("operator".to_owned(), self.operator.as_str().into());
        entry.insert("actual".to_owned(), self.property.find(subject).map_or(Value::Null, |actual| actual.to_value()));
        entry.insert("matched".to_owned(), self.matches(subject).into());
        Value::Object(entry)
    }
}

#[cfg(test)]
mod tests;
