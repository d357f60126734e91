//! Fills a JSON Schema from a text, by its numbers and words: the arguments of a tool, or a structured answer.
//!
//! No understanding is claimed. A number goes where a number is wanted, a word of a list where one of the list is wanted, what stands
//! in quotes or the whole text where a text is wanted.

use serde_json::{Map, Number, Value};

/// How deep a schema is followed.
const DEPTH_MAX: u8 = 8;
/// Properties of one object that are filled.
const PROPERTIES_MAX: usize = 100;
/// Characters of a text that is filled in, unless the schema allows fewer.
const TEXT_CHARS_MAX: usize = 2_000;
/// Below this a whole number is exact as a floating-point one.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// What a text holds that can be filled in; each number and quotation is used once.
struct Found<'t> {
    text: &'t str,
    numbers: std::vec::IntoIter<f64>,
    quotes: std::vec::IntoIter<&'t str>,
}

/// A value that fits a schema as well as a text allows.
pub(super) fn value(schema: &Value, text: &str) -> Value {
    let mut found = Found { text: text.trim(), numbers: numbers(text).into_iter(), quotes: quotes(text).into_iter() };
    fill(schema, "", &mut found, 0, true).unwrap_or(Value::Null)
}

/// None for what is not required and the text says nothing about.
fn fill(schema: &Value, name: &str, found: &mut Found<'_>, depth: u8, required: bool) -> Option<Value> {
    if let Some(constant) = schema.get("const") {
        return Some(constant.clone());
    }
    if let Some(options) = schema.get("enum").and_then(Value::as_array) {
        let said = options.iter().find(|option| option.as_str().is_some_and(|word| says(found.text, word)));
        return said.or_else(|| options.first().filter(|_| required)).cloned();
    }
    if depth >= DEPTH_MAX {
        return required.then_some(Value::Null);
    }
    match kind(schema) {
        "object" => Some(object(schema, found, depth)),
        "array" => {
            let wanted = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(10);
            let item = schema.get("items").unwrap_or(&Value::Null);
            let first = fill(item, name, found, depth + 1, wanted > 0);
            let more = (1..wanted).filter_map(|_| fill(item, name, found, depth + 1, true));
            let items: Vec<Value> = first.clone().into_iter().chain(more).collect();
            (required || !items.is_empty()).then_some(Value::Array(items))
        }
        "integer" => number(schema, found, required).map(|value| Value::from(value.round() as i64)),
        "number" => number(schema, found, required).and_then(plain),
        "boolean" => required.then(|| Value::Bool(!says(found.text, "not") && !says(found.text, "no"))),
        "null" => Some(Value::Null),
        _ => string(schema, name, found, required),
    }
}

fn kind(schema: &Value) -> &str {
    let named = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        kind => kind.and_then(Value::as_str),
    };
    named.unwrap_or(if schema.get("properties").is_some() { "object" } else { "string" })
}

fn object(schema: &Value, found: &mut Found<'_>, depth: u8) -> Value {
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|list| list.iter().any(|entry| entry == name));
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let filled = properties.take(PROPERTIES_MAX).filter_map(|(name, schema)| {
        let value = fill(schema, name, found, depth + 1, is_required(name))?;
        Some((name.clone(), value))
    });
    Value::Object(filled.collect::<Map<_, _>>())
}

fn number(schema: &Value, found: &mut Found<'_>, required: bool) -> Option<f64> {
    let least = schema.get("minimum").and_then(Value::as_f64);
    let most = schema.get("maximum").and_then(Value::as_f64);
    let value = found.numbers.next().or_else(|| required.then_some(0.0))?;
    let value = least.map_or(value, |least| value.max(least));
    Some(most.map_or(value, |most| value.min(most)))
}

/// A number as people write it: `40`, not `40.0`.
fn plain(value: f64) -> Option<Value> {
    if value.fract() == 0.0 && value.abs() < WHOLE_MAX {
        return Some(Value::from(value as i64));
    }
    Number::from_f64(value).map(Value::Number)
}

fn string(schema: &Value, name: &str, found: &mut Found<'_>, required: bool) -> Option<Value> {
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    let is_email = format == "email" || name.to_ascii_lowercase().contains("email");
    let text = if is_email {
        found.text.split_whitespace().map(trimmed).find(|word| word.contains('@') && word.contains('.'))
    } else if format == "uri" || format == "url" {
        found.text.split_whitespace().map(trimmed).find(|word| word.starts_with("http"))
    } else {
        found.quotes.next().or_else(|| (required || is_whole(name)).then_some(found.text))
    };
    let text = text.or_else(|| required.then_some(found.text))?;
    let most = schema.get("maxLength").and_then(Value::as_u64).and_then(|most| usize::try_from(most).ok());
    let most = most.unwrap_or(TEXT_CHARS_MAX).min(TEXT_CHARS_MAX);
    Some(Value::String(text.chars().take(most).collect()))
}

/// Names of properties that want everything that was said.
fn is_whole(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["query", "question", "message", "text", "input", "reason", "prompt"].iter().any(|word| name.contains(word))
}

fn trimmed(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '/' | '+'))
}

/// Whether a text says a word or words, whatever their case.
fn says(text: &str, words: &str) -> bool {
    let (text, words) = (text.to_lowercase(), words.to_lowercase());
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    !words.is_empty()
        && text.match_indices(&words).any(|(at, found)| {
            is_edge(text[..at].chars().next_back()) && is_edge(text[at + found.len()..].chars().next())
        })
}

/// The numbers of a text in its order; signs between thousands are passed over.
fn numbers(text: &str) -> Vec<f64> {
    let mut numbers = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ';' | ':' | '/' | '"')) {
        let plain: String = word.chars().filter(|c| *c != ',' && *c != '_').collect();
        let plain = plain.trim_matches(|c: char| !c.is_ascii_digit() && c != '-');
        let plain = plain.trim_end_matches(|c: char| !c.is_ascii_digit());
        if plain.bytes().any(|byte| byte.is_ascii_digit())
            && let Ok(number) = plain.parse::<f64>()
            && number.is_finite()
        {
            numbers.push(number);
        }
    }
    numbers
}

/// What stands in quotes.
fn quotes(text: &str) -> Vec<&str> {
    let mut quotes = Vec::new();
    for (open, close) in [('"', '"'), ('“', '”'), ('«', '»')] {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once(open)
            && let Some((inside, behind)) = after.split_once(close)
        {
            if !inside.trim().is_empty() {
                quotes.push(inside.trim());
            }
            rest = behind;
        }
    }
    quotes
}
