//! `floe bench`: figures of this machine, as ratios to a limit that is measured in the same run.
//!
//! The server runs as a process of its own on a loopback port, with the load in this one, so that its processor time and
//! memory can be told apart. The limit is what the store alone does with the same durable waits.

mod backup;
mod bare;
mod chat;
mod child;
mod disk;
mod effect;
mod limit;
mod load;
mod nodes;
mod placements;
mod prepare;
mod reads;
mod report;
mod search;
mod treasury;
mod webhooks;
mod workflows;

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;

use crate::cli::Output;
pub use bare::serve as serve_bare;
use child::Child;
pub use effect::Noop;
use limit::Rows;
use load::{Load, Sample};
use prepare::Prepared;
use report::{Line, Report};

/// Callers of the throughput lines.
const CALLERS: usize = 64;
/// Waiting runs of the memory line.
const WAITING_RUNS: usize = 10_000;
/// Runs before that measurement: what connections, statements and page caches take once is not what waiting runs take.
const WARM_UP_RUNS: usize = 2_000;
/// Finished runs of the read lines.
const FINISHED_RUNS: usize = 100_000;
/// Reads of each read line.
const READS: usize = 500;
/// How long the server is watched doing nothing.
const IDLE: Duration = Duration::from_secs(3);

/// A part of the measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum What {
    /// Runs of flows over HTTP.
    Flow,
    /// A backup under load, and restoring it (SQLite).
    Backup,
    /// Three nodes against one (PostgreSQL).
    Nodes,
    /// Reads of the console among a million runs (SQLite), which takes minutes.
    Reads,
    /// Webhooks to a thousand receivers, of which many are bad.
    Webhooks,
    /// Money: the ledger, large runs, lists of a million rows.
    Treasury,
    /// Devices: resolves against a bare handler, events, memory of a thousand screen flows.
    Placements,
    /// Agents: what a stored, charged exchange adds to the call of the model, and many open streams.
    Chat,
    /// Workflows: executions through their stream against flows, programs, passes, calls at once, and a thousand open streams.
    Workflows,
    /// Knowledge: searches among 100,000 chunks, and how fast documents become searchable.
    Search,
}

/// What to measure.
#[derive(Debug, Clone)]
pub struct Options {
    /// Length of each load, in seconds.
    pub seconds: u64,
    /// A PostgreSQL database that may be filled; SQLite in a temporary folder otherwise.
    pub database_url: Option<String>,
    /// Whether to measure with many stored runs too, which takes minutes.
    pub with_history: bool,
    /// Only these parts; all but the backup when there is none.
    pub what: Vec<What>,
}

/// Measures and prints.
///
/// # Errors
/// When the server cannot be started or does not answer.
pub fn run(options: &Options, output: Output) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(measure(options, output))?;
    report.print(output);
    Ok(())
}

async fn measure(options: &Options, output: Output) -> anyhow::Result<Report> {
    let folder = prepare::folder()?;
    let database = options.database_url.as_deref();
    let mut report = Report::default();
    if options.what.contains(&What::Webhooks) {
        output.say("webhooks");
        webhooks::measure(folder.path(), database, Duration::from_secs(options.seconds), &mut report).await?;
        if options.what.len() == 1 {
            return Ok(report);
        }
    }
    if options.what.contains(&What::Treasury) {
        treasury::measure(folder.path(), database, Duration::from_secs(options.seconds), output, &mut report).await?;
        if options.what.len() == 1 {
            return Ok(report);
        }
    }
    if options.what.contains(&What::Placements) {
        placements::measure(folder.path(), database, Duration::from_secs(options.seconds), output, &mut report).await?;
        if options.what.len() == 1 {
            return Ok(report);
        }
    }
    if options.what.contains(&What::Chat) {
        chat::measure(folder.path(), database, Duration::from_secs(options.seconds), output, &mut report).await?;
        if options.what.len() == 1 {
            return Ok(report);
        }
    }
    if options.what.contains(&What::Workflows) {
        workflows::measure(folder.path(), database, Duration::from_secs(options.seconds), output, &mut report).await?;
        if options.what.len() == 1 {
            return Ok(report);
        }
    }
    if options.what.contains(&What::Search) {
        search::measure(folder.path(), database, Duration::from_secs(options.seconds), output, &mut report).await?;
        if options.what.len() == 1 {
            return Ok(report);
        }
    }
    output.say("preparing");
    let prepared = prepare::prepare(folder.path(), database).await?;
    if options.what.contains(&What::Backup) && database.is_none() {
        output.say("a backup under load");
        backup::measure(folder.path(), &prepared, Duration::from_secs(options.seconds), &mut report).await?;
    }
    if options.what.contains(&What::Reads) && database.is_none() {
        output.say("a million runs");
        reads::measure(folder.path(), &prepared, output, &mut report).await?;
    }
    if options.what.contains(&What::Nodes)
        && let Some(url) = database
    {
        output.say("several nodes");
        nodes::measure(folder.path(), url, &prepared, Duration::from_secs(options.seconds), &mut report).await?;
    }
    if !options.what.is_empty() && !options.what.contains(&What::Flow) {
        return Ok(report);
    }
    let seconds = Duration::from_secs(options.seconds);
    output.say("the store alone");
    let before = limits(folder.path(), database, &prepared, seconds / 2).await?;
    let mut server = Child::start(folder.path(), database).await?;
    report.add(Line::at_most("start to first answer", server.ready_ms, 150.0, "ms"));
    report.add(Line::at_most("binary", child::binary_bytes() as f64 / 1e6, 40.0, "MB"));
    tokio::time::sleep(IDLE).await;
    idle(&server, &mut report, database.is_none()).await;

    output.say("runs over HTTP");
    let effect = throughput(&server, &prepared, &prepared.effect_flow, CALLERS, seconds).await?;
    let pure = throughput(&server, &prepared, &prepared.pure_flow, CALLERS, seconds).await?;
    let one = throughput(&server, &prepared, &prepared.effect_flow, 1, seconds).await?;
    let peak_bytes = server.peak_bytes();
    server.stop().await;
    // Half of it before and half after, because the machine is not as quick at each moment.
    output.say("the store alone, again");
    let after = limits(folder.path(), database, &prepared, seconds / 2).await?;
    let limits = Limits {
        rows_and_steps: f64::midpoint(before.rows_and_steps, after.rows_and_steps),
        everything: f64::midpoint(before.everything, after.everything),
    };
    report.add(Line::figure("store alone, rows and steps of runs", limits.rows_and_steps, "runs/s"));
    report.add(Line::figure("store alone, everything a run writes", limits.everything, "runs/s"));
    runs(&mut report, &effect, &pure, &one, &limits, database.is_some());
    report.add(Line::at_most("memory under load", peak_bytes as f64 / 1e6, 120.0, "MB"));
    if options.with_history {
        output.say("many runs");
        history(&prepared, folder.path(), database, &mut report).await?;
    }
    Ok(report)
}

/// What the store alone reaches, in runs a second (docs/adr/0055).
struct Limits {
    /// With the rows and steps of runs.
    rows_and_steps: f64,
    /// With everything that runs write.
    everything: f64,
}

async fn limits(
    folder: &Path,
    database: Option<&str>,
    prepared: &Prepared,
    length: Duration,
) -> anyhow::Result<Limits> {
    let writes = prepared.effect_writes;
    Ok(Limits {
        rows_and_steps: limit::measure(folder, database, CALLERS, writes, Rows::RunAndSteps, length).await?,
        everything: limit::measure(folder, database, CALLERS, writes, Rows::All, length).await?,
    })
}

/// What a run costs and how long it takes.
struct Throughput {
    rate: f64,
    cpu_ms: f64,
    sample: Sample,
}

async fn throughput(
    server: &Child,
    prepared: &Prepared,
    flow: &str,
    callers: usize,
    length: Duration,
) -> anyhow::Result<Throughput> {
    let load = Load::execute(server.address, flow, &prepared.key, &json!({ "amount": 3 }));
    // A short warm-up: connections, caches, the database's files.
    load.run(callers, Duration::from_millis(500)).await?;
    let before = server.cpu_ms();
    let sample = load.run(callers, length).await?;
    let cpu_ms = (server.cpu_ms() - before) / sample.count().max(1) as f64;
    anyhow::ensure!(sample.failed == 0, "{} of {} calls failed", sample.failed, sample.count());
    Ok(Throughput { rate: sample.rate(), cpu_ms, sample })
}

fn runs(
    report: &mut Report,
    effect: &Throughput,
    pure: &Throughput,
    one: &Throughput,
    limits: &Limits,
    postgres: bool,
) {
    let (ratio, cpu_ms) = if postgres { (0.3, 0.35) } else { (0.4, 0.25) };
    report.add(Line::figure("three effects, 64 callers", effect.rate, "runs/s"));
    report.add(Line::at_least("  of the store with rows and steps", effect.rate / limits.rows_and_steps, ratio, ""));
    report.add(Line::at_least("  of the store with everything", effect.rate / limits.everything, ratio, ""));
    report.add(Line::at_most("  processor time a run", effect.cpu_ms, cpu_ms, "ms"));
    report.add(Line::figure("  p50", effect.sample.percentile_ms(50.0), "ms"));
    report.add(Line::figure("  p99", effect.sample.percentile_ms(99.0), "ms"));
    report.add(Line::figure("three pure steps, 64 callers", pure.rate, "runs/s"));
    report.add(Line::at_least("  of the effect flow's rate", pure.rate / effect.rate, 1.5, ""));
    report.add(Line::at_most("three effects, one caller, median", one.sample.percentile_ms(50.0), 1.5, "ms"));
    report.add(Line::at_most("three effects, one caller, p99", one.sample.percentile_ms(99.0), 4.0, "ms"));
}

/// What a server costs that does nothing.
async fn idle(server: &Child, report: &mut Report, is_sqlite: bool) {
    report.add(Line::at_most("memory, idle", server.resident_bytes() as f64 / 1e6, 40.0, "MB"));
    let before = server.written_bytes();
    tokio::time::sleep(IDLE).await;
    if is_sqlite {
        let written = server.written_bytes() - before;
        report.add(Line::at_most("bytes written in 3 s of idleness", written as f64, 0.0, "B"));
    }
}

/// Memory of waiting runs, reads among many finished ones, and the start with many open ones.
async fn history(
    prepared: &Prepared,
    folder: &Path,
    database: Option<&str>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut server = Child::start(folder, database).await?;
    let finished = Load::execute(server.address, &prepared.pure_flow, &prepared.key, &json!({ "amount": 3 }));
    finished.times(CALLERS, WARM_UP_RUNS).await?;
    let before = server.resident_bytes();
    let waiting = Load::execute(server.address, &prepared.wait_flow, &prepared.key, &json!({ "amount": 3 }));
    waiting.times(CALLERS, WAITING_RUNS).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let grown = server.resident_bytes().saturating_sub(before);
    report.add(Line::at_most("memory of 10,000 waiting runs", grown as f64 / 1e6, 20.0, "MB"));

    finished.times(CALLERS, FINISHED_RUNS).await?;
    let list = Load::get(server.address, &format!("/v1/flowrun/{}?limit=20", prepared.pure_flow), &prepared.token);
    let sample = list.times(4, READS).await?;
    report.add(Line::at_most("list among 100,000 runs, p99", sample.percentile_ms(99.0), 20.0, "ms"));
    let path = format!("/v1/flowrun/light/{}?limit=1", prepared.pure_flow);
    let newest = Load::get(server.address, &path, &prepared.token).fetch().await?;
    let run = newest.pointer("/data/0/_id").and_then(serde_json::Value::as_str).context("no run to read")?;
    let read = Load::get(server.address, &format!("/v1/flowrun/detailed/{run}"), &prepared.token);
    let sample = read.times(4, READS).await?;
    report.add(Line::at_most("read of one among 100,000, p99", sample.percentile_ms(99.0), 20.0, "ms"));

    server.stop().await;
    prepare::open_runs(folder, database, prepared, FINISHED_RUNS).await?;
    server.restart(folder, database).await?;
    report.add(Line::at_most("ready with 100,000 open runs", server.ready_ms, 1_000.0, "ms"));
    server.stop().await;
    Ok(())
}
