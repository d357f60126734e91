//! The binary `floe`: settings, the front door, the command line, and the wiring of everything else.
//!
//! Nothing here decides anything about the business: a command parses its arguments, calls a service or an API, and prints.
//! The parts are [`settings`] (where each value comes from), [`http`] (what reaches a route at all), [`cli`] (one file per
//! command), [`operator`] (what the owner of the data folder may do, with or without a running server), [`app`] (the wiring),
//! [`registry`] (what is wired: the table of contents), [`demo`] (a server with made-up data), and [`bench`] (what this machine
//! makes of it).
//!
//! Start reading with [`cli::run`].

pub mod app;
pub mod bench;
pub mod cli;
pub mod demo;
pub mod http;
pub mod operation;
pub mod operator;
pub mod registry;
pub mod settings;
