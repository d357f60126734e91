//! `floe run show`.

use clap::Args;
use serde_json::Value;

use super::super::api::escaped;
use super::super::output::Column;
use super::{Context, Exit, Failure};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Id of the run
    run: String,
    /// With inputs and outputs of every step
    #[arg(long)]
    full: bool,
}

const STEPS: &[Column] = &[
    ("STEP", "/name"),
    ("TYPE", "/type"),
    ("STATUS", "/status"),
    ("ATTEMPT", "/attempt"),
    ("STARTED", "/startedAt"),
    ("MS", "/durationMs"),
    ("ERROR", "/error/message"),
];

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let api = context.api()?;
    let read = if arguments.full { "detailed" } else { "details" };
    let run = api.get(&format!("/v1/flowrun/{read}/{}", escaped(&arguments.run)), &[]).await?;
    if context.output.json || arguments.full {
        context.output.document(&run);
        return Ok(Exit::Done);
    }
    for (title, pointer) in [
        ("run", "/appRunId"),
        ("flow", "/flowName"),
        ("version", "/version"),
        ("status", "/status"),
        ("trigger", "/trigger/type"),
        ("started", "/startedAt"),
        ("finished", "/finishedAt"),
        ("active ms", "/durationMs"),
        ("waits for", "/waitState/type"),
        ("message", "/waitState/message"),
        ("error", "/error/message"),
        ("output", "/output"),
    ] {
        match run.pointer(pointer) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => context.output.line(&format!("{title:<10} {text}")),
            Some(other) => context.output.line(&format!("{title:<10} {other}")),
        }
    }
    if let Some(steps) = run["steps"].as_array() {
        context.output.line("");
        context.output.rows(steps, STEPS);
    }
    Ok(Exit::Done)
}
