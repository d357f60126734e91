//! PostgreSQL: threads that each drive their own connection, one that keeps this node alive among the others, and one that hears
//! what they tell.

mod connect;
mod listen;
mod migrate;
mod news;
mod node;
mod open;
mod plans;
mod session;
mod tls;
mod values;
mod worker;

pub(crate) use migrate::{inspect, upgrade};
pub(crate) use node::STATEMENTS as NODE_STATEMENTS;
pub(crate) use open::{Nodes, open};
pub(crate) use session::Session;
pub(crate) use values::{Int, Uuid};
