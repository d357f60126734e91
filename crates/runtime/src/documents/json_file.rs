//! JSON: a record is a block of lines that name their values; a list is as many records as it has items.

use floe_model::agents::passages::Block;
use serde_json::Value;

use super::{BLOCKS_MAX, TEXT_BYTES_MAX, Unreadable};

/// Reads a document, or one document a line.
pub(super) fn read(text: &str) -> Result<Vec<Block>, Unreadable> {
    let records = match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(items)) => items,
        Ok(other) => vec![other],
        Err(_) => lines(text)?,
    };
    if records.len() > BLOCKS_MAX {
        return Err(Unreadable::TooLarge);
    }
    let mut writer = Writer::default();
    let mut blocks = Vec::new();
    for record in &records {
        writer.value("", record)?;
        if !writer.text.is_empty() {
            blocks.push(Block::text(std::mem::take(&mut writer.text)));
        }
    }
    Ok(blocks)
}

fn lines(text: &str) -> Result<Vec<Value>, Unreadable> {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).take(BLOCKS_MAX + 1);
    let found: Vec<Value> =
        lines.map(|line| serde_json::from_str(line).map_err(|_| Unreadable::Broken)).collect::<Result<_, _>>()?;
    if found.is_empty() { Err(Unreadable::Broken) } else { Ok(found) }
}

#[derive(Default)]
struct Writer {
    text: String,
    size: usize,
}

impl Writer {
    /// Writes `path: value` lines. The parser bounds the depth.
    fn value(&mut self, path: &str, value: &Value) -> Result<(), Unreadable> {
        match value {
            Value::Null => Ok(()),
            Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                self.value(&path, value)
            }),
            Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
                let items: Vec<String> = items.iter().map(shown).collect();
                self.line(path, &items.join(", "))
            }
            Value::Array(items) => items.iter().try_for_each(|item| self.value(path, item)),
            other => self.line(path, &shown(other)),
        }
    }

    fn line(&mut self, path: &str, value: &str) -> Result<(), Unreadable> {
        let before = self.text.len();
        if before > 0 {
            self.text.push('\n');
        }
        if !path.is_empty() {
            self.text.push_str(path);
            self.text.push_str(": ");
        }
        self.text.push_str(value);
        self.size += self.text.len() - before;
        if self.size > TEXT_BYTES_MAX { Err(Unreadable::TooLarge) } else { Ok(()) }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
