//! A backup under load: what it costs the callers of that time, and how long it takes to restore.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use floe_operation::restore::{Wanted, restore};
use floe_runtime::{Clock as _, SystemClock};
use serde_json::json;

use super::child::{Child, now};
use super::load::Load;
use super::prepare::{self, Prepared};
use super::report::{Line, Report};
use crate::operator::{self, Answer, Operation};

/// Callers of the load.
const CALLERS: usize = 64;
/// Bytes that are put into the database beforehand, so that the backup takes a while.
const BALLAST_BYTES: usize = 512 << 20;

/// Measures and adds the lines.
pub(super) async fn measure(
    folder: &Path,
    prepared: &Prepared,
    length: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    prepare::ballast(folder, prepared, BALLAST_BYTES).await?;
    let mut server = Child::start(folder, None).await?;
    let load = Load::execute(server.address, &prepared.effect_flow, &prepared.key, &json!({ "amount": 3 }));
    load.run(CALLERS, Duration::from_secs(1)).await?;
    let before = load.run(CALLERS, length).await?;

    let going = Arc::new(AtomicBool::new(true));
    let (goes, socket) = (Arc::clone(&going), operator::socket_path(folder));
    let started = now();
    let backup = tokio::spawn(async move {
        let done = operator::call(&socket, &Operation::Backup { output: None, with_key: true }).await;
        going.store(false, Ordering::Relaxed);
        done
    });
    let during = load.run_while(CALLERS, move || goes.load(Ordering::Relaxed)).await?;
    let took = started.elapsed();
    let answer = backup.await??.context("the server has no operator socket")?;
    let after = load.run(CALLERS, length).await?;
    server.stop().await;
    anyhow::ensure!(during.failed == 0, "{} calls failed during the backup", during.failed);
    let Answer::Done(backup) = answer else { anyhow::bail!("the backup was refused") };

    let quiet = (before.percentile_ms(99.0) + after.percentile_ms(99.0)) / 2.0;
    let bytes = backup["bytes"].as_f64().unwrap_or(0.0);
    report.add(Line::figure("backup under load, size", bytes / 1e6, "MB"));
    report.add(Line::figure("  time", took.as_secs_f64(), "s"));
    report.add(Line::figure("  callers' p99 before and after", quiet, "ms"));
    report.add(Line::figure("  callers' p99 meanwhile", during.percentile_ms(99.0), "ms"));
    report.add(Line::at_most("  of the p99 without it", during.percentile_ms(99.0) / quiet, 1.5, ""));
    report.add(Line::at_least("  of the rate without it", during.rate() / before.rate(), 0.5, ""));
    restored(folder, backup["path"].as_str().unwrap_or_default(), bytes, report)
}

fn restored(folder: &Path, file: &str, bytes: f64, report: &mut Report) -> anyhow::Result<()> {
    let target = folder.join("restored");
    let started = now();
    let wanted =
        Wanted { file: Path::new(file), data_dir: &target, replace: false, given_key: None, now: SystemClock.now() };
    restore(&wanted)?;
    let seconds = started.elapsed().as_secs_f64();
    std::fs::remove_dir_all(&target).context("the restored folder")?;
    report.add(Line::at_most("restore, for 1 GB", seconds * 1e9 / bytes.max(1.0), 60.0, "s"));
    Ok(())
}
