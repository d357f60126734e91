//! What a tool gives, cut to a size that a model can be told.

use floe_runtime::tools::ToolFault;
use serde_json::{Value, json};

/// Bytes of a result at most, as JSON text.
pub const RESULT_BYTES_MAX: usize = 64 * 1024;
/// Characters of a fault's sentence at most.
const FAULT_CHARS_MAX: usize = 2_000;

/// The result, or its beginning and that it was cut.
pub(super) fn bounded(value: Value) -> Value {
    let value = without_nul(value);
    let text = match &value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.len() <= RESULT_BYTES_MAX {
        return value;
    }
    let beginning = start(&text, RESULT_BYTES_MAX);
    json!({ "truncated": true, "bytes": text.len(), "beginning": beginning })
}

/// The fault with a sentence of bounded length.
pub(super) fn bounded_fault(fault: ToolFault) -> ToolFault {
    let message: String = fault.message.chars().filter(|&c| c != '\0').take(FAULT_CHARS_MAX).collect();
    ToolFault { code: fault.code, message }
}

/// As much of a text as fits into so many bytes.
pub(super) fn start(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// Texts without NUL, which no database takes.
fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains('\0') => Value::String(text.replace('\0', "")),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nul).collect()),
        Value::Object(map) => {
            let clean = |name: String| if name.contains('\0') { name.replace('\0', "") } else { name };
            Value::Object(map.into_iter().map(|(name, value)| (clean(name), without_nul(value))).collect())
        }
        other => other,
    }
}
