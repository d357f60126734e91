//! Reading the members of an event, each by the rule that it has (sections 5.1 and 5.2).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{code, json};
use crate::Timestamp;

/// Days that an event may be old.
const PAST_DAYS: i64 = 90;
/// Hours that a clock may be ahead.
const FUTURE_HOURS: i64 = 24;
/// Largest integer: what every client reads exactly.
const INTEGER_MAX: i64 = 1 << 53;
/// Largest amount, either way. Sums of what is larger leave the range of a double, which PostgreSQL refuses to add.
const REVENUE_MAX: f64 = 1e15;
/// Members of `properties`.
const PROPERTIES_MAX: usize = 100;
/// Bytes of `properties`.
const PROPERTIES_BYTES_MAX: usize = 16 * 1024;
/// Levels of `properties`.
const PROPERTIES_DEPTH_MAX: usize = 5;
/// Members of `ab_assignments`.
const ASSIGNMENTS_MAX: usize = 50;
/// Bytes of `ab_assignments`: as many members as there may be, each of 256 characters of up to four bytes.
const ASSIGNMENTS_BYTES_MAX: usize = 52 * 1024;
/// Bytes of an `event_id` that are told back.
const ECHO_BYTES_MAX: usize = 64;

/// What is wrong with a member: code, member, sentence.
pub(super) struct Wrong(pub(super) &'static str, pub(super) &'static str, pub(super) Cow<'static, str>);

pub(super) fn time(value: Option<&RawValue>, now: Timestamp) -> Result<Timestamp, Wrong> {
    let invalid = |message| Wrong(code::TIME, "timestamp", Cow::Borrowed(message));
    let value = value.ok_or_else(|| invalid("timestamp is required"))?;
    let text = text_of(value).ok_or_else(|| invalid("timestamp must be a text"))?;
    let at = rfc3339(&text).ok_or_else(|| invalid("timestamp must be RFC 3339, as in 2026-01-15T10:30:00Z"))?;
    if at < now.plus_seconds(-PAST_DAYS * 86_400) || at > now.plus_seconds(FUTURE_HOURS * 3_600) {
        let message = "timestamp must be at most 90 days ago and 24 hours ahead";
        return Err(Wrong(code::TIME_RANGE, "timestamp", Cow::Borrowed(message)));
    }
    Ok(at)
}

/// RFC 3339 and nothing beside it, of all that the reader of instants takes.
fn rfc3339(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| bytes.get(from..to).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let is_shaped = digits(0, 4) && digits(5, 7) && digits(8, 10) && matches!(bytes.get(10), Some(b'T' | b't' | b' '));
    let is_timed = digits(11, 13) && bytes.get(13) == Some(&b':') && digits(14, 16) && digits(17, 19);
    let ends = bytes.last().is_some_and(|last| last.is_ascii_digit() || matches!(last, b'Z' | b'z'));
    if is_shaped && is_timed && ends { Timestamp::parse(text) } else { None }
}

pub(super) fn uuid(value: Option<&RawValue>, field: &'static str, code: &'static str) -> Result<u128, Wrong> {
    let value = value.ok_or_else(|| Wrong(code, field, Cow::Owned(format!("{field} is required"))))?;
    let id = text_of(value).and_then(|text| hyphenated(&text));
    id.ok_or_else(|| Wrong(code, field, Cow::Owned(format!("{field} must be a UUID"))))
}

/// Only the form with hyphens is a UUID on this wire.
fn hyphenated(text: &str) -> Option<u128> {
    if text.len() == 36 { uuid::Uuid::try_parse(text).ok().map(|id| id.as_u128()) } else { None }
}

pub(super) fn lower_when_uuid(text: Cow<'_, str>) -> Cow<'_, str> {
    if hyphenated(&text).is_some() && text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    text
}

/// A required text that is not blank.
pub(super) fn name<'a>(value: Option<&'a RawValue>, field: &'static str, max: usize) -> Result<Cow<'a, str>, Wrong> {
    required(value, field)?;
    match text(value, field, max)? {
        Some(text) if !text.trim().is_empty() => Ok(text),
        _ => Err(wrong(field, "must not be blank")),
    }
}

pub(super) fn required<'a>(value: Option<&'a RawValue>, field: &'static str) -> Result<&'a RawValue, Wrong> {
    value.ok_or_else(|| wrong(field, "is required"))
}

pub(super) fn text<'a>(
    value: Option<&'a RawValue>,
    field: &'static str,
    max: usize,
) -> Result<Option<Cow<'a, str>>, Wrong> {
    let Some(value) = value else { return Ok(None) };
    let text = text_of(value).ok_or_else(|| wrong(field, "must be a text without the NUL character"))?;
    // No text has more characters than bytes.
    if text.len() > max && text.chars().count() > max {
        return Err(Wrong(code::FIELD, field, Cow::Owned(format!("{field} must have at most {max} characters"))));
    }
    Ok(Some(text))
}

/// The text of a JSON text; none of anything else, and of one that no database stores.
pub(super) fn text_of(value: &RawValue) -> Option<Cow<'_, str>> {
    let inner = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    let text: String = serde_json::from_str(value.get()).ok()?;
    (!text.contains('\0')).then_some(Cow::Owned(text))
}

pub(super) fn integer(value: Option<&RawValue>, field: &'static str, least: i64) -> Result<Option<i64>, Wrong> {
    let Some(value) = value else { return Ok(None) };
    let whole = |number: f64| (number.fract() == 0.0 && number.abs() <= INTEGER_MAX as f64).then_some(number as i64);
    let text = value.get();
    let number = text.parse::<i64>().ok().or_else(|| serde_json::from_str::<f64>(text).ok().and_then(whole));
    match number {
        Some(number) if (least..=INTEGER_MAX).contains(&number) => Ok(Some(number)),
        _ => Err(Wrong(code::FIELD, field, Cow::Owned(format!("{field} must be an integer of at least {least}")))),
    }
}

pub(super) fn revenue(value: &RawValue) -> Result<f64, Wrong> {
    let number = serde_json::from_str::<f64>(value.get()).ok().filter(|number| number.abs() <= REVENUE_MAX);
    number.ok_or_else(|| wrong("revenue", "must be a number, at most 1e15"))
}

pub(super) fn currency(value: &RawValue) -> Result<Cow<'_, str>, Wrong> {
    let text = text_of(value).filter(|text| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic()));
    text.map(upper).ok_or_else(|| wrong("currency", "must be three letters"))
}

pub(super) fn country(value: &RawValue) -> Option<Cow<'_, str>> {
    text_of(value).filter(|text| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())).map(upper)
}

fn upper(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_lowercase()) { Cow::Owned(text.to_ascii_uppercase()) } else { text }
}

pub(super) fn flag(value: Option<&RawValue>, field: &'static str) -> Result<bool, Wrong> {
    match value.map(RawValue::get) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(wrong(field, "must be true or false")),
    }
}

pub(super) fn properties(value: &RawValue) -> Result<(), Wrong> {
    let text = value.get();
    if !text.starts_with('{') {
        return Err(wrong("properties", "must be an object"));
    }
    if text.len() > PROPERTIES_BYTES_MAX {
        return Err(wrong("properties", "must have at most 16 KB"));
    }
    let (depth, members) = json::shape(text);
    if members > PROPERTIES_MAX || depth > PROPERTIES_DEPTH_MAX {
        return Err(wrong("properties", "must have at most 100 members and 5 levels"));
    }
    Ok(())
}

pub(super) fn assignments(value: &RawValue) -> Result<Cow<'_, str>, Wrong> {
    let text = value.get();
    let problem = || wrong("ab_assignments", "must be an object of at most 50 texts");
    if !text.starts_with('{') || text.len() > ASSIGNMENTS_BYTES_MAX || json::shape(text).1 > ASSIGNMENTS_MAX {
        return Err(problem());
    }
    let read: BTreeMap<Cow<'_, str>, String> = serde_json::from_str(text).map_err(|_| problem())?;
    // Numbers are made of it in the database, of which one refuses this character.
    let is_storable = read.iter().all(|(node, variant)| !node.contains('\0') && !variant.contains('\0'));
    if is_storable { Ok(Cow::Borrowed(text)) } else { Err(problem()) }
}

/// What was sent as the id of an event, for whoever looks for it.
pub(super) fn echo(value: &RawValue) -> Option<String> {
    let text = text_of(value)?;
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= ECHO_BYTES_MAX).last().unwrap_or(0);
    Some(if text.len() <= ECHO_BYTES_MAX { text.into_owned() } else { text[..end].to_owned() })
}

/// Something wrong with a member, of the general code.
pub(super) fn wrong(field: &'static str, what: &str) -> Wrong {
    Wrong(code::FIELD, field, Cow::Owned(format!("{field} {what}")))
}
