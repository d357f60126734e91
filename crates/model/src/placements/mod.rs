//! Placements: which screens a person is shown, decided without I/O (Placements contract).
//!
//! Everything here is pure: the same values give the same answer on every node. What is stored, served and counted is of the slice.

pub mod app;
pub mod asking;
pub mod assets;
pub mod attributes;
pub mod bucket;
pub mod compact;
pub mod decide;
pub mod event;
pub mod experiment;
pub mod filter;
pub mod numbers;
pub mod place_key;
pub mod schedule;
pub mod screen;
pub mod sdk_error;
pub mod stats;
mod words;

pub use words::{NoFlow, PlacementStatus, Platform, Platforms};
