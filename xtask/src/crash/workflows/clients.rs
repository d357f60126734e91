//! The clients: programs that start executions, answer or cancel them, and follow their streams.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::book::Book;
use super::prepare::Desk;
use super::stream::{self, Message};
use crate::crash::chance::Chance;
use crate::crash::http::Request;
use crate::crash::time;
use crate::crash::world::World;

/// Executions that one start of the storm's budget pays for.
const STARTS: u32 = 2;
/// Longest pause between two executions of a client, in milliseconds.
const BETWEEN_MS: u64 = 30;
/// Pause when there is nothing to do, and before something is tried again, in milliseconds.
const PAUSE_MS: u64 = 5;
/// Tries of one thing until there has to be an answer.
const TRIES_MAX: u32 = 4_000;
/// Messages that end a stream.
const LAST: [&str; 3] = ["execution:completed", "execution:failed", "execution:cancelled"];
const PAUSED: &str = "execution:paused";

/// A client.
pub(super) struct Client {
    number: usize,
    world: Arc<World>,
    book: Arc<Book>,
    desk: Arc<Desk>,
    chance: Chance,
    made: u64,
    /// Starts that are paid for.
    paid: u32,
}

impl Client {
    pub(super) fn new(number: usize, world: Arc<World>, book: Arc<Book>, desk: Arc<Desk>, chance: Chance) -> Self {
        Self { number, world, book, desk, chance, made: 0, paid: 0 }
    }

    /// Works until all is over.
    pub(super) fn run(mut self) {
        while !self.world.is_over() {
            self.book.begin();
            let worked = !self.world.is_ending() && self.take_budget();
            if worked {
                self.work();
            }
            self.book.end();
            let pause = if worked { self.chance.between(0, BETWEEN_MS) } else { PAUSE_MS };
            time::pause_ms(pause);
        }
    }

    fn take_budget(&mut self) -> bool {
        let take = |left: u64| left.checked_sub(1);
        if self.paid == 0 && self.world.budget.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
            self.paid = STARTS;
        }
        let is_paid = self.paid > 0;
        self.paid = self.paid.saturating_sub(1);
        is_paid
    }

    /// One execution from its start to its end.
    fn work(&mut self) {
        self.made += 1;
        let tag = format!("tag-{:02}-{:05}.", self.number, self.made);
        let (asks, cancels) = (self.chance.percent(50), self.chance.percent(10));
        let pays = !asks && self.chance.percent(30);
        let workflow = match (asks, pays) {
            (true, _) => &self.desk.reviewed,
            (false, true) => &self.desk.paying,
            (false, false) => &self.desk.calling,
        };
        self.book.note(&tag, |_| {});
        let request = Request {
            idempotency_key: Some(format!("storm-{tag}")),
            ..Request::post(
                format!("/v1/workflows/{workflow}/execute"),
                &self.desk.key,
                json!({ "inputs": { "tag": tag } }),
            )
        };
        let gives_up = self.chance.percent(5);
        let Some(execution) = self.start(&request, &tag, gives_up) else { return };
        if self.chance.percent(15) && self.start(&request, &tag, gives_up).is_some_and(|again| again != execution) {
            self.world.ledger().violation(format!("{tag} was started as {execution}, and then as another one"));
        }
        if pays {
            self.stop_payment(&tag, &execution);
        }
        self.follow(&tag, &execution, asks, cancels);
    }

    /// Asks until the execution is acknowledged.
    fn start(&self, request: &Request, tag: &str, gives_up: bool) -> Option<String> {
        for _ in 0..TRIES_MAX {
            match self.world.send(request)?.answer {
                Ok(answer) if answer.status == 202 => {
                    let id = answer.body.pointer("/data/execution_id").and_then(Value::as_str).map(str::to_owned);
                    if id.is_none() {
                        self.world.ledger().violation(format!("{tag}: no execution in {}", answer.body));
                    }
                    self.world.ledger().count("executions acknowledged");
                    self.book.note(tag, |started| started.execution.clone_from(&id));
                    return id;
                }
                // A server that stops; the world judges others.
                Ok(answer) if answer.status >= 500 => {}
                Ok(answer) => {
                    self.world.ledger().violation(format!("{tag} was answered {} {}", answer.status, answer.body));
                    return None;
                }
                Err(_) if gives_up => {
                    self.world.ledger().count("starts given up without an answer");
                    return None;
                }
                Err(_) => self.world.ledger().count("starts repeated without an answer"),
            }
            time::pause_ms(PAUSE_MS);
        }
        self.world.ledger().violation(format!("{tag} is never acknowledged"));
        None
    }

    /// Stops the payment run of an execution, once it waits for approval.
    fn stop_payment(&self, tag: &str, execution: &str) {
        let token = &self.world.credentials.token;
        let look = Request::get(format!("/console/v1/runs?kind=payment&parent_id={execution}"), token);
        for _ in 0..TRIES_MAX {
            let Some(found) = self.world.send(&look) else { return };
            let runs =
                found.answer.ok().filter(|answer| answer.status == 200).map(|answer| answer.body["data"].clone());
            let run =
                runs.as_ref().and_then(|runs| runs.get(0)).map(|run| (run["status"].as_str(), run["id"].as_str()));
            match run {
                // An answer that was lost counted.
                Some((Some("cancelled"), _)) => return self.world.ledger().count("payment runs stopped"),
                Some((Some("waiting"), Some(id))) => {
                    let stop = Request::post(format!("/console/v1/runs/{id}/cancel"), token, json!({}));
                    if self.world.send(&stop).is_none() {
                        return;
                    }
                }
                _ => {}
            }
            time::pause_ms(PAUSE_MS);
        }
        self.world.ledger().violation(format!("{tag}, {execution}, has no payment run that can be stopped"));
    }

    /// Reads the stream to its end, however often it breaks, and answers on the way.
    fn follow(&self, tag: &str, execution: &str, asks: bool, cancels: bool) {
        let (mut seen, mut is_answered) = (0, false);
        for _ in 0..TRIES_MAX {
            let Some(address) = self.world.address() else { return };
            let until: &[&str] = if asks && !is_answered { &[PAUSED, LAST[0], LAST[1], LAST[2]] } else { &LAST };
            let told = stream::read(address, execution, &self.desk.key, seen, until);
            seen = self.check(tag, seen, &told);
            if let Some(last) = told.iter().find(|message| LAST.contains(&message.kind.as_str())) {
                self.world.ledger().count("streams read to their end");
                let end = last.data["status"].as_str().unwrap_or_default().to_owned();
                return self.book.note(tag, |started| started.end = Some(end));
            }
            if told.iter().any(|message| message.kind == PAUSED) && !is_answered {
                self.answer(tag, execution, cancels);
                is_answered = true;
            } else if told.is_empty() {
                self.world.ledger().count("streams that nobody answered");
            } else {
                self.world.ledger().count("streams broken by a kill");
            }
            time::pause_ms(PAUSE_MS);
        }
        self.world.ledger().violation(format!("the stream of {tag}, {execution}, does not come to its end"));
    }

    /// No message is left out or told twice; answers the number of the last one.
    fn check(&self, tag: &str, seen: u64, told: &[Message]) -> u64 {
        let mut last = seen;
        for number in told.iter().filter_map(|message| message.number) {
            if number != last + 1 {
                self.world.ledger().violation(format!("the stream of {tag} goes from {last} to {number}"));
            }
            last = number;
        }
        last
    }

    /// Answers the review, or cancels the execution, until that was heard.
    fn answer(&self, tag: &str, execution: &str, cancels: bool) {
        let (act, body) =
            if cancels { ("cancel", json!({})) } else { ("submit-response", json!({ "response": "yes" })) };
        let request = Request {
            idempotency_key: Some(format!("answer-{tag}")),
            ..Request::post(format!("/v1/executions/{execution}/{act}"), &self.desk.key, body)
        };
        for _ in 0..TRIES_MAX {
            let Some(sent) = self.world.send(&request) else { return };
            match sent.answer {
                Ok(answer) if answer.status == 200 => return self.world.ledger().count("reviews answered"),
                // An answer that was lost may have counted.
                Ok(answer) if answer.status == 400 => return self.world.ledger().count("reviews that were answered"),
                Ok(answer) if answer.status >= 500 => {}
                Ok(answer) => {
                    let told = format!("the review of {tag} was answered {} {}", answer.status, answer.body);
                    return self.world.ledger().violation(told);
                }
                Err(_) => self.world.ledger().count("answers repeated"),
            }
            time::pause_ms(PAUSE_MS);
        }
    }
}
