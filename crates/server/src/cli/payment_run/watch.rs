//! `floe payment-run watch`: looks at a run again and again until it ends, and tells what changed.

use std::time::Duration;

use clap::Args;
use serde_json::Value;
use tokio::time::Instant;

use super::super::api::Api;
use super::{Context, Exit, Failure, described, read};

/// Pause between two looks at a run.
const LOOK_EVERY: Duration = Duration::from_millis(400);

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Id of the run
    run: String,
    /// Stop also when it waits for approval
    #[arg(long)]
    until_approval: bool,
}

/// When to stop looking, beside at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// When the run waits for people.
    Approval,
    /// Only at the end.
    End,
}

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let api = context.api()?;
    let until = if arguments.until_approval { Until::Approval } else { Until::End };
    let run = follow(context, &api, &arguments.run, until).await?;
    if context.output.json {
        context.output.document(&run);
    } else {
        described(&run).iter().for_each(|line| context.output.line(line));
    }
    // A run whose payouts failed is over, but somebody was not paid.
    let is_well = match run["phase"].as_str() {
        Some("completed") => true,
        Some("awaiting_approval") => until == Until::Approval,
        _ => false,
    };
    Ok(if is_well { Exit::Done } else { Exit::Failed })
}

/// Looks until the run has ended, or also until it waits for people; tells progress on stderr.
pub(super) async fn follow(context: &Context, api: &Api, run: &str, until: Until) -> Result<Value, Failure> {
    let deadline = context.timeout_s.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut told = String::new();
    loop {
        let state = read(api, run).await?;
        let line = progress(&state);
        if line != told {
            context.output.say(&line);
            told = line;
        }
        let phase = state["phase"].as_str().unwrap_or_default();
        let is_over = matches!(phase, "completed" | "completed_with_errors" | "failed" | "cancelled");
        if is_over || (phase == "awaiting_approval" && until == Until::Approval) {
            return Ok(state);
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            let message = format!("run {run} is {phase} and has not ended in time; it goes on");
            return Err(Failure::new(Exit::Unreachable, "timeout", message));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn progress(run: &Value) -> String {
    let (phase, totals) = (run["phase"].as_str().unwrap_or("-"), &run["totals"]);
    match phase {
        "awaiting_approval" => {
            let given = run["approvals"].as_array().map_or(0, Vec::len);
            format!("{phase}: {} candidates, {given} of {} approvals", totals["candidates"], run["approvals_required"])
        }
        "executing" | "completed" | "completed_with_errors" => format!(
            "{phase}: {} of {} paid, {} failed, {} open",
            totals["succeeded"], totals["approved"], totals["failed"], totals["followup"]
        ),
        _ => format!("{phase}: {} candidates", totals["candidates"]),
    }
}
