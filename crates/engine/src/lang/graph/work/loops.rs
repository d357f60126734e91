//! The work of a loop (Workflow API contract, section 16).

use serde_json::{Value, json};

use super::{Found, expression, invalid, number, template};
use crate::expr::JsonTemplate;
use crate::lang::graph::document::NodeDef;
use crate::nodes;
use crate::plan::{LoopKind, LoopWork, PassFailure, ScopeIndex};

/// Passes at most, unless the node says otherwise.
const PASSES: f64 = 1_000.0;
/// Passes at most, whatever the node says.
const PASSES_MAX: f64 = 10_000.0;
/// Passes at the same time, where the node says only that they are.
const BESIDE: f64 = 10.0;
/// Passes at the same time at most.
const BESIDE_MAX: f64 = 100.0;

pub(super) fn work(node: &NodeDef, body: ScopeIndex, again: Option<u16>) -> Found<LoopWork> {
    let of = |key: &str| node.config.get(key).filter(|value| !value.is_null());
    let variables = of("initialVariables").map(|value| template("initialVariables", value)).transpose()?;
    let written = of("maxIterations");
    // A limit that is computed is not known here: the highest one holds.
    let passes = match written {
        Some(value) => number(value).unwrap_or(PASSES_MAX),
        None => PASSES,
    };
    let on_failure = match node.text("onPartialFailure") {
        Some("continue") => PassFailure::Continue,
        Some("collect") => PassFailure::Collect,
        _ => PassFailure::Fail,
    };
    let name = |key: &str, default: &str| node.text(key).unwrap_or(default).to_owned();
    Ok(LoopWork {
        kind: kind(node)?,
        item: name("itemVariable", "item"),
        index: name("indexVariable", "index"),
        variables,
        passes_max: passes.clamp(1.0, PASSES_MAX) as usize,
        concurrency: concurrency(node),
        on_failure,
        body,
        again,
    })
}

/// Passes at the same time: more than one only where each is known beforehand.
pub(in crate::lang::graph) fn concurrency(node: &NodeDef) -> u32 {
    let beside = node.config.get("parallel") == Some(&json!(true));
    if node.text("loopType") == Some("while") {
        return 1;
    }
    let said = node.config.get("maxConcurrency").and_then(number);
    said.unwrap_or(if beside { BESIDE } else { 1.0 }).clamp(1.0, BESIDE_MAX) as u32
}

fn kind(node: &NodeDef) -> Found<LoopKind> {
    let value = |key: &str| node.config.get(key).cloned().unwrap_or_default();
    match node.text("loopType").unwrap_or("forEach") {
        "while" => {
            let condition = value("condition");
            let text = condition.as_str().map_or_else(|| condition.to_string(), str::to_owned);
            Ok(LoopKind::While { condition: expression("condition", &text)? })
        }
        "count" => {
            let start = node.config.get("startIndex").filter(|start| !start.is_null()).cloned().unwrap_or(json!(0));
            Ok(LoopKind::Count { count: reference("count", &value("count"))?, start: reference("startIndex", &start)? })
        }
        _ => Ok(LoopKind::ForEach { source: reference("arrayPath", &value("arrayPath"))? }),
    }
}

/// `{{x}}`, `${x}` and `x` are equal.
fn reference(field: &str, value: &Value) -> Found<JsonTemplate> {
    nodes::reference(value).map_err(|error| invalid(field, error.to_string()))
}
