//! Reads of the console among a million finished runs (SQLite).

use std::path::Path;

use anyhow::Context as _;

use super::child::Child;
use super::load::Load;
use super::prepare::{self, Prepared};
use super::report::{Line, Report};
use crate::cli::Output;

/// Finished runs.
const RUNS: usize = 1_000_000;
/// Runs between two lines of progress.
const PROGRESS_EVERY: usize = 200_000;
/// Callers.
const CALLERS: usize = 4;
/// Reads of each kind.
const READS: usize = 400;
/// Longest p99, in milliseconds.
const WISH_MS: f64 = 50.0;

/// Fills the store, measures, and adds the lines.
pub(super) async fn measure(
    folder: &Path,
    prepared: &Prepared,
    output: Output,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut server = Child::start(folder, None).await?;
    Load::execute(server.address, &prepared.pure_flow, &prepared.key, &serde_json::json!({ "amount": 3 }))
        .times(1, 1)
        .await?;
    server.stop().await;
    let progress = |done: usize| {
        if done.is_multiple_of(PROGRESS_EVERY) {
            output.say(&format!("{done} of {RUNS} runs"));
        }
    };
    let run = prepare::finished_runs(folder, prepared, RUNS, progress).await?;
    let mut server = Child::start(folder, None).await?;
    let of_flow = format!("/console/v1/runs?definition_id={}&total=true", prepared.pure_flow);
    let paths = [
        ("runs", "/console/v1/runs?limit=50".to_owned()),
        ("runs, the oldest first", "/console/v1/runs?limit=50&sort=created_at".to_owned()),
        ("runs that failed", "/console/v1/runs?limit=50&status=failed".to_owned()),
        ("runs of a flow, counted", of_flow),
        ("runs with a text that none has", "/console/v1/runs?limit=50&q=refund".to_owned()),
        ("one run", format!("/console/v1/runs/{run}")),
        ("its timeline", format!("/console/v1/runs/{run}/timeline")),
        ("inbox", "/console/v1/inbox".to_owned()),
        ("usage", "/console/v1/usage".to_owned()),
        ("audit log", "/console/v1/audit".to_owned()),
        ("requests", "/console/v1/requests".to_owned()),
        ("credits", "/console/v1/credits".to_owned()),
    ];
    for (name, path) in paths {
        let load = Load::get(server.address, &path, &prepared.token);
        let sample = load.times(CALLERS, READS).await.with_context(|| path.clone())?;
        report.add(Line::at_most(name, sample.percentile_ms(99.0), WISH_MS, "ms p99"));
    }
    server.stop().await;
    Ok(())
}
