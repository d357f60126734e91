//! JSON as YAML 1.2, for readers: block style, texts in double quotes as JSON writes them.

use serde_json::Value;

/// Writes a JSON value as a YAML document.
pub(super) fn to_yaml(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    text
}

/// Writes a value that stands on lines of its own, indented by `depth` levels of two spaces.
fn write(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (name, member) in map {
                indent(depth, text);
                text.push_str(&key(name));
                text.push(':');
                member_of(member, depth, text);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                indent(depth, text);
                text.push('-');
                member_of(item, depth, text);
            }
        }
        plain => {
            indent(depth, text);
            text.push_str(&plain.to_string());
            text.push('\n');
        }
    }
}

/// Writes what follows a name or a dash: on the same line, or below.
fn member_of(value: &Value, depth: usize, text: &mut String) {
    let is_block = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_block {
        text.push('\n');
        write(value, depth + 1, text);
    } else {
        text.push(' ');
        text.push_str(&value.to_string());
        text.push('\n');
    }
}

fn indent(depth: usize, text: &mut String) {
    for _ in 0..depth {
        text.push_str("  ");
    }
}

/// A name without quotes where no reader can take it for anything else.
fn key(name: &str) -> String {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '$' | '/' | '-');
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '_' | '$' | '/'));
    let is_value = matches!(
        name.to_ascii_lowercase().as_str(),
        "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if starts && !is_value && name.chars().all(is_word) { name.to_owned() } else { Value::from(name).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blocks_are_indented_and_texts_quoted() {
        let value = json!({
            "a": { "b": [1, { "c": "x: \"y\"\n" }], "empty": {}, "none": [] },
            "200": null, "no": true, "/v1/flow/{id}": [[1], []],
        });
        let expected = "a:\n  b:\n    - 1\n    -\n      c: \"x: \\\"y\\\"\\n\"\n  empty: {}\n  none: []\n\"200\": null\n\
                        \"no\": true\n\"/v1/flow/{id}\":\n  -\n    - 1\n  - []\n";
        assert_eq!(to_yaml(&value), expected);
    }
}
