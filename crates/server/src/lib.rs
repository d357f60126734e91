//! The binary `floe`: settings, the front door, the command line, and the wiring of everything else.
//!
//! Nothing here decides anything about the business: a command parses its arguments, calls a service or an API, and prints.
//! The parts are [`settings`] (where each value comes from), [`http`] (what reaches a route at all), [`cli`] (one file per
//! command), [`operator`] (what the owner of the data folder may do, with or without a running server) and [`app`] (the wiring).
//!
//! Start reading with [`cli::run`].

pub mod app;
pub mod cli;
pub mod http;
pub mod operator;
pub mod settings;

use floe_engine::catalog::Catalog;

/// The step types that a server with these settings runs: what the machine carries out itself, and what the slices add.
#[must_use]
pub fn catalog(settings: &settings::Settings) -> Catalog {
    floe_flows::steps::catalog(&floe_flows::steps::effects(settings.code_steps))
}
