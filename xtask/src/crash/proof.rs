//! What the proofs of single products have in common: clients of one kind at one server, through a storm, and a judge behind it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::chance::Chance;
use super::judge::Report;
use super::options::{Database, Options};
use super::place::Place;
use super::prepare::{Credentials, owner, token};
use super::receiver::Receivers;
use super::server::{Launch, Server};
use super::world::World;
use super::{storm, time};
use crate::workspace::{Failure, Outcome};

/// Clients at work.
const CLIENTS: usize = 12;
/// Time in which everything has to be answered or over when the storm is.
const CALM_WITHIN: Duration = Duration::from_secs(180);

/// A proof; the value is what its clients work on.
pub(super) trait Proof: Sized + Send + Sync + 'static {
    /// What the clients note.
    type Book: Default + Send + Sync + 'static;
    /// Scopes of the owner's token.
    const SCOPES: &'static [&'static str];
    /// Number of the first client's dice, so that no two proofs throw the same.
    const CHANCES: u64;
    /// What is wrong when there is no calm.
    const RESTLESS: &'static str;

    /// Makes what the clients work on.
    fn prepare(address: SocketAddr, token: &str, receivers: &Receivers) -> Outcome<Self>;

    /// One client, until the world is over.
    fn client(number: usize, world: Arc<World>, book: Arc<Self::Book>, subject: Arc<Self>, chance: Chance);

    /// How many clients wait for something.
    fn at_work(book: &Self::Book) -> usize;

    /// Judges what was left behind.
    fn judge(
        &self,
        world: &World,
        book: &Self::Book,
        launch: &Launch,
        server: Server,
        folder: &Path,
    ) -> Outcome<Report>;
}

/// Runs a proof on one database.
///
/// # Errors
/// When it cannot be carried out. What it finds is in the report.
pub(super) fn run<P: Proof>(options: &Options, binary: &Path, database: Database, place: &Place) -> Outcome<Report> {
    let receivers = Receivers::start(options.seed)?;
    let allow = receivers.allow_list();
    let launch = Launch::new(binary, &place.folder, place.database_url.as_deref(), allow, (0, 1));
    let key = owner(&launch)?;
    let server = launch.start()?;
    let token = token(server.address, P::SCOPES)?;
    let subject = Arc::new(P::prepare(server.address, &token, &receivers)?);
    let world = Arc::new(World::new(Credentials { key, token }, Vec::new(), receivers, 1));
    let book = Arc::new(P::Book::default());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (world, book, subject) = (Arc::clone(&world), Arc::clone(&book), Arc::clone(&subject));
            let chance = Chance::new(options.seed, P::CHANCES + number as u64);
            std::thread::spawn(move || P::client(number, world, book, subject, chance))
        })
        .collect();
    let outcome = storm::storm_and_calm(options, database, &launch, &world, server);
    let is_calm = time::wait_until(CALM_WITHIN, || P::at_work(&book) == 0);
    world.is_over.store(true, Ordering::SeqCst);
    let server = outcome?;
    for client in clients {
        if client.join().is_err() {
            world.ledger().violation("a client of this tool panicked");
        }
    }
    if !is_calm {
        return Err(Failure(format!("{} three minutes after the last kill", P::RESTLESS)));
    }
    subject.judge(&world, &book, &launch, server, &place.folder)
}
