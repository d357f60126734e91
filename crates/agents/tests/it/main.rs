//! The agents slice with real servers on loopback, on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use floe_testkit::on_both;

// The scripted server of the flows' tests: one request, one answer.
mod exchanges;
mod knowledge;
mod nodes;
#[path = "../../../flows/tests/it/stub.rs"]
mod stub;
mod tools;
mod world;
