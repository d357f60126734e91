//! `floe run retry`: runs one run again, or all that a filter finds.

use std::time::Duration;

use clap::Args;
use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::super::api::{Api, escaped};
use super::super::input;
use super::{Context, Exit, Failure};

/// Pause between two looks at the work on many runs.
const LOOK_EVERY: Duration = Duration::from_millis(300);

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Id of the run
    #[arg(required_unless_present = "filter")]
    run: Option<String>,
    /// Runs to run again, as filters of the list: "status=failed kind=flow"
    #[arg(long, conflicts_with_all = ["run", "version", "input", "repeat_effects"])]
    filter: Option<String>,
    /// Take over what the steps before this one came to; "failed" for what was not finished
    #[arg(long, value_name = "STEP")]
    from_step: Option<String>,
    /// same (the default), latest, or the number of a version
    #[arg(long)]
    version: Option<String>,
    /// Inputs in place of those of the run: key=value, key=@file, or @file with a whole object
    #[arg(long, short, value_name = "KEY=VALUE")]
    input: Vec<String>,
    /// Send again what was sent
    #[arg(long)]
    repeat_effects: bool,
    /// Why, for the audit log
    #[arg(long)]
    reason: Option<String>,
    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    match (&arguments.run, &arguments.filter) {
        (Some(run), _) => one(context, arguments, run).await,
        (None, Some(filter)) => many(context, arguments, filter).await,
        (None, None) => Err(Failure::usage("give the id of a run, or --filter")),
    }
}

async fn one(context: &Context, arguments: &Arguments, run: &str) -> Result<Exit, Failure> {
    let mut body = Map::new();
    let mut put = |name: &str, value: Option<Value>| value.map(|value| body.insert(name.to_owned(), value));
    put("from_step", arguments.from_step.clone().map(Value::String));
    put("version", arguments.version.clone().map(Value::String));
    put("reason", arguments.reason.clone().map(Value::String));
    put("repeat_effects", arguments.repeat_effects.then_some(Value::Bool(true)));
    if !arguments.input.is_empty() {
        put("inputs", Some(input::inputs(&arguments.input)?));
    }
    let path = format!("/console/v1/runs/{}/rerun", escaped(run));
    let query = [("dry_run", arguments.dry_run.to_string())];
    let answer = context.api()?.call(Method::POST, &path, &query, Some(&Value::Object(body))).await?;
    if context.output.json {
        context.output.document(&answer);
        return Ok(Exit::Done);
    }
    if let Some(new) = answer["run_id"].as_str() {
        context.output.line(new);
    }
    for (title, list) in [("reused", "reused"), ("again", "again"), ("kept", "kept_approvals")] {
        let steps: Vec<&str> = answer[list].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if !steps.is_empty() {
            context.output.say(&format!("{title:<7} {}", steps.join(", ")));
        }
    }
    Ok(Exit::Done)
}

async fn many(context: &Context, arguments: &Arguments, filter: &str) -> Result<Exit, Failure> {
    let body = json!({
        "action": "rerun", "filter": filter_of(filter)?, "from_step": arguments.from_step, "reason": arguments.reason,
        "dry_run": arguments.dry_run,
    });
    let api = context.api()?;
    let answer = api.post("/console/v1/runs/bulk", &body).await?;
    let Some(job) = answer["job_id"].as_str() else {
        context.output.document(&answer);
        return Ok(Exit::Done);
    };
    let ended = finished(context, &api, job).await?;
    context.output.document(&ended);
    Ok(if ended["failed"] == 0 { Exit::Done } else { Exit::Failed })
}

/// Waits for the work to end and tells how far it has come.
async fn finished(context: &Context, api: &Api, job: &str) -> Result<Value, Failure> {
    let deadline = context.timeout_s.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let path = format!("/console/v1/jobs/{}", escaped(job));
    let mut told = None;
    loop {
        let state = api.get(&path, &[]).await?;
        if state["status"] != "running" {
            return Ok(state);
        }
        let done = state["done"].as_u64();
        if done != told {
            context.output.say(&format!("{} of {}", done.unwrap_or(0), state["total"]));
            told = done;
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            let message = format!("job {job} has not ended in time; it goes on");
            return Err(Failure::new(Exit::Unreachable, "timeout", message));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// `name=value` pairs between blanks, as the filters of the list.
fn filter_of(text: &str) -> Result<Value, Failure> {
    let mut filter = Map::new();
    for pair in text.split_whitespace() {
        let Some((name, value)) = pair.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(Failure::usage(format!("\"{pair}\" in the filter is not name=value")));
        };
        filter.insert(name.to_owned(), Value::String(value.to_owned()));
    }
    if filter.is_empty() {
        return Err(Failure::usage("the filter is empty; to run everything again give kind=flow"));
    }
    Ok(Value::Object(filter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_pairs() {
        let filter = filter_of(" status=failed  kind=flow q=a=b ").expect("a filter");
        assert_eq!(filter, json!({ "status": "failed", "kind": "flow", "q": "a=b" }));
        for wrong in ["", "failed", "=failed"] {
            assert!(filter_of(wrong).is_err(), "{wrong}");
        }
    }
}
