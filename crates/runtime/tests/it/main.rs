//! Integration tests of the runtime crate: one binary, no shared state, no network beyond loopback.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod outside_calls;
mod outside_redirects;
mod outside_scenarios;
mod outside_streams;
mod outside_tls;
mod outside_urls;
mod outside_world;
mod sandbox;
mod seal;
