//! `floe run watch`: follows a run by its stream of events and tells its steps as they end. A server without streams is polled.

use std::collections::HashSet;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use tokio::time::Instant;

use super::super::api::{Api, escaped};
use super::super::events::Events;
use super::{Context, Exit, Failure};

/// Seconds for which the server may hold one poll (Flow API contract, section 7: at most 30).
const HOLD_S: u64 = 25;
/// Steps that one look at a run lists.
const STEPS_MAX: usize = 500;
/// Pause before the next poll after one that told nothing new, and before a stream that was cut is opened again.
const PAUSE: Duration = Duration::from_millis(300);

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Id of the run
    run: String,
}

pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let api = context.api()?;
    let state = follow(context, &api, &arguments.run, false).await?;
    context.output.document(&state);
    Ok(if state["status"] == "completed" { Exit::Done } else { Exit::Failed })
}

/// Follows until the run has ended, or also until it waits for someone; tells progress on stderr.
pub(in crate::cli) async fn follow(
    context: &Context,
    api: &Api,
    run: &str,
    stop_at_wait: bool,
) -> Result<Value, Failure> {
    let deadline = context.timeout_s.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut progress = Progress::default();
    if listen(context, api, run, stop_at_wait, deadline, &mut progress).await? {
        return api.get(&format!("/v1/flowrun/poll/{}", escaped(run)), &[]).await;
    }
    poll(context, api, run, stop_at_wait, deadline, &mut progress).await
}

/// Listens to the stream, again and again where it is cut; false when there is none.
async fn listen(
    context: &Context,
    api: &Api,
    run: &str,
    stop_at_wait: bool,
    deadline: Option<Instant>,
    progress: &mut Progress,
) -> Result<bool, Failure> {
    let path = format!("/v1/flowrun/stream/{}", escaped(run));
    let mut last = None;
    loop {
        hold(deadline)?;
        let Some(answer) = api.open(&path, last.as_deref()).await? else { return Ok(false) };
        let mut events = Events::new(answer);
        while let Some(event) = events.next(deadline).await {
            last = event.id.clone().or(last);
            for step in event.data["steps"].as_array().into_iter().flatten() {
                progress.step(context, step);
            }
            progress.wait(context, &event.data);
            if event.kind == "done" || (event.kind == "wait" && stop_at_wait) {
                return Ok(true);
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn poll(
    context: &Context,
    api: &Api,
    run: &str,
    stop_at_wait: bool,
    deadline: Option<Instant>,
    progress: &mut Progress,
) -> Result<Value, Failure> {
    let path = format!("/v1/flowrun/poll/{}", escaped(run));
    let mut revision = -1;
    loop {
        let hold_s = hold(deadline)?;
        // The first poll answers at once, whatever the revision is.
        let query =
            [("revision", revision.max(0).to_string()), ("timeout", if revision < 0 { 0 } else { hold_s }.to_string())];
        let state = api.get(&path, &query).await?;
        let now = state["revision"].as_i64().unwrap_or(revision);
        if now == revision && hold_s > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        if now != revision {
            progress.look(context, api, run, &state).await?;
        }
        revision = now;
        let waits = state["status"] == "waiting";
        if state["done"] == true || (waits && stop_at_wait) {
            return Ok(state);
        }
    }
}

/// Seconds to hold the next poll: short enough for the client's own limit on an answer.
fn hold(deadline: Option<Instant>) -> Result<u64, Failure> {
    let Some(deadline) = deadline else { return Ok(HOLD_S) };
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Failure::new(Exit::Unreachable, "timeout", "the run has not ended in time; it goes on"));
    }
    Ok(left.as_secs().saturating_sub(1).min(HOLD_S))
}

/// What was told so far.
#[derive(Default)]
struct Progress {
    told: HashSet<String>,
    wait: Option<String>,
}

impl Progress {
    /// Looks at the steps of a run that is polled.
    async fn look(&mut self, context: &Context, api: &Api, run: &str, state: &Value) -> Result<(), Failure> {
        if context.output.quiet {
            return Ok(());
        }
        let path = format!("/v1/flowrun/steps/{}", escaped(run));
        for step in api.pages(&path, &[], STEPS_MAX).await? {
            self.step(context, &step);
        }
        self.wait(context, state);
        Ok(())
    }

    fn step(&mut self, context: &Context, step: &Value) {
        let ended = matches!(step["status"].as_str(), Some("completed" | "failed" | "skipped" | "cancelled"));
        let key = format!("{}|{}|{}|{}", step["stepId"], step["iteration"], step["branchId"], step["attempt"]);
        if ended && self.told.insert(key) && !context.output.quiet {
            context.output.say(&line(step));
        }
    }

    fn wait(&mut self, context: &Context, state: &Value) {
        let wait = state["waitState"]["waitId"].as_str().map(str::to_owned);
        if wait.is_some() && wait != self.wait && !context.output.quiet {
            let kind = state["waitState"]["type"].as_str().unwrap_or("an answer");
            let message = state["waitState"]["message"].as_str().map(|text| format!(": {text}")).unwrap_or_default();
            context.output.say(&format!("waits for {kind}{message}"));
        }
        self.wait = wait;
    }
}

fn line(step: &Value) -> String {
    let text = |key: &str| step[key].as_str().unwrap_or("-");
    let time = step["durationMs"].as_u64().map(|ms| format!("  {ms} ms")).unwrap_or_default();
    let error = step["error"]["message"].as_str().map(|message| format!("  {message}")).unwrap_or_default();
    format!("{:<9}  {}  ({}){time}{error}", text("status"), text("name"), text("type"))
}
