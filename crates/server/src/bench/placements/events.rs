//! Events of apps: how many are taken over HTTP while they are entered, against what the store alone inserts in bulk into the same table;
//! how long the numbers take; and what resolves feel of it.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use floe_model::id::{AppId, WorkspaceId};
use floe_model::placements::event::{AppRules, Entry, Event, split};
use floe_model::{Mode, Scope, Timestamp};
use floe_runtime::{Clock as _, SystemClock};
use floe_store::placements::events;
use floe_store::{Location, Store, StoreConfig};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::super::child::now;
use super::super::load::Load;
use super::super::report::{Line, Report};
use super::{CALLERS, Desk, TURNS};
use crate::cli::Output;

/// Events of a request.
const BATCH: usize = 10;
/// Events of one transaction of the store alone.
const BULK: u64 = 1_000;
/// Producers of the store alone, so that its writer never waits for one.
const PRODUCERS: usize = 2;
/// Of the store's bulk inserts.
const RATIO_MIN: f64 = 0.4;
/// Longest wait for the numbers.
const ENTERED_MAX: Duration = Duration::from_secs(60);
/// Pause between two looks at the numbers.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Resolves and requests with events a second, side by side.
const RESOLVES: u32 = 400;
const SENDS: u32 = 200;
/// Callers of them.
const STEADY_CALLERS: usize = 32;
/// What every event's id and every user begin with; the digits after it are counted up.
const EVENT: &str = "e0000000-0000-4000-8000-";
const USER: &str = "user-";
const DIGITS: usize = 12;

/// Measures and adds the lines.
pub(super) async fn measure(
    desk: &Desk,
    folder: &Path,
    database: Option<&str>,
    length: Duration,
    output: Output,
    report: &mut Report,
) -> anyhow::Result<()> {
    output.say("events");
    let version = desk.publish("reported", super::SMALL).await?;
    let shown = Load::get(desk.server.address, &desk.at("flows?search=reported"), &desk.token).fetch().await?;
    let flow = shown.pointer("/data/0/id").and_then(Value::as_str).context("no flow to report about")?;
    let batch = Batch::new(desk, flow, &version);
    let limit = bulk(folder, database, &batch.body, length).await?;
    let before = started(desk).await?;
    let sent = batch.send(desk.server.address, CALLERS, None, length).await?;
    let ended = now();
    let sessions = before + sent.micros.len() as u64;
    while started(desk).await? < sessions {
        anyhow::ensure!(ended.elapsed() < ENTERED_MAX, "events were not counted within {} s", ENTERED_MAX.as_secs());
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let entered = ended.elapsed();
    let rate = (sent.micros.len() * BATCH) as f64 / sent.elapsed.as_secs_f64();
    report.add(Line::figure("store alone, bulk inserts of events", limit, "/s"));
    report.add(Line::figure("events, 10 a request, 64 callers", rate, "/s"));
    report.add(Line::at_least("  of the store's bulk inserts", rate / limit, RATIO_MIN, ""));
    report.add(Line::figure("  p50", sent.percentile_ms(50.0), "ms"));
    report.add(Line::figure("  p99", sent.percentile_ms(99.0), "ms"));
    report.add(Line::at_most("  counted after the last answer", entered.as_secs_f64(), 10.0, "s"));
    beside(desk, &batch, length, report).await
}

/// Resolves at a steady rate, alone and beside events, in turns.
async fn beside(desk: &Desk, batch: &Batch, length: Duration, report: &mut Report) -> anyhow::Result<()> {
    let asked = desk.resolve("small", false);
    let resolve = asked.at(desk.server.address, &asked.path, &desk.key);
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let quiet = resolve.at_rate(STEADY_CALLERS, RESOLVES, length / TURNS).await?;
        let load = resolve.at_rate(STEADY_CALLERS, RESOLVES, length / TURNS);
        let (busy, sent) =
            tokio::join!(load, batch.send(desk.server.address, STEADY_CALLERS, Some(SENDS), length / TURNS));
        let (busy, _) = (busy?, sent?);
        anyhow::ensure!(quiet.failed + busy.failed == 0, "resolves failed");
        alone.push(quiet.percentile_ms(50.0));
        together.push(busy.percentile_ms(50.0));
    }
    report.add(Line::figure("resolves at 400 a second, p50", median(&mut alone), "ms"));
    report.add(Line::figure("  beside 2,000 events a second, p50", median(&mut together), "ms"));
    report.add(Line::at_most("  of the p50 alone", median(&mut together) / median(&mut alone), 1.1, ""));
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// How many `flow_start` the numbers show.
async fn started(desk: &Desk) -> anyhow::Result<u64> {
    let overview = Load::get(desk.server.address, &desk.at("analytics/overview"), &desk.token).fetch().await?;
    let count = overview.pointer("/impressions/value").and_then(Value::as_u64);
    count.with_context(|| format!("no count of impressions: {overview}"))
}

/// Events a second that the store alone inserts, into a table of its own on SQLite.
async fn bulk(folder: &Path, database: Option<&str>, body: &str, length: Duration) -> anyhow::Result<f64> {
    let location = match database {
        Some(url) => Location::Postgres(url.to_owned()),
        None => Location::Sqlite(folder.join("events-limit.db")),
    };
    let store = Store::open(StoreConfig::at(location)).await?;
    let templates = Arc::new(entries(body)?);
    let (next, began) = (Arc::new(AtomicU64::new(0)), now());
    let mut producers = Vec::with_capacity(PRODUCERS);
    for _ in 0..PRODUCERS {
        let (store, templates, next) = (store.clone(), Arc::clone(&templates), Arc::clone(&next));
        producers.push(tokio::spawn(async move {
            while began.elapsed() < length {
                let first = next.fetch_add(BULK, Ordering::Relaxed);
                let rows: Vec<Entry<'static>> = (first..first + BULK).map(|at| numbered(&templates, at)).collect();
                store.write(move |tx| events::add(tx, &rows).map(drop)).await?;
            }
            anyhow::Ok(())
        }));
    }
    for producer in producers {
        producer.await??;
    }
    let rate = next.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    store.close().await;
    Ok(rate)
}

/// The events of a request, read as the server reads them, in a scope that nobody else has.
fn entries(body: &str) -> anyhow::Result<Vec<Entry<'static>>> {
    // A handful of kilobytes, once a process.
    let body: &'static str = Box::leak(body.to_owned().into_boxed_str());
    let at = SystemClock.now();
    let scope = Scope { workspace: WorkspaceId(1), mode: Mode::Test };
    let rules = |app| Some(AppRules { app, custom_events: false });
    let raw = split(body.as_bytes()).map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
    let read = raw.into_iter().map(|raw| match Event::read(raw, &rules, at) {
        Ok(event) => Ok(Entry { scope, received_at: at, event: Event { app: AppId(1), ..event } }),
        Err(rejection) => Err(anyhow::anyhow!("{rejection:?}")),
    });
    read.collect()
}

fn numbered(templates: &[Entry<'static>], at: u64) -> Entry<'static> {
    let mut entry = templates[usize::try_from(at).unwrap_or(0) % templates.len()].clone();
    // Random in the order of the index, as the ids of devices are.
    entry.event.id = u128::from(at.wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 64 | u128::from(at);
    entry.event.user_id = Cow::Owned(format!("{USER}{:012}", at / BATCH as u64));
    entry
}

/// A request with ten events of one session, whose ids and user are numbered anew each time.
struct Batch {
    body: String,
    request: Vec<u8>,
    ids: Vec<usize>,
    users: Vec<usize>,
    next: Arc<AtomicU64>,
}

/// What was sent.
struct Sent {
    /// Microseconds of each request, sorted.
    micros: Vec<u32>,
    elapsed: Duration,
}

impl Sent {
    fn percentile_ms(&self, percent: f64) -> f64 {
        let last = self.micros.len().saturating_sub(1);
        let index = ((self.micros.len() as f64 * percent / 100.0) as usize).min(last);
        self.micros.get(index).map_or(0.0, |micros| f64::from(*micros) / 1_000.0)
    }
}

impl Batch {
    fn new(desk: &Desk, flow: &str, version: &str) -> Self {
        let at: Timestamp = SystemClock.now();
        let kinds = [
            "flow_start",
            "screen_view",
            "element_interaction",
            "screen_exit",
            "screen_view",
            "screen_exit",
            "screen_view",
            "screen_exit",
            "flow_complete",
            "conversion",
        ];
        let event = |(number, kind): (usize, &&str)| {
            let mut event = json!({
                "event_id": format!("{EVENT}{number:012x}"), "app_id": desk.app, "flow_id": flow, "flow_version_id": version, "flow_version": 1,
                "placement_id": "onboarding", "user_id": format!("{USER}{:012}", 0), "session_id": "A3E9C1B2-6D0F-4E0B-9C57-0C1B7E6A9D11",
                "device_platform": "ios", "event_type": kind, "timestamp": at.to_string(), "sdk_version": "1.3.1", "is_debug": false,
                "screen_id": format!("screen-{}", number / 3), "screen_index": number / 3, "app_version": "2.1.0", "country": "NG",
                "properties": { "delivery_source": "network" },
            });
            match *kind {
                "screen_exit" => event["time_on_screen_ms"] = json!(4_210),
                "conversion" => {
                    event["revenue"] = json!(9.99);
                    event["currency"] = json!("EUR");
                }
                _ => {}
            }
            event
        };
        let body = Value::Array(kinds.iter().enumerate().map(event).collect()).to_string();
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            desk.at("events"),
            desk.server.address,
            desk.key,
            body.len()
        );
        let after = |text: &str| request.match_indices(text).map(|(at, _)| at + text.len()).collect();
        let (ids, users) = (after(EVENT), after(USER));
        Self { body, request: request.into_bytes(), ids, users, next: Arc::new(AtomicU64::new(1)) }
    }

    /// Sends for some time, as fast as answers come or so many times a second; every event has to be accepted.
    async fn send(
        &self,
        address: SocketAddr,
        callers: usize,
        per_second: Option<u32>,
        length: Duration,
    ) -> anyhow::Result<Sent> {
        let began = now();
        let due = Arc::new(AtomicU64::new(0));
        let mut tasks = Vec::with_capacity(callers);
        for _ in 0..callers {
            let (due, next) = (Arc::clone(&due), Arc::clone(&self.next));
            let mut sender = Sender {
                stream: TcpStream::connect(address).await.context("the server is not reachable")?,
                request: self.request.clone(),
                ids: self.ids.clone(),
                users: self.users.clone(),
                answer: Vec::with_capacity(1_024),
            };
            sender.stream.set_nodelay(true)?;
            tasks.push(tokio::spawn(async move {
                let mut micros = Vec::new();
                while began.elapsed() < length {
                    if let Some(per_second) = per_second {
                        let at =
                            Duration::from_secs(1) * u32::try_from(due.fetch_add(1, Ordering::Relaxed))? / per_second;
                        tokio::time::sleep_until((began + at).into()).await;
                    }
                    micros.push(sender.send(next.fetch_add(1, Ordering::Relaxed)).await?);
                }
                anyhow::Ok(micros)
            }));
        }
        let mut micros = Vec::new();
        for task in tasks {
            micros.extend(task.await??);
        }
        micros.sort_unstable();
        Ok(Sent { micros, elapsed: began.elapsed() })
    }
}

/// One caller on its connection.
struct Sender {
    stream: TcpStream,
    request: Vec<u8>,
    ids: Vec<usize>,
    users: Vec<usize>,
    answer: Vec<u8>,
}

impl Sender {
    /// Sends the request with a number; the microseconds until its answer.
    async fn send(&mut self, number: u64) -> anyhow::Result<u32> {
        for (place, at) in self.ids.iter().enumerate() {
            // Random in the order of the index, as the ids of devices are.
            let id = (number * BATCH as u64 + place as u64).wrapping_mul(0x9e37_79b9_7f4b) & 0xffff_ffff_ffff;
            self.request[*at..*at + DIGITS].copy_from_slice(format!("{id:012x}").as_bytes());
        }
        let user = format!("{number:012}");
        for at in &self.users {
            self.request[*at..*at + DIGITS].copy_from_slice(user.as_bytes());
        }
        let began: Instant = now();
        self.stream.write_all(&self.request).await?;
        self.answer.clear();
        while !self.answer.ends_with(b"}") {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                bail!("the server closed the connection");
            }
        }
        let micros = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
        if !self.answer.ends_with(b"{\"accepted\":10,\"rejected\":0}") {
            bail!("events were answered with {}", String::from_utf8_lossy(&self.answer));
        }
        Ok(micros)
    }
}
