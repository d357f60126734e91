//! How fast documents become searchable with the built-in embedding: over HTTP, from the first upload until the last one is ready.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use super::super::child::{self, Child};
use super::super::load::Load;
use super::super::prepare;
use super::super::report::{Line, Report};
use super::filling;

/// Documents, and words of each: about 10,000 chunks of 1,000 characters together.
const DOCUMENTS: usize = 30;
const DOCUMENT_WORDS: usize = 64_000;
/// Chunks that have to come of it.
const CHUNKS_MIN: u64 = 10_000;
/// Chunks a second.
const RATE_MIN: f64 = 2_000.0;
/// Longest wait, and the pause between two looks.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(20);

pub(super) async fn measure(folder: &Path, database: Option<&str>, report: &mut Report) -> anyhow::Result<()> {
    let folder = &folder.join("indexing");
    std::fs::create_dir_all(folder).context("the data folder")?;
    let token = prepare::owner_with(folder, database, &["console.read", "console.write"]).await?;
    let mut server = Child::start(folder, database).await?;
    let post = |path: String, body: Value| {
        let load = Load::post(server.address, &path, &token, &body.to_string());
        async move { load.fetch().await }
    };
    let texts: Vec<String> = (0..DOCUMENTS).map(|number| filling::text(number, DOCUMENT_WORDS)).collect();
    let base = post("/console/v1/knowledge-bases".to_owned(), json!({ "name": "Bench" })).await?;
    let base = base["id"].as_str().with_context(|| format!("no knowledge base: {base}"))?.to_owned();
    let documents = format!("/console/v1/knowledge-bases/{base}/documents");
    let begun = child::now();
    for (number, text) in texts.iter().enumerate() {
        let made = post(documents.clone(), json!({ "name": format!("{number}.txt"), "content": text })).await?;
        ensure!(made["id"].is_string(), "no document: {made}");
    }
    let list = Load::get(server.address, &format!("{documents}?limit=100"), &token);
    let chunks = loop {
        let page = list.fetch().await?;
        let rows = page["data"].as_array().with_context(|| format!("no documents: {page}"))?;
        if rows.iter().all(|row| row["status"] == "ready") {
            break rows.iter().filter_map(|row| row["chunks"].as_u64()).sum::<u64>();
        }
        if let Some(failed) = rows.iter().find(|row| row["status"] == "failed") {
            bail!("a document failed: {failed}");
        }
        ensure!(begun.elapsed() < PATIENCE, "documents are not ready after {} s", PATIENCE.as_secs());
        tokio::time::sleep(PAUSE).await;
    };
    let rate = chunks as f64 / begun.elapsed().as_secs_f64();
    ensure!(chunks >= CHUNKS_MIN, "only {chunks} chunks were made");
    report.add(Line::figure("chunks of 30 documents over HTTP", chunks as f64, ""));
    report.add(Line::at_least("  searchable a second", rate, RATE_MIN, "/s"));
    server.stop().await;
    Ok(())
}
