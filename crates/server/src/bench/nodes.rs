//! Three nodes on one PostgreSQL against one.
//!
//! Each node moves only a few runs at a time, and their steps wait for a receiver: so neither the processor nor the database is the limit, and
//! what is measured is whether nodes hinder each other. Then without that bound, where they share what there is: with as many callers, who mostly
//! wait for each other's commits, so that three nodes make three small ones of a large one; and with so many that the processor is the limit.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::child::Child;
use super::load::Load;
use super::prepare::Prepared;
use super::report::{Line, Report};
use crate::settings::KEY_FILE;

/// Nodes.
const NODES: usize = 3;
/// Callers of all nodes together.
const CALLERS: usize = 48;
/// Callers of all nodes together who keep the processor busy; each of three nodes has the 64 of [`super::CALLERS`].
const CALLERS_AT_LIMIT: usize = NODES * super::CALLERS;
/// Load before each measurement: each node prepares its statements, and its plans become old twice.
const WARM_UP: Duration = Duration::from_secs(3);
/// Runs that a node moves at a time where their steps wait.
const RUNS_AT_A_TIME: usize = 4;
/// How long the receiver takes.
const RECEIVER_TAKES: Duration = Duration::from_millis(5);
/// Bytes of a request's head that the receiver reads at most.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Measures and adds the lines.
pub(super) async fn measure(
    folder: &Path,
    database: &str,
    prepared: &Prepared,
    length: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    let receiver = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port for the receiver")?;
    let address = receiver.local_addr()?;
    let receiving = tokio::spawn(receive(receiver));
    let waits = Measured {
        callers: CALLERS,
        flow: &prepared.calling_flow,
        inputs: json!({ "amount": 3, "url": format!("http://{address}/") }),
        settings: vec![
            ("FLOE_RUNS_PER_WORKSPACE", RUNS_AT_A_TIME.to_string()),
            ("FLOE_OUTBOUND_ALLOW", address.to_string()),
        ],
    };
    let works = |callers| Measured {
        callers,
        flow: &prepared.effect_flow,
        inputs: json!({ "amount": 3 }),
        settings: Vec::new(),
    };
    let rates = waits.rates(folder, database, prepared, length).await?;
    receiving.abort();
    compare(report, ["calls of 5 ms, one node", "calls of 5 ms, three nodes"], rates, 2.2);
    let rates = works(CALLERS).rates(folder, database, prepared, length).await?;
    compare(report, ["three effects, 48 callers, one node", "three effects, 48 callers, three nodes"], rates, 1.0);
    let rates = works(CALLERS_AT_LIMIT).rates(folder, database, prepared, length).await?;
    compare(report, ["three effects, 192 callers, one node", "three effects, 192 callers, three nodes"], rates, 1.0);
    Ok(())
}

/// Adds the rates of one node and of three, and what three should be of one.
fn compare(report: &mut Report, names: [&'static str; 2], [one, three]: [f64; 2], wish: f64) {
    report.add(Line::figure(names[0], one, "runs/s"));
    report.add(Line::figure(names[1], three, "runs/s"));
    report.add(Line::at_least("  of one node's rate", three / one, wish, ""));
}

struct Measured<'a> {
    callers: usize,
    flow: &'a str,
    inputs: Value,
    settings: Vec<(&'static str, String)>,
}

impl Measured<'_> {
    /// Runs a second on one node, and on several. Each is measured twice, the second time in the other order: the database fills meanwhile.
    async fn rates(
        &self,
        folder: &Path,
        database: &str,
        prepared: &Prepared,
        length: Duration,
    ) -> anyhow::Result<[f64; 2]> {
        let mut rates = [0.0; 2];
        for (place, nodes) in [(0, 1), (1, NODES), (1, NODES), (0, 1)] {
            rates[place] += self.rate(folder, database, prepared, nodes, length / 2).await? / 2.0;
        }
        Ok(rates)
    }

    /// Runs a second on so many nodes.
    async fn rate(
        &self,
        folder: &Path,
        database: &str,
        prepared: &Prepared,
        nodes: usize,
        length: Duration,
    ) -> anyhow::Result<f64> {
        let mut servers = Vec::with_capacity(nodes);
        for number in 0..nodes {
            let data = data_folder(folder, number)?;
            servers.push(Child::start_with(&data, Some(database), &self.settings).await?);
        }
        let mut loads = Vec::with_capacity(nodes);
        for server in &servers {
            let (load, callers) =
                (Load::execute(server.address, self.flow, &prepared.key, &self.inputs), self.callers / nodes);
            loads.push(tokio::spawn(async move {
                load.run(callers, WARM_UP).await?;
                load.run(callers, length).await
            }));
        }
        let mut rate = 0.0;
        for load in loads {
            let sample = load.await??;
            anyhow::ensure!(sample.failed == 0, "{} of {} calls failed", sample.failed, sample.count());
            rate += sample.rate();
        }
        for server in &mut servers {
            server.stop().await;
        }
        Ok(rate)
    }
}

/// A node's own folder; all of them hold the same key.
fn data_folder(folder: &Path, number: usize) -> anyhow::Result<std::path::PathBuf> {
    if number == 0 {
        return Ok(folder.to_owned());
    }
    let own = folder.join(format!("node-{number}"));
    std::fs::create_dir_all(&own)?;
    std::fs::copy(folder.join(KEY_FILE), own.join(KEY_FILE)).context("the secret key")?;
    Ok(own)
}

/// Answers every request after a while.
async fn receive(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream));
    }
}

/// One connection. Requests without a body, one after the other.
async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut head = Vec::new();
    loop {
        head.clear();
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() > HEAD_BYTES_MAX || stream.read_buf(&mut head).await? == 0 {
                return Ok(());
            }
        }
        tokio::time::sleep(RECEIVER_TAKES).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}").await?;
    }
}
