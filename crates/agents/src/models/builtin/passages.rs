//! Reads what a search in knowledge has found, in whatever form the tool tells it.

use serde_json::Value;

/// A passage.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Passage {
    pub(super) text: String,
    pub(super) source: Option<String>,
}

/// The passages in the result of a tool, best first as it told them; none when it is no list of passages.
pub(super) fn read(result: &Value) -> Option<Vec<Passage>> {
    let list = match result {
        Value::Array(list) => list,
        Value::Object(map) => {
            ["results", "passages", "hits", "chunks"].iter().find_map(|name| map.get(*name)?.as_array())?
        }
        _ => return None,
    };
    let passages: Vec<Passage> = list.iter().filter_map(passage).collect();
    (passages.len() == list.len()).then_some(passages)
}

fn passage(entry: &Value) -> Option<Passage> {
    let text = ["text", "content", "passage"].iter().find_map(|name| entry.get(*name)?.as_str())?;
    let source =
        ["source", "document_name", "document", "title", "name"].iter().find_map(|name| match entry.get(*name)? {
            Value::String(source) => Some(source.clone()),
            Value::Object(document) => document.get("name")?.as_str().map(str::to_owned),
            _ => None,
        });
    Some(Passage { text: text.trim().to_owned(), source })
}
