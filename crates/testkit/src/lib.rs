//! Floe testkit.

pub mod postgres;
pub mod store;
