//! Where a definition may name secrets: in templates of the steps that call outside (Flow API contract, section 6.3).

use serde_json::Value;

use super::definition::StepDef;
use super::fields;
use crate::catalog::{Field, FieldKind, StepSpec};
use crate::expr::JsonTemplate;
use crate::lang::problem::Problem;
use crate::secrets::STEPS;

const ROOT: &str = "secrets";

/// Refuses secrets in steps and fields that cannot have them. What is no template or expression at all was told of already.
pub(super) fn check(step: &StepDef, spec: &StepSpec, problems: &mut Vec<Problem>) {
    for field in spec.fields {
        let Some(value) = step.data.get(field.key).filter(|value| mentions(value)) else { continue };
        if let Err((below, why)) = check_field(spec, field, value) {
            let path = format!("{}/data/{}{below}", step.pointer, field.key);
            problems.push(Problem::error("bad_expression", Some(&step.id), path, why));
        }
    }
}

fn check_field(spec: &StepSpec, field: &Field, value: &Value) -> Result<(), (String, String)> {
    if field.key == "branches" {
        for (index, branch) in value.as_array().into_iter().flatten().enumerate() {
            let condition = branch.get("condition").and_then(Value::as_str).unwrap_or_default();
            expression(condition).map_err(|why| (format!("/{index}/condition"), why))?;
        }
        return Ok(());
    }
    match field.kind {
        FieldKind::Code | FieldKind::Steps => Ok(()),
        FieldKind::Expression => expression(value.as_str().unwrap_or_default()).map_err(|why| (String::new(), why)),
        _ if field.key == "arrayVariable" => {
            expression(value.as_str().unwrap_or_default()).map_err(|why| (String::new(), why))
        }
        FieldKind::KeyValue => fields::key_values(value).map_or(Ok(()), |map| templates(spec, &map)),
        _ => templates(spec, value),
    }
}

/// Templates may hold secrets in some types of steps.
fn templates(spec: &StepSpec, value: &Value) -> Result<(), (String, String)> {
    let Ok(template) = JsonTemplate::parse(value) else { return Ok(()) };
    let names = template.secrets().map_err(|(below, why)| (below, why.to_owned()))?;
    if names.is_empty() || STEPS.contains(&spec.key) { Ok(()) } else { Err((String::new(), not_here())) }
}

/// Expressions decide about the run, so none of them may hold one.
fn expression(text: &str) -> Result<(), String> {
    let is_path = fields::dot_path(text).is_some_and(|path| path.first().is_some_and(|root| root == ROOT));
    let uses = fields::expression(text).is_ok_and(|expression| expression.roots().contains(&ROOT));
    if is_path || uses { Err(not_here()) } else { Ok(()) }
}

fn not_here() -> String {
    format!("secrets may only be used in templates of {}", STEPS.join(", "))
}

fn mentions(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(ROOT),
        Value::Array(items) => items.iter().any(mentions),
        Value::Object(map) => map.values().any(mentions),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests;
