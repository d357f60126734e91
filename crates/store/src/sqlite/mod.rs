//! SQLite: one writer thread that commits in groups, a few reader threads, one process.

mod checkpoint;
mod copy;
mod exec;
mod lock;
mod migrate;
mod open;
mod reader;
mod writer;

pub(crate) use copy::{Copies, contents, copy, verdict};
pub(crate) use exec::{bulk, describe, each, execute};
pub(crate) use lock::acquire as lock;
pub(crate) use migrate::{inspect, upgrade};
pub(crate) use open::{beside, open, open_temporary};
