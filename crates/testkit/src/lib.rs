//! Floe testkit.

pub mod graph;
pub mod models;
pub mod postgres;
pub mod sim;
pub mod store;
