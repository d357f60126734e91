//! SQLite: one writer thread that commits in groups, a few reader threads, one process.

mod exec;
mod lock;
mod migrate;
mod open;
mod reader;
mod writer;

pub(crate) use exec::{bulk, describe, each, execute};
pub(crate) use open::{beside, open, open_temporary};
