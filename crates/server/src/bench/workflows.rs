//! Workflows: executions that are started and followed through their stream, against flows in the same way; forty programs one after the
//! other; ten thousand passes of a loop; a hundred calls at once; and what open streams take in memory.

mod calls;
mod definitions;
mod receiver;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::child::Child;
use super::load::Load;
use super::prepare::{self, Prepared};
use super::report::{Line, Report};
use crate::app::raise_open_files;
use crate::cli::Output;
use calls::Plan;
use receiver::Receiver;

/// Callers of the throughput lines.
const CALLERS: usize = 64;
/// Load before a measurement.
const WARM_UP: Duration = Duration::from_millis(500);
/// Executions of the chain, one after the other.
const CHAINS: Duration = Duration::from_secs(5);
/// Streams that are open at once, and keys that share them.
const OPEN: usize = 1_000;
const KEYS: usize = 10;
/// How long streams are open before the memory is read.
const SETTLE: Duration = Duration::from_secs(2);
/// Longest wait for an execution.
const EXECUTION_MAX: Duration = Duration::from_secs(60);
/// Pause between two looks at it.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A server with keys of workflows.
struct Desk {
    server: Child,
    token: String,
    keys: Vec<String>,
}

/// Measures and adds the lines.
pub(super) async fn measure(
    folder: &Path,
    database: Option<&str>,
    length: Duration,
    output: Output,
    report: &mut Report,
) -> anyhow::Result<()> {
    output.say("workflows: preparing");
    raise_open_files();
    let prepared = prepare::prepare(folder, database).await?;
    let receiver = Receiver::start().await?;
    let settings = [("FLOE_OUTBOUND_ALLOW", receiver.address.to_string())];
    let server = Child::start_with(folder, database, &settings).await?;
    let mut desk = Desk { server, token: prepared.token.clone(), keys: Vec::new() };
    for _ in 0..KEYS {
        let key = json!({ "kind": "workflows", "name": "Bench", "mode": "test" });
        desk.keys.push(desk.make("/console/v1/keys", &key, "/key").await?);
    }
    output.say("three pure nodes, started and followed");
    throughput(&desk, &prepared, length, report).await?;
    output.say("forty programs, ten thousand passes, a hundred calls");
    chain(&desk, report).await?;
    passes(&desk, report).await?;
    fan(&desk, &receiver, report).await?;
    output.say("a thousand streams");
    streams(&desk, report).await?;
    desk.server.stop().await;
    Ok(())
}

async fn throughput(desk: &Desk, prepared: &Prepared, length: Duration, report: &mut Report) -> anyhow::Result<()> {
    let workflow = desk.workflow(&definitions::pure()).await?;
    let of_workflow = desk.plan(&workflow, &json!({ "amount": 3 }));
    let path = format!("/v1/client/flow/{}/execute?async=true", prepared.pure_flow);
    let of_flow = Plan {
        address: desk.server.address,
        start: Arc::new(request(desk.server.address, &path, &prepared.key, &json!({ "amount": 3 }))),
        before_id: "\"appRunId\":\"",
        stream: ("/v1/flowrun/stream/", ""),
        credential: prepared.key.clone(),
        last: "event: done",
    };
    let mut rates = [0.0, 0.0];
    for (plan, rate) in [&of_flow, &of_workflow].into_iter().zip(&mut rates) {
        calls::run(plan, CALLERS, WARM_UP).await?;
        *rate = calls::run(plan, CALLERS, length).await?.rate();
    }
    let waited = Load::execute(desk.server.address, &prepared.pure_flow, &prepared.key, &json!({ "amount": 3 }));
    waited.run(CALLERS, WARM_UP).await?;
    let waited = waited.run(CALLERS, length).await?.rate();
    report.add(Line::figure("flow of three pure steps, through the stream", rates[0], "runs/s"));
    report.add(Line::figure("workflow of three pure nodes, the same", rates[1], "runs/s"));
    report.add(Line::at_least("  of the flow's rate", rates[1] / rates[0], 0.8, ""));
    report.add(Line::figure("flow of three pure steps, waited for", waited, "runs/s"));
    Ok(())
}

async fn chain(desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    let workflow = desk.workflow(&definitions::chain()).await?;
    let plan = desk.plan(&workflow, &json!({}));
    calls::run(&plan, 1, WARM_UP).await?;
    let median = calls::run(&plan, 1, CHAINS).await?.median_ms();
    report.add(Line::at_most("forty programs, execute to completed, p50", median, 100.0, "ms"));
    report.add(Line::figure("  of each program", median / definitions::CHAIN as f64, "ms"));
    Ok(())
}

async fn passes(desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    let workflow = desk.workflow(&definitions::passes()).await?;
    let before = desk.server.peak_bytes().max(desk.server.resident_bytes());
    let execution = desk.ended(&workflow, &json!({})).await?;
    let grown = desk.server.peak_bytes().saturating_sub(before);
    let last = &execution["outputs"]["last"];
    anyhow::ensure!(*last == json!(definitions::PASSES - 1), "the last pass gave {last}");
    let took = execution["duration_ms"].as_f64().context("no duration")?;
    report.add(Line::at_most("loop of 10,000 passes", took, 1_000.0, "ms"));
    report.add(Line::at_most("  memory beyond the peak before", grown as f64 / 1e6, 50.0, "MB"));
    Ok(())
}

async fn fan(desk: &Desk, receiver: &Receiver, report: &mut Report) -> anyhow::Result<()> {
    let workflow = desk.workflow(&definitions::fan(&format!("http://{}/", receiver.address))).await?;
    let execution = desk.ended(&workflow, &json!({ "amount": 1 })).await?;
    let (most, all) = receiver.seen();
    anyhow::ensure!(all == definitions::FAN, "{all} calls arrived");
    report.add(Line::figure("fan-out of 100 calls of 20 ms", execution["duration_ms"].as_f64().unwrap_or(0.0), "ms"));
    report.add(Line::at_most("  calls at once", most as f64, definitions::AT_ONCE as f64, ""));
    Ok(())
}

async fn streams(desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    let workflow = desk.workflow(&definitions::waiting()).await?;
    let execution = desk.start(&workflow, &json!({})).await?;
    desk.until(&execution, &["paused"]).await?;
    let before = desk.server.resident_bytes();
    let mut open = Vec::with_capacity(OPEN);
    for at in 0..OPEN {
        let key = &desk.keys[at % KEYS];
        open.push(follow(desk.server.address, &execution, key).await?);
    }
    tokio::time::sleep(SETTLE).await;
    let each = desk.server.resident_bytes().saturating_sub(before) as f64 / OPEN as f64;
    report.add(Line::at_most("memory of each of 1,000 open streams", each / 1e3, 100.0, "kB"));
    drop(open);
    Ok(())
}

/// Opens a stream and reads until the execution is told to be paused.
async fn follow(address: SocketAddr, execution: &str, key: &str) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    let request =
        format!("GET /v1/executions/{execution}/events HTTP/1.1\r\nHost: {address}\r\nX-API-Key: {key}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut read = Vec::with_capacity(4_096);
    while !String::from_utf8_lossy(&read).contains("event: execution:paused") {
        if stream.read_buf(&mut read).await? == 0 {
            bail!("a stream ended: {}", String::from_utf8_lossy(&read));
        }
    }
    Ok(stream)
}

/// A POST as it goes over the wire.
fn request(address: SocketAddr, path: &str, credential: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {credential}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

impl Desk {
    /// Makes something in the console; answers a member of what was made.
    async fn make(&self, path: &str, body: &Value, member: &str) -> anyhow::Result<String> {
        let made =
            Load::raw(self.server.address, request(self.server.address, path, &self.token, body)).fetch().await?;
        let found = made.pointer(member).and_then(Value::as_str).map(str::to_owned);
        found.with_context(|| format!("{path} was answered with {made}"))
    }

    async fn workflow(&self, file: &Value) -> anyhow::Result<String> {
        self.make("/console/v1/workflows", file, "/workflow/id").await
    }

    fn plan(&self, workflow: &str, inputs: &Value) -> Plan {
        let path = format!("/v1/workflows/{workflow}/execute");
        Plan {
            address: self.server.address,
            start: Arc::new(request(self.server.address, &path, &self.keys[0], &json!({ "inputs": inputs }))),
            before_id: "\"execution_id\":\"",
            stream: ("/v1/executions/", "/events"),
            credential: self.keys[0].clone(),
            last: "event: execution:completed",
        }
    }

    async fn start(&self, workflow: &str, inputs: &Value) -> anyhow::Result<String> {
        let plan = self.plan(workflow, inputs);
        let started = Load::raw(plan.address, plan.start.to_vec()).fetch().await?;
        let id = started.pointer("/data/execution_id").and_then(Value::as_str).map(str::to_owned);
        id.with_context(|| format!("not started: {started}"))
    }

    /// Starts one and waits for its good end.
    async fn ended(&self, workflow: &str, inputs: &Value) -> anyhow::Result<Value> {
        let id = self.start(workflow, inputs).await?;
        self.until(&id, &["completed"]).await
    }

    async fn until(&self, id: &str, states: &[&str]) -> anyhow::Result<Value> {
        let load = Load::get(self.server.address, &format!("/v1/executions/{id}"), &self.keys[0]);
        let looking = async {
            loop {
                let found = load.fetch().await?;
                let status = found.pointer("/data/status").and_then(Value::as_str).unwrap_or_default();
                if states.contains(&status) {
                    return Ok(found["data"].clone());
                }
                if matches!(status, "" | "completed" | "failed" | "cancelled") {
                    bail!("an execution came to {found}");
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(EXECUTION_MAX, looking).await.context("an execution takes too long")?
    }
}
