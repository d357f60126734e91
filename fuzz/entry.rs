//! The entries of the fuzz targets. Also run over the seed corpus by the engine's unit tests.

use floe_model::Timestamp;
use serde_json::{Map, Value, json};

use super::expr::{Env, Expression, JsonTemplate, Profile, Template};

/// Parses and evaluates any text as an expression.
#[allow(dead_code, reason = "each fuzz target uses one of the entries")]
pub(crate) fn expression(data: &[u8]) {
    let Ok(source) = std::str::from_utf8(data) else { return };
    let Ok(expression) = Expression::parse(source) else { return };
    let (names, mut uuid) = (names(), String::new);
    let mut env = Env::new(Timestamp(0), &mut uuid);
    let result = expression.evaluate(&names, &mut env);
    let truth = expression.is_truthy(&names, &mut env);
    assert_eq!(
        result.is_err_and(|error| error.code() == "expression_error"),
        truth.is_err_and(|error| error.code() == "expression_error")
    );
}

/// Parses and renders any text as a template.
#[allow(dead_code, reason = "each fuzz target uses one of the entries")]
pub(crate) fn template(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(template) = Template::parse(text) else { return };
    assert!(template.is_literal() || text.contains("{{"));
    let mut uuid = String::new;
    let _ = template.render(&names(), &mut Env::new(Timestamp(0), &mut uuid));
}

/// Parses any text as a template and as a condition of a graph, and evaluates it.
#[allow(dead_code, reason = "each fuzz target uses one of the entries")]
pub(crate) fn graph_expression(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (names, mut uuid) = (names(), String::new);
    let mut env = Env::new(Timestamp(0), &mut uuid);
    if let Ok(template) = Template::parse_in(Profile::Graph, text) {
        assert!(template.is_literal() || text.contains("{{"));
        let first = template.render(&names, &mut env);
        if first.is_ok() {
            assert_eq!(first, template.render(&names, &mut env));
        }
        let _ = (template.roots(), template.members("env"));
    }
    if let Ok(condition) = Expression::parse_in(Profile::Graph, text) {
        let _ = condition.is_truthy(&names, &mut env);
        let _ = (condition.evaluate(&names, &mut env), condition.roots());
    }
    if let Ok(template) = JsonTemplate::parse_json_text(&Value::from(text)) {
        let _ = template.render(&names, &mut env);
    }
    for script in env.asked() {
        assert!(!script.key.is_empty());
    }
}

fn names() -> Map<String, Value> {
    let names = json!({
        "a": { "b": [1, 2.5, "three", null, true], "c": {} },
        "l": ["x", "y", ["z"]],
        "n": -12.75,
        "big": u64::MAX,
        "s": "Grüße 😀, welt",
    });
    match names {
        Value::Object(names) => names,
        _ => Map::new(),
    }
}
