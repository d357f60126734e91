//! `cargo xtask crash --events`: the same storm over what apps report (Placements contract, section 5).
//!
//! Clients send batches of events, some of them again and again, while the server is killed at any moment. At the end every event that
//! was answered with 202 is there, none is there twice, none that nobody sent, and the sums say the same as the events.

mod book;
mod clients;
mod judge;
mod prepare;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use self::book::Book;
use super::chance::Chance;
use super::judge::Report;
use super::proof::Proof;
use super::receiver::Receivers;
use super::server::{Launch, Server};
use super::world::World;
use crate::workspace::Outcome;

pub(super) use prepare::App;

impl Proof for App {
    type Book = Book;
    const SCOPES: &'static [&'static str] = &["console.read", "placements.manage"];
    const CHANCES: u64 = 9_000;
    const RESTLESS: &'static str = "batches were still not answered";

    fn prepare(address: SocketAddr, token: &str, _: &Receivers) -> Outcome<Self> {
        prepare::app(address, token)
    }

    fn client(number: usize, world: Arc<World>, book: Arc<Book>, subject: Arc<Self>, chance: Chance) {
        clients::Client::new(number, world, book, subject, chance).run();
    }

    fn at_work(book: &Book) -> usize {
        book.at_work()
    }

    fn judge(&self, world: &World, book: &Book, launch: &Launch, server: Server, folder: &Path) -> Outcome<Report> {
        judge::judge(world, book, self, launch, server, folder)
    }
}
