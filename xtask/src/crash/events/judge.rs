//! The judgement: every event is read back, and counted against what was told and against the sums.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::book::{Book, Told};
use super::prepare::App;
use crate::crash::http::Request;
use crate::crash::judge::{self, Report};
use crate::crash::server::{Launch, Server};
use crate::crash::time;
use crate::crash::world::World;
use crate::workspace::{Failure, Outcome};

/// Time in which everything that was answered has to be in the tables and in the sums (placements contract, section 13).
const ENTERED_WITHIN: Duration = Duration::from_secs(30);

/// Judges everything, with a server that has come to rest; ends that server.
///
/// # Errors
/// When something cannot be read.
pub(super) fn judge(
    world: &World,
    book: &Book,
    app: &App,
    launch: &Launch,
    server: Server,
    folder: &Path,
) -> Outcome<Report> {
    let reader = Reader { token: &world.credentials.token, address: server.address, app };
    let told = book.lock();
    // First all is entered, then it is judged: what was answered before the last kill is entered after it.
    let mut stored = BTreeMap::new();
    let is_entered = time::wait_until(ENTERED_WITHIN, || {
        stored = reader.stored().unwrap_or_default();
        told.answered.iter().all(|id| stored.contains_key(id))
    });
    let mut found = Vec::new();
    if !is_entered {
        found.extend(missing(&told, &stored));
    }
    found.extend(superfluous(&told, &stored));
    found.extend(sums(&reader, &stored)?);
    let mut ledger = std::mem::take(&mut *world.ledger());
    found.extend(std::mem::take(&mut ledger.violations));
    found.extend(judge::judge_idle(&server, folder));
    found.extend(server.stop().err());
    found.extend(judge::judge_log(launch, &mut ledger));
    found.extend(judge::judge_leftovers(folder));
    let mut table: Vec<(String, u64)> = ledger.counts.iter().map(|(what, count)| (what.clone(), *count)).collect();
    let count = |what: &str, count: usize| (what.to_owned(), count as u64);
    table.push(count("events sent", told.sent.len()));
    table.push(count("events answered", told.answered.len()));
    table.push(count("events stored", stored.values().map(|seen| seen.times).sum()));
    found.sort();
    Ok(Report { table, violations: found })
}

/// What was answered and is not there.
fn missing(told: &Told, stored: &BTreeMap<String, Seen>) -> Vec<String> {
    let missing = told.answered.iter().filter(|id| !stored.contains_key(*id));
    missing.map(|id| format!("event {id} was answered with 202 and is not there")).collect()
}

/// What is there twice, or was never sent.
fn superfluous(told: &Told, stored: &BTreeMap<String, Seen>) -> Vec<String> {
    let mut found = Vec::new();
    for (id, seen) in stored {
        if seen.times > 1 {
            found.push(format!("event {id} is there {} times", seen.times));
        }
        if told.sent.get(id).is_none_or(|kind| *kind != seen.kind) {
            found.push(format!("event {id} is there as {}, which nobody sent", seen.kind));
        }
    }
    found
}

/// The numbers that people see are those of the events.
fn sums(reader: &Reader<'_>, stored: &BTreeMap<String, Seen>) -> Outcome<Vec<String>> {
    let overview = reader.get("/analytics/overview")?;
    let revenue = reader.get("/analytics/revenue")?;
    let of = |kind: &str| stored.values().filter(|seen| seen.kind == kind).count() as u64;
    let euros = revenue.pointer("/currencies/0/revenue/value");
    let shown = [
        ("flow_start", overview.pointer("/impressions/value").and_then(Value::as_u64)),
        ("flow_complete", overview.pointer("/completions/value").and_then(Value::as_u64)),
    ];
    let mut found = Vec::new();
    for (kind, shown) in shown {
        if shown != Some(of(kind)) {
            found.push(format!("the overview counts {shown:?} of {kind}, {} are stored", of(kind)));
        }
    }
    let expected = of("conversion") as f64 * 2.5;
    if euros.and_then(Value::as_f64).is_none_or(|sum| (sum - expected).abs() > 0.001) {
        found.push(format!("the revenue is {revenue}, and should be {expected}"));
    }
    Ok(found)
}

/// An event as it is read back.
struct Seen {
    kind: String,
    times: usize,
}

struct Reader<'a> {
    token: &'a str,
    address: SocketAddr,
    app: &'a App,
}

impl Reader<'_> {
    fn get(&self, path: &str) -> Outcome<Value> {
        let path = format!("/v1/apps/{}{path}", self.app.id);
        let answer = Request::get(&path, self.token).send(self.address);
        let answer = answer.map_err(|broken| Failure(format!("{path}: {broken:?}")))?;
        if answer.status == 200 { Ok(answer.body) } else { Err(Failure(format!("{path}: {}", answer.body))) }
    }

    /// Every stored event by its id.
    fn stored(&self) -> Outcome<BTreeMap<String, Seen>> {
        let exported = self.get("/events/export")?;
        let mut stored: BTreeMap<String, Seen> = BTreeMap::new();
        // A single line is read as the JSON that it is.
        let text = exported.as_str().map_or_else(|| exported.to_string(), str::to_owned);
        for line in text.lines().filter(|line| !line.is_empty() && *line != "null") {
            let event: Value = serde_json::from_str(line).map_err(|error| Failure(format!("{line}: {error}")))?;
            let (Some(id), Some(kind)) = (event["event_id"].as_str(), event["event_type"].as_str()) else { continue };
            let seen = stored.entry(id.to_owned()).or_insert_with(|| Seen { kind: kind.to_owned(), times: 0 });
            seen.times += 1;
        }
        Ok(stored)
    }
}
