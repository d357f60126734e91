//! One step below a value, with the fall-through of node records (Workflow API contract, section 15).

use serde_json::Value;

use super::super::env::Origin;
use super::super::error::EvalError;
use super::super::limits::Meter;
use super::super::measure::pay_in;
use super::super::profile::Profile;
use super::super::value::Val;

/// Types of nodes whose record holds a model's text.
const LLM_KINDS: [&str; 3] = ["llm", "vision", "agent"];

/// A value on the way along a path.
pub(super) struct Held<'a> {
    pub(super) value: Val<'a>,
    /// Where it comes from, while it is a whole node record.
    pub(super) origin: Option<Origin<'a>>,
}

impl<'a> Held<'a> {
    pub(super) fn plain(value: Val<'a>) -> Self {
        Self { value, origin: None }
    }
}

/// The value one step below.
pub(super) fn step<'a>(held: Held<'a>, key: &str, meter: &mut Meter) -> Result<Held<'a>, EvalError> {
    if has(&held.value, key) {
        return Ok(Held::plain(held.value.member(key, meter)?));
    }
    if let Some(origin) = held.origin.or_else(|| origin_by_shape(&held.value)) {
        return of_record(held.value, origin, key, meter);
    }
    Ok(Held::plain(below_text(held.value, key, meter)?))
}

/// Whether a step needs no fall-through.
fn has(value: &Val<'_>, key: &str) -> bool {
    match value.composite() {
        Some(Value::Object(members)) => members.contains_key(key),
        Some(_) => true,
        None => key == "length" || !matches!(value, Val::Str(_)),
    }
}

fn of_record<'a>(record: Val<'a>, origin: Origin<'a>, key: &str, meter: &mut Meter) -> Result<Held<'a>, EvalError> {
    if key == "output" || origin.output == Some(key) {
        return Ok(Held { value: record, origin: Some(origin) });
    }
    if let Some(member) = alias(origin.kind, key).filter(|member| has(&record, member)) {
        return Ok(Held::plain(record.member(member, meter)?));
    }
    let behind =
        [Some("output"), LLM_KINDS.contains(&origin.kind).then_some("text"), (origin.kind == "http").then_some("data")];
    for member in behind.into_iter().flatten() {
        if !has(&record, member) {
            continue;
        }
        let found = match record.composite() {
            Some(Value::Object(members)) => members.get(member).map(|inner| behind_member(inner, member, key, meter)),
            _ => None,
        };
        if let Some(value) = found.transpose()?.flatten() {
            return Ok(Held::plain(Val::owned(value)));
        }
    }
    Ok(Held::plain(Val::Missing))
}

/// A member of what stands behind a record, copied; none when it is not there.
fn behind_member(inner: &Value, member: &str, key: &str, meter: &mut Meter) -> Result<Option<Value>, EvalError> {
    let value = match inner {
        Value::String(text) if member == "text" => below_text_value(unfenced(text), key, meter)?,
        Value::String(text) => below_text_value(text, key, meter)?,
        other if has(&Val::borrowed(other), key) => Val::borrowed(other).member(key, meter)?,
        _ => Val::Missing,
    };
    if matches!(value, Val::Missing) {
        return Ok(None);
    }
    let value = value.into_json_in(Profile::Graph)?;
    pay_in(Profile::Graph, &value, meter)?;
    Ok(Some(value))
}

/// A member of what a JSON text holds; a character of any other text.
fn below_text<'a>(value: Val<'a>, key: &str, meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    let Val::Str(text) = &value else { return value.member(key, meter) };
    if looks_like_json(text) { below_text_value(text, key, meter) } else { value.member(key, meter) }
}

fn below_text_value<'a>(text: &str, key: &str, meter: &mut Meter) -> Result<Val<'a>, EvalError> {
    if !looks_like_json(text) {
        return Ok(Val::Missing);
    }
    meter.bytes(text.len())?;
    match serde_json::from_str::<Value>(text) {
        Ok(parsed) => {
            pay_in(Profile::Graph, &parsed, meter)?;
            Val::owned(parsed).member(key, meter)
        }
        Err(_) => Ok(Val::Missing),
    }
}

fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// The text without the code fence around it.
pub(crate) fn unfenced(text: &str) -> &str {
    let trimmed = text.trim();
    let Some(rest) = trimmed.strip_prefix("```") else { return trimmed };
    let Some((_, body)) = rest.split_once('\n') else { return trimmed };
    body.trim_end().strip_suffix("```").unwrap_or(body).trim()
}

/// Other names of members of a record.
fn alias(kind: &str, key: &str) -> Option<&'static str> {
    match key {
        "response" | "content" if LLM_KINDS.contains(&kind) => Some("text"),
        "body" if kind == "http" => Some("data"),
        "content" | "text" if kind == "files" => Some("combinedText"),
        _ => None,
    }
}

/// Records inside other values, as the results of a loop, are known by what they hold.
fn origin_by_shape<'a>(value: &Val<'_>) -> Option<Origin<'a>> {
    let Some(Value::Object(members)) = value.composite() else { return None };
    let kind = if is_model_record(members) {
        "llm"
    } else if members.contains_key("statusText") && members.contains_key("responseTime") {
        "http"
    } else if members.contains_key("combinedText") && members.contains_key("files") {
        "files"
    } else {
        return None;
    };
    Some(Origin { kind, output: None })
}

/// Whether an object is what a node that asks a model leaves behind.
pub(crate) fn is_model_record(members: &serde_json::Map<String, Value>) -> bool {
    let text = |key: &str| members.get(key).is_some_and(Value::is_string);
    text("text") && ((text("model") && text("provider")) || (text("thread_id") && text("message_id")))
}
