//! The clients: a finance team that goes on through every kill.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::book::{Book, is_final};
use crate::crash::chance::Chance;
use crate::crash::http::{Request, Response};
use crate::crash::time;
use crate::crash::world::World;

/// Runs that may be open at a time.
const OPEN_MAX: usize = 24;
/// Starts of the storm's budget that one payment run takes: it is worth many calls.
const BUDGET: u64 = 6;
/// Tries of one request until there has to be an answer.
const TRIES_MAX: u32 = 2_000;
/// Pause before a request whose first one is still going is repeated, and between two looks, in milliseconds.
const PAUSE_MS: u64 = 12;
/// Accounts at the simulated bank that are answered in a way of their own: codes that mean success, refusal and "not known", a bank that
/// forgets, another holder, money that comes back, no answer ever, and no account.
const SPECIAL: [&str; 9] = [
    "9900000000",
    "9900000051",
    "9900000009",
    "9900000094",
    "9800000096",
    "9700000000",
    "9600000000",
    "9500000000",
    "0000000000",
];

/// A client.
pub(super) struct Client {
    world: Arc<World>,
    book: Arc<Book>,
    chance: Chance,
}

enum Work {
    Start(usize),
    TopUp(usize, u64),
    Look(String),
    Rest,
}

impl Client {
    pub(super) fn new(world: Arc<World>, book: Arc<Book>, chance: Chance) -> Self {
        Self { world, book, chance }
    }

    /// Works until all is over.
    pub(super) fn run(mut self) {
        while !self.world.is_over() {
            let work = self.next();
            if matches!(work, Work::Rest) {
                time::pause_ms(PAUSE_MS);
                continue;
            }
            match work {
                Work::Start(number) => self.start(number),
                Work::TopUp(number, kobo) => self.top_up(number, kobo),
                Work::Look(run) => self.look(&run),
                Work::Rest => {}
            }
            self.book.lock().at_work -= 1;
        }
    }

    fn next(&mut self) -> Work {
        let book = Arc::clone(&self.book);
        let mut told = book.lock();
        let is_ending = self.world.is_ending();
        let work = if !is_ending && told.open.len() < OPEN_MAX && self.chance.percent(40) && self.take_budget() {
            if self.chance.percent(30) || told.topups.is_empty() {
                let kobo = self.chance.between(1, 5_000) * 1_000_000;
                told.topups.push((kobo, false));
                Work::TopUp(told.topups.len() - 1, kobo)
            } else {
                told.starts.push(Vec::new());
                Work::Start(told.starts.len() - 1)
            }
        } else if told.open.is_empty() {
            return Work::Rest;
        } else {
            let index = self.chance.index(told.open.len());
            Work::Look(told.open.swap_remove(index))
        };
        told.at_work += 1;
        work
    }

    fn take_budget(&self) -> bool {
        let take = |left: u64| left.checked_sub(BUDGET);
        self.world.budget.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok()
    }

    fn start(&mut self, number: usize) {
        let body = json!({
            "objective": objective(number),
            "budget_cap": 900_000_000,
            "candidates": (0..self.chance.between(1, 12)).map(|_| self.candidate()).collect::<Vec<_>>(),
        });
        let Some(answer) = self.send("/api/v1/runs", body, &format!("run-{number}")) else { return };
        let Some(id) = answer.body["id"].as_str().filter(|_| answer.status == 201).map(str::to_owned) else {
            return self.wrong("creating a run", &answer);
        };
        let phase = answer.body["phase"].as_str().unwrap_or("pending").to_owned();
        let mut told = self.book.lock();
        if !told.starts[number].contains(&id) {
            told.starts[number].push(id.clone());
        }
        let problem = told.observe(&id, &phase);
        told.open.push(id);
        drop(told);
        self.world.ledger().violations.extend(problem);
    }

    fn candidate(&mut self) -> Value {
        let account = if self.chance.percent(18) {
            SPECIAL[self.chance.index(SPECIAL.len())].to_owned()
        } else {
            format!("{:010}", self.chance.between(1_000_000_000, 5_999_999_999))
        };
        let kobo = self.chance.between(10_000, 9_000_000);
        json!({
            "beneficiary_name": format!("Payee {}", self.chance.between(1, 500)),
            "account_number": account,
            "institution_code": "058",
            "amount": kobo as f64 / 100.0,
        })
    }

    fn top_up(&mut self, number: usize, kobo: u64) {
        let body = json!({ "amount": kobo as f64 / 100.0, "reference": format!("topup-{number}") });
        // The same reference counts once, also with another key.
        let times = if self.chance.percent(20) { 2 } else { 1 };
        for time in 0..times {
            let Some(answer) = self.send("/api/v1/wallet/topup", body.clone(), &format!("topup-{number}-{time}"))
            else {
                return;
            };
            if answer.status >= 300 {
                return self.wrong("adding money", &answer);
            }
            self.book.lock().topups[number].1 = true;
            self.world.ledger().count("money added");
        }
    }

    /// Looks at a run, and does what is to be done with it.
    fn look(&mut self, run: &str) {
        let request = Request::get(format!("/api/v1/runs/{run}"), &self.world.credentials.token).in_test_mode();
        let answer = self.world.send(&request).and_then(|sent| sent.answer.ok());
        let mut phase = String::new();
        if let Some(answer) = answer {
            if answer.status == 200 {
                answer.body["phase"].as_str().unwrap_or_default().clone_into(&mut phase);
                let problem = self.book.lock().observe(run, &phase);
                self.world.ledger().violations.extend(problem);
                if phase == "awaiting_approval" {
                    self.decide(run, &answer.body);
                }
            } else if answer.status < 500 {
                self.wrong(&format!("reading run {run}"), &answer);
            }
        }
        if !is_final(&phase) {
            time::pause_ms(PAUSE_MS);
            self.book.lock().open.push(run.to_owned());
        }
    }

    fn decide(&mut self, run: &str, shown: &Value) {
        let version = shown["version"].as_i64().unwrap_or_default();
        let (verb, body) = match self.chance.between(0, 99) {
            0..=2 => ("cancel", json!({ "reason": "a storm" })),
            3..=6 => ("reject", json!({ "reason": "a storm" })),
            7..=12 if !self.world.is_ending() => ("candidates", json!({ "candidates": [self.candidate()] })),
            _ => ("approve", json!({ "expected_version": version })),
        };
        let key = format!("{verb}-{run}-{version}-{}", self.chance.between(0, 1_000_000));
        if matches!(verb, "cancel" | "reject") {
            self.book.lock().runs.entry(run.to_owned()).or_default().given_up = true;
        }
        let Some(answer) = self.send(&format!("/api/v1/runs/{run}/{verb}"), body, &key) else { return };
        match (verb, answer.status) {
            (_, 200 | 201) => {
                self.world.ledger().count(&format!("told: {verb}"));
                if verb == "approve" {
                    self.book.lock().runs.entry(run.to_owned()).or_default().released = true;
                }
            }
            // Another client got ahead, or there is no money: in the end there is, or the run is given up.
            (_, 409) => self.world.ledger().count("told: somebody was quicker"),
            ("approve", 402) => {
                self.world.ledger().count("told: no money");
                if self.world.is_ending() {
                    self.book.lock().runs.entry(run.to_owned()).or_default().given_up = true;
                    let _ = self.send(
                        &format!("/api/v1/runs/{run}/cancel"),
                        json!({ "reason": "no money" }),
                        &format!("{key}-c"),
                    );
                }
            }
            // Every candidate is blocked: nothing can be approved.
            ("approve", 422) => {
                self.book.lock().runs.entry(run.to_owned()).or_default().given_up = true;
                let _ = self.send(&format!("/api/v1/runs/{run}/reject"), json!({}), &format!("{key}-r"));
            }
            _ => self.wrong(&format!("{verb} of run {run}"), &answer),
        }
    }

    /// Sends a request until it is answered; none when all is over.
    fn send(&mut self, path: &str, body: Value, key: &str) -> Option<Response> {
        let mut request = Request::post(path, &self.world.credentials.token, body).in_test_mode();
        request.idempotency_key = Some(key.to_owned());
        for _ in 0..TRIES_MAX {
            let sent = self.world.send(&request)?;
            match sent.answer {
                Ok(answer) if answer.status >= 500 => time::pause_ms(PAUSE_MS),
                Ok(answer) if answer.status == 409 && is_in_progress(&answer) => {
                    self.world.ledger().count("repeats while the first was still going");
                    time::pause_ms(PAUSE_MS);
                }
                Ok(answer) => return Some(answer),
                Err(_) => {}
            }
        }
        self.world.ledger().violation(format!("{path} with the key {key} is not answered"));
        None
    }

    fn wrong(&self, what: &str, answer: &Response) {
        self.world.ledger().violation(format!("{what} was answered {} {}", answer.status, answer.body));
    }
}

/// What names a run in every list.
pub(super) fn objective(number: usize) -> String {
    format!("Pay the storm number {number}")
}

fn is_in_progress(answer: &Response) -> bool {
    answer.body["detail"].as_str().is_some_and(|detail| detail.contains("in progress"))
}
