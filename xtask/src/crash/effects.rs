//! The calls: at least once for every completed step, always with the same key and body, and never again once a later step
//! has called.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::flows;
use super::judge::Facts;
use super::receiver::Received;

/// How long after it goes on a node can still send what it had begun.
const LATE_MAX: Duration = Duration::from_millis(100);

/// Judges the calls that the receivers have seen.
/// `resumed` are the moments at which nodes that had stood still went on.
pub(super) fn judge(facts: &[Facts], received: &[Received], resumed: &[Instant]) -> Vec<String> {
    let mut by_key: HashMap<&str, Vec<&Received>> = HashMap::new();
    for call in received {
        by_key.entry(&call.key).or_default().push(call);
    }
    let runs: HashMap<&str, &Facts> = facts.iter().map(|run| (run.id.as_str(), run)).collect();
    let mut found = Vec::new();
    for (key, calls) in &by_key {
        found.extend(judge_key(key, calls, &runs));
    }
    found.extend(facts.iter().flat_map(|run| judge_run(run, &by_key)));
    found.extend(judge_order(received, resumed));
    found
}

/// Calls with one key: all alike, and of a run that exists.
fn judge_key(key: &str, calls: &[&Received], runs: &HashMap<&str, &Facts>) -> Vec<String> {
    let mut found = Vec::new();
    let (Some(run), Some(first)) = (key.split(':').next().and_then(|id| runs.get(id)), calls.first()) else {
        return vec![format!(
            "a call with the key {key:?} is of no run that exists: a run was lost after it had called"
        )];
    };
    for call in calls {
        if call.idempotency_key != key {
            found.push(format!("call {key} has the Idempotency-Key {:?}", call.idempotency_key));
        }
        if call.body != first.body {
            found.push(format!("call {key} was repeated with another body: {} then {}", first.body, call.body));
        }
        if call.body["tag"] != run.tag.as_str() {
            found.push(format!("call {key} carries the data of another run: {}", call.body));
        }
    }
    found
}

/// Every completed call step was received, and its result is one that a receiver gave for its key; nothing in the run comes
/// from a result that was given up.
fn judge_run(run: &Facts, by_key: &HashMap<&str, Vec<&Received>>) -> Vec<String> {
    let mut found = Vec::new();
    let mut kept: HashSet<&str> = HashSet::new();
    let mut bodies = Vec::new();
    for step in run.steps.iter().filter(|step| step.kind == "http-request") {
        let key = format!("{}:{}:{}", run.id, step.id, step.pass);
        let calls = by_key.get(key.as_str()).map_or(&[][..], Vec::as_slice);
        bodies.extend(calls.first().map(|call| &call.body));
        if step.status != "completed" {
            continue;
        }
        let receipt = step.output["body"]["receipt"].as_str().unwrap_or_default();
        if !calls.iter().any(|call| call.receipt.as_deref() == Some(receipt)) {
            found.push(format!("step {key} is completed with {receipt:?}, which no receiver gave it"));
        }
        kept.insert(receipt);
    }
    // A child's receipts come up in its parent; they are judged with the child.
    if run.steps.iter().any(|step| step.kind == "call-flow") {
        return found;
    }
    let texts = bodies.iter().map(|body| body.to_string()).chain([run.output.to_string()]);
    for receipt in texts.flat_map(|text| named(&text, "rcpt-")) {
        if !kept.contains(receipt.as_str()) {
            found.push(format!("run {}: something follows from {receipt}, which is no step's result", run.id));
        }
    }
    let rolls = bodies.iter().map(|body| &body["roll"]).filter(|roll| !roll.is_null() && run.status == "completed");
    for roll in rolls.filter(|roll| **roll != run.output["roll"]) {
        found.push(format!("run {}: {roll} was sent, {} is the result", run.id, run.output["roll"]));
    }
    found
}

/// Once a later step has called, no earlier step of the same run (or of a run that it called) calls again.
///
/// A node that is stopped between its last look at its lease and the first byte of a call sends that byte when it goes on: nothing but the
/// receiver could keep it from that. Such calls are told by their time.
fn judge_order(received: &[Received], resumed: &[Instant]) -> Vec<String> {
    let mut highest: HashMap<&str, HashMap<u8, (u64, &str)>> = HashMap::new();
    let mut found = Vec::new();
    for call in received {
        let mut parts = call.key.split(':').skip(1);
        let (Some(step), Some(pass)) = (parts.next(), parts.next()) else { continue };
        let (Some(position), Some(tag)) = (flows::position(step), call.body["tag"].as_str()) else {
            found.push(format!("a call of an unknown step: {}", call.key));
            continue;
        };
        let rank = position.rank(pass.parse().unwrap_or(0));
        let lanes = highest.entry(tag).or_default();
        let comparable = |lane: &u8| position.lane == 0 || *lane == 0 || *lane == position.lane;
        let is_late = resumed.iter().any(|at| call.at >= *at && call.at - *at < LATE_MAX);
        if is_late && lanes.iter().any(|(lane, (other, _))| comparable(lane) && *other > rank) {
            continue;
        }
        if let Some((_, later)) = lanes.iter().find(|(lane, (other, _))| comparable(lane) && *other > rank) {
            found.push(format!("{tag}: {} was called again after {}", call.key, later.1));
        }
        let entry = lanes.entry(position.lane).or_insert((rank, &call.key));
        if rank > entry.0 {
            *entry = (rank, &call.key);
        }
    }
    found
}

/// How many calls came, and how many of them again.
pub(super) fn table(received: &[Received]) -> Vec<(String, u64)> {
    let keys: HashSet<&str> = received.iter().map(|call| call.key.as_str()).collect();
    let refused = received.iter().filter(|call| call.receipt.is_none()).count();
    let again = received.len() - keys.len() - refused;
    vec![
        ("calls received".to_owned(), received.len() as u64),
        ("  refused by a flaky receiver".to_owned(), refused as u64),
        ("  made again, with the same key and body".to_owned(), again as u64),
    ]
}

/// Every name in a text that begins with a word and goes on with digits.
pub(super) fn named(text: &str, word: &str) -> Vec<String> {
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
    text.split(word).skip(1).map(|rest| format!("{word}{}", digits(rest))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Received, judge_order, named};
    use crate::crash::time;

    fn check(calls: &[&str], violations: usize) {
        let call = |key: &&str| Received {
            key: format!("run:{key}"),
            idempotency_key: String::new(),
            body: json!({ "tag": "t" }),
            receipt: None,
            at: time::now(),
        };
        let received: Vec<Received> = calls.iter().map(call).collect();
        assert_eq!(judge_order(&received, &[]).len(), violations, "{calls:?}");
    }

    #[test]
    fn a_step_is_never_called_after_a_later_one() {
        check(&["one:0", "one:0", "two:0", "two:0", "three:0"], 0);
        check(&["one:0", "two:0", "one:0"], 1);
        check(&["loop_one:0", "loop_two:0", "loop_one:1", "loop_two:1", "after:0"], 0);
        check(&["loop_one:0", "loop_two:0", "loop_one:1", "loop_two:0"], 1);
        check(&["before:0", "left_one:0", "right_one:0", "left_two:0", "right_one:0", "after:0"], 0);
        check(&["left_one:0", "left_two:0", "left_one:0"], 1);
        check(&["left_one:0", "after:0", "right_one:0"], 1);
        check(&["left_one:0", "before:0"], 1);
    }

    #[test]
    fn names_are_found_in_text() {
        assert_eq!(named("{\"a\":\"rcpt-12\",\"b\":[\"rcpt-3\"]}", "rcpt-"), ["rcpt-12", "rcpt-3"]);
    }
}
