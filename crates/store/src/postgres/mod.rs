//! PostgreSQL: threads that each drive their own connection, and one connection that holds this node's lock.

mod connect;
mod guard;
mod migrate;
mod open;
mod session;
mod tls;
mod values;
mod worker;

pub(crate) use guard::Stop;
pub(crate) use open::open;
pub(crate) use session::Session;
pub(crate) use values::{Int, Uuid};
