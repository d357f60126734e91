//! The judgement: exchanges, charges, threads, callbacks and calls of tools, each read back and counted against the others.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::book::{Asked, Book, Told};
use super::prepare::Agent;
use crate::crash::http::Request;
use crate::crash::judge::{self, Report};
use crate::crash::receiver::Received;
use crate::crash::server::{Launch, Server};
use crate::crash::time;
use crate::crash::world::World;
use crate::workspace::{Failure, Outcome};

/// Time in which everything that was acknowledged has to be over, and to have arrived where the receiver takes it.
const ARRIVED_WITHIN: Duration = Duration::from_secs(45);
/// How often those that a receiver refused are sent again by hand: their next attempt by itself may be an hour away.
const SENT_AGAIN_MAX: u32 = 5;

/// Judges everything, with a server that has come to rest; ends that server.
///
/// # Errors
/// When something cannot be read.
pub(super) fn judge(
    world: &World,
    book: &Book,
    agent: &Agent,
    launch: &Launch,
    server: Server,
    folder: &Path,
) -> Outcome<Report> {
    let reader = Reader { token: &world.credentials.token, address: server.address };
    let asked = book.lock().clone();
    let mut runs = Vec::new();
    let mut arrived = BTreeMap::new();
    let mut has_arrived = || {
        runs = reader.all("/console/v1/runs?kind=agent&mode=test").unwrap_or_default();
        arrived = callbacks(&world.receivers.received());
        let is_over = runs.iter().all(|run| run["status"] == "completed" || run["status"] == "failed");
        let is_due = |(tag, asked): (&String, &Asked)| asked.told != Told::Acknowledged || is_taken(&arrived, tag);
        is_over && asked.iter().all(is_due)
    };
    for _ in 0..SENT_AGAIN_MAX {
        if time::wait_until(ARRIVED_WITHIN, &mut has_arrived) {
            break;
        }
        reader.send_again(agent)?;
    }
    let mut found = judge_runs(&runs);
    found.extend(judge_charges(&runs, &reader.all("/console/v1/credits/entries?product=agents")?));
    found.extend(judge_answers(&asked, &runs, &arrived));
    found.extend(judge_threads(&reader, agent, &asked, &arrived)?);
    found.extend(judge_tools(&world.receivers.received(), &asked));
    let mut ledger = std::mem::take(&mut *world.ledger());
    found.extend(std::mem::take(&mut ledger.violations));
    found.extend(judge::judge_idle(&server, folder));
    found.extend(server.stop().err());
    found.extend(judge::judge_log(launch, &mut ledger));
    found.extend(judge::judge_leftovers(folder));
    let mut table: Vec<(String, u64)> = ledger.counts.iter().map(|(what, count)| (what.clone(), *count)).collect();
    let count = |what: &str, count: usize| (what.to_owned(), count as u64);
    table.push(count("exchanges asked for", asked.len()));
    table.push(count("exchanges stored", runs.len()));
    table.push(count("callbacks that arrived", arrived.values().map(Vec::len).sum()));
    found.sort();
    Ok(Report { table, violations: found })
}

/// Every exchange that was taken has one end.
fn judge_runs(runs: &[Value]) -> Vec<String> {
    let open = runs.iter().filter(|run| run["status"] != "completed");
    open.map(|run| format!("exchange {} is {}: {}", run["id"], run["status"], run["error"])).collect()
}

/// Each completed exchange is charged once, and nothing else is.
fn judge_charges(runs: &[Value], entries: &[Value]) -> Vec<String> {
    let mut charged: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for entry in entries {
        let run = entry["run_id"].as_str().unwrap_or_default().replace('-', "");
        charged.entry(run).or_default().push(-entry["amount"].as_f64().unwrap_or(f64::NAN));
    }
    let mut found = Vec::new();
    for run in runs.iter().filter(|run| run["status"] == "completed") {
        let id = run["id"].as_str().unwrap_or_default();
        let paid = charged.remove(&hex_of(id)).unwrap_or_default();
        let shown = run["credits"].as_f64().unwrap_or(f64::NAN);
        if paid.len() != 1 || (paid[0] - shown).abs() > 1e-6 || shown <= 0.0 {
            found.push(format!("exchange {id} shows {shown} credits and was charged {paid:?}"));
        }
    }
    found
        .extend(charged.into_iter().map(|(run, paid)| format!("{paid:?} were charged for {run}, which is not stored")));
    found
}

/// What was answered or acknowledged is one exchange, and each exchange is of one call.
fn judge_answers(
    asked: &BTreeMap<String, Asked>,
    runs: &[Value],
    arrived: &BTreeMap<String, Vec<Arrived>>,
) -> Vec<String> {
    let stored: BTreeSet<&str> = runs.iter().filter_map(|run| run["id"].as_str()).collect();
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for (tag, one) in asked {
        let callbacks = arrived.get(tag).map(Vec::as_slice).unwrap_or_default();
        let exchange = match &one.told {
            Told::Answered(id) => Some(id.clone()),
            Told::Acknowledged if !is_taken(arrived, tag) => {
                found.push(format!("{tag} was acknowledged, and its answer was never taken"));
                None
            }
            Told::Acknowledged | Told::Nothing => callbacks.first().map(|first| first.exchange.clone()),
        };
        let is_one = |of: fn(&Arrived) -> &String| callbacks.iter().map(of).collect::<BTreeSet<_>>().len() <= 1;
        if !is_one(|one| &one.id) || !is_one(|one| &one.body) {
            found.push(format!("{tag} came to its address with several ids or bodies"));
        }
        if callbacks.iter().any(|one| one.status != 200) {
            found.push(format!("{tag} came to its address with a failure: {}", callbacks[0].body));
        }
        let Some(exchange) = exchange else { continue };
        if !stored.contains(exchange.as_str()) {
            found.push(format!("{tag} was answered by {exchange}, which is not stored"));
        }
        if let Some(other) = owners.insert(exchange.clone(), tag) {
            found.push(format!("{tag} and {other} were answered by {exchange}"));
        }
    }
    found
}

/// Each message stands in its thread once, with an answer behind it.
fn judge_threads(
    reader: &Reader<'_>,
    agent: &Agent,
    asked: &BTreeMap<String, Asked>,
    arrived: &BTreeMap<String, Vec<Arrived>>,
) -> Outcome<Vec<String>> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for thread in reader.all(&format!("/console/v1/threads?agent_id={}", agent.id))? {
        let id = thread["id"].as_str().unwrap_or_default();
        let messages = reader.all(&format!("/console/v1/threads/{id}/messages?"))?;
        // Newest first: what answers a message stands before it.
        let mut after = Value::Null;
        for message in messages {
            if message["role"] == "user" {
                let text = message["content"].as_str().unwrap_or_default();
                let tag = text.rsplit_once(", ").map(|(_, tag)| tag.to_owned()).unwrap_or_default();
                *seen.entry(tag).or_default() += 1;
                if after["role"] != "assistant" {
                    found.push(format!("{text:?} in {id} is followed by {}", after["role"]));
                }
            }
            after = message;
        }
    }
    for (tag, one) in asked {
        let count = seen.remove(tag).unwrap_or(0);
        let must = one.told != Told::Nothing || arrived.contains_key(tag);
        if count > 1 || (must && count == 0) {
            found.push(format!("{tag} stands in threads {count} times"));
        }
    }
    found.extend(seen.into_keys().map(|tag| format!("{tag:?} stands in a thread, and nobody said it")));
    Ok(found)
}

/// A call of a tool that is made again has the same key.
fn judge_tools(received: &[Received], asked: &BTreeMap<String, Asked>) -> Vec<String> {
    let mut keys: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
    for call in received {
        if let Some(order) = call.body["order"].as_u64() {
            keys.entry(order).or_default().insert(&call.idempotency_key);
        }
    }
    let mut found = Vec::new();
    for (tag, one) in asked {
        let Some(order) = one.order else { continue };
        let count = keys.remove(&order).map_or(0, |keys| keys.len());
        if count > 1 || (count == 0 && one.told != Told::Nothing) {
            found.push(format!("{tag}: order {order} was recorded under {count} keys"));
        }
    }
    found.extend(keys.into_keys().map(|order| format!("order {order} was recorded, and nobody asked for it")));
    found
}

/// An answer that came to its address.
struct Arrived {
    id: String,
    body: String,
    exchange: String,
    status: u64,
    /// Whether the receiver took it.
    taken: bool,
}

fn callbacks(received: &[Received]) -> BTreeMap<String, Vec<Arrived>> {
    let mut arrived: BTreeMap<String, Vec<Arrived>> = BTreeMap::new();
    for call in received {
        let Some(tag) = call.body.pointer("/body/metadata/custom/tag").and_then(Value::as_str) else { continue };
        let exchange = call.body.pointer("/body/metadata/id").and_then(Value::as_str).unwrap_or_default();
        arrived.entry(tag.to_owned()).or_default().push(Arrived {
            id: call.key.clone(),
            body: call.body.to_string(),
            exchange: exchange.to_owned(),
            status: call.body["statusCode"].as_u64().unwrap_or(0),
            taken: call.receipt.is_some(),
        });
    }
    arrived
}

fn is_taken(arrived: &BTreeMap<String, Vec<Arrived>>, tag: &str) -> bool {
    arrived.get(tag).is_some_and(|all| all.iter().any(|one| one.taken))
}

/// The bits of an id with a prefix as hexadecimal digits.
fn hex_of(prefixed: &str) -> String {
    const DIGITS: &str = "0123456789abcdefghjkmnpqrstvwxyz";
    let text = prefixed.rsplit('_').next().unwrap_or_default();
    let bits = text.chars().filter_map(|digit| DIGITS.find(digit));
    format!("{:032x}", bits.fold(0_u128, |bits, digit| (bits << 5) | digit as u128))
}

struct Reader<'a> {
    token: &'a str,
    address: SocketAddr,
}

impl Reader<'_> {
    /// Every record of a list of the console.
    fn all(&self, path: &str) -> Outcome<Vec<Value>> {
        let mut records = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("{path}&limit=200{cursor}"))?;
            records.extend(page["data"].as_array().cloned().unwrap_or_default());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(records),
            }
        }
    }

    /// Sends callbacks that wait for another attempt again.
    fn send_again(&self, agent: &Agent) -> Outcome {
        for delivery in self.all("/console/v1/deliveries?status=retrying")? {
            let id = delivery["id"].as_str().unwrap_or_default();
            let path = format!("/api/public/agent/{}/deliveries/{id}/retry", agent.id);
            let answer = Request::post(&path, &agent.key, Value::Null).send(self.address);
            let answer = answer.map_err(|broken| Failure(format!("{path}: {broken:?}")))?;
            // One that was taken meanwhile is not sent again.
            if !matches!(answer.status, 202 | 409) {
                return Err(Failure(format!("{path}: {} {}", answer.status, answer.body)));
            }
        }
        Ok(())
    }

    fn get(&self, path: &str) -> Outcome<Value> {
        let answer = Request::get(path, self.token).in_test_mode().send(self.address);
        let answer = answer.map_err(|broken| Failure(format!("{path}: {broken:?}")))?;
        if answer.status == 200 { Ok(answer.body) } else { Err(Failure(format!("{path}: {}", answer.body))) }
    }
}

#[cfg(test)]
mod tests {
    use super::hex_of;

    #[test]
    fn ids_are_the_same_bits_in_both_spellings() {
        assert_eq!(hex_of("meta_00000000000000000000000063"), "000000000000000000000000000000c3");
        assert_eq!(hex_of("meta_7zzzzzzzzzzzzzzzzzzzzzzzzz"), "f".repeat(32));
    }
}
