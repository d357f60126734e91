//! `cargo xtask crash --treasury`: the same storm over payment runs (Treasury contract, sections 3.6 and 11).
//!
//! Clients create runs, change them, release, reject and cancel them, and put money into the wallet, while the server is killed during
//! planning, release, sending, settlement and the delivery of webhooks. At the end the books have to say what the clients were told: no run
//! lost, none made twice, every approved candidate with one debit, the ledger balanced, and nothing sent twice to the simulated bank,
//! which keeps books of its own.

mod book;
mod clients;
mod judge;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use self::book::Book;
use super::chance::Chance;
use super::http::Request;
use super::judge::Report;
use super::options::{Database, Options};
use super::place::Place;
use super::prepare::{self, Credentials};
use super::receiver::Receivers;
use super::server::Launch;
use super::world::World;
use super::{storm, time};
use crate::workspace::{Failure, Outcome};

/// Clients at work.
const CLIENTS: usize = 8;
/// Scopes of the owner's token.
const SCOPES: &[&str] = &["console.read", "admin", "treasury.read", "treasury.write", "treasury.approve"];
/// Time without any progress after which what is still open is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(90);
/// How payouts go on, so that a run is over in seconds: four questions at once, then people; money that comes back is looked for twice.
const SETTINGS: [(&str, &str); 6] = [
    ("FLOE_PAYOUT_QUESTIONS", "0,0,0,0"),
    ("FLOE_PAYOUT_QUESTION_EVERY", "0"),
    ("FLOE_PAYOUT_FOLLOWUP", "0"),
    ("FLOE_PAYOUT_NOT_FOUND", "0"),
    ("FLOE_PAYOUT_LOOKS", "0,1"),
    ("FLOE_SIMULATOR_DELAY_MS", "3"),
];

/// Runs the proof on one database.
///
/// # Errors
/// When it cannot be carried out. What it finds is in the report.
pub(super) fn run(options: &Options, binary: &Path, database: Database, place: &Place) -> Outcome<Report> {
    let receivers = Receivers::start(options.seed)?;
    let allow = receivers.allow_list();
    let launch = Launch::new(binary, &place.folder, place.database_url.as_deref(), allow, (0, 1)).with(&SETTINGS);
    let key = prepare::owner(&launch)?;
    let server = launch.start()?;
    let token = prepare::token(server.address, SCOPES)?;
    let hook =
        json!({ "url": receivers.url(0, "/hook"), "events": ["payout.succeeded", "payout.failed", "run.completed"] });
    let made = Request::post("/api/v1/developer/webhooks", &token, hook).in_test_mode().send(server.address);
    match made {
        Ok(answer) if answer.status == 201 => {}
        other => return Err(Failure(format!("no webhook can be made: {other:?}"))),
    }
    let world = Arc::new(World::new(Credentials { key, token }, Vec::new(), receivers, 1));
    let book = Arc::new(Book::default());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (world, book) = (Arc::clone(&world), Arc::clone(&book));
            let chance = Chance::new(options.seed, 5_000 + number as u64);
            std::thread::spawn(move || clients::Client::new(world, book, chance).run())
        })
        .collect();
    let outcome = storm::storm_and_calm(options, database, &launch, &world, server);
    let calm = outcome.and_then(|server| come_to_an_end(&world, &book).map(|()| server));
    world.is_over.store(true, Ordering::SeqCst);
    let server = calm?;
    for client in clients {
        if client.join().is_err() {
            world.ledger().violation("a client of this tool panicked");
        }
    }
    judge::judge(&world, &book, &launch, server, &place.folder)
}

/// Waits until every run is over.
fn come_to_an_end(world: &World, book: &Book) -> Outcome {
    let mut before = (usize::MAX, 0);
    let mut moved = time::now();
    loop {
        let open = book.open();
        if open.is_empty() && book.at_work() == 0 {
            return Ok(());
        }
        let now = (open.len(), world.receivers.count());
        if now != before {
            (before, moved) = (now, time::now());
        } else if moved.elapsed() > STUCK_AFTER {
            let mut ledger = world.ledger();
            for (run, phase) in open {
                ledger.violation(format!("payment run {run} is stuck: {phase}"));
            }
            return Ok(());
        }
        time::pause_ms(100);
    }
}
