//! What a server says of its tools, and what a call of one gave.

use floe_runtime::tools::ToolFault;
use serde_json::{Map, Value, json};

use super::super::result::start;

/// Bytes of a description at most.
const DESCRIPTION_BYTES_MAX: usize = 4_096;
/// Bytes of a name at most.
const NAME_BYTES_MAX: usize = 200;

/// A tool of a server.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) parameters: Value,
}

impl Listed {
    /// Reads one; what has no usable name is passed over.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let name = value.get("name")?.as_str().filter(|name| (1..=NAME_BYTES_MAX).contains(&name.len()))?;
        let description = value.get("description").and_then(Value::as_str).unwrap_or_default();
        let parameters = value.get("inputSchema").filter(|schema| schema.is_object());
        Some(Self {
            name: name.to_owned(),
            description: start(description, DESCRIPTION_BYTES_MAX).to_owned(),
            parameters: parameters.cloned().unwrap_or_else(|| json!({ "type": "object", "properties": {} })),
        })
    }
}

/// What a call gave: structured content as it is, else its texts.
///
/// # Errors
/// `failed` with what the tool said of its failure; `not_supported` when it asks for something that nobody here can give.
pub(super) fn read_result(result: &Value) -> Result<Value, ToolFault> {
    let asks = result.get("resultType").and_then(Value::as_str).is_some_and(|word| word != "complete");
    if asks {
        return Err(ToolFault::new(
            "not_supported",
            "The tool asks for more input from a person, which it cannot get here",
        ));
    }
    let content = result.get("content").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let texts: Vec<String> = content.iter().map(piece).collect();
    if result.get("isError") == Some(&Value::Bool(true)) {
        let said = texts.join("\n");
        let said = if said.is_empty() { "The tool failed".to_owned() } else { said };
        return Err(ToolFault::new("failed", said));
    }
    match result.get("structuredContent") {
        Some(value @ (Value::Object(_) | Value::Array(_))) => Ok(value.clone()),
        _ if content.is_empty() => Ok(Value::Object(Map::new())),
        _ => Ok(Value::String(texts.join("\n"))),
    }
}

/// A piece of content as text; what is no text is named.
fn piece(block: &Value) -> String {
    let word = |name: &str| block.get(name).and_then(Value::as_str).unwrap_or_default();
    match word("type") {
        "text" => word("text").to_owned(),
        "resource" => {
            let resource = &block["resource"];
            let named = || format!("[resource {}]", resource["uri"].as_str().unwrap_or_default());
            resource["text"].as_str().map_or_else(named, str::to_owned)
        }
        "resource_link" => format!("[resource {}]", word("uri")),
        kind => format!("[{kind} {}]", word("mimeType")),
    }
}
