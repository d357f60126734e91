//! Floe testkit.

pub mod graph;
pub mod models;
pub mod pdf;
pub mod postgres;
pub mod sim;
pub mod store;
pub mod wait;
