//! Values of a form that was sent in parts, each of them a text.

use serde_json::{Map, Value, json};

use super::{InputField, InputKind};

/// Reads the parts of a submitted form as what is declared: the only place where a text becomes something else
/// (Flow API contract, section 3.4). What cannot be read stays a text, for [`check_values`](super::check_values) to refuse; parts that are no texts, and
/// those that nobody declared, stay as they are. Browsers send every field, so an empty one is missing, unless it is a text.
#[must_use]
pub fn read_form(fields: &[InputField], parts: Vec<(String, Value)>) -> Map<String, Value> {
    let mut by_key: Map<String, Value> = Map::new();
    for (key, part) in parts {
        if let Value::Array(given) = by_key.entry(key).or_insert_with(|| Value::Array(Vec::new())) {
            given.push(part);
        }
    }
    let mut values = Map::new();
    for (key, given) in by_key {
        let Value::Array(mut given) = given else { continue };
        let field = fields.iter().find(|field| field.key == key);
        if let Some(field) = field.filter(|field| field.kind == InputKind::MultiSelect) {
            given.retain(|part| part.as_str() != Some(""));
            values.insert(key, given.into_iter().map(|part| option_said(field, part)).collect());
            continue;
        }
        let read = |part: Value| match field {
            Some(field) => read_part(field, part),
            None => Some(part),
        };
        match given.len() {
            1 => values.extend(given.pop().and_then(read).map(|value| (key, value))),
            _ => {
                values.insert(key, Value::Array(given));
            }
        }
    }
    values
}

/// One part of a form; none for a field that was left empty.
fn read_part(field: &InputField, part: Value) -> Option<Value> {
    let Value::String(text) = &part else { return Some(part) };
    if text.is_empty() && !matches!(field.kind, InputKind::Text | InputKind::LongText) {
        return None;
    }
    let read = match field.kind {
        InputKind::Number => serde_json::from_str(text.trim()).ok().filter(Value::is_number),
        // What a box that is ticked sends is "on".
        InputKind::Boolean => match text.as_str() {
            "true" | "on" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        InputKind::Json | InputKind::Array => serde_json::from_str(text).ok(),
        InputKind::File => Some(json!({ "fileId": text })),
        InputKind::Select => return Some(option_said(field, part)),
        _ => None,
    };
    Some(read.unwrap_or(part))
}

/// The option whose text this is.
fn option_said(field: &InputField, part: Value) -> Value {
    let said = |option: &&Value| match (option, &part) {
        (Value::String(option), Value::String(text)) => option == text,
        (option, Value::String(text)) => option.to_string() == *text,
        _ => false,
    };
    field.options.iter().find(said).cloned().unwrap_or(part)
}

#[cfg(test)]
mod tests {
    use super::super::parse_fields;
    use super::*;

    #[test]
    fn texts_are_read_as_what_is_declared_and_stay_texts_when_they_cannot_be() {
        let declared = json!([
            { "key": "text", "type": "text" }, { "key": "number", "type": "number" }, { "key": "box", "type": "boolean" },
            { "key": "one", "type": "select", "options": [1, "2"] }, { "key": "json", "type": "json" },
            { "key": "some", "type": "multi-select", "options": [1, "b"] }, { "key": "file", "type": "file" },
        ]);
        let fields = parse_fields(&declared).expect("declarations");
        for (given, expected) in [
            (
                vec![("text", "5"), ("number", "12.5"), ("box", "on")],
                json!({ "text": "5", "number": 12.5, "box": true }),
            ),
            (vec![("text", ""), ("number", ""), ("box", "false"), ("file", "")], json!({ "text": "", "box": false })),
            (vec![("number", "many"), ("box", "yes")], json!({ "number": "many", "box": "yes" })),
            (vec![("number", "NaN"), ("json", "{")], json!({ "number": "NaN", "json": "{" })),
            (vec![("one", "1"), ("json", "[1]")], json!({ "one": 1, "json": [1] })),
            (vec![("one", "2"), ("some", "1"), ("some", "b")], json!({ "one": "2", "some": [1, "b"] })),
            (vec![("some", ""), ("one", "3")], json!({ "some": [], "one": "3" })),
            (
                vec![("file", "f-1"), ("more", "1"), ("more", "2")],
                json!({ "file": { "fileId": "f-1" }, "more": ["1", "2"] }),
            ),
            (vec![("text", "a"), ("text", "b")], json!({ "text": ["a", "b"] })),
        ] {
            let parts = given.iter().map(|(key, text)| ((*key).to_owned(), json!(text))).collect();
            assert_eq!(Value::Object(read_form(&fields, parts)), expected, "{given:?}");
        }
        let sent = read_form(&fields, vec![("file".to_owned(), json!({ "fileId": "f-2" }))]);
        assert_eq!(sent["file"]["fileId"], "f-2");
    }
}
