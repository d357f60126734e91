//! `floe migrate`: the schema of this program, on a copy that is checked and then takes the old file's place.

use std::time::Instant;

use clap::Args;
use floe_store::OpenError;
use serde_json::{Value, json};

use super::{Context, Exit, Failure, Place};
use crate::app::location;

/// How long another process may still hold the database, seconds.
const LOCK_WAIT_S: u64 = 1;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) place: Place,
    /// Do everything on a copy and keep nothing of it
    #[arg(long)]
    dry_run: bool,
}

#[expect(clippy::disallowed_methods, reason = "measures how long the upgrade took, for the person who upgrades")]
pub(super) async fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Failure> {
    let settings = &context.settings;
    floe_operation::restore::finish_pending(&settings.data_dir)
        .map_err(|error| Failure::new(Exit::Refused, "restore", error.to_string()))?;
    let place = location(settings, &settings.data_dir);
    let before = floe_store::inspect(place.clone()).await.map_err(failure)?;
    if before.version == 0 {
        return Err(Failure::not_found("there is no database yet; floe serve makes one"));
    }
    let started = Instant::now();
    let done = floe_store::upgrade(place, LOCK_WAIT_S, arguments.dry_run).await.map_err(failure)?;
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if context.output.json {
        let steps = done.steps.iter();
        let steps: Vec<Value> =
            steps.map(|step| json!({ "number": step.number, "name": step.name, "ms": step.millis })).collect();
        context
            .output
            .document(&json!({ "from": done.from, "to": done.to, "dry_run": arguments.dry_run, "steps": steps,
            "ms": millis }));
        return Ok(Exit::Done);
    }
    for step in &done.steps {
        context.output.line(&format!("{:>4}  {:<20} {} ms", step.number, step.name, step.millis));
    }
    let kept = if arguments.dry_run { "; tried on a copy, nothing was changed" } else { "" };
    if done.steps.is_empty() {
        context.output.line(&format!("schema version {}, nothing to do", done.to));
    } else {
        context.output.line(&format!("from schema version {} to {} in {millis} ms{kept}", done.from, done.to));
    }
    Ok(Exit::Done)
}

fn failure(error: OpenError) -> Failure {
    let (exit, code) = match &error {
        OpenError::InUse(_) => (Exit::Refused, "in_use"),
        OpenError::Newer { .. } => (Exit::Refused, "newer"),
        OpenError::Changed { .. } => (Exit::Refused, "changed"),
        _ => (Exit::Failed, "migrate"),
    };
    Failure::new(exit, code, error.to_string())
}
