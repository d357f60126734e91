//! The step type `nodejs` (alias `code`): user JavaScript in the sandbox (Flow API contract, section 6.5).

use std::sync::Arc;

use floe_engine::catalog::{EffectSpec, Execution, Field, FieldKind as K, StepSpec};
use floe_engine::event::{LogLine, StepError};
use floe_runtime::Platform;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture, Effected};
use floe_runtime::sandbox::limits::{TIME_MS_DEFAULT, TIME_MS_MAX};
use floe_runtime::sandbox::{self, CodeFailure, Job, JobLimits, LogLevel, Outcome};
use serde_json::{Map, Value, json};

use super::config::bad_value;

static SPEC: StepSpec = StepSpec {
    key: "nodejs",
    aliases: &["code"],
    name: "Code",
    category: "data",
    description: "Runs JavaScript. It sees `inputs` and `context`; what it returns is the result, what it writes to the \
                  console goes to the log. It has no files, no network and no modules.",
    fields: &[
        Field::new("code", "Code", K::Code, "Body of an async function; `return` gives the result.").required(),
        Field::new("inputs", "Inputs", K::KeyValue, "Values that the code sees as `inputs`."),
    ],
    outputs: &[("*", "the returned value")],
    waits: false,
    execution: Execution::Effect(EffectSpec {
        touches_world: false,
        timeout_ms: TIME_MS_DEFAULT,
        timeout_ms_max: TIME_MS_MAX,
    }),
};

/// Runs user code. Registered unless the operator has turned code steps off.
#[derive(Debug, Clone, Copy)]
pub struct Code;

impl Effect for Code {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    fn sees_context(&self) -> bool {
        true
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move {
            match job(call) {
                Ok(job) => effected(platform.sandbox.run(job).await),
                Err(error) => Effected::failed(error),
            }
        })
    }
}

fn job(call: EffectCall) -> Result<Job, StepError> {
    let Some(Value::String(code)) = call.fixed.get("code") else { return Err(bad_value("code", "is not a text")) };
    let inputs = match call.input.get("inputs") {
        None | Some(Value::Null) => Value::Object(Map::new()),
        Some(inputs) => inputs.clone(),
    };
    let globals = Map::from_iter([
        ("inputs".to_owned(), inputs),
        ("context".to_owned(), call.context.unwrap_or_else(|| Value::Object(Map::new()))),
    ]);
    let limits = JobLimits { time_ms: call.timeout_ms.min(TIME_MS_MAX), ..JobLimits::default() };
    Ok(Job { limits, ..Job::new(code, globals) })
}

fn effected(outcome: Outcome) -> Effected {
    match outcome {
        Outcome::Ok { value, logs } => Effected { result: Ok(value), logs: lines(logs) },
        Outcome::Err(failure) => failed(failure),
        Outcome::Overloaded => {
            Effected::failed(StepError::retryable("overloaded", "Too many code steps wait for their turn"))
        }
        // The reason is in the server's log; it says more of the machine than a flow's author should see.
        Outcome::Unavailable(_) => {
            Effected::failed(StepError::retryable("overloaded", "The server can't run code at the moment"))
        }
    }
}

fn failed(failure: CodeFailure) -> Effected {
    let CodeFailure { code, message, line, logs } = failure;
    let error = match line {
        Some(line) => {
            StepError::new(code.as_str(), format!("{message} (line {line})")).with_details(json!({ "line": line }))
        }
        None => StepError::new(code.as_str(), message),
    };
    Effected { result: Err(error), logs: lines(logs) }
}

/// What code printed, as runs keep it.
pub(crate) fn lines(logs: Vec<sandbox::LogLine>) -> Vec<LogLine> {
    let level = |level| match level {
        LogLevel::Debug => "debug",
        LogLevel::Log | LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    };
    logs.into_iter().map(|line| LogLine { level: level(line.level).to_owned(), message: line.text }).collect()
}
