//! The node type `code`: user JavaScript in the sandbox (Workflow API contract, section 18). It has no files, no network and no modules, and sees
//! no secret: `env` holds their names only.

mod mentions;

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_runtime::Platform;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture, Effected};
use floe_runtime::sandbox::{self, CodeFailure, FailureCode, Job, JobLimits, LogLevel, Outcome};
use serde_json::{Map, Value, json};

use super::config::Config;
use super::failure::{invalid, not_configured};
use super::spec;
use crate::scripts;
use crate::steps::code::lines;

/// Time for the code unless the node says otherwise, in milliseconds (Workflow API contract, section 18).
const TIMEOUT_MS: u64 = 30_000;
/// Most that a node may ask for, in milliseconds.
const TIMEOUT_MS_MAX: u64 = 300_000;
/// Memory of the code unless the node says otherwise, in mebibytes.
const MEMORY_MIB: u64 = 128;
/// Most that a node may ask for.
const MEMORY_MIB_MAX: u64 = 512;
/// Bytes of the returned value as JSON at most; a record over one mebibyte is cut to a preview by the machine.
const RESULT_BYTES: u64 = 8 << 20;
/// What gives the value of code that returns nothing: its variable `result`. It stands behind the code, so lines keep their numbers.
const ENDING: &str = "\n;return typeof result === 'undefined' ? undefined : result;";
/// Puts the names of the run in scope, behind the prelude that all scripts share.
const PRELUDE: &str = include_str!("prelude.js");

static SPEC: StepSpec = spec::inside("node-code", "Code", spec::CODE_TIMEOUT_MS);

/// Runs user code.
pub(super) struct Code {
    /// Whether the operator lets user code run.
    pub(super) is_on: bool,
}

impl Effect for Code {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    fn sees_context(&self) -> bool {
        true
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move {
            match job(call, self.is_on) {
                Ok(job) => {
                    let began = platform.clock.now();
                    let outcome = platform.sandbox.run(job).await;
                    effected(outcome, platform.clock.now().millis_since(began))
                }
                Err(error) => Effected::failed(error),
            }
        })
    }
}

fn job(call: EffectCall, is_on: bool) -> Result<Job, StepError> {
    let config = Config(&call.input);
    match config.text(&["language"])?.as_deref().unwrap_or("javascript").to_ascii_lowercase().as_str() {
        "javascript" | "js" | "node" | "nodejs" if is_on => {}
        "javascript" | "js" | "node" | "nodejs" => return Err(not_configured("This server runs no user code")),
        "python" | "shell" | "bash" | "sh" => {
            return Err(not_configured("This server runs code in JavaScript only"));
        }
        _ => return Err(invalid("language is not one of javascript, python, shell")),
    }
    let code = call.fixed.get("code").or_else(|| call.input.get("code")).and_then(Value::as_str);
    let code = code.filter(|code| !code.trim().is_empty()).ok_or_else(|| invalid("code is missing"))?;
    let time_ms = config.number(&["timeout"], TIMEOUT_MS, 1..=TIMEOUT_MS_MAX)?.min(call.timeout_ms);
    let memory_bytes = config.number(&["memory", "memoryLimit"], MEMORY_MIB, 1..=MEMORY_MIB_MAX)? << 20;
    let only = only(config)?;
    let scope = scope(call.context, code, only.as_deref());
    let limits = JobLimits { time_ms, memory_bytes, result_bytes: RESULT_BYTES, ..JobLimits::default() };
    let globals = Map::from_iter([("$scope".to_owned(), scope)]);
    Ok(Job {
        limits,
        prelude: format!("{}\n{PRELUDE}", scripts::PRELUDE),
        ..Job::new(format!("{code}{ENDING}"), globals)
    })
}

/// The names that the code may see, when the node says which.
fn only(config: Config<'_>) -> Result<Option<Vec<String>>, StepError> {
    let wrong = || invalid("inputVariables is not a list of names");
    match config.get(&["inputVariables"]) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.split(',').map(|name| name.trim().to_owned()).collect())),
        // An editor's empty list means no choice.
        Some(Value::Array(items)) if items.is_empty() => Ok(None),
        Some(Value::Array(items)) => {
            let name = |item: &Value| item.as_str().or_else(|| item["name"].as_str()).map(str::to_owned);
            items.iter().map(|item| name(item).ok_or_else(wrong)).collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(wrong()),
    }
}

/// Names and origins of the run, cut to what the code can reach: what it cannot name would only be carried along.
fn scope(context: Option<Value>, code: &str, only: Option<&[String]>) -> Value {
    let mut context = context.unwrap_or_default();
    let part = |value: &mut Value| match value.take() {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    let mut names = context.get_mut("names").map(part).unwrap_or_default();
    let origins = context.get_mut("origins").map(part).unwrap_or_default();
    if let Some(only) = only {
        names.retain(|name, _| only.contains(name));
    }
    let reach = mentions::Reach::of(code);
    names.retain(|name, _| reach.has(name));
    let origins: Map<String, Value> = origins.into_iter().filter(|(name, _)| names.contains_key(name)).collect();
    json!({ "names": names, "origins": origins })
}

fn effected(outcome: Outcome, time_ms: i64) -> Effected {
    match outcome {
        Outcome::Ok { value, logs } => {
            let (stdout, stderr) = (printed(&logs, false), printed(&logs, true));
            let record = json!({
                "language": "javascript", "output": value, "stdout": stdout, "stderr": stderr,
                "metadata": { "executionTime": time_ms },
            });
            Effected { result: Ok(record), logs: lines(logs) }
        }
        Outcome::Err(failure) => failed(failure),
        Outcome::Overloaded => {
            Effected::failed(StepError::retryable("TRANSIENT", "Too many code nodes wait for their turn"))
        }
        // The reason is in the server's log; it says more of the machine than an author should see.
        Outcome::Unavailable(_) => {
            Effected::failed(StepError::retryable("TRANSIENT", "The server can't run code at the moment"))
        }
    }
}

fn failed(failure: CodeFailure) -> Effected {
    let CodeFailure { code, message, line, logs } = failure;
    let message = line.map_or_else(|| message.clone(), |line| format!("{message} (line {line})"));
    let details = json!({ "line": line, "reason": code.as_str(), "stdout": printed(&logs, false), "stderr": printed(&logs, true) });
    let error = match code {
        FailureCode::Error | FailureCode::ResultTooLarge => StepError::new("CODE_ERROR", message),
        // The same code would need as much memory again.
        FailureCode::Memory => StepError::new("TIMEOUT", message),
        FailureCode::Timeout => StepError::retryable("TIMEOUT", message),
    };
    Effected { result: Err(error.with_details(details)), logs: lines(logs) }
}

/// What was printed, a line each: warnings and errors, or all else.
fn printed(logs: &[sandbox::LogLine], errors: bool) -> String {
    let is_error = |level| matches!(level, LogLevel::Warn | LogLevel::Error);
    let lines = logs.iter().filter(|line| is_error(line.level) == errors);
    lines.map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
}
