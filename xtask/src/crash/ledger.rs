//! What the clients have asked and were told: the claims that the server has to keep.
//!
//! Times are ticks of one counter. One thing happened before another when its answer had come before the other was asked.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use serde_json::Value;

/// A start that was asked for.
#[derive(Debug)]
pub(super) struct Start {
    /// Index of the flow.
    pub(super) flow: usize,
    /// What names it in every call and output.
    pub(super) tag: String,
    /// Its `Idempotency-Key`.
    pub(super) key: Option<String>,
    /// The runs that answers named: one, unless something is wrong.
    pub(super) runs: Vec<String>,
}

/// A run that some answer named.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// Whether the key may ask for it, and not only the member.
    pub(super) by_key: bool,
    /// Whether some client asked to cancel it.
    pub(super) cancel_asked: bool,
    /// Whether a client was told that it is cancelled.
    pub(super) cancel_told: bool,
    /// Its end, as first told, and when.
    pub(super) end: Option<(Ending, u64)>,
    /// The highest revision told, and when.
    revision: (u64, u64),
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ending {
    pub(super) status: String,
    /// The output, where the answer holds it.
    pub(super) output: Option<Value>,
}

/// A question.
#[derive(Debug, Default)]
pub(super) struct Wait {
    /// The run that asks.
    pub(super) run: String,
    /// Its kind.
    pub(super) kind: String,
    /// Answers that were sent, by index.
    pub(super) answers: Vec<usize>,
    /// Answers on their way.
    pub(super) under_way: usize,
    /// When somebody was first told that it is answered.
    pub(super) told: Option<u64>,
}

/// An answer that was sent.
#[derive(Debug)]
pub(super) struct Answer {
    /// What names it in outputs and calls.
    pub(super) token: String,
    /// When it was first sent.
    pub(super) began: u64,
    /// When a client was first told that it counts.
    pub(super) accepted: Option<u64>,
}

/// An answer to be sent.
#[derive(Debug, Clone)]
pub(super) struct Task {
    /// The run that is asked to take it: the one that waits, or one above it.
    pub(super) run: String,
    pub(super) wait: String,
    pub(super) kind: String,
    pub(super) execution_id: Option<String>,
}

/// What an answer tells of a run.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) began: u64,
    pub(super) ended: u64,
    pub(super) status: String,
    pub(super) output: Option<Value>,
    pub(super) revision: Option<u64>,
    pub(super) wait: Option<Value>,
}

/// Everything that was asked and told.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) starts: Vec<Start>,
    pub(super) runs: BTreeMap<String, Run>,
    pub(super) waits: BTreeMap<String, Wait>,
    pub(super) answers: Vec<Answer>,
    /// Answers to be sent.
    pub(super) tasks: VecDeque<Task>,
    /// Runs that have not ended as far as is known, to be looked at.
    pub(super) open: Vec<String>,
    pub(super) violations: Vec<String>,
    pub(super) counts: BTreeMap<String, u64>,
    /// When nodes that had stood still went on.
    pub(super) resumed: Vec<Instant>,
}

impl Ledger {
    pub(super) fn violation(&mut self, text: impl Into<String>) {
        self.violations.push(text.into());
    }

    pub(super) fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    /// Notes that a run exists, and that it is to be looked at.
    pub(super) fn know(&mut self, run: &str, by_key: bool) {
        if !self.runs.contains_key(run) {
            self.runs.insert(run.to_owned(), Run { by_key, ..Run::default() });
            self.open.push(run.to_owned());
        }
    }

    /// Notes what an answer tells of a run, and that it fits what was told before.
    pub(super) fn observe(&mut self, id: &str, seen: &Seen) {
        let Some(run) = self.runs.get_mut(id) else { return };
        let mut found = Vec::new();
        if let Some((end, at)) = &run.end
            && *at < seen.began
            && (end.status != seen.status
                || (end.output.is_some() && seen.output.is_some() && end.output != seen.output))
        {
            found.push(format!("run {id} was {end:?}, later {} {:?}", seen.status, seen.output));
        }
        if let Some(revision) = seen.revision {
            let (highest, at) = run.revision;
            if at < seen.began && revision < highest {
                found.push(format!("run {id} had revision {highest}, later {revision}"));
            }
            if revision > highest {
                run.revision = (revision, seen.ended);
            }
        }
        if run.end.is_none() && is_final(&seen.status) {
            run.end = Some((Ending { status: seen.status.clone(), output: seen.output.clone() }, seen.ended));
        }
        if seen.output.is_some() && seen.status != "completed" {
            found.push(format!("run {id} is {} and shows an output", seen.status));
        }
        self.violations.extend(found);
        self.observe_wait(id, seen);
    }

    /// A question that a client was told to be answered is never open again. What a parent shows of its child may lag.
    fn observe_wait(&mut self, id: &str, seen: &Seen) {
        let Some(wait) = seen.wait.as_ref().filter(|wait| wait["type"] != "sub-flow") else { return };
        let Some(known) = wait["waitId"].as_str().and_then(|wait| self.waits.get(wait)) else { return };
        if known.told.is_some_and(|told| told < seen.began) {
            let text = format!("run {id}: the question {} was answered, and is open again", wait["waitId"]);
            self.violation(text);
        }
    }

    /// A client is told that a question is answered.
    pub(super) fn told(&mut self, wait: &str, at: u64) {
        if let Some(wait) = self.waits.get_mut(wait) {
            wait.told = Some(wait.told.map_or(at, |told| told.min(at)));
        }
    }

    /// The question that an answer shows, if it is one that clients answer: the run that asks, and what it shows.
    pub(super) fn question<'v>(run: &str, wait: &'v Value) -> Option<(String, &'v Value)> {
        match wait["type"].as_str()? {
            "user-approval" | "client-tool" | "show-form" => Some((run.to_owned(), wait)),
            "sub-flow" => Self::question(wait["childRunId"].as_str()?, &wait["waitState"]),
            _ => None,
        }
    }

    /// Queues answers to the question that a run shows, unless there are some on their way.
    pub(super) fn plan(&mut self, run: &str, wait: &Value, answers: usize) {
        let Some((asking, shown)) = Self::question(run, wait) else { return };
        let (Some(id), Some(kind)) = (shown["waitId"].as_str(), shown["type"].as_str()) else {
            return self.violation(format!("run {run} waits without a question: {wait}"));
        };
        let known = self.waits.entry(id.to_owned()).or_insert_with(|| Wait {
            run: asking.clone(),
            kind: kind.to_owned(),
            ..Wait::default()
        });
        if known.under_way > 0 || known.told.is_some() {
            return;
        }
        known.under_way += answers;
        for number in 0..answers {
            // Every other answer to a child's question is given to the run that called it.
            let to = if number % 2 == 0 { run } else { &asking };
            self.tasks.push_back(Task {
                run: to.to_owned(),
                wait: id.to_owned(),
                kind: kind.to_owned(),
                execution_id: shown["executionId"].as_str().map(str::to_owned),
            });
        }
    }
}

/// Whether a status never changes.
pub(super) fn is_final(status: &str) -> bool {
    matches!(status, "completed" | "failed" | "cancelled")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Ledger, Seen};

    /// What is told one after the other: status, output, revision.
    fn check(told: &[(&str, Option<Value>, u64)], violations: usize) {
        let mut ledger = Ledger::default();
        ledger.know("r", true);
        for (number, (status, output, revision)) in (1_u64..).zip(told) {
            let (began, ended) = (number * 2, number * 2 + 1);
            let seen = Seen {
                began,
                ended,
                status: (*status).to_owned(),
                output: output.clone(),
                revision: Some(*revision),
                wait: None,
            };
            ledger.observe("r", &seen);
        }
        assert_eq!(ledger.violations.len(), violations, "{told:?}: {:?}", ledger.violations);
    }

    #[test]
    fn an_end_is_an_end() {
        check(&[("running", None, 1), ("completed", Some(json!(1)), 3), ("completed", Some(json!(1)), 3)], 0);
        check(&[("completed", Some(json!(1)), 3), ("completed", Some(json!(2)), 3)], 1);
        check(&[("completed", Some(json!(1)), 3), ("running", None, 3)], 1);
        check(&[("running", None, 4), ("running", None, 3)], 1);
        check(&[("running", Some(json!(1)), 1)], 1);
    }

    #[test]
    fn an_answered_question_is_never_open_again() {
        let mut ledger = Ledger::default();
        let wait = json!({ "type": "user-approval", "waitId": "w" });
        let seen = |began| Seen {
            began,
            ended: began + 1,
            status: "waiting".to_owned(),
            wait: Some(wait.clone()),
            ..Seen::default()
        };
        ledger.know("r", true);
        ledger.plan("r", &wait, 2);
        ledger.told("w", 10);
        ledger.observe("r", &seen(8));
        assert_eq!((ledger.tasks.len(), ledger.violations.len()), (2, 0), "it was asked before the answer was known");
        ledger.observe("r", &seen(12));
        assert_eq!(ledger.violations.len(), 1);
    }
}
