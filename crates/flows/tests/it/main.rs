//! Tests of the flows slice with real effects: HTTP to servers on loopback, code in real sandbox children.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod code_step;
mod definitions;
mod example_flows;
mod http_step;
mod nodes;
mod runs;
mod schedules;
mod scripts;
mod stub;
mod world;
