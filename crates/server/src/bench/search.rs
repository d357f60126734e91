//! Knowledge: searches among 100,000 chunks with vectors of 384 values, and how fast documents become searchable.
//!
//! The searches are made in this process, one after the other, so that a figure is that of one core. The vectors are drawn; what is told
//! is held against a scan in double precision of the same vectors.

mod filling;
mod indexing;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use floe_agents::knowledge::search::{Asked, Hit, Search, Way};
use floe_model::id::{KnowledgeBaseId, WorkspaceId};
use floe_model::{Mode, Scope};
use floe_runtime::ids::SystemRandom;
use floe_runtime::outside::{Outside, OutsideConfig};
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::{Clock, Ids, Platform, Seal, SystemClock};
use floe_store::{Location, Store, StoreConfig};

use super::child;
use super::report::{Line, Report};
use crate::cli::Output;
use filling::{Drawn, question, vector_of_chunk, vector_of_question};

/// Chunks that are searched, and the values of their vectors.
const CHUNKS: usize = 100_000;
const DIMENSIONS: usize = 384;
/// Hits of each search.
const TOP_K: usize = 10;
/// Questions whose hits are held against those of the scan in double precision.
const CHECKED: usize = 8;
/// How far single precision may be off.
const TOLERANCE: f64 = 1e-5;
/// Milliseconds that a search may take.
const P99_MAX_MS: f64 = 40.0;

/// Measures and adds the lines.
pub(super) async fn measure(
    folder: &Path,
    database: Option<&str>,
    length: Duration,
    output: Output,
    report: &mut Report,
) -> anyhow::Result<()> {
    output.say("search: filling");
    let platform = platform(folder, database).await?;
    let scope = Scope { workspace: WorkspaceId(platform.ids.next_bits()), mode: Mode::Test };
    let base = KnowledgeBaseId(platform.ids.next_bits());
    filling::fill(&platform, scope.workspace, base).await?;
    let desk = Desk { search: Search::new(Arc::clone(&platform), Arc::new(Drawn)), scope, base };
    let begun = child::now();
    desk.ask(Way::Hybrid, 0).await?;
    report.add(Line::figure("first search among 100,000 chunks", millis(begun.elapsed()), "ms"));
    output.say("searches");
    let rounds = [
        (Way::Vectors, "vectors of 384 values, p50", "  p99"),
        (Way::Text, "full text, p50", "  p99"),
        (Way::Hybrid, "both, p50", "  p99"),
    ];
    for (way, median, tail) in rounds {
        let times = desk.times(way, length / 3).await?;
        report.add(Line::figure(median, percentile(&times, 0.5), "ms"));
        let p99 = percentile(&times, 0.99);
        report.add(if way == Way::Vectors {
            Line::at_most(tail, p99, P99_MAX_MS, "ms")
        } else {
            Line::figure(tail, p99, "ms")
        });
    }
    report.add(Line::at_least("  hits that a scan in f64 confirms", desk.confirmed().await?, 1.0, ""));
    platform.store.close().await;
    drop(desk);
    output.say("indexing");
    indexing::measure(folder, database, report).await
}

/// Who asks.
struct Desk {
    search: Arc<Search>,
    scope: Scope,
    base: KnowledgeBaseId,
}

impl Desk {
    async fn ask(&self, way: Way, number: usize) -> anyhow::Result<Vec<Hit>> {
        let asked = Asked { query: question(number), top_k: TOP_K, ..Asked::default() };
        Ok(self.search.run_by(way, self.scope, &[self.base], &asked).await?)
    }

    /// How long searches take one after the other, in milliseconds, ascending.
    async fn times(&self, way: Way, length: Duration) -> anyhow::Result<Vec<f64>> {
        let (begun, mut times) = (child::now(), Vec::new());
        while begun.elapsed() < length || times.is_empty() {
            let asked = child::now();
            let hits = self.ask(way, times.len()).await?;
            ensure!(!hits.is_empty(), "a search found nothing");
            times.push(millis(asked.elapsed()));
        }
        times.sort_by(f64::total_cmp);
        Ok(times)
    }

    /// Share of hits that are among the nearest by a scan in double precision.
    async fn confirmed(&self) -> anyhow::Result<f64> {
        let mut confirmed = 0;
        for number in 0..CHECKED {
            let asked: Vec<f64> = vector_of_question(number).into_iter().map(f64::from).collect();
            let cosine = |chunk: usize| -> f64 {
                vector_of_chunk(chunk).iter().zip(&asked).map(|(one, other)| f64::from(*one) * other).sum()
            };
            let mut all: Vec<f64> = (0..CHUNKS).map(cosine).collect();
            all.sort_by(|one, other| other.total_cmp(one));
            let least = *all.get(TOP_K - 1).context("too few chunks")?;
            let hits = self.ask(Way::Vectors, number).await?;
            ensure!(hits.len() == TOP_K, "a search told {} hits", hits.len());
            confirmed += hits.iter().filter(|hit| hit.score >= least - TOLERANCE).count();
        }
        Ok(confirmed as f64 / (CHECKED * TOP_K) as f64)
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn percentile(ascending: &[f64], share: f64) -> f64 {
    let at = (ascending.len() as f64 * share) as usize;
    ascending.get(at.min(ascending.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

async fn platform(folder: &Path, database: Option<&str>) -> anyhow::Result<Arc<Platform>> {
    let location = match database {
        Some(url) => Location::Postgres(url.to_owned()),
        None => Location::Sqlite(folder.join("search.db")),
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ok(Arc::new(Platform {
        store: Store::open(StoreConfig::at(location)).await?,
        ids: Ids::new(Arc::clone(&clock), Arc::new(SystemRandom)),
        clock,
        outside: Outside::new(OutsideConfig::default()),
        sandbox: Sandbox::new(SandboxConfig::default()),
        seal: Seal::new([7; 32]),
    }))
}
