//! `cargo xtask crash --workflows`: the same storm over executions of workflows (Workflow API contract, sections 1, 9, 10 and 12).
//!
//! Clients start executions and repeat what was not answered, answer their reviews or cancel them, and read their streams, going on after
//! the last event that they saw, while the server is killed at any moment. At the end each call that was acknowledged is one execution
//! with one end; no call of a node was made under two keys; each payment run was made once; no stream left an event out or told one
//! twice; and every end was told to the webhook under one id.

mod book;
mod clients;
mod judge;
mod prepare;
mod stream;

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

pub(super) use prepare::Desk;

impl Proof for Desk {
    type Book = Book;
    const SCOPES: &'static [&'static str] =
        &["console.read", "console.write", "treasury.read", "treasury.write", "admin"];
    const CHANCES: u64 = 14_000;
    const RESTLESS: &'static str = "executions were still not over";

    fn prepare(address: SocketAddr, token: &str, receivers: &Receivers) -> Outcome<Self> {
        prepare::desk(address, token, receivers)
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
