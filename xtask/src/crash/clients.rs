//! The clients: threads that start runs, look at them, and answer their questions, through every kill.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::chance::Chance;
use super::flows;
use super::http::{Request, Response};
use super::ledger::{Answer, Ledger, Seen, Start, Task, is_final};
use super::time;
use super::world::{Sent, World};

/// Runs that may be open at a time; over it the clients look and answer rather than start.
const OPEN_MAX: usize = 160;
/// Tries of one request with an `Idempotency-Key` until there has to be an answer.
const TRIES_MAX: u32 = 2_000;
/// Looks in a hundred that cancel instead.
const CANCELS: u64 = 2;
/// Pause before a request whose first one is still going is repeated, in milliseconds.
const IN_PROGRESS_PAUSE_MS: u64 = 15;

/// A client.
pub(super) struct Client {
    world: Arc<World>,
    chance: Chance,
}

/// By which way a run is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Client,
    ClientAsync,
    Dashboard,
    Library,
}

enum Work {
    Start,
    Answer(Task),
    Look(String),
    Rest,
}

impl Client {
    pub(super) fn new(world: Arc<World>, chance: Chance) -> Self {
        Self { world, chance }
    }

    /// Works until all is over.
    pub(super) fn run(mut self) {
        while !self.world.is_over() {
            match self.next() {
                Work::Start => self.start(),
                Work::Answer(task) => self.answer(&task),
                Work::Look(run) => self.look(&run),
                Work::Rest => time::pause_ms(3),
            }
        }
    }

    fn next(&mut self) -> Work {
        let is_ending = self.world.is_ending();
        let world = Arc::clone(&self.world);
        let mut ledger = world.ledger();
        if (is_ending || self.chance.percent(60))
            && let Some(task) = ledger.tasks.pop_front()
        {
            return Work::Answer(task);
        }
        if !is_ending && ledger.open.len() < OPEN_MAX && self.chance.percent(50) && self.take_budget() {
            return Work::Start;
        }
        if ledger.open.is_empty() {
            return Work::Rest;
        }
        let index = self.chance.index(ledger.open.len());
        Work::Look(ledger.open.swap_remove(index))
    }

    fn take_budget(&self) -> bool {
        self.world.budget.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }

    fn start(&mut self) {
        let flow = self.choose_flow();
        let way = match self.chance.between(0, 9) {
            0..=4 => Way::Client,
            5..=6 => Way::ClientAsync,
            7..=8 => Way::Dashboard,
            _ => Way::Library,
        };
        let has_key = self.chance.percent(55);
        let mut ledger = self.world.ledger();
        let number = ledger.starts.len();
        let tag = format!("tag-{number}");
        let key = has_key.then(|| format!("start-{number}"));
        ledger.starts.push(Start { flow, tag: tag.clone(), key: key.clone(), runs: Vec::new() });
        drop(ledger);
        let mut request = self.start_request(way, flow, &tag);
        request.idempotency_key.clone_from(&key);
        let again = key.is_some() && self.chance.percent(15);
        if self.start_until_answered(number, way, &request) && again {
            self.start_until_answered(number, way, &request);
        }
    }

    fn choose_flow(&mut self) -> usize {
        let weights: Vec<u64> = self.world.flows.iter().map(|flow| flow.shape.weight).collect();
        let mut left = self.chance.between(1, weights.iter().sum());
        weights
            .iter()
            .position(|weight| {
                let is_it = left <= *weight;
                left = left.saturating_sub(*weight);
                is_it && *weight > 0
            })
            .unwrap_or(0)
    }

    fn start_request(&self, way: Way, flow: usize, tag: &str) -> Request {
        let id = &self.world.flows[flow].id;
        let credentials = &self.world.credentials;
        let inputs = flows::inputs(tag);
        match way {
            Way::Client => Request::post(format!("/v1/client/flow/{id}/execute"), &credentials.key, inputs),
            Way::ClientAsync => {
                Request::post(format!("/v1/client/flow/{id}/execute?async=true"), &credentials.key, inputs)
            }
            Way::Library => Request::post(format!("/v1/sdk/flow/{id}/execute"), &credentials.key, inputs),
            Way::Dashboard => {
                let body = json!({ "inputs": inputs, "returnExecutionMetadata": true });
                Request::post(format!("/v1/flow/execute/{id}"), &credentials.token, body)
            }
        }
    }

    /// Sends a start; one with a key is repeated until it is answered. Answers whether a run was named.
    fn start_until_answered(&mut self, number: usize, way: Way, request: &Request) -> bool {
        for _ in 0..TRIES_MAX {
            let Some(sent) = self.world.send(request) else { return false };
            match &sent.answer {
                Ok(answer) if answer.status < 300 => return self.started(number, way, &sent, answer),
                Ok(answer) if answer.error_code() == "idempotency_in_progress" => {
                    self.world.ledger().count("repeats while the first was still going");
                    time::pause_ms(IN_PROGRESS_PAUSE_MS);
                }
                Ok(answer) if answer.status == 503 => {}
                Ok(answer) => {
                    let text = format!("start {number} answered {} {}", answer.status, answer.body);
                    self.world.ledger().violation(text);
                    return false;
                }
                Err(_) => {}
            }
            if request.idempotency_key.is_none() {
                return false;
            }
        }
        self.world.ledger().violation(format!("start {number} was never answered, however often it was repeated"));
        false
    }

    fn started(&mut self, number: usize, way: Way, sent: &Sent, answer: &Response) -> bool {
        let named = answer.header("x-flow-run-id").or(answer.body["appRunId"].as_str());
        let mut ledger = self.world.ledger();
        let Some(run) = named.map(str::to_owned) else {
            ledger.violation(format!("start {number} was answered without a run: {} {}", answer.status, answer.body));
            return false;
        };
        ledger.count("starts answered");
        ledger.know(&run, way != Way::Dashboard);
        let start = &mut ledger.starts[number];
        if !start.runs.contains(&run) {
            start.runs.push(run.clone());
        }
        if answer.header("idempotent-replayed").is_some() {
            ledger.count("starts repeated and replayed");
            return true;
        }
        drop(ledger);
        self.observe(&run, sent, answer, way);
        true
    }

    /// Looks at a run, now and then with the wish that it ends.
    fn look(&mut self, run: &str) {
        if !self.world.is_ending() && self.chance.percent(CANCELS) {
            self.cancel(run);
            return self.world.ledger().open.push(run.to_owned());
        }
        let by_key = self.world.ledger().runs.get(run).is_some_and(|run| run.by_key);
        let credentials = &self.world.credentials;
        let credential = if by_key && self.chance.percent(50) { &credentials.key } else { &credentials.token };
        let hold = if self.chance.percent(20) { "?revision=3&timeout=1" } else { "" };
        let request = Request::get(format!("/v1/flowrun/poll/{run}{hold}"), credential);
        let Some(sent) = self.world.send(&request) else { return };
        let mut has_ended = false;
        match &sent.answer {
            Ok(answer) if answer.status == 200 => {
                has_ended = answer.body["status"].as_str().is_some_and(is_final);
                self.observe(run, &sent, answer, Way::Dashboard);
            }
            Ok(answer) if answer.status < 500 => {
                let text =
                    format!("run {run} was named in an answer, but reading it gives {} {}", answer.status, answer.body);
                self.world.ledger().violation(text);
                has_ended = true;
            }
            _ => {}
        }
        if !has_ended {
            self.world.ledger().open.push(run.to_owned());
        }
    }

    fn cancel(&mut self, run: &str) {
        let mut ledger = self.world.ledger();
        let Some(known) = ledger.runs.get_mut(run) else { return };
        known.cancel_asked = true;
        let credentials = &self.world.credentials;
        let credential = if known.by_key { &credentials.key } else { &credentials.token };
        drop(ledger);
        let request = Request::post(format!("/v1/flowrun/cancel/{run}"), credential, json!({}));
        let Some(Sent { answer: Ok(answer), .. }) = self.world.send(&request) else { return };
        let mut ledger = self.world.ledger();
        match (answer.status, answer.error_code()) {
            (200, _) => {
                ledger.count("runs cancelled");
                if let Some(known) = ledger.runs.get_mut(run) {
                    known.cancel_told = true;
                }
            }
            (409, "run_finished") | (503, _) => {}
            (status, _) => ledger.violation(format!("cancelling run {run} was answered {status} {}", answer.body)),
        }
    }

    /// Notes what an answer tells, and plans answers to the question that it shows.
    fn observe(&mut self, run: &str, sent: &Sent, answer: &Response, way: Way) {
        let body = &answer.body;
        let status = answer.header("x-flow-run-status").or(body["status"].as_str()).unwrap_or_default().to_owned();
        let output = match way {
            Way::Client | Way::ClientAsync if status == "completed" => Some(body.clone()),
            Way::Library if status == "completed" => Some(body["outputs"].clone()),
            Way::Dashboard => body.get("output").filter(|output| !output.is_null()).cloned(),
            _ => None,
        };
        let wait = body.get("waitState").filter(|wait| wait.is_object()).cloned();
        let revision = body["revision"].as_u64();
        let seen = Seen { began: sent.began, ended: sent.ended, status, output, revision, wait };
        let answers = match self.chance.between(0, 9) {
            _ if self.world.is_ending() => 1,
            // Left open for a while, so that it outlives some kills.
            0..=3 => 0,
            4..=6 => 1,
            7..=8 => 2,
            _ => 3,
        };
        let mut ledger = self.world.ledger();
        ledger.observe(run, &seen);
        if let Some(wait) = seen.wait.as_ref().filter(|_| answers > 0 && seen.status == "waiting") {
            ledger.plan(run, wait, answers);
        }
    }

    fn answer(&mut self, task: &Task) {
        let mut ledger = self.world.ledger();
        let number = ledger.answers.len();
        let token = format!("answer-{number}.");
        let began = self.world.tick();
        ledger.answers.push(Answer { token: token.clone(), began, accepted: None });
        if let Some(wait) = ledger.waits.get_mut(&task.wait) {
            wait.answers.push(number);
        }
        drop(ledger);
        let approves = self.chance.percent(70);
        let mut request = self.answer_request(task, &token, approves);
        request.idempotency_key = self.chance.percent(30).then(|| format!("resume-{number}"));
        // A client that lost the connection sends the same answer again, or gives up.
        let tries = if self.chance.percent(60) { TRIES_MAX } else { 1 };
        for _ in 0..tries {
            let Some(sent) = self.world.send(&request) else { break };
            let Ok(answer) = &sent.answer else { continue };
            if answer.status < 300 {
                self.accepted(number, task, &sent, answer);
                break;
            }
            if self.was_refused(task, &sent, answer) {
                break;
            }
            time::pause_ms(IN_PROGRESS_PAUSE_MS);
        }
        if let Some(wait) = self.world.ledger().waits.get_mut(&task.wait) {
            wait.under_way = wait.under_way.saturating_sub(1);
        }
    }

    fn answer_request(&mut self, task: &Task, token: &str, approves: bool) -> Request {
        let credentials = &self.world.credentials;
        let by_key = self.world.ledger().runs.get(&task.run).is_some_and(|run| run.by_key);
        let credential = if by_key { &credentials.key } else { &credentials.token };
        let mut body = match task.kind.as_str() {
            "client-tool" => {
                let output = json!({ "token": token });
                json!({ "toolResult": { "executionId": task.execution_id, "success": true, "output": output } })
            }
            "show-form" => json!({ "formData": { "name": token } }),
            _ => json!({ "decision": if approves { "approve" } else { "reject" }, "comment": token }),
        };
        if task.kind != "client-tool" || self.chance.percent(50) {
            body["waitId"] = Value::from(task.wait.as_str());
        }
        Request::post(format!("/v1/flowrun/resume/{}", task.run), credential, body)
    }

    fn accepted(&mut self, number: usize, task: &Task, sent: &Sent, answer: &Response) {
        let mut ledger = self.world.ledger();
        ledger.count("answers accepted");
        let known = &mut ledger.answers[number];
        known.accepted = known.accepted.or(Some(sent.ended));
        ledger.told(&task.wait, sent.ended);
        drop(ledger);
        if answer.header("idempotent-replayed").is_none() {
            self.observe(&task.run, sent, answer, Way::Dashboard);
        }
    }

    /// Notes a refusal; false when the request should be sent again.
    fn was_refused(&mut self, task: &Task, sent: &Sent, answer: &Response) -> bool {
        let mut ledger: std::sync::MutexGuard<'_, Ledger> = self.world.ledger();
        match (answer.status, answer.error_code()) {
            (
                409,
                "already_resumed" | "run_not_waiting" | "run_finished" | "run_cancelled" | "execution_id_mismatch",
            ) => {
                ledger.count("answers told that they do not count (any more)");
                ledger.told(&task.wait, sent.ended);
                true
            }
            (409, "idempotency_in_progress") | (503, _) => false,
            _ => {
                let text = format!("an answer to {task:?} was answered {} {}", answer.status, answer.body);
                ledger.violation(text);
                true
            }
        }
    }
}
