//! Floe testkit.

pub mod postgres;
pub mod sim;
pub mod store;
