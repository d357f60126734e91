//! Tables of outgoing webhooks. [`enqueue`] is what other slices call: it makes the deliveries of an event in the transaction of
//! the change that caused it.

use crate::Statement;

pub mod attempts;
pub mod callbacks;
pub mod cursor;
pub mod deliveries;
pub mod endpoints;
pub mod lanes;
pub mod messages;
pub mod retention;

pub use messages::{NewMessage, enqueue, enqueue_all};

/// The statements of each table file, one line a file.
pub(crate) const TABLES: &[&[Statement]] = &[
    attempts::STATEMENTS,
    callbacks::STATEMENTS,
    cursor::STATEMENTS,
    deliveries::STATEMENTS,
    endpoints::STATEMENTS,
    lanes::STATEMENTS,
    messages::STATEMENTS,
    retention::STATEMENTS,
];
