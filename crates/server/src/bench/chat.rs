//! Agents: what a stored, charged exchange adds to a direct call of the same model at a provider that answers at once, when the first
//! piece of a stream arrives, and what many open streams take in memory.
//!
//! The provider is a process of its own on loopback. Direct calls and exchanges are made by the same callers at the same rate.

pub(super) mod provider;
mod streams;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::child::Child;
use super::disk;
use super::load::{Load, Sample};
use super::prepare;
use super::report::{Line, Report};
use crate::cli::Output;
use streams::Stream;

/// Exchanges a second, and the callers who share them.
const PER_SECOND: u32 = 200;
const CALLERS: usize = 64;
/// Load before a measurement: connections, caches, clock speeds.
const WARM_UP: Duration = Duration::from_secs(1);
/// Streams whose first piece is waited for, one after the other.
const FIRST_PIECES: usize = 200;
/// Streams that are open at once.
const OPEN: usize = 100;
/// How long streams are open before the memory is read.
const SETTLE: Duration = Duration::from_secs(2);
/// How long a reader does not read what comes as fast as it can.
const NOT_READING: Duration = Duration::from_secs(3);

/// A server with an agent for each model of the provider.
struct Desk {
    server: Child,
    provider: Child,
    /// A test key of agents.
    key: String,
    quick: String,
    held: String,
    flood: String,
}

/// Measures and adds the lines.
pub(super) async fn measure(
    folder: &Path,
    database: Option<&str>,
    length: Duration,
    output: Output,
    report: &mut Report,
) -> anyhow::Result<()> {
    output.say("agents: preparing");
    let token = prepare::owner_with(folder, database, &["console.read", "console.write", "admin"]).await?;
    let provider = Child::start_bare().await?;
    let settings = [("FLOE_OUTBOUND_ALLOW", provider.address.to_string())];
    let server = Child::start_with(folder, database, &settings).await?;
    let desk = Desk::open(server, provider, &token).await?;
    output.say("exchanges at a steady rate");
    overhead(&desk, folder, length, report).await?;
    output.say("streams");
    first_pieces(&desk, report).await?;
    memory(&desk, report).await?;
    let Desk { mut server, mut provider, .. } = desk;
    server.stop().await;
    provider.stop().await;
    Ok(())
}

async fn overhead(desk: &Desk, folder: &Path, length: Duration, report: &mut Report) -> anyhow::Result<()> {
    let direct = desk.direct(provider::QUICK, false);
    let stored = desk.chat(&desk.quick, false);
    let (mut of_direct, mut of_stored, mut of_disk) = (Sample::default(), Sample::default(), Sample::default());
    for load in [&direct, &stored] {
        load.at_rate(CALLERS, PER_SECOND, WARM_UP).await?;
    }
    let before = desk.server.cpu_ms();
    for _ in 0..2 {
        // The direct calls leave the disk alone, so it shows by itself what it does.
        let (calls, writes) =
            tokio::try_join!(direct.at_rate(CALLERS, PER_SECOND, length / 2), disk::measure(folder, length / 2))?;
        of_direct.join(calls);
        of_disk.join(writes);
        of_stored.join(stored.at_rate(CALLERS, PER_SECOND, length / 2).await?);
    }
    anyhow::ensure!(
        of_stored.failed + of_direct.failed == 0,
        "{} of {} exchanges failed",
        of_stored.failed,
        of_stored.count()
    );
    let cpu_ms = (desk.server.cpu_ms() - before) / of_stored.count().max(1) as f64;
    report.add(Line::figure("call of the model, 200/s, p50", of_direct.percentile_ms(50.0), "ms"));
    report.add(Line::figure("  p99", of_direct.percentile_ms(99.0), "ms"));
    report.add(Line::figure("stored, charged exchange, 200/s, p50", of_stored.percentile_ms(50.0), "ms"));
    report.add(Line::figure("  p99", of_stored.percentile_ms(99.0), "ms"));
    let added = of_stored.percentile_ms(99.0) - of_direct.percentile_ms(50.0);
    report.add(Line::at_most("  p99 beyond the model's p50", added, 5.0, "ms"));
    report.add(Line::figure("  p99 of a synced write to the disk meanwhile", of_disk.percentile_ms(99.0), "ms"));
    report.add(Line::figure("  processor time an exchange", cpu_ms, "ms"));
    Ok(())
}

async fn first_pieces(desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    let (direct, stored) = (desk.direct_stream(provider::QUICK), desk.chat_stream(&desk.quick));
    let (mut of_direct, mut of_stored) = (Vec::new(), Vec::new());
    for _ in 0..FIRST_PIECES {
        of_direct.push(Stream::first_piece_ms(&direct, "\"content\"").await?);
        of_stored.push(Stream::first_piece_ms(&stored, "message.delta").await?);
    }
    let (direct, stored) = (median(&mut of_direct), median(&mut of_stored));
    report.add(Line::figure("first piece of the model, p50", direct, "ms"));
    report.add(Line::figure("first piece of an exchange, p50", stored, "ms"));
    report.add(Line::at_most("  added", stored - direct, 2.0, "ms"));
    Ok(())
}

async fn memory(desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    let before = desk.server.resident_bytes();
    let held = desk.chat_stream(&desk.held);
    let mut open = Vec::with_capacity(OPEN);
    for _ in 0..OPEN {
        let mut stream = Stream::open(&held).await?;
        stream.read_until("message.delta").await?;
        open.push(stream);
    }
    tokio::time::sleep(SETTLE).await;
    let each = desk.server.resident_bytes().saturating_sub(before) as f64 / OPEN as f64;
    report.add(Line::at_most("memory of each of 100 open streams", each / 1e6, 1.0, "MB"));
    drop(open);
    let flood = Stream::open(&desk.chat_stream(&desk.flood)).await?;
    // Until every buffer on the way is full.
    tokio::time::sleep(SETTLE).await;
    let before = desk.server.resident_bytes();
    tokio::time::sleep(NOT_READING).await;
    let grown = desk.server.resident_bytes().saturating_sub(before);
    report.add(Line::at_most("growth while a reader does not read", grown as f64 / 1e6, 1.0, "MB"));
    drop(flood);
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl Desk {
    async fn open(server: Child, provider: Child, token: &str) -> anyhow::Result<Self> {
        let address = server.address;
        let key = json!({ "kind": "agents", "name": "Bench", "mode": "test" });
        let key = make(address, token, "/console/v1/keys", &key, "key").await?;
        let of_provider = json!({
            "name": "bench", "kind": "openai_compatible", "base_url": format!("http://{}/v1", provider.address), "max_concurrency": 1_000,
        });
        let id = make(address, token, "/console/v1/model-providers", &of_provider, "id").await?;
        let mut agents = Vec::new();
        for name in [provider::QUICK, provider::HELD, provider::FLOOD] {
            let model =
                json!({ "name": name, "provider_id": id, "upstream_model": name, "price": { "per_call": 0.01 } });
            make(address, token, "/console/v1/models", &model, "id").await?;
            let agent = json!({ "name": name, "instructions": "Answer.", "model": name });
            agents.push(make(address, token, "/console/v1/agents", &agent, "id").await?);
        }
        let [quick, held, flood] = <[String; 3]>::try_from(agents).map_err(|_| anyhow::anyhow!("three agents"))?;
        Ok(Self { server, provider, key, quick, held, flood })
    }

    fn chat(&self, agent: &str, streams: bool) -> Load {
        Load::raw(self.server.address, self.chat_bytes(agent, streams))
    }

    fn chat_bytes(&self, agent: &str, streams: bool) -> Vec<u8> {
        let body = json!({ "messages": "How are you?", "stream": streams });
        let path = format!("/api/public/agent/{agent}/chat");
        request(self.server.address, &path, &self.key, &body)
    }

    fn chat_stream(&self, agent: &str) -> (SocketAddr, Vec<u8>) {
        (self.server.address, self.chat_bytes(agent, true))
    }

    /// About what the server sends for [`Desk::chat`].
    fn direct_bytes(&self, model: &str, streams: bool) -> Vec<u8> {
        let messages =
            json!([{ "role": "system", "content": "Answer." }, { "role": "user", "content": "How are you?" }]);
        let body = json!({ "model": model, "messages": messages, "max_tokens": 2_048, "stream": streams });
        request(self.provider.address, "/v1/chat/completions", "none", &body)
    }

    fn direct(&self, model: &str, streams: bool) -> Load {
        Load::raw(self.provider.address, self.direct_bytes(model, streams))
    }

    fn direct_stream(&self, model: &str) -> (SocketAddr, Vec<u8>) {
        (self.provider.address, self.direct_bytes(model, true))
    }
}

fn request(address: SocketAddr, path: &str, key: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {key}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn make(address: SocketAddr, token: &str, path: &str, body: &Value, member: &str) -> anyhow::Result<String> {
    let made = Load::post(address, path, token, &body.to_string()).fetch().await?;
    made[member].as_str().map(str::to_owned).with_context(|| format!("{path} was answered with {made}"))
}
