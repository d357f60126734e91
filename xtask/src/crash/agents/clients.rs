//! The clients: programs that talk to an agent and repeat what was not answered, under the same idempotency key.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::book::{Asked, Book, Told};
use super::prepare::Agent;
use crate::crash::chance::Chance;
use crate::crash::http::{Request, Response};
use crate::crash::time;
use crate::crash::world::World;

/// Calls that one start of the storm's budget pays for.
const CALLS: u32 = 2;
/// Longest pause between two calls of a client, in milliseconds: some are always under way when the server is killed.
const BETWEEN_MS: u64 = 30;
/// Pause when there is nothing to do, and before a call is repeated, in milliseconds.
const PAUSE_MS: u64 = 5;
/// Tries of one call until there has to be an answer.
const TRIES_MAX: u32 = 4_000;
/// Threads in which a client goes on.
const THREADS: u64 = 3;

/// How a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Direct,
    Streamed,
    Background,
}

/// A client.
pub(super) struct Client {
    number: usize,
    world: Arc<World>,
    book: Arc<Book>,
    agent: Arc<Agent>,
    chance: Chance,
    made: u64,
    /// Calls that are paid for.
    paid: u32,
}

impl Client {
    pub(super) fn new(number: usize, world: Arc<World>, book: Arc<Book>, agent: Arc<Agent>, chance: Chance) -> Self {
        Self { number, world, book, agent, chance, made: 0, paid: 0 }
    }

    /// Works until all is over.
    pub(super) fn run(mut self) {
        while !self.world.is_over() {
            self.book.begin();
            let worked = !self.world.is_ending() && self.take_budget();
            if worked {
                self.talk();
            }
            self.book.end();
            let pause = if worked { self.chance.between(0, BETWEEN_MS) } else { PAUSE_MS };
            time::pause_ms(pause);
        }
    }

    fn take_budget(&mut self) -> bool {
        let take = |left: u64| left.checked_sub(1);
        if self.paid == 0 && self.world.budget.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
            self.paid = CALLS;
        }
        let is_paid = self.paid > 0;
        self.paid = self.paid.saturating_sub(1);
        is_paid
    }

    fn talk(&mut self) {
        self.made += 1;
        let tag = format!("tag-{:02}-{:05}.", self.number, self.made);
        let way = match self.chance.between(0, 9) {
            0..5 => Way::Direct,
            5 => Way::Streamed,
            _ => Way::Background,
        };
        let order = self.chance.percent(25).then(|| self.number as u64 * 100_000 + self.made);
        let message = match order {
            Some(order) => format!("Please record order {order} for me, {tag}"),
            None => format!("Hello there, {tag}"),
        };
        let mut body = json!({ "messages": message, "metadata": { "tag": tag } });
        if self.chance.percent(40) {
            body["thread_id"] = json!(format!("storm:{}-{}", self.number, self.chance.between(1, THREADS)));
        }
        match way {
            Way::Direct => {}
            Way::Streamed => body["stream"] = json!(true),
            Way::Background => {
                let path = if self.chance.percent(30) { "/flaky" } else { "/callback" };
                body["callback_url"] = json!(self.world.receivers.url(self.made as usize, path));
            }
        }
        self.book.lock().insert(tag.clone(), Asked { order, told: Told::Nothing });
        let request = Request {
            idempotency_key: Some(format!("storm-{tag}")),
            ..Request::post(format!("/api/public/agent/{}/chat", self.agent.id), &self.agent.key, body)
        };
        // Some go away after the first try and never ask again.
        let gives_up = self.chance.percent(8);
        self.ask(&request, &tag, way, gives_up);
        if self.chance.percent(15) {
            // Asking again changes nothing, and says the same.
            self.ask(&request, &tag, way, gives_up);
        }
    }

    /// Asks until there is an answer.
    fn ask(&self, request: &Request, tag: &str, way: Way, gives_up: bool) {
        for _ in 0..TRIES_MAX {
            let Some(sent) = self.world.send(request) else { return };
            match sent.answer {
                Ok(answer) if answer.status == 202 && way == Way::Background => {
                    self.world.ledger().count("background calls acknowledged");
                    return self.book.tell(tag, Told::Acknowledged);
                }
                Ok(answer) if answer.status == 200 && way != Way::Background => return self.answered(&answer, tag),
                // The first call with this key is not over yet, or one of this thread is not.
                Ok(answer) if answer.status == 409 => self.world.ledger().count("calls that met a call under way"),
                // A server that stops; the world judges others.
                Ok(answer) if answer.status >= 500 => {}
                Ok(answer) => {
                    return self
                        .world
                        .ledger()
                        .violation(format!("{tag} was answered {} {}", answer.status, answer.body));
                }
                Err(_) if gives_up => return self.world.ledger().count("calls given up without an answer"),
                Err(_) => self.world.ledger().count("calls repeated without an answer"),
            }
            time::pause_ms(PAUSE_MS);
        }
        self.world.ledger().violation(format!("{tag} is never answered"));
    }

    fn answered(&self, answer: &Response, tag: &str) {
        let Some(envelope) = envelope(&answer.body) else {
            return self.world.ledger().violation(format!("{tag}: no envelope in {}", answer.body));
        };
        let id = envelope["body"]["metadata"]["id"].as_str().filter(|_| envelope["statusCode"] == 200);
        let Some(id) = id else {
            return self.world.ledger().violation(format!("{tag} was answered {envelope}"));
        };
        let before = self.book.lock().get(tag).map(|asked| asked.told.clone());
        if let Some(Told::Answered(before)) = before
            && before != id
        {
            self.world.ledger().violation(format!("{tag} was answered by {before}, and then by {id}"));
        }
        self.world.ledger().count("calls answered");
        self.book.tell(tag, Told::Answered(id.to_owned()));
    }
}

/// The envelope of an answer, or of the last event of a stream.
fn envelope(body: &Value) -> Option<Value> {
    let Value::String(events) = body else { return Some(body.clone()) };
    let last = events.trim_end().rsplit("\n\n").next()?;
    let data = last.lines().find_map(|line| line.strip_prefix("data: "))?;
    serde_json::from_str(data).ok()
}
