//! `cargo xtask crash --agents`: the same storm over exchanges of agents (Agents contract, section 8).
//!
//! Clients talk to an agent, directly, as a stream and in the background, with and without a tool, and repeat what was not answered, while
//! the server is killed at any moment. At the end every call that was answered or acknowledged is one exchange, stored once and charged
//! once; every answer for an address has arrived there under one id; and no call of a tool was made under two keys.

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

pub(super) use prepare::Agent;

impl Proof for Agent {
    type Book = Book;
    const SCOPES: &'static [&'static str] = &["console.read", "console.write", "admin"];
    const CHANCES: u64 = 12_000;
    const RESTLESS: &'static str = "calls were still not answered";

    fn prepare(address: SocketAddr, token: &str, receivers: &Receivers) -> Outcome<Self> {
        prepare::agent(address, token, receivers)
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
