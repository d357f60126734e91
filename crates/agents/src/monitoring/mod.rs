//! What agents did and what it cost: usage, activity, numbers (agents contract, sections 3 and 6).

mod activity;
mod credits;
mod performance;
mod usage;

pub use activity::{Entry, Trace, activity, entry};
pub use credits::{Credits, credits};
pub use performance::{Latency, Performance, mean, performance, recent};
pub use usage::{Usage, usage};
