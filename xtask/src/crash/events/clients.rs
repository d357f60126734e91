//! The clients: apps that send what happened until it is taken, as SDKs do.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::book::Book;
use super::prepare::App;
use crate::crash::chance::Chance;
use crate::crash::http::Request;
use crate::crash::time;
use crate::crash::world::World;

/// Events of a batch at most.
const BATCH_MAX: u64 = 10;
/// Batches that one start of the storm's budget pays for.
const BATCHES: u32 = 10;
/// Longest pause between two batches of a client, in milliseconds: some are always under way when the server is killed.
const BETWEEN_MS: u64 = 25;
/// Pause when there is nothing to do, and before a batch is sent again, in milliseconds.
const PAUSE_MS: u64 = 4;
/// Tries of one batch until there has to be an answer.
const TRIES_MAX: u32 = 2_000;
/// What happens.
const TYPES: [&str; 4] = ["flow_start", "screen_view", "flow_complete", "conversion"];

/// A client.
pub(super) struct Client {
    number: usize,
    world: Arc<World>,
    book: Arc<Book>,
    app: Arc<App>,
    chance: Chance,
    made: u64,
    /// Batches that are paid for.
    paid: u32,
}

impl Client {
    pub(super) fn new(number: usize, world: Arc<World>, book: Arc<Book>, app: Arc<App>, chance: Chance) -> Self {
        Self { number, world, book, app, chance, made: 0, paid: 0 }
    }

    /// Works until all is over.
    pub(super) fn run(mut self) {
        while !self.world.is_over() {
            self.book.begin();
            let worked = !self.world.is_ending() && self.take_budget();
            if worked {
                self.send_batch();
            }
            self.book.end();
            let pause = if worked { self.chance.between(0, BETWEEN_MS) } else { PAUSE_MS };
            time::pause_ms(pause);
        }
    }

    fn take_budget(&mut self) -> bool {
        let take = |left: u64| left.checked_sub(1);
        if self.paid == 0 && self.world.budget.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
            self.paid = BATCHES;
        }
        let is_paid = self.paid > 0;
        self.paid = self.paid.saturating_sub(1);
        is_paid
    }

    fn send_batch(&mut self) {
        let count = self.chance.between(1, BATCH_MAX);
        let events: Vec<Value> = (0..count).map(|_| self.event()).collect();
        let ids: Vec<String> =
            events.iter().filter_map(|event| event["event_id"].as_str().map(str::to_owned)).collect();
        let request = Request::post(format!("/v1/apps/{}/events", self.app.id), &self.app.key, Value::Array(events));
        // Some go away after the first try, as an app that is closed does; some send again what was taken.
        let gives_up = self.chance.percent(10);
        let again = self.chance.percent(20);
        if self.deliver(&request, &ids, gives_up) && again {
            self.world.ledger().count("batches sent again after they were taken");
            self.deliver(&request, &ids, false);
        }
    }

    /// Sends a batch until it is taken; false when it was given up.
    fn deliver(&self, request: &Request, ids: &[String], gives_up: bool) -> bool {
        for _ in 0..TRIES_MAX {
            let Some(sent) = self.world.send(request) else { return false };
            match sent.answer {
                Ok(answer) if answer.status == 202 => {
                    if answer.body["accepted"] != ids.len() || answer.body["rejected"] != 0 {
                        self.world.ledger().violation(format!("a batch of {} was answered {}", ids.len(), answer.body));
                        return false;
                    }
                    self.book.lock().answered.extend(ids.iter().cloned());
                    self.world.ledger().count("batches taken");
                    return true;
                }
                // A server that stops; the world judges others.
                Ok(answer) if answer.status >= 500 => {}
                Ok(answer) => {
                    self.world.ledger().violation(format!("events were answered {} {}", answer.status, answer.body));
                    return false;
                }
                Err(_) if gives_up => {
                    self.world.ledger().count("batches given up without an answer");
                    return false;
                }
                Err(_) => self.world.ledger().count("batches sent again without an answer"),
            }
            time::pause_ms(PAUSE_MS);
        }
        self.world.ledger().violation("a batch of events is never answered");
        false
    }

    fn event(&mut self) -> Value {
        self.made += 1;
        let id = format!("e0000000-{:04x}-4000-8000-{:012x}", self.number, self.made);
        let kind = TYPES[self.chance.index(TYPES.len())];
        self.book.lock().sent.insert(id.clone(), kind);
        let user = self.chance.between(1, 500);
        let mut event = json!({
            "event_id": id, "app_id": self.app.id, "flow_id": self.app.flow, "flow_version_id": self.app.version,
            "user_id": format!("u{user}"), "session_id": format!("s{user}-{}", self.made / 20), "device_platform": "ios",
            "event_type": kind, "timestamp": timestamp(), "sdk_version": "1.3.1", "placement_id": "onboarding",
        });
        if kind == "conversion" {
            event["revenue"] = json!(2.5);
            event["currency"] = json!("EUR");
        }
        event
    }
}

/// Now, in RFC 3339.
#[expect(clippy::disallowed_methods, reason = "an app stamps what happens with the time of its device")]
fn timestamp() -> String {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

/// The date of a day since 1970 (H. Hinnant's `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn days_have_dates() {
        for (day, date) in [(0, (1970, 1, 1)), (59, (1970, 3, 1)), (11_016, (2000, 2, 29)), (20_469, (2026, 1, 16))] {
            assert_eq!(civil(day), date);
        }
    }
}
