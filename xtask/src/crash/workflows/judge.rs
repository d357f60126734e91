//! The judgement: executions, calls of nodes, and what the webhook was told, each read back and counted against the others.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::book::{Book, Started};
use super::prepare::{CALLS, Desk};
use crate::crash::http::Request;
use crate::crash::judge::{self, Report};
use crate::crash::receiver::Received;
use crate::crash::server::{Launch, Server};
use crate::crash::time;
use crate::crash::world::World;
use crate::workspace::{Failure, Outcome};

/// Time in which everything has to be over, and told to the webhook.
const TOLD_WITHIN: Duration = Duration::from_secs(90);

/// Judges everything, with a server that has come to rest; ends that server.
///
/// # Errors
/// When something cannot be read.
pub(super) fn judge(
    world: &World,
    book: &Book,
    desk: &Desk,
    launch: &Launch,
    server: Server,
    folder: &Path,
) -> Outcome<Report> {
    let started = book.lock().clone();
    let mut executions = all(server.address, &desk.key)?;
    let mut told = BTreeMap::new();
    time::wait_until(TOLD_WITHIN, || {
        // Those whose client went away wait for an answer for ever; they are no part of it.
        executions = all(server.address, &desk.key).unwrap_or_default();
        told = events(&world.receivers.received());
        executions.iter().all(|one| !is_over(one) || is_told(&told, one))
    });
    let mut found = judge_starts(&started, &executions);
    found.extend(judge_calls(&world.receivers.received(), &executions));
    found.extend(judge_events(&told, &executions));
    found.extend(judge_payments(server.address, &world.credentials.token, &executions)?);
    let mut ledger = std::mem::take(&mut *world.ledger());
    found.extend(std::mem::take(&mut ledger.violations));
    found.extend(judge::judge_idle(&server, folder));
    found.extend(server.stop().err());
    found.extend(judge::judge_log(launch, &mut ledger));
    found.extend(judge::judge_leftovers(folder));
    let mut table: Vec<(String, u64)> = ledger.counts.iter().map(|(what, count)| (what.clone(), *count)).collect();
    let count = |what: &str, count: usize| (what.to_owned(), count as u64);
    table.push(count("executions asked for", started.len()));
    table.push(count("executions stored", executions.len()));
    table.push(count("events that the webhook was told", told.values().map(BTreeMap::len).sum()));
    found.sort();
    Ok(Report { table, violations: found })
}

/// Each call that was acknowledged is one execution; each execution is of one call, and ended as its stream said.
fn judge_starts(started: &BTreeMap<String, Started>, executions: &[Value]) -> Vec<String> {
    let mut of_tags: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for execution in executions {
        of_tags
            .entry(execution.pointer("/inputs/tag").and_then(Value::as_str).unwrap_or_default())
            .or_default()
            .push(execution);
    }
    let mut found = Vec::new();
    for (tag, one) in started {
        let stored = of_tags.remove(tag.as_str()).unwrap_or_default();
        if stored.len() > 1 {
            found.push(format!("{tag} was executed {} times", stored.len()));
        }
        let Some(id) = &one.execution else { continue };
        let Some(execution) = stored.iter().find(|execution| execution["id"] == **id) else {
            found.push(format!("{tag} was acknowledged as {id}, which is not stored"));
            continue;
        };
        if let Some(end) = one.end.as_ref().filter(|end| execution["status"] != end.as_str()) {
            found.push(format!("{tag} ended as {end} and is now {}", execution["status"]));
        }
        if execution["status"] == "failed" {
            found.push(format!("{tag} failed: {}", execution["error"]));
        }
        let told = execution.pointer("/outputs/told/tag");
        if execution["status"] == "completed" && told.and_then(Value::as_str) != Some(tag) {
            found.push(format!("{tag} gave {}", execution["outputs"]));
        }
    }
    found.extend(of_tags.into_keys().map(|tag| format!("{tag:?} was executed, and nobody asked for it")));
    found
}

/// A call that is made again has the same key; of a completed execution each node has called.
fn judge_calls(received: &[Received], executions: &[Value]) -> Vec<String> {
    let mut keys: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for call in received {
        if let (Some(tag), Some(node)) = (call.body["tag"].as_str(), call.body["node"].as_str()) {
            keys.entry((tag, node)).or_default().insert(&call.idempotency_key);
        }
    }
    let mut found: Vec<String> = Vec::new();
    for ((tag, node), keys) in keys.iter().filter(|(_, keys)| keys.len() > 1 || keys.contains("")) {
        found.push(format!("the call of {node} for {tag} was made under the keys {keys:?}"));
    }
    let calls =
        |execution: &&Value| execution["status"] == "completed" && execution["outputs"]["told"]["paid"].is_null();
    for execution in executions.iter().filter(calls) {
        let tag = execution.pointer("/inputs/tag").and_then(Value::as_str).unwrap_or_default();
        for node in CALLS.into_iter().filter(|node| !keys.contains_key(&(tag, *node))) {
            found.push(format!("{tag} is completed, and {node} has never called"));
        }
    }
    found
}

/// An execution that pays has made one payment run, and was told that it was stopped.
fn judge_payments(address: SocketAddr, token: &str, executions: &[Value]) -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    let paying = executions.iter().filter(|execution| !execution["outputs"]["told"]["paid"].is_null());
    for execution in paying.clone() {
        let id = execution["id"].as_str().unwrap_or_default();
        let path = format!("/console/v1/runs?kind=payment&parent_id={id}");
        let answer = Request::get(&path, token).send(address);
        let answer = answer.map_err(|broken| Failure(format!("{path}: {broken:?}")))?;
        let runs = answer.body["data"].as_array().ok_or_else(|| Failure(format!("{path}: {}", answer.body)))?;
        let told = &execution["outputs"]["told"]["paid"];
        if runs.len() != 1 || runs[0]["status"] != "cancelled" || told != "stopped" {
            found.push(format!("{id} was told that its payments are {told}, and has {}", answer.body["data"]));
        }
    }
    if paying.count() == 0 {
        found.push("no execution has made a payment run".to_owned());
    }
    Ok(found)
}

/// By execution and event: the ids under which it was told.
type Told = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn events(received: &[Received]) -> Told {
    let mut told = Told::new();
    for call in received {
        let (Some(event), Some(id)) =
            (call.body["event"].as_str(), call.body.pointer("/data/execution_id").and_then(Value::as_str))
        else {
            continue;
        };
        told.entry(id.to_owned()).or_default().entry(event.to_owned()).or_default().insert(call.key.clone());
    }
    told
}

fn is_over(execution: &Value) -> bool {
    execution["status"].as_str().is_some_and(crate::crash::ledger::is_final)
}

fn name_of_end(execution: &Value) -> String {
    format!("execution.{}", execution["status"].as_str().unwrap_or_default())
}

fn is_told(told: &Told, execution: &Value) -> bool {
    let of_it = execution["id"].as_str().and_then(|id| told.get(id));
    of_it.is_some_and(|events| events.contains_key(&name_of_end(execution)))
}

/// Each begin and each end was told, under one id, and no other end.
fn judge_events(told: &Told, executions: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    for execution in executions.iter().filter(|execution| is_over(execution)) {
        let id = execution["id"].as_str().unwrap_or_default();
        let Some(events) = told.get(id) else {
            found.push(format!("of {id} the webhook was told nothing"));
            continue;
        };
        let expected = ["execution.started".to_owned(), name_of_end(execution)];
        if events.keys().collect::<BTreeSet<_>>() != expected.iter().collect() {
            found.push(format!("of {id}, which is {}, the webhook was told {:?}", execution["status"], events.keys()));
        }
        for (event, ids) in events.iter().filter(|(_, ids)| ids.len() != 1) {
            found.push(format!("{event} of {id} was told under {} ids", ids.len()));
        }
    }
    found
}

/// Every execution.
fn all(address: SocketAddr, key: &str) -> Outcome<Vec<Value>> {
    let mut found = Vec::new();
    for page in 1.. {
        let path = format!("/v1/executions?per_page=100&page={page}");
        let answer = Request::get(&path, key).send(address);
        let answer = answer.map_err(|broken| Failure(format!("{path}: {broken:?}")))?;
        if answer.status != 200 {
            return Err(Failure(format!("{path}: {} {}", answer.status, answer.body)));
        }
        found.extend(answer.body["data"].as_array().cloned().unwrap_or_default());
        if answer.body.pointer("/pagination/has_next") != Some(&Value::Bool(true)) {
            break;
        }
    }
    Ok(found)
}
