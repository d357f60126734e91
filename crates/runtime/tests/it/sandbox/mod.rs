//! The JavaScript sandbox with real child processes.

mod hostile;
mod once;
mod pool;

use std::path::PathBuf;

use floe_runtime::sandbox::{FailureCode, Job, JobLimits, Outcome, Sandbox, SandboxConfig};
use serde_json::{Map, Value, json};

/// The example that holds the child; cargo builds it with the tests, next to their folder.
fn child_program() -> PathBuf {
    let mut folder = std::env::current_exe().expect("tests have a path");
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let program = folder.join("examples").join("sandbox_child");
    assert!(program.exists(), "{} is missing: cargo build -p floe-runtime --examples", program.display());
    program
}

fn config(args: &[&str]) -> SandboxConfig {
    let args = args.iter().map(ToString::to_string).collect();
    SandboxConfig { program: child_program(), args, children_max: 2, ..SandboxConfig::default() }
}

fn sandbox() -> Sandbox {
    Sandbox::new(config(&[]))
}

fn job(code: &str, time_ms: u64) -> Job {
    let globals =
        Map::from_iter([("inputs".to_owned(), json!({"a": 20, "b": "x"})), ("context".to_owned(), json!({}))]);
    Job { limits: JobLimits { time_ms, ..JobLimits::default() }, ..Job::new(code, globals) }
}

async fn value(sandbox: &Sandbox, code: &str) -> Value {
    match sandbox.run(job(code, 5_000)).await {
        Outcome::Ok { value, .. } => value,
        other => panic!("{code}: {other:?}"),
    }
}

async fn failure_code(sandbox: &Sandbox, code: &str, time_ms: u64) -> FailureCode {
    match sandbox.run(job(code, time_ms)).await {
        Outcome::Err(failure) => failure.code,
        other => panic!("{code}: {other:?}"),
    }
}
