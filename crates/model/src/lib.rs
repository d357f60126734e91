//! The nouns of Floe and their decisions as pure functions.
//!
//! Everything here is plain data and plain functions: typed ids, time, permissions, the errors a caller can see,
//! and the state transitions of each noun. It must never do I/O, read a clock, draw randomness, know SQL, or know HTTP.
//!
//! Start reading with [`Fault`] (what every layer answers when it cannot do what was asked), then [`id`] and [`Scope`]
//! (who owns a record), then the folder of the business area that you came for.

pub mod access;
pub mod agents;
pub mod event_types;
pub mod fault;
pub mod flows;
pub mod hex;
pub mod id;
pub mod pattern;
pub mod placements;
pub mod scope;
pub mod time;
pub mod treasury;
pub mod webhooks;
mod words;

pub use fault::{Fault, FaultKind, FieldProblem};
pub use scope::{Mode, Scope};
pub use time::Timestamp;
