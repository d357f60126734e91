//! Devices: resolves from memory against a bare handler of the same HTTP libraries that sends as many bytes, and what a thousand screen
//! flows take in memory.
//!
//! Each pair is measured in turns in the same run, with the same callers and the same requests but for the address.

mod events;

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::child::Child;
use super::load::{Load, Sample};
use super::prepare;
use super::report::{Line, Report};
use crate::cli::Output;

/// Callers of every line.
const CALLERS: usize = 64;
/// Turns that are taken.
const TURNS: u32 = 3;
/// Load before the first turn: connections, caches, clock speeds.
const WARM_UP: Duration = Duration::from_millis(500);
/// Bytes of the small and of the large flow, about.
const SMALL: usize = 3 * 1_024;
const LARGE: usize = 100 * 1_024;
/// Placements of a batch.
const BATCH: usize = 10;
/// Screen flows of the memory line, and their bytes.
const MANY: usize = 1_000;
const MIDDLE: usize = 50 * 1_024;
/// How long a server settles before its memory is read.
const SETTLE: Duration = Duration::from_secs(2);

/// What devices ask with.
struct Desk {
    server: Child,
    app: String,
    /// A key of devices.
    key: String,
    /// A token of the owner.
    token: String,
}

/// Measures and adds the lines.
pub(super) async fn measure(
    folder: &Path,
    database: Option<&str>,
    length: Duration,
    output: Output,
    report: &mut Report,
) -> anyhow::Result<()> {
    output.say("placements: preparing");
    let token = prepare::owner(folder, database).await?;
    let mut desk = Desk::open(Child::start(folder, database).await?, token).await?;
    desk.fill().await?;
    let bare = Child::start_bare().await?;
    let turn = length / TURNS;
    for (name, what, share) in [
        ("resolve of 3 kB, 64 callers", desk.resolve("small", false), 0.6),
        ("resolve of 100 kB, packed, 64 callers", desk.resolve("large", true), 0.6),
        ("resolve of 100 kB, plain, 64 callers", desk.resolve("large", false), 0.6),
        ("batch of 10 of 3 kB, 64 callers", desk.batch(), 0.5),
    ] {
        output.say(name);
        compare(&desk, &bare, name, &what, share, turn, report).await?;
    }
    drop(bare);
    events::measure(&desk, folder, database, length, output, report).await?;
    output.say("a thousand screen flows of 50 kB");
    // An app holds no more placements than these.
    desk.app = desk.make("/v1/apps", &json!({ "name": "Many", "platform": "ios" }), "id").await?;
    desk.fill_many().await?;
    memory(desk, folder, database, report).await
}

/// A request of a device: path, headers of its own, body.
struct Asked {
    path: String,
    headers: &'static str,
    body: String,
}

impl Asked {
    fn at(&self, address: std::net::SocketAddr, path: &str, key: &str) -> Load {
        let Self { headers, body, .. } = self;
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\nUser-Agent: FlowPilotSDK/1.3.1 iOS\r\n\
             Content-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Load::raw(address, request.into_bytes())
    }
}

/// One after the other, in turns, and the lines of both.
async fn compare(
    desk: &Desk,
    bare: &Child,
    name: &'static str,
    asked: &Asked,
    share: f64,
    turn: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    let ours = asked.at(desk.server.address, &asked.path, &desk.key);
    let bytes = ours.answer_bytes().await?;
    let theirs = asked.at(bare.address, &format!("/bare/{bytes}"), &desk.key);
    let (mut of_ours, mut of_bare) = (Sample::default(), Sample::default());
    for load in [&theirs, &ours] {
        load.run(CALLERS, WARM_UP).await?;
    }
    for _ in 0..TURNS {
        of_bare.join(theirs.run(CALLERS, turn).await?);
        of_ours.join(ours.run(CALLERS, turn).await?);
    }
    anyhow::ensure!(of_ours.failed == 0, "{} of {} resolves failed", of_ours.failed, of_ours.count());
    report.add(Line::figure(name, of_ours.rate(), "/s"));
    report.add(Line::figure("  bytes of an answer", bytes as f64, "B"));
    report.add(Line::figure("  bare handler", of_bare.rate(), "/s"));
    report.add(Line::at_least("  of the bare handler's rate", of_ours.rate() / of_bare.rate(), share, ""));
    report.add(Line::figure("  p99", of_ours.percentile_ms(99.0), "ms"));
    let tail = of_ours.percentile_ms(99.0) / of_bare.percentile_ms(99.0);
    report.add(Line::at_most("  p99 in p99s of the bare handler", tail, 5.0, ""));
    Ok(())
}

/// Memory of a server that holds everything, after each flow was asked for once plain and once packed.
async fn memory(mut desk: Desk, folder: &Path, database: Option<&str>, report: &mut Report) -> anyhow::Result<()> {
    desk.server.restart(folder, database).await?;
    let empty = Child::resident_bytes(&desk.server);
    for number in 0..MANY {
        for headers in ["", "Accept-Encoding: gzip\r\n"] {
            let asked = Asked { path: desk.at(&format!("placements/many_{number}/resolve")), headers, body: user() };
            asked.at(desk.server.address, &asked.path, &desk.key).times(1, 1).await?;
        }
    }
    tokio::time::sleep(SETTLE).await;
    report.add(Line::figure("memory, started", empty as f64 / 1e6, "MB"));
    report.add(Line::at_most(
        "memory with 1,000 screen flows of 50 kB",
        desk.server.resident_bytes() as f64 / 1e6,
        300.0,
        "MB",
    ));
    report.add(Line::figure("  at most meanwhile", desk.server.peak_bytes() as f64 / 1e6, "MB"));
    desk.server.stop().await;
    Ok(())
}

impl Desk {
    async fn open(server: Child, token: String) -> anyhow::Result<Self> {
        let mut desk = Self { server, app: String::new(), key: String::new(), token };
        desk.app = desk.make("/v1/apps", &json!({ "name": "Bench", "platform": "ios" }), "id").await?;
        let key = json!({ "name": "Bench", "type": "sdk", "environment": "live" });
        desk.key = desk.make("/v1/api-keys", &key, "key").await?;
        Ok(desk)
    }

    /// What is resolved: placements with a filter of five conditions and a running experiment.
    async fn fill(&self) -> anyhow::Result<()> {
        for (name, bytes) in [("small", SMALL), ("large", LARGE)] {
            self.place(name, &self.publish(name, bytes).await?, &self.publish(name, bytes + 64).await?).await?;
        }
        for number in 0..BATCH {
            let name = format!("entry_{number}");
            self.place(&name, &self.publish(&name, SMALL).await?, &self.publish(&name, SMALL).await?).await?;
        }
        Ok(())
    }

    async fn fill_many(&self) -> anyhow::Result<()> {
        for number in 0..MANY {
            let name = format!("many_{number}");
            let version = self.publish(&name, MIDDLE).await?;
            let body = json!({ "key": name, "platforms": ["ios"], "default_flow_version_id": version });
            self.make(&self.at("placements"), &body, "id").await?;
        }
        Ok(())
    }

    /// Makes a screen flow of about so many bytes and publishes it; the id of its version.
    async fn publish(&self, name: &str, bytes: usize) -> anyhow::Result<String> {
        let body = json!({ "name": name, "type": "onboarding", "schema": schema(name, bytes) });
        let flow = self.make(&self.at("flows"), &body, "id").await?;
        self.make(&self.at(&format!("flows/{flow}/publish")), &json!({}), "id").await
    }

    async fn place(&self, key: &str, version: &str, other: &str) -> anyhow::Result<()> {
        let body = json!({
            "key": key, "platforms": ["ios", "android"], "default_flow_version_id": version, "audience_filter": filter(),
        });
        self.make(&self.at("placements"), &body, "id").await?;
        let variant = |name: &str, version: &str| json!({ "name": name, "flow_version_id": version, "weight": 50, "is_control": name == "A" });
        let body = json!({
            "name": format!("Bench of {key}"), "placement_id": key, "variants": [variant("A", version), variant("B", other)],
        });
        let id = self.make(&self.at("experiments"), &body, "id").await?;
        self.make(&self.at(&format!("experiments/{id}/start")), &json!({}), "id").await.map(drop)
    }

    async fn make(&self, path: &str, body: &Value, member: &str) -> anyhow::Result<String> {
        let made = Load::post(self.server.address, path, &self.token, &body.to_string()).fetch().await?;
        let found = made[member].as_str().map(str::to_owned);
        found.with_context(|| format!("{path} was answered with {made}"))
    }

    fn at(&self, path: &str) -> String {
        format!("/v1/apps/{}/{path}", self.app)
    }

    fn resolve(&self, placement: &str, packed: bool) -> Asked {
        let headers = if packed { "Accept-Encoding: gzip\r\n" } else { "" };
        Asked { path: self.at(&format!("placements/{placement}/resolve")), headers, body: user() }
    }

    fn batch(&self) -> Asked {
        let mut body: Value = serde_json::from_str(&user()).unwrap_or_default();
        body["placement_keys"] = (0..BATCH).map(|number| format!("entry_{number}")).collect();
        Asked { path: self.at("placements/resolve-batch"), headers: "", body: body.to_string() }
    }
}

/// What a device sends.
fn user() -> String {
    json!({
        "user_id": "F5057FEE-4C3E-4459-82DD-21250B729601", "session_id": "A3E9C1B2-6D0F-4E0B-9C57-0C1B7E6A9D11", "device_platform": "ios",
        "attributes": {
            "device.platform": "ios", "device.os_version": "Version 17.4 (Build 21E213)", "device.model": "iPhone", "app.version": "2.10.0",
            "app.build": "431", "country": "NG", "plan": "premium", "sessions_count": 12, "user": { "is_premium": true },
        },
    })
    .to_string()
}

/// Five conditions that all hold.
fn filter() -> Value {
    let condition = |property: &str, operator: &str, value: Value| json!({ "property": property, "operator": operator, "value": value });
    json!({
        "match": "all",
        "conditions": [
            condition("plan", "equals", json!("premium")),
            condition("sessions_count", "gte", json!("5")),
            condition("country", "in", json!(["NG", "GH", "KE"])),
            condition("app.version", "semver_gte", json!("2.9.0")),
            condition("user.is_premium", "equals", json!(true)),
        ],
    })
}

/// A flow of about so many bytes that passes every check, with texts that are about as hard to pack as real ones.
fn schema(name: &str, bytes: usize) -> Value {
    let screen = |number: usize, children: Vec<Value>| {
        json!({
            "id": format!("s{number}"), "kind": "screen", "name": format!("{name} {number}"),
            "layout": { "id": format!("r{number}"), "type": "screenRoot", "children": children },
        })
    };
    let (mut children, mut length, mut state) = (Vec::new(), 0, bytes as u32 ^ 0x9e37_79b9);
    while length + 300 < bytes {
        let mut words = String::new();
        for _ in 0..6 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            words.push_str(&format!("{:x} ", state >> 8));
        }
        let child = json!({
            "id": format!("c{}", children.len()), "type": "text", "children": [],
            "props": { "text": words, "fontSize": 17, "color": "#1c1c1e", "textAlign": "center" },
        });
        length += child.to_string().len() + 1;
        children.push(child);
    }
    json!({
        "name": name, "schemaVersion": "1.0.0", "version": 8, "entryNodeId": "s0", "nodes": [screen(0, children)], "edges": [],
    })
}
