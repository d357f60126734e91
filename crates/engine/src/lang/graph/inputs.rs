//! What a workflow takes: the declared inputs, their schema, and the conversion of given values (Workflow API contract,
//! section 8.1).

use serde_json::{Map, Value, json};

use super::document::{Document, NodeDef};

/// Types of inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphInputKind {
    /// Anything, taken as it comes.
    Text,
    /// A number, or a text that is one.
    Number,
    /// True or false, or their words.
    Boolean,
    /// One of the options.
    Select,
    /// Any JSON; a text that is JSON is read.
    Json,
    /// One file.
    File,
    /// Files.
    Files,
}

impl GraphInputKind {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Select => "select",
            Self::Json => "json",
            Self::File => "file",
            Self::Files => "files",
        }
    }

    fn of(node: &NodeDef) -> Self {
        match node.kind.as_str() {
            "files" => return Self::Files,
            "audioInput" => return Self::File,
            _ => {}
        }
        match node.text("inputType").unwrap_or("text") {
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "select" => Self::Select,
            "json" => Self::Json,
            "file" => Self::File,
            "files" => Self::Files,
            _ => Self::Text,
        }
    }
}

/// A declared input.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphInput {
    /// Key of the value.
    pub name: String,
    /// The node that takes it.
    pub node_id: String,
    /// What it may hold.
    pub kind: GraphInputKind,
    /// Shown name.
    pub label: String,
    /// Whether a run without it is refused.
    pub required: bool,
    /// What is to be entered.
    pub description: Option<String>,
    /// Taken by the node when nothing is given.
    pub default: Option<Value>,
    /// Allowed values of a select.
    pub options: Vec<Value>,
    /// The node's own schema of a JSON value.
    pub schema: Option<Value>,
}

/// The declared inputs, each key once.
pub(super) fn declared(document: &Document) -> Vec<GraphInput> {
    let mut found: Vec<GraphInput> = Vec::new();
    for node in document.nodes.iter().filter(|node| takes_input(node)) {
        let input = of(node);
        if !found.iter().any(|known| known.name == input.name) {
            found.push(input);
        }
    }
    found
}

fn takes_input(node: &NodeDef) -> bool {
    // A page that the definition names itself is no input.
    let names_pages = || node.is("url") && (node.config.contains_key("urls") || node.text("urlVariable").is_some());
    matches!(node.kind.as_str(), "input" | "files" | "url" | "audioInput") && !names_pages()
}

/// The key under which a node looks for its value.
pub(super) fn name_of(node: &NodeDef) -> Option<&str> {
    node.text("inputName").or_else(|| node.text("inputVariable")).or_else(|| node.text("variableName"))
}

fn of(node: &NodeDef) -> GraphInput {
    let name = name_of(node).unwrap_or(&node.id).to_owned();
    let of = |key: &str| node.config.get(key).filter(|value| !value.is_null());
    let default = of("defaultValue").or_else(|| of("value")).cloned();
    let required = of("required").and_then(Value::as_bool).unwrap_or(default.is_none());
    let options = of("options").and_then(Value::as_array).into_iter().flatten();
    GraphInput {
        node_id: node.id.clone(),
        kind: GraphInputKind::of(node),
        label: if node.named { node.name.clone() } else { name.clone() },
        required,
        description: node.text("description").map(str::to_owned),
        default,
        options: options.map(|one| one.get("value").unwrap_or(one).clone()).collect(),
        schema: of("schema").filter(|schema| schema.is_object()).cloned(),
        name,
    }
}

/// The map of inputs as the API shows it; none when there are none.
pub(super) fn shown(inputs: &[GraphInput]) -> Option<Value> {
    let one = |input: &GraphInput| {
        let mut shown = json!({
            "type": input.kind.as_str(), "label": input.label, "required": input.required, "description": input.description,
        });
        if !input.options.is_empty() {
            shown["options"] = json!(input.options);
        }
        if let Some(default) = &input.default {
            shown["default"] = default.clone();
        }
        (input.name.clone(), shown)
    };
    if inputs.is_empty() { None } else { Some(Value::Object(inputs.iter().map(one).collect())) }
}

/// The same as a JSON Schema.
pub(super) fn schema(inputs: &[GraphInput]) -> Value {
    let properties: Map<String, Value> = inputs.iter().map(|input| (input.name.clone(), property(input))).collect();
    let required: Vec<&str> = inputs.iter().filter(|input| input.required).map(|input| input.name.as_str()).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn property(input: &GraphInput) -> Value {
    let mut property = match input.kind {
        GraphInputKind::Text => json!({ "type": "string" }),
        GraphInputKind::Number => json!({ "type": "number" }),
        GraphInputKind::Boolean => json!({ "type": "boolean" }),
        GraphInputKind::Select => json!({ "type": "string", "enum": input.options }),
        GraphInputKind::Json => input.schema.clone().unwrap_or_else(|| json!({})),
        GraphInputKind::File => json!({ "type": "object" }),
        GraphInputKind::Files => json!({ "type": "array", "items": { "type": "object" } }),
    };
    if let Some(description) = &input.description {
        property["description"] = json!(description);
    }
    if let Some(default) = &input.default {
        property["default"] = default.clone();
    }
    property
}

impl GraphInput {
    /// The value as the run gets it.
    ///
    /// # Errors
    /// Why it is not of the declared type and cannot be made so.
    pub fn convert(&self, value: &Value) -> Result<Value, String> {
        let refused = |what: &str| Err(format!("{} must be {what}", self.name));
        match self.kind {
            GraphInputKind::Text => Ok(value.clone()),
            GraphInputKind::Number => match value {
                Value::Number(_) => Ok(value.clone()),
                Value::String(text) => number(text).map_or_else(|| refused("a number"), Ok),
                _ => refused("a number"),
            },
            GraphInputKind::Boolean => match value {
                Value::Bool(_) => Ok(value.clone()),
                Value::String(text) if text == "true" || text == "false" => Ok(json!(text == "true")),
                _ => refused("true or false"),
            },
            GraphInputKind::Select if self.options.is_empty() || self.options.contains(value) => Ok(value.clone()),
            GraphInputKind::Select => {
                // An option that is a number may come as text.
                let text = value.as_str();
                let same = |option: &&Value| {
                    let shown = option.to_string();
                    text == Some(shown.as_str())
                };
                self.options.iter().find(same).map_or_else(|| refused("one of its options"), |one| Ok(one.clone()))
            }
            GraphInputKind::Json => {
                let parsed = value.as_str().and_then(|text| serde_json::from_str(text).ok());
                Ok(parsed.unwrap_or_else(|| value.clone()))
            }
            GraphInputKind::File | GraphInputKind::Files => match value {
                Value::Object(_) | Value::String(_) => Ok(value.clone()),
                Value::Array(_) if self.kind == GraphInputKind::Files => Ok(value.clone()),
                _ => refused("a file"),
            },
        }
    }
}

/// The number that a text holds, a whole one where it is one.
fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Value::from(whole));
    }
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
    serde_json::Number::from_f64(number).map(Value::Number)
}

/// Checks given inputs and converts them. Keys that nobody declares are kept; a default is the node's to take.
///
/// # Errors
/// Every wrong input with its name and why: missing, or not of its type.
pub fn convert_inputs(
    declared: &[GraphInput],
    mut given: Map<String, Value>,
) -> Result<Map<String, Value>, Vec<(String, String)>> {
    let mut problems = Vec::new();
    for input in declared {
        match given.get(&input.name).filter(|value| !value.is_null()) {
            Some(value) => match input.convert(value) {
                Ok(value) => {
                    given.insert(input.name.clone(), value);
                }
                Err(why) => problems.push((input.name.clone(), why)),
            },
            None if input.required => problems.push((input.name.clone(), format!("{} is required", input.name))),
            None => {}
        }
    }
    if problems.is_empty() { Ok(given) } else { Err(problems) }
}
