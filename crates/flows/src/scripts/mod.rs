//! Expressions of workflows that are wider than the native grammar: JavaScript, carried out in the sandbox (Workflow API
//! contract, section 15, *Wider expressions*).
//!
//! All scripts that one evaluation asks for go to a child process together. If one of them takes all the time or memory,
//! each is run again alone, so that it harms no other.

use floe_engine::event::StepError;
use floe_engine::expr::limits::RESULT_BYTES_MAX;
use floe_engine::expr::{Script, ScriptKind};
use floe_runtime::Platform;
use floe_runtime::sandbox::limits::{JOB_FRAME_BYTES_MAX, RESULT_BYTES_CEILING};
use floe_runtime::sandbox::{FailureCode, Job, JobLimits, Outcome};
use serde_json::{Map, Value, json};

/// Time of one expression, in milliseconds.
pub const TIME_MS: u64 = 50;
/// Memory of one expression, in bytes.
pub const MEMORY_BYTES: u64 = 16 << 20;
/// Time in which an engine starts and reads what the scripts see, in milliseconds; nobody's fault.
const START_MS: u64 = 100;
/// Time of all scripts together at most, in milliseconds.
const TOGETHER_MS_MAX: u64 = 1_000;
/// Bytes that scripts see together at most; more of them are run one by one.
const TOGETHER_BYTES_MAX: usize = 1 << 20;
/// How often a script is given another try after it ran out of time on a busy machine.
const TRIES: u32 = 2;

/// Members of records behind others, and texts that hold JSON.
pub(crate) const PRELUDE: &str = include_str!("prelude.js");
/// Carries the scripts out, one after the other.
const PROGRAM: &str = include_str!("program.js");

/// Carries scripts out: the value of each, or a sentence about its failure.
///
/// # Errors
/// The sandbox takes no jobs at the moment; another attempt may help.
pub async fn perform(platform: &Platform, scripts: Vec<Script>) -> Result<Vec<Result<Value, String>>, StepError> {
    if scripts.len() > 1 && scripts.iter().map(weight).sum::<usize>() <= TOGETHER_BYTES_MAX {
        let time_ms = (TIME_MS * scripts.len() as u64).min(TOGETHER_MS_MAX);
        if let Ran::All(answers) = run(platform, &scripts, time_ms).await? {
            return Ok(answers);
        }
    }
    let mut answers = Vec::with_capacity(scripts.len());
    for script in &scripts {
        answers.push(alone(platform, script).await?);
    }
    Ok(answers)
}

async fn alone(platform: &Platform, script: &Script) -> Result<Result<Value, String>, StepError> {
    if weight(script) > JOB_FRAME_BYTES_MAX / 2 {
        return Ok(Err("the names that the expression mentions hold too much".to_owned()));
    }
    let mut last = String::new();
    for _ in 0..TRIES {
        match run(platform, std::slice::from_ref(script), TIME_MS).await? {
            Ran::All(mut answers) => return Ok(answers.pop().unwrap_or_else(|| Err("no answer".to_owned()))),
            Ran::Late(why) => last = why,
            Ran::Failed(why) => return Ok(Err(why)),
        }
    }
    Ok(Err(last))
}

/// What came of a job.
enum Ran {
    All(Vec<Result<Value, String>>),
    /// It ran out of time.
    Late(String),
    Failed(String),
}

async fn run(platform: &Platform, scripts: &[Script], time_ms: u64) -> Result<Ran, StepError> {
    let limits = JobLimits {
        time_ms: time_ms + START_MS,
        memory_bytes: MEMORY_BYTES,
        result_bytes: ((RESULT_BYTES_MAX * 2 * scripts.len()) as u64).min(RESULT_BYTES_CEILING),
        log_bytes: 0,
    };
    let list = scripts.iter().map(|script| {
        json!({
            "code": script.code,
            "isBody": script.kind == ScriptKind::Body,
            "names": script.names,
            "absent": script.absent,
            "records": script.records,
        })
    });
    let globals = Map::from_iter([
        ("$scripts".to_owned(), Value::Array(list.collect())),
        ("$resultMax".to_owned(), Value::from(RESULT_BYTES_MAX)),
    ]);
    let job = Job { prelude: PRELUDE.to_owned(), limits, ..Job::new(PROGRAM, globals) };
    Ok(match platform.sandbox.run(job).await {
        Outcome::Ok { value, .. } => match answers(value, scripts.len()) {
            Some(answers) => Ran::All(answers),
            None => Ran::Failed("the expression changed what carries it out".to_owned()),
        },
        Outcome::Err(failure) if failure.code == FailureCode::Timeout => {
            Ran::Late(format!("the expression ran longer than {TIME_MS} ms"))
        }
        Outcome::Err(failure) => Ran::Failed(failure.message),
        Outcome::Overloaded => {
            return Err(StepError::retryable("TRANSIENT", "Too many expressions wait for their turn"));
        }
        // The reason is in the server's log; it says more of the machine than an author should see.
        Outcome::Unavailable(_) => {
            return Err(StepError::retryable("TRANSIENT", "The server can't evaluate JavaScript at the moment"));
        }
    })
}

/// `[{json} | {error}]`, one for each script.
fn answers(value: Value, count: usize) -> Option<Vec<Result<Value, String>>> {
    let Value::Array(list) = value else { return None };
    let answer = |one: Value| match (one.get("json"), one.get("error")) {
        (Some(Value::String(json)), _) => serde_json::from_str(json).ok().map(Ok),
        (_, Some(Value::String(error))) => Some(Err(error.clone())),
        _ => None,
    };
    let answers: Vec<_> = list.into_iter().map(answer).collect::<Option<_>>()?;
    (answers.len() == count).then_some(answers)
}

/// Rough bytes of a script with what it sees.
fn weight(script: &Script) -> usize {
    fn of(value: &Value) -> usize {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 8,
            Value::String(text) => text.len() + 8,
            Value::Array(items) => 8 + items.iter().map(of).sum::<usize>(),
            Value::Object(members) => 8 + members.iter().map(|(key, value)| key.len() + 8 + of(value)).sum::<usize>(),
        }
    }
    script.code.len() + script.names.values().map(of).sum::<usize>()
}
