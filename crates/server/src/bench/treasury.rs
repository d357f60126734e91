//! The treasury: moves of one wallet, planning and scoring beside a million past payouts, a release, its settlement, deep lists, and
//! requests for runs at a steady rate.
//!
//! The ledger is measured alone, beside the store's limit for single rows. All else is asked of the server, which finds its past in
//! the database.

mod home;
mod past;
mod wallet;

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::child::{Child, now};
use super::load::{Load, Sample};
use super::report::{Line, Report};
use crate::cli::Output;
use home::Home;

/// Payouts of the past.
const PAST: usize = 1_000_000;
/// Candidates of the large run.
const CANDIDATES: usize = 10_000;
/// Candidates of each run of the steady load.
const SMALL_RUN: usize = 100;
/// Requests a second of the steady load.
const PER_SECOND: u32 = 200;
/// Callers of the steady load: as many requests can be under way.
const CALLERS: usize = 64;
/// Callers of first pages; deep pages are read by one.
const READERS: usize = 4;
/// Reads of each page.
const READS: usize = 400;
/// Longest wait for a state of a run.
const WAIT_MAX: Duration = Duration::from_secs(120);
/// Pause between two looks at a run.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Measures and adds the lines.
pub(super) async fn measure(
    folder: &Path,
    database: Option<&str>,
    length: Duration,
    output: Output,
    report: &mut Report,
) -> anyhow::Result<()> {
    output.say("one wallet");
    wallet::measure(folder, database, length, report).await?;
    let folder = folder.join("treasury");
    std::fs::DirBuilder::new().mode(0o700).create(&folder).context("the folder of the treasury")?;
    let home = Home::settle(&folder, database, PAST, output).await?;
    let mut server = Child::start(&folder, database).await?;
    let clerk = Clerk { server: &server, home: &home };
    output.say("lists");
    clerk.lists(report).await?;
    output.say("a large run");
    clerk.large_run(report).await?;
    output.say("requests for runs");
    let sample = clerk.steady(length).await?;
    report.add(Line::figure("runs of 100 candidates at 200 a second, p50", sample.percentile_ms(50.0), "ms"));
    report.add(Line::at_most("  p99", sample.percentile_ms(99.0), 20.0, "ms"));
    report.add(Line::at_least("  answered a second", sample.rate(), f64::from(PER_SECOND) * 0.99, ""));
    server.stop().await;
    Ok(())
}

/// Asks the server.
struct Clerk<'a> {
    server: &'a Child,
    home: &'a Home,
}

impl Clerk<'_> {
    fn get(&self, path: &str) -> Load {
        Load::get(self.server.address, path, &self.home.key)
    }

    async fn lists(&self, report: &mut Report) -> anyhow::Result<()> {
        let middle = PAST / 2;
        let pages = [
            ("first of 1,000,000 transactions, p99", String::new(), READERS, 20.0),
            ("first of one status, p99", "&status=SUCCESS".to_owned(), READERS, 20.0),
            ("the page in their middle, p99", format!("&offset={middle}"), 1, 100.0),
            ("the page in the middle of a status, p99", format!("&offset={middle}&status=SUCCESS"), 1, 100.0),
        ];
        for (name, query, callers, wish) in pages {
            let page = self.get(&format!("/api/v1/public/transactions?limit=50{query}"));
            let seen = page.fetch().await?;
            let rows = seen.pointer("/data").and_then(Value::as_array).map_or(0, Vec::len);
            anyhow::ensure!(rows == 50 && seen["total"] == PAST, "not the page that was asked for: {rows} rows");
            let sample = page.times(callers, READS).await?;
            report.add(Line::at_most(name, sample.percentile_ms(99.0), wish, "ms"));
        }
        Ok(())
    }

    /// Plans, scores, releases and settles a run of the largest size, all of whose accounts have a past.
    async fn large_run(&self, report: &mut Report) -> anyhow::Result<()> {
        let body = home::run_body("Pay everybody", CANDIDATES);
        let started = now();
        let made = Load::post(self.server.address, "/api/v1/public/runs", &self.home.key, &body).fetch().await?;
        report.add(Line::figure("request for a run of 10,000", started.elapsed().as_secs_f64() * 1_000.0, "ms"));
        let run = made.pointer("/id").and_then(Value::as_str).with_context(|| format!("no run was made: {made}"))?;
        let started = now();
        self.until("awaiting_approval").await?;
        report.add(Line::at_most("planned and scored", started.elapsed().as_secs_f64(), 5.0, "s"));
        let path = format!("/api/v1/runs/{run}/approve");
        let approve = Load::post(self.server.address, &path, &self.home.token, "{}");
        let started = now();
        let released = approve.fetch().await?;
        let release_ms = started.elapsed().as_secs_f64() * 1_000.0;
        anyhow::ensure!(released["approved_count"] == CANDIDATES, "the run was not released: {released}");
        report.add(Line::at_most("released", release_ms, 1_000.0, "ms"));
        let started = now();
        self.until("completed").await?;
        let settled = CANDIDATES as f64 / started.elapsed().as_secs_f64();
        report.add(Line::at_least("settled", settled, 2_000.0, "/s"));
        Ok(())
    }

    /// Waits until the newest run is where it should be.
    async fn until(&self, wanted: &str) -> anyhow::Result<()> {
        let newest = self.get("/api/v1/public/runs?limit=1");
        let started = now();
        while started.elapsed() < WAIT_MAX {
            let seen = newest.fetch().await?;
            let status = seen.pointer("/data/0/status").and_then(Value::as_str).context("no run to look at")?;
            if status == wanted {
                return Ok(());
            }
            if matches!(status, "failed" | "cancelled" | "completed_with_errors") {
                bail!("the run is {status} and should be {wanted}");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        bail!("the run was not {wanted} within {} s", WAIT_MAX.as_secs())
    }

    async fn steady(&self, length: Duration) -> anyhow::Result<Sample> {
        let body = home::run_body("Pay some", SMALL_RUN);
        let load = Load::post(self.server.address, "/api/v1/public/runs", &self.home.key, &body);
        let sample = load.at_rate(CALLERS, PER_SECOND, length).await?;
        anyhow::ensure!(sample.failed == 0, "{} of {} requests failed", sample.failed, sample.count());
        Ok(sample)
    }
}
