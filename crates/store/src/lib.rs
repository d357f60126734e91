//! All SQL of Floe, for SQLite and PostgreSQL, and the transactions that run it.
//!
//! A transaction is a synchronous closure: [`Store::write`] and [`Store::read`] run it on a database thread, so nobody can
//! wait for the network inside it and a dropped request cannot cancel it half-way. On SQLite waiting closures share one
//! commit (group commit); on PostgreSQL each has its own. "Answered" means "on disk".
//!
//! This crate must never decide anything about the business and must not know the wire. Other crates call the functions
//! of the table files (`platform`, `access`, `flows`), one file a table; no SQL exists outside of them.
//!
//! Start reading with [`Store`] and [`Tx`], then `statements!` in `sql.rs` (how a table file declares its SQL), then any table file.

mod act;
mod change;
mod config;
mod copies;
mod like;
mod lock;
mod migrate;
mod migrations;
mod node;
mod postgres;
mod queue;
mod row;
mod sql;
mod sql_text;
mod sqlite;
mod store;
pub mod treasury;
mod tx;
mod upgrade;
mod value;

#[cfg(test)]
#[allow(dead_code, unreachable_pub, reason = "public in the test kit, of which this uses a part")]
#[path = "../../testkit/src/postgres.rs"]
mod test_database;

pub mod access;
pub mod agents;
pub mod flows;
pub mod operation;
pub mod placements;
pub mod platform;
pub mod webhooks;

pub use change::Change;
pub use config::{Dialect, Location, OpenError, StoreConfig};
pub use copies::{Contents, CopyError, check_file};
pub use lock::DatabaseLock;
pub use node::{Node, Role};
pub use row::Row;
pub use sql::{BulkSql, Column, Described, Kind, Sql, Statement};
pub use store::{Statistics, Store};
pub use tx::Tx;
pub use upgrade::{Schema, Step, Upgrade, inspect, schema_version, upgrade};
pub use value::Value;

pub(crate) use sql::{column, statement, statement_entry, statements};
pub(crate) use value::params;

/// Every registered statement, table by table: what the statement test prepares on both databases.
pub fn statements() -> impl Iterator<Item = &'static Statement> {
    [
        platform::TABLES,
        access::TABLES,
        agents::TABLES,
        flows::TABLES,
        operation::TABLES,
        placements::TABLES,
        treasury::TABLES,
        webhooks::TABLES,
    ]
    .into_iter()
    .flatten()
    .flat_map(|table| table.iter())
}
