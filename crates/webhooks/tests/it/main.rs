//! Deliveries to real HTTP receivers on loopback, on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use floe_testkit::on_both;

mod attempts;
mod callbacks;
mod endpoints;
mod engine;
mod receiver;
mod standard;
mod workflow;
mod world;
