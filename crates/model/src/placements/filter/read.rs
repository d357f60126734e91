//! From JSON to a filter, with everything that is wrong on the way.
//!
//! What cannot be read becomes a part that matches nobody, and a problem. Who saves a filter refuses problems; who loads one that was
//! saved takes the filter as it is, so that no old row can ever stop a snapshot.

use regex::RegexBuilder;
use serde_json::{Map, Value};

use super::operator::Operator;
use super::scalar::Scalar;
use super::subject::Property;
use super::test::{Test, Wanted, date_test, number_test, version_test};
use super::text::{Text, fold};
use super::{
    CONDITIONS_MAX, Condition, DEPTH_MAX, Filter, LIST_MAX, Node, PATTERN_BYTES_MAX, PATTERN_CHARS_MAX,
    PROPERTY_CHARS_MAX, VALUE_CHARS_MAX,
};
use crate::FieldProblem;
use crate::id::AudienceId;

/// Most problems that are listed.
const PROBLEMS_MAX: usize = 20;

/// Reads a filter at a JSON pointer.
pub(super) fn read(value: &Value, path: &str) -> (Filter, Vec<FieldProblem>) {
    let mut reader = Reader { problems: Vec::new(), conditions: 0 };
    let filter = match value {
        Value::Null => Filter::default(),
        Value::Object(members) => reader.filter(members, path, 1),
        _ => {
            reader.problem(path, "type", "A filter is an object");
            Filter::nobody()
        }
    };
    (filter, reader.problems)
}

struct Reader {
    problems: Vec<FieldProblem>,
    conditions: usize,
}

impl Reader {
    fn problem(&mut self, path: impl Into<String>, code: &'static str, message: impl Into<String>) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(FieldProblem::new(path, code, message));
        }
    }

    fn filter(&mut self, members: &Map<String, Value>, path: &str, depth: usize) -> Filter {
        let any = match members.get("match") {
            None | Some(Value::Null) => false,
            Some(Value::String(word)) if word == "all" => false,
            Some(Value::String(word)) if word == "any" => true,
            Some(_) => {
                self.problem(format!("{path}/match"), "unknown", "`match` is `all` or `any`");
                return Filter::nobody();
            }
        };
        let conditions = match members.get("conditions") {
            None | Some(Value::Null) => return Filter { any, nodes: Box::default() },
            Some(Value::Array(conditions)) => conditions,
            Some(_) => {
                self.problem(format!("{path}/conditions"), "type", "`conditions` is a list");
                return Filter::nobody();
            }
        };
        if conditions.len() > CONDITIONS_MAX {
            self.too_many(path);
            return Filter::nobody();
        }
        let nodes = conditions.iter().enumerate().map(|(index, condition)| {
            let path = format!("{path}/conditions/{index}");
            self.node(condition, &path, depth).unwrap_or(Node::Unreadable)
        });
        Filter { any, nodes: nodes.collect() }
    }

    fn too_many(&mut self, path: &str) {
        self.problem(path, "range", format!("A filter has at most {CONDITIONS_MAX} conditions in all"));
    }

    /// A condition, a nested filter or a saved audience; `None` after a problem was noted.
    fn node(&mut self, value: &Value, path: &str, depth: usize) -> Option<Node> {
        let Value::Object(members) = value else {
            self.problem(path, "type", "A condition is an object");
            return None;
        };
        let given = |name: &str| members.get(name).is_some_and(|value| !value.is_null());
        let is_group = members.contains_key("conditions") || given("match");
        let is_audience = given("audience_id");
        let is_condition = given("property") || given("operator");
        if [is_group, is_audience, is_condition].into_iter().filter(|is| *is).count() > 1 {
            self.problem(
                path,
                "invalid",
                "A condition has a property, an audience_id or conditions, and only one of them",
            );
            return None;
        }
        if is_group {
            if depth >= DEPTH_MAX {
                self.problem(path, "range", format!("Filters may be at most {DEPTH_MAX} deep"));
                return None;
            }
            let group = self.filter(members, path, depth + 1);
            if group.nodes.is_empty() {
                self.count(path)?;
            }
            return Some(Node::Group(group));
        }
        self.count(path)?;
        if is_audience { self.audience(members, path) } else { self.condition(members, path) }
    }

    fn count(&mut self, path: &str) -> Option<()> {
        self.conditions += 1;
        if self.conditions == CONDITIONS_MAX + 1 {
            self.too_many(path);
        }
        (self.conditions <= CONDITIONS_MAX).then_some(())
    }

    fn audience(&mut self, members: &Map<String, Value>, path: &str) -> Option<Node> {
        let id = members.get("audience_id").and_then(Value::as_str).and_then(|text| AudienceId::parse(text).ok());
        if id.is_none() {
            self.problem(format!("{path}/audience_id"), "invalid", "`audience_id` is the id of a saved audience");
        }
        id.map(|id| Node::Audience(id, None))
    }

    fn condition(&mut self, members: &Map<String, Value>, path: &str) -> Option<Node> {
        let property = self.word(members, path, "property", PROPERTY_CHARS_MAX);
        let operator = self.word(members, path, "operator", PROPERTY_CHARS_MAX).and_then(|word| {
            let operator = Operator::parse(word);
            if operator.is_none() {
                self.problem(format!("{path}/operator"), "unknown", "There is no such operator");
            }
            operator
        });
        let (property, operator) = (property?, operator?);
        let value = members.get("value").filter(|value| !value.is_null());
        let (test, negated) = self.test(operator, value, &format!("{path}/value"))?;
        Some(Node::Condition(Box::new(Condition { property: Property::new(property), operator, negated, test })))
    }

    fn word<'a>(&mut self, members: &'a Map<String, Value>, path: &str, name: &str, max: usize) -> Option<&'a str> {
        let path = format!("{path}/{name}");
        match members.get(name) {
            None | Some(Value::Null) => self.problem(path, "required", format!("`{name}` is required")),
            Some(Value::String(text)) if text.is_empty() || text.chars().count() > max => {
                self.problem(path, "length", format!("`{name}` has 1 to {max} characters"));
            }
            Some(Value::String(text)) => return Some(text),
            Some(_) => self.problem(path, "type", format!("`{name}` is a text")),
        }
        None
    }

    /// What an operator asks, and whether the answer is turned round.
    fn test(&mut self, operator: Operator, value: Option<&Value>, path: &str) -> Option<(Test, bool)> {
        use Operator as Op;
        if let Op::Exists | Op::NotExists = operator {
            let asks_absent = operator == Op::NotExists || self.is_false(value, path)?;
            return Some((Test::Present, asks_absent));
        }
        if let Op::In | Op::NotIn = operator {
            return Some((Test::In(self.list(value, path)?), operator == Op::NotIn));
        }
        let Some(value) = value else {
            self.problem(path, "required", format!("`{operator}` needs a value"));
            return None;
        };
        let text = self.text(value, path)?;
        let folded = || Box::from(&*fold(&text));
        Some(match operator {
            Op::Equals => (Test::Equals(Box::from(&*text)), false),
            Op::NotEquals => (Test::Equals(Box::from(&*text)), true),
            Op::Contains => (Test::Contains(folded()), false),
            Op::NotContains => (Test::Contains(folded()), true),
            Op::StartsWith => (Test::StartsWith(folded()), false),
            Op::EndsWith => (Test::EndsWith(folded()), false),
            Op::Gt => (number_test(Wanted::Greater, value), false),
            Op::Gte => (number_test(Wanted::GreaterOrEqual, value), false),
            Op::Lt => (number_test(Wanted::Less, value), false),
            Op::Lte => (number_test(Wanted::LessOrEqual, value), false),
            Op::SemverEq => (version_test(Wanted::Equal, &text), false),
            Op::SemverGt => (version_test(Wanted::Greater, &text), false),
            Op::SemverGte => (version_test(Wanted::GreaterOrEqual, &text), false),
            Op::SemverLt => (version_test(Wanted::Less, &text), false),
            Op::SemverLte => (version_test(Wanted::LessOrEqual, &text), false),
            Op::DateBefore => (date_test(Wanted::Less, value), false),
            Op::DateAfter => (date_test(Wanted::Greater, value), false),
            Op::Matches => (self.pattern(&text, path)?, false),
            Op::Exists | Op::NotExists | Op::In | Op::NotIn => return None,
        })
    }

    /// Whether `exists` asks for the opposite: its value is false.
    fn is_false(&mut self, value: Option<&Value>, path: &str) -> Option<bool> {
        match value {
            None | Some(Value::Bool(true)) => Some(false),
            Some(Value::Bool(false)) => Some(true),
            Some(value) => self.text(value, path).map(|text| *text == *"false"),
        }
    }

    fn text<'a>(&mut self, value: &'a Value, path: &str) -> Option<Text<'a>> {
        let Some(text) = Scalar::of_json(value).map(Scalar::text) else {
            self.problem(path, "type", "`value` is a text, a number or a boolean");
            return None;
        };
        if text.chars().count() > VALUE_CHARS_MAX {
            self.problem(path, "length", format!("`value` has at most {VALUE_CHARS_MAX} characters"));
            return None;
        }
        Some(text)
    }

    fn list(&mut self, value: Option<&Value>, path: &str) -> Option<Box<[Box<str>]>> {
        let Some(Value::Array(entries)) = value else {
            self.problem(path, "type", "`value` of `in` and `not_in` is a list");
            return None;
        };
        if entries.len() > LIST_MAX {
            self.problem(path, "range", format!("The list has at most {LIST_MAX} entries"));
            return None;
        }
        let texts = entries.iter().enumerate();
        let texts =
            texts.map(|(index, entry)| self.text(entry, &format!("{path}/{index}")).map(|text| Box::from(&*text)));
        let mut texts: Vec<Box<str>> = texts.collect::<Option<_>>()?;
        texts.sort_unstable();
        texts.dedup();
        Some(texts.into_boxed_slice())
    }

    fn pattern(&mut self, text: &str, path: &str) -> Option<Test> {
        if text.chars().count() > PATTERN_CHARS_MAX {
            self.problem(path, "length", format!("A pattern has at most {PATTERN_CHARS_MAX} characters"));
            return None;
        }
        match RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build() {
            Ok(pattern) => Some(Test::Matches(pattern)),
            Err(regex::Error::CompiledTooBig(_)) => {
                self.problem(path, "range", "The pattern is too large");
                None
            }
            Err(_) => {
                self.problem(
                    path,
                    "invalid",
                    "The pattern cannot be read; look-around and back references are not known",
                );
                None
            }
        }
    }
}
