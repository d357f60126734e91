//! Checks of single nodes: fields that are missing or out of their range, providers that nobody knows (Workflow API contract,
//! section 20). A field that holds a placeholder is checked only when the node runs.

use serde_json::Value;

use super::document::{Document, NodeDef};
use super::problem::{Problems, code};
use super::providers;
use super::types::{NodeTypes, Runs};
use crate::catalog::{Field, FieldKind};

/// Attempts of a node at most.
const ATTEMPTS_MAX: f64 = 10.0;

/// Checks every node by itself.
pub(super) fn nodes(document: &Document, types: &NodeTypes, problems: &mut Problems) {
    for node in &document.nodes {
        let Some(spec) = node.spec else { continue };
        for field in spec.fields {
            check_field(node, field, problems);
        }
        special(node, problems);
        retry(node, problems);
        on_error(node, problems);
        warnings(node, types, problems);
    }
}

/// Whether the value is only known when the node runs.
pub(super) fn is_computed(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("{{") || text.contains("${"))
}

fn is_missing(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

fn missing(node: &NodeDef, field: &str, problems: &mut Problems) {
    let message = format!("{} needs {field}", node.name);
    problems.error(code::MISSING_FIELD, &node.id, field, message);
}

fn check_field(node: &NodeDef, field: &Field, problems: &mut Problems) {
    let value = node.config.get(field.key);
    if field.required && is_missing(value) {
        match (field.key, value) {
            // An empty prompt is written, and fails when the node runs.
            ("prompt", Some(Value::String(_))) => {
                let message = format!("The prompt of {} is empty", node.name);
                problems.warn(code::EMPTY_PROMPT, &node.id, field.key, message);
            }
            // An output may be an empty text or an empty list.
            ("value", Some(value)) if !value.is_null() => {}
            _ => missing(node, field.key, problems),
        }
        return;
    }
    let Some(value) = value.filter(|value| !value.is_null() && !is_computed(value)) else { return };
    if let (FieldKind::Select, Some(word)) = (field.kind, value.as_str())
        && !word.is_empty()
        && !field.options.iter().any(|option| option.eq_ignore_ascii_case(word))
    {
        let message = format!("{} must be one of {}", field.key, field.options.join(", "));
        problems.error(code::INVALID_FIELD, &node.id, field.key, message);
    }
    if let Some((min, max)) = field.range {
        check_range(node, field.key, value, min, max, problems);
    }
}

fn check_range(node: &NodeDef, key: &str, value: &Value, min: f64, max: f64, problems: &mut Problems) {
    let number = value.as_f64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
    if !number.is_some_and(|number| (min..=max).contains(&number)) {
        let message = format!("{key} must be a number from {min} to {max}");
        problems.error(code::INVALID_FIELD, &node.id, key, message);
    }
}

/// What depends on several fields.
fn special(node: &NodeDef, problems: &mut Problems) {
    let lacks = |key: &str| is_missing(node.config.get(key));
    match node.kind.as_str() {
        "conditional" if lacks("expression") && node.config.get("leftValue").is_none_or(Value::is_null) => {
            missing(node, "expression", problems);
        }
        "router" => match node.config.get("routes") {
            Some(Value::Array(routes)) if routes.len() == 1 => {
                let message = "A router needs at least two routes";
                problems.error(code::INVALID_FIELD, &node.id, "routes", message);
            }
            _ => {}
        },
        "loop" => {
            let source = match node.text("loopType").unwrap_or("forEach") {
                "while" => "condition",
                "count" => "count",
                _ => "arrayPath",
            };
            if lacks(source) {
                missing(node, source, problems);
            }
        }
        "shared-memory" => {
            let source = if node.text("operation") == Some("search") { "searchQuery" } else { "key" };
            if lacks(source) {
                missing(node, source, problems);
            }
        }
        _ => {}
    }
}

fn retry(node: &NodeDef, problems: &mut Problems) {
    let Some(retry) = node.config.get("retry").and_then(Value::as_object) else { return };
    let ranges = [
        ("maxAttempts", 1.0, ATTEMPTS_MAX),
        ("initialDelay", 0.0, 3_600_000.0),
        ("maxDelay", 0.0, 3_600_000.0),
        ("backoffMultiplier", 1.0, 100.0),
    ];
    for (key, min, max) in ranges {
        if let Some(value) = retry.get(key).filter(|value| !value.is_null() && !is_computed(value)) {
            check_range(node, &format!("retry.{key}"), value, min, max, problems);
        }
    }
    let strategy = retry.get("strategy").and_then(Value::as_str);
    if strategy.is_some_and(|word| !["fixed", "exponential", "linear"].contains(&word) && !word.contains("{{")) {
        let message = "strategy must be fixed, exponential or linear";
        problems.error(code::INVALID_FIELD, &node.id, "retry.strategy", message);
    }
}

fn on_error(node: &NodeDef, problems: &mut Problems) {
    if !["fail", "continue", "fallback", "goto"].contains(&node.strategy()) {
        let message = "strategy must be fail, continue, fallback or goto";
        problems.error(code::INVALID_FIELD, &node.id, "onError.strategy", message);
    } else if node.strategy() == "goto" && node.goto().is_none() {
        let message = format!("{} needs the node to go on with", node.name);
        problems.error(code::MISSING_FIELD, &node.id, "onError.gotoNode", message);
    }
}

fn warnings(node: &NodeDef, types: &NodeTypes, problems: &mut Problems) {
    let provider = node.text("provider").filter(|provider| !provider.contains("{{"));
    let models = matches!(node.kind.as_str(), "llm" | "router" | "vision" | "embeddings");
    if let Some(provider) = provider {
        let known = if models {
            providers::MODELS.contains(&provider.to_lowercase().as_str())
        } else if node.is("integration") {
            types.knows_provider(provider)
        } else {
            true
        };
        if !known {
            let message = format!("There is no provider {provider} on this server yet");
            problems.warn(code::UNKNOWN_PROVIDER, &node.id, "provider", message);
        }
    }
    if matches!(node.kind.as_str(), "integration" | "database") && is_missing(node.config.get("connectionId")) {
        let message = "No connection is chosen: the only active one of the provider is used";
        problems.warn(code::MISSING_CONNECTION, &node.id, "connectionId", message);
    }
    if let Some(field) = switched_off(node, types) {
        let message = format!("{} fails with NOT_CONFIGURED until the server is set up for it", node.name);
        problems.warn(code::CAPABILITY_OFF, &node.id, field, message);
    }
}

/// The field that asks for something which a minimal server has not.
fn switched_off(node: &NodeDef, types: &NodeTypes) -> Option<&'static str> {
    let word = |key: &str| node.text(key).map(str::to_lowercase);
    match (node.kind.as_str(), node.spec.map(|spec| spec.runs)) {
        ("code", _) if word("language").is_some_and(|word| ["python", "shell", "bash"].contains(&word.as_str())) => {
            Some("language")
        }
        ("database", _) if word("provider").is_some_and(|word| ["mongodb", "mysql"].contains(&word.as_str())) => {
            Some("provider")
        }
        (_, Some(Runs::Effect { key, optional: true, .. })) if !types.is_on(key) => Some("type"),
        _ => None,
    }
}

/// Whether a text holds a placeholder.
pub(super) fn is_template(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("{{"))
}
