//! What a node of a plan does, made of a node's config.

mod loops;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::document::NodeDef;
use super::types::{Family, Gets, NodeType, NodeTypes, Runs};
use super::{check, inputs};
use crate::expr::{Expression, JsonTemplate, Profile};
use crate::nodes::{Compute, NodeProblem};
use crate::plan::{
    Callee, EffectWork, Growth, OnError, PollWork, Primary, Retry, ScopeIndex, SleepWork, WaitKind, WaitWork, Work,
};

pub(super) use loops::concurrency;

/// Time limit of one attempt, in milliseconds: of nodes that ask a model or run code, and of all others (section 17).
const LONG_MS: u64 = 600_000;
const SHORT_MS: u64 = 120_000;
/// The longest time limit that a call may ask for, with some time for the call to end by itself.
const CALL_MS: u64 = 310_000;
/// Seconds between two looks at a condition.
const POLL_S: f64 = 5.0;
/// Keys of a config that are the platform's, not the effect's.
const NOT_FOR_EFFECTS: [&str; 3] = ["outputVariable", "retry", "onError"];

type Found<T> = Result<T, Vec<NodeProblem>>;

/// The work of a node.
pub(super) fn work(node: &NodeDef, types: &NodeTypes, body: Option<ScopeIndex>, again: Option<u16>) -> Found<Work> {
    let Some(spec) = node.spec else { return Ok(Work::Skip { warning: None }) };
    match spec.runs {
        Runs::Compute => Compute::parse(&node.kind, &node.config).map(|compute| Work::Compute(Box::new(compute))),
        Runs::Effect { key, touches_world, .. } => effect(node, spec, types, key, touches_world).map(Work::Effect),
        Runs::Loop => loops::work(node, body.unwrap_or_default(), again).map(|work| Work::Loop(Box::new(work))),
        Runs::Wait => wait(node),
        Runs::Review => review(node),
        Runs::Child(callee) => {
            let call = match callee {
                Callee::Flow => {
                    let id = node.config.get("workflowId").cloned().unwrap_or_default();
                    let inputs = node.config.get("inputs").cloned().unwrap_or_else(|| json!({}));
                    template("inputs", &json!({ "workflowId": id, "inputs": inputs }))?
                }
                Callee::PaymentRun => payment(node, spec)?,
            };
            Ok(Work::Child { callee, call, wait: node.text("mode") != Some("detach") })
        }
    }
}

/// What a payment run is made of: the fields of the node, without how it is awaited.
fn payment(node: &NodeDef, spec: &NodeType) -> Found<JsonTemplate> {
    let fields = spec.fields.iter().map(|field| field.key).filter(|&key| key != "mode");
    let is_there = |value: &&Value| !value.is_null() && value.as_str() != Some("");
    let given = fields.filter_map(|key| Some((key.to_owned(), node.config.get(key).filter(is_there)?.clone())));
    template("objective", &Value::Object(given.collect()))
}

/// What a node that only computes makes of its config; none for others.
pub(super) fn computation(node: &NodeDef) -> Option<Found<Compute>> {
    let computes = node.spec.is_some_and(|spec| spec.runs == Runs::Compute);
    computes.then(|| Compute::parse(&node.kind, &node.config))
}

/// The variable that receives the primary value.
pub(super) fn output(node: &NodeDef) -> Option<String> {
    let name = node.text("outputVariable").or_else(|| if node.is("files") { inputs::name_of(node) } else { None });
    name.map(str::to_owned)
}

/// What that variable receives.
pub(super) fn primary(node: &NodeDef) -> Primary {
    let member = |name: &str| Primary::Member(name.to_owned());
    match node.spec.map(|spec| spec.gets) {
        Some(Gets::Member(name)) => member(name),
        Some(Gets::Named) if node.is("input") => member(inputs::name_of(node).unwrap_or("userInput")),
        Some(Gets::Named) => {
            member(node.text("outputName").or_else(|| node.text("outputVariable")).unwrap_or("output"))
        }
        _ if node.is("shared-memory") && node.text("operation") == Some("get") => member("value"),
        _ => Primary::Whole,
    }
}

fn effect(
    node: &NodeDef,
    spec: &NodeType,
    types: &NodeTypes,
    key: &'static str,
    touches_world: bool,
) -> Found<EffectWork> {
    let mut config: Map<String, Value> = node.config.clone();
    NOT_FOR_EFFECTS.iter().for_each(|key| _ = config.shift_remove(*key));
    let mut fixed = Map::new();
    if node.is("code") && !config.get("code").is_some_and(check::is_template) {
        fixed.extend(config.shift_remove("code").map(|code| ("code".to_owned(), code)));
    }
    if node.is("database")
        && let Some(query) = config.get("query").and_then(Value::as_str).and_then(bound)
    {
        config.insert("query".to_owned(), query);
    }
    if let (true, Some(name)) = (node.is("url") && !config.contains_key("urls"), node.text("urlVariable")) {
        let path = name.trim().trim_start_matches("${").trim_matches(['{', '}']).trim();
        config.insert("urls".to_owned(), Value::from(format!("{{{{{path}}}}}")));
    }
    let config = JsonTemplate::parse_fields(&config, spec.json_texts).map_err(|error| placed("", &error))?;
    let said = types.effect(key);
    let limit = match spec.family {
        Family::Ai | Family::Code => LONG_MS,
        Family::Web | Family::Other if node.is("http") => CALL_MS,
        Family::Web | Family::Other => SHORT_MS,
    };
    let mut secrets: Vec<String> = config.members("env").into_iter().map(str::to_owned).collect();
    secrets.sort_unstable();
    secrets.dedup();
    Ok(EffectWork {
        step: key,
        config,
        fixed,
        key_values: Vec::new(),
        secrets,
        touches_world: said.map_or(touches_world, |said| said.touches_world),
        timeout_ms: said.map_or(limit, |said| said.timeout_ms),
        handle: node.is("router").then(|| "selectedRoute".to_owned()),
        sees_predecessors: node.is("router") && node.text("prompt").is_none(),
    })
}

/// A query whose placeholders are values beside it, so that none is ever part of the query: texts and placeholders in turn.
fn bound(query: &str) -> Option<Value> {
    let mut parts = Vec::new();
    let mut rest = query;
    while let Some((before, after)) = rest.split_once("{{") {
        let (inner, after) = after.split_once("}}")?;
        parts.push(Value::from(before));
        parts.push(Value::from(format!("{{{{{inner}}}}}")));
        rest = after;
    }
    if parts.is_empty() {
        return None;
    }
    parts.push(Value::from(rest));
    Some(json!({ "$sql": parts }))
}

fn wait(node: &NodeDef) -> Found<Work> {
    let of = |key: &str| node.config.get(key).filter(|value| !value.is_null());
    let optional = |key: &str| of(key).map(|value| template(key, value)).transpose();
    let timeout_ms = of("timeout").and_then(number).map(|limit| limit.max(0.0) as u64);
    match node.text("waitType").unwrap_or("duration") {
        "until" => {
            let until = of("timestamp").cloned().unwrap_or_default();
            let until = Some(template("timestamp", &until)?);
            let zone = optional("timezone")?;
            Ok(Work::Sleep(Box::new(SleepWork { duration: None, unit_ms: 1.0, until, zone })))
        }
        "condition" => {
            let condition = of("condition").cloned().unwrap_or(json!(false));
            let text = condition.as_str().map_or_else(|| condition.to_string(), str::to_owned);
            let condition = expression("condition", &text)?;
            let interval_s = of("pollingInterval").and_then(number).unwrap_or(POLL_S).clamp(1.0, 86_400.0) as u64;
            Ok(Work::Poll(Box::new(PollWork { condition, interval_s, timeout_ms })))
        }
        "webhook" => {
            let mut question = node.config.clone();
            NOT_FOR_EFFECTS.iter().for_each(|key| _ = question.shift_remove(*key));
            asked(WaitKind::Hook, &question, timeout_ms)
        }
        _ => {
            let (key, plain) = if of("duration").is_some() { ("duration", 1.0) } else { ("durationValue", 1_000.0) };
            let unit_ms = of("durationUnit").and_then(Value::as_str).and_then(unit).unwrap_or(plain);
            let duration = Some(template(key, of(key).unwrap_or(&json!(0)))?);
            Ok(Work::Sleep(Box::new(SleepWork { duration, unit_ms, until: None, zone: None })))
        }
    }
}

/// Milliseconds of a unit.
fn unit(word: &str) -> Option<f64> {
    match word.trim().to_lowercase().as_str() {
        "ms" | "millisecond" | "milliseconds" => Some(1.0),
        "s" | "sec" | "second" | "seconds" => Some(1_000.0),
        "m" | "min" | "minute" | "minutes" => Some(60_000.0),
        "h" | "hour" | "hours" => Some(3_600_000.0),
        "d" | "day" | "days" => Some(86_400_000.0),
        _ => None,
    }
}

/// Keys of a review, and what they are called in its question.
const REVIEW: [(&str, &str); 9] = [
    ("prompt", "prompt"),
    ("description", "description"),
    ("variableName", "variable_name"),
    ("outputVariable", "output_variable"),
    ("inputType", "input_type"),
    ("placeholder", "placeholder"),
    ("required", "required"),
    ("defaultValue", "default"),
    ("validation", "validation"),
];

fn review(node: &NodeDef) -> Found<Work> {
    let of = |(key, shown): &(&str, &str)| {
        let value = node.config.get(*key).filter(|value| !value.is_null())?;
        Some(((*shown).to_owned(), value.clone()))
    };
    let mut question: Map<String, Value> = REVIEW.iter().filter_map(of).collect();
    question.entry("required").or_insert(json!(true));
    question.entry("input_type").or_insert(json!("text"));
    let timeout_ms = node.config.get("timeoutMs").and_then(number).map(|limit| limit.max(1.0) as u64);
    asked(WaitKind::Review, &question, timeout_ms)
}

/// A question that never expires has the limit 0.
fn asked(kind: WaitKind, question: &Map<String, Value>, timeout_ms: Option<u64>) -> Found<Work> {
    let question = template("prompt", &Value::Object(question.clone()))?;
    let timeout_s = timeout_ms.map_or(0, |limit| limit.div_ceil(1_000));
    Ok(Work::Wait(WaitWork { kind, question, timeout_s, timeout: None }))
}

/// Repeats: what the node says, else what its family has (section 17).
pub(super) fn retry(node: &NodeDef) -> Retry {
    let usual =
        Retry { attempts_max: 3, interval_ms: 1_000, growth: Growth::DOUBLE, pause_ms_max: 10_000, codes: None };
    // Another payment run would pay again what the first one has paid.
    if node.spec.is_some_and(|spec| spec.runs == Runs::Child(Callee::PaymentRun)) {
        return Retry::NONE;
    }
    let Some(said) = node.config.get("retry").and_then(Value::as_object) else {
        return match node.spec.map(|spec| spec.family) {
            Some(Family::Ai | Family::Web) => usual,
            _ if node.is("http") => {
                let count = node.config.get("retryCount").and_then(number).unwrap_or(0.0).clamp(0.0, 5.0);
                Retry { attempts_max: count as u32 + 1, ..usual }
            }
            _ => Retry::NONE,
        };
    };
    if said.get("enabled") == Some(&json!(false)) {
        return Retry::NONE;
    }
    let of =
        |key: &str, default: f64, min: f64, max: f64| said.get(key).and_then(number).unwrap_or(default).clamp(min, max);
    let growth = match said.get("strategy").and_then(Value::as_str) {
        Some("fixed") => Growth::Fixed,
        Some("linear") => Growth::Linear,
        _ => Growth::Exponential { factor_thousandths: (of("backoffMultiplier", 2.0, 1.0, 100.0) * 1_000.0) as u32 },
    };
    let codes = said.get("retryableErrors").and_then(Value::as_array).filter(|codes| !codes.is_empty());
    Retry {
        attempts_max: of("maxAttempts", 3.0, 1.0, 10.0) as u32,
        interval_ms: of("initialDelay", 1_000.0, 0.0, 3_600_000.0) as u64,
        growth,
        pause_ms_max: of("maxDelay", 10_000.0, 0.0, 3_600_000.0) as u64,
        codes: codes.map(|codes| codes.iter().filter_map(Value::as_str).map(str::to_uppercase).collect()),
    }
}

/// What follows the last attempt (section 17).
pub(super) fn on_error(node: &NodeDef) -> OnError {
    let value = || Arc::new(node.on_error.get("fallbackValue").cloned().unwrap_or_default());
    match node.strategy() {
        "continue" => OnError::Value(value()),
        "goto" | "fallback" if node.goto().is_some() => OnError::Goto,
        "fallback" => OnError::Value(value()),
        _ => OnError::Settle,
    }
}

/// A number, also one that is written as text; none for a placeholder.
fn number(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
    number.filter(|number| number.is_finite())
}

fn template(field: &str, value: &Value) -> Found<JsonTemplate> {
    JsonTemplate::parse_in(Profile::Graph, value).map_err(|error| placed(field, &error))
}

fn expression(field: &str, text: &str) -> Found<Expression> {
    Expression::parse_in(Profile::Graph, text).map_err(|error| invalid(field, error.to_string()))
}

fn placed(field: &str, error: &crate::expr::PlacedParseError) -> Vec<NodeProblem> {
    let pointer = error.pointer.trim_start_matches('/').replace('/', ".");
    let field = if field.is_empty() || !pointer.is_empty() { pointer } else { field.to_owned() };
    invalid(&field, error.error.to_string())
}

fn invalid(field: &str, message: String) -> Vec<NodeProblem> {
    vec![NodeProblem { field: field.to_owned(), code: super::problem::code::INVALID_FIELD, message }]
}
