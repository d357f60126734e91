//! The binary `floe`: settings, the front door, the command line, and the wiring of everything else.
//!
//! Nothing here decides anything about the business: a command parses its arguments, calls a service or an API, and prints.
//! The parts are [`settings`] (where each value comes from), [`http`] (what reaches a route at all), [`cli`] (one file per
//! command) and [`operator`] (what the owner of the data folder may do, with or without a running server).
//!
//! Start reading with [`cli::run`].

pub mod http;
pub mod settings;
