//! Bodies: an object is read member by member from its text, and every problem is named in the contract's words (Treasury contract,
//! sections 1.1 and 1.4). Numbers are read from their digits, never through a binary float.

mod members;
mod words;

use std::borrow::Cow;
use std::collections::HashMap;

use floe_model::treasury::{Directory, FeeProblem, FeeSetting, Kobo, NumberProblem, Score};
use floe_model::{Fault, FaultKind, FieldProblem};
use serde_json::value::RawValue;

use crate::http::{Call, JSON_DEPTH_MAX, depth_within};
use members::Members;

use words::read_text;
pub(super) use words::{control_problem, length_problem, parse_date, parse_id, parse_instant, parse_until};

/// Problems that one answer names.
const PROBLEMS_MAX: usize = 1_000;

pub(super) const NO_UUID: &str = "must be a valid UUID";
pub(super) const NO_DATE: &str = "must be a date like 2026-06-01";
/// What a parameter that ends a span says about itself.
pub(super) const UNTIL: &str = "Before; a day is its end in UTC";
pub(super) const NO_INSTANT: &str = "must be a time like 2026-06-01T08:00:00Z or a date";
const REQUIRED: &str = "field required";

/// An object of a body. `null` is as good as not there; members that nobody takes are ignored.
#[derive(Debug)]
pub(super) struct Input<'a> {
    members: HashMap<Cow<'a, str>, &'a RawValue>,
    /// Where it is: `/body`, `/body/candidates/3`.
    place: String,
    problems: Vec<FieldProblem>,
}

impl<'a> Input<'a> {
    /// The body of a request; none is an empty object.
    ///
    /// # Errors
    /// 422 for a text that is no JSON, and for JSON that is no object.
    pub(super) fn of(call: &'a Call) -> Result<Self, Fault> {
        Self::of_bytes(&call.body)
    }

    /// A body by its bytes.
    ///
    /// # Errors
    /// As [`Input::of`].
    pub(super) fn of_bytes(body: &'a [u8]) -> Result<Self, Fault> {
        if body.is_empty() {
            return Ok(Self { members: HashMap::new(), place: "/body".to_owned(), problems: Vec::new() });
        }
        if !depth_within(body, JSON_DEPTH_MAX) {
            return Err(no_json(&format!("is nested more than {JSON_DEPTH_MAX} levels deep")));
        }
        let raw: &RawValue = serde_json::from_slice(body).map_err(|error| syntax(&error))?;
        Self::object(raw, "/body".to_owned()).ok_or_else(|| no_json("must be a JSON object"))
    }

    fn object(raw: &'a RawValue, place: String) -> Option<Self> {
        let Members(members) = serde_json::from_str(raw.get()).ok()?;
        Some(Self { members, place, problems: Vec::new() })
    }

    fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.members.get(name).copied().filter(|raw| raw.get() != "null")
    }

    /// Whether a member is there, also as null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Whether a member is there and null: a change that takes a value away.
    pub(super) fn is_null(&self, name: &str) -> bool {
        self.has(name) && self.raw(name).is_none()
    }

    /// Names a problem of a member, e.g. `candidates` or `candidates/3`.
    pub(super) fn problem(&mut self, name: &str, kind: &'static str, message: impl Into<String>) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(FieldProblem::new(format!("{}/{name}", self.place), kind, message));
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// 422 with every problem.
    pub(super) fn finish(self) -> Result<(), Fault> {
        if self.problems.is_empty() { Ok(()) } else { Err(invalid(self.problems)) }
    }

    /// Names it as missing unless it is there.
    pub(super) fn require(&mut self, name: &str) -> bool {
        let is_there = self.raw(name).is_some();
        if !is_there {
            self.problem(name, "missing", REQUIRED);
        }
        is_there
    }

    /// A text of so many characters after trimming, without control characters.
    pub(super) fn text(&mut self, name: &str, min: usize, max: usize) -> Option<String> {
        let raw = self.raw(name)?;
        match read_text(raw, min, max) {
            Ok(text) => Some(text),
            Err((kind, message)) => {
                self.problem(name, kind, message);
                None
            }
        }
    }

    /// A text that must be there; empty when there is a problem.
    pub(super) fn required_text(&mut self, name: &str, min: usize, max: usize) -> String {
        if self.require(name) { self.text(name, min, max).unwrap_or_default() } else { String::new() }
    }

    /// A text of exactly so many ASCII digits.
    pub(super) fn digits(&mut self, name: &str, count: usize) -> Option<String> {
        let text = self.text(name, 0, usize::MAX)?;
        let fits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        if !fits {
            self.problem(name, "pattern", format!("must be exactly {count} digits"));
        }
        fits.then_some(text)
    }

    /// The same, and it must be there; empty when there is a problem.
    pub(super) fn required_digits(&mut self, name: &str, count: usize) -> String {
        if self.require(name) { self.digits(name, count).unwrap_or_default() } else { String::new() }
    }

    /// The code of an institution of the directory, as it was given.
    pub(super) fn institution(&mut self, name: &str, directory: &Directory) -> Option<String> {
        let code = self.text(name, 3, 6)?;
        let is_known = directory.resolve(&code).is_some();
        if !is_known {
            self.problem(name, "unknown_institution", "is not the code of a known institution");
        }
        is_known.then_some(code)
    }

    /// The same, and it must be there; empty when there is a problem.
    pub(super) fn required_institution(&mut self, name: &str, directory: &Directory) -> String {
        if self.require(name) { self.institution(name, directory).unwrap_or_default() } else { String::new() }
    }

    /// An amount of money above zero.
    pub(super) fn money(&mut self, name: &str) -> Option<Kobo> {
        self.number(name, Kobo::read)
    }

    /// An amount of money from zero on.
    pub(super) fn money_from_zero(&mut self, name: &str) -> Option<Kobo> {
        self.number(name, Kobo::read_from_zero)
    }

    /// A number from 0 to 1 with four decimals.
    pub(super) fn score(&mut self, name: &str) -> Option<Score> {
        self.number(name, Score::read)
    }

    /// A tariff.
    pub(super) fn fee(&mut self, name: &str) -> Option<FeeSetting> {
        match FeeSetting::read(self.raw(name)?.get()) {
            Ok(fee) => Some(fee),
            Err(FeeProblem { path, kind, message }) => {
                let place: Vec<&str> = std::iter::once(name).chain(path.iter().map(String::as_str)).collect();
                self.problem(&place.join("/"), kind, message);
                None
            }
        }
    }

    fn number<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, NumberProblem>) -> Option<T> {
        match read(self.raw(name)?.get()) {
            Ok(number) => Some(number),
            Err(NumberProblem { kind, message }) => {
                self.problem(name, kind, message);
                None
            }
        }
    }

    /// A whole number within bounds, both included.
    pub(super) fn int(&mut self, name: &str, min: i64, max: i64) -> Option<i64> {
        let text = self.raw(name)?.get();
        // A whole number that is written with a fraction or an exponent is read too.
        let number = match text.parse::<i64>() {
            Ok(number) => Some(number),
            Err(_) => Kobo::parse(text).map(Kobo::minor).filter(|minor| minor % 100 == 0).map(|minor| minor / 100),
        };
        let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        let (kind, message) = match number {
            Some(number) if number < min => ("greater_than_equal", format!("must be greater than or equal to {min}")),
            Some(number) if number > max => ("less_than_equal", format!("must be less than or equal to {max}")),
            Some(number) => return Some(number),
            None if is_number => ("int_parsing", "must be an integer".to_owned()),
            None => ("number_type", "must be a number".to_owned()),
        };
        self.problem(name, kind, message);
        None
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.raw(name)?.get() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.problem(name, "bool_type", "must be true or false");
                None
            }
        }
    }

    /// One of some words, as `parse` reads it.
    pub(super) fn word<T>(&mut self, name: &str, words: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let raw = self.raw(name)?;
        let (kind, message) = match read_text(raw, 0, usize::MAX) {
            Ok(text) => match parse(&text) {
                Some(parsed) => return Some(parsed),
                None => ("enum", format!("must be one of: {words}")),
            },
            Err(problem) => problem,
        };
        self.problem(name, kind, message);
        None
    }

    /// The bits of an id.
    pub(super) fn id(&mut self, name: &str) -> Option<u128> {
        let text = self.text(name, 0, usize::MAX)?;
        let bits = parse_id(&text);
        if bits.is_none() {
            self.problem(name, "uuid_parsing", NO_UUID);
        }
        bits
    }

    /// A list of ids.
    pub(super) fn ids(&mut self, name: &str, min: usize, max: usize) -> Option<Vec<u128>> {
        let items = self.items(name, min, max)?;
        let mut ids = Vec::with_capacity(items.len());
        for (at, raw) in items.into_iter().enumerate() {
            let read = read_text(raw, 0, usize::MAX)
                .and_then(|text| parse_id(&text).ok_or(("uuid_parsing", NO_UUID.to_owned())));
            match read {
                Ok(bits) => ids.push(bits),
                Err((kind, message)) => self.problem(&format!("{name}/{at}"), kind, message),
            }
        }
        Some(ids)
    }

    /// A list of texts, each of 1 to `length` characters.
    pub(super) fn texts(&mut self, name: &str, min: usize, max: usize, length: usize) -> Option<Vec<String>> {
        let items = self.items(name, min, max)?;
        let mut texts = Vec::with_capacity(items.len());
        for (at, raw) in items.into_iter().enumerate() {
            match read_text(raw, 1, length) {
                Ok(text) => texts.push(text),
                Err((kind, message)) => self.problem(&format!("{name}/{at}"), kind, message),
            }
        }
        Some(texts)
    }

    /// A date.
    pub(super) fn date(&mut self, name: &str) -> Option<String> {
        let text = self.text(name, 0, usize::MAX)?;
        let date = parse_date(&text);
        if date.is_none() {
            self.problem(name, "date_parsing", NO_DATE);
        }
        date.map(|_| text)
    }

    /// A list of objects, each read by `read`.
    pub(super) fn objects<T>(
        &mut self,
        name: &str,
        min: usize,
        max: usize,
        mut read: impl FnMut(&mut Input<'a>) -> T,
    ) -> Option<Vec<T>> {
        let items = self.items(name, min, max)?;
        let mut all = Vec::with_capacity(items.len());
        for (at, raw) in items.into_iter().enumerate() {
            match Input::object(raw, format!("{}/{name}/{at}", self.place)) {
                Some(mut item) => {
                    all.push(read(&mut item));
                    let room = PROBLEMS_MAX - self.problems.len();
                    self.problems.extend(item.problems.into_iter().take(room));
                }
                None => self.problem(&format!("{name}/{at}"), "dict_type", "must be an object"),
            }
        }
        Some(all)
    }

    fn items(&mut self, name: &str, min: usize, max: usize) -> Option<Vec<&'a RawValue>> {
        let raw = self.raw(name)?;
        let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else {
            self.problem(name, "list_type", "must be a list");
            return None;
        };
        if items.len() < min {
            self.problem(
                name,
                "too_short",
                format!("must have at least {min} item{}", if min == 1 { "" } else { "s" }),
            );
            return None;
        }
        if items.len() > max {
            self.problem(name, "too_long", format!("must have at most {max} items"));
            return None;
        }
        Some(items)
    }
}

/// Wrong input.
pub(super) fn invalid(problems: Vec<FieldProblem>) -> Fault {
    let message = problems.first().map_or_else(String::new, |first| first.message.clone());
    Fault::new(FaultKind::Unprocessable, "validation_error", message).with_fields(problems)
}

/// One problem of a member of the body, of a parameter, or of the body itself (`/body/amount`, `/query/run_id`, `/body`).
pub(super) fn wrong(place: &str, kind: &'static str, message: impl Into<String>) -> Fault {
    invalid(vec![FieldProblem::new(place, kind, message)])
}

fn no_json(message: &str) -> Fault {
    wrong("/body", "json_invalid", message)
}

fn syntax(error: &serde_json::Error) -> Fault {
    // The parser's text names what it expected and never quotes the input.
    let full = error.to_string();
    let reason = full.split(" at line ").next().unwrap_or("syntax error");
    no_json(&format!("is not valid JSON: {reason} at line {}, column {}", error.line(), error.column()))
}

/// An id of the path, which the route table has checked.
///
/// # Errors
/// 422 all the same.
pub(super) fn path_id<T: From<u128>>(call: &Call, name: &str) -> Result<T, Fault> {
    parse_id(call.param(name)?).map(T::from).ok_or_else(|| wrong(&format!("/path/{name}"), "uuid_parsing", NO_UUID))
}
