//! `cargo xtask crash --workflows`: the same storm over executions of workflows (Workflow API contract, sections 1, 9, 10 and 12).
//!
//! Clients start executions and repeat what was not answered, answer their reviews or cancel them, and read their streams, going on after
//! the last event that they saw, while the server is killed at any moment. At the end each call that was acknowledged is one execution
//! with one end; no call of a node was made under two keys; no stream left an event out or told one twice; and every end was told to the
//! webhook under one id.

mod book;
mod clients;
mod judge;
mod prepare;
mod stream;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use self::book::Book;
use super::chance::Chance;
use super::judge::Report;
use super::options::{Database, Options};
use super::place::Place;
use super::prepare::{Credentials, owner, token};
use super::receiver::Receivers;
use super::server::Launch;
use super::world::World;
use super::{storm, time};
use crate::workspace::{Failure, Outcome};

/// Clients at work.
const CLIENTS: usize = 12;
/// Scopes of the owner's token.
const SCOPES: &[&str] = &["console.read", "console.write", "admin"];
/// Time in which every execution has to be over when the storm is.
const CALM_WITHIN: Duration = Duration::from_secs(60);

/// Runs the proof on one database.
///
/// # Errors
/// When it cannot be carried out. What it finds is in the report.
pub(super) fn run(options: &Options, binary: &Path, database: Database, place: &Place) -> Outcome<Report> {
    let receivers = Receivers::start(options.seed)?;
    let allow = receivers.allow_list();
    let launch = Launch::new(binary, &place.folder, place.database_url.as_deref(), allow, (0, 1));
    let key = owner(&launch)?;
    let server = launch.start()?;
    let token = token(server.address, SCOPES)?;
    let desk = Arc::new(prepare::desk(server.address, &token, &receivers)?);
    let world = Arc::new(World::new(Credentials { key, token }, Vec::new(), receivers, 1));
    let book = Arc::new(Book::default());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (world, book, desk) = (Arc::clone(&world), Arc::clone(&book), Arc::clone(&desk));
            let chance = Chance::new(options.seed, 14_000 + number as u64);
            std::thread::spawn(move || clients::Client::new(number, world, book, desk, chance).run())
        })
        .collect();
    let outcome = storm::storm_and_calm(options, database, &launch, &world, server);
    let is_calm = time::wait_until(CALM_WITHIN, || book.at_work() == 0);
    world.is_over.store(true, Ordering::SeqCst);
    let server = outcome?;
    for client in clients {
        if client.join().is_err() {
            world.ledger().violation("a client of this tool panicked");
        }
    }
    if !is_calm {
        return Err(Failure::new("executions were still not over a minute after the last kill"));
    }
    judge::judge(&world, &book, &desk, &launch, server, &place.folder)
}
