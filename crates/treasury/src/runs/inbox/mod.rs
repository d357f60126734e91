//! Payment runs as items of the inbox (console contract, section 5.5): one item a run that came to approval, open while it waits.
//!
//! An item is answered with the digest of everything that is approved, so that nobody approves what changed since they looked. Start
//! reading with `item.rs`, then `list.rs` and `answer.rs`.

mod answer;
mod item;
mod list;

pub use answer::{Answer, answer};
pub use item::{Item, Refusal, Status, find, is_run};
pub use list::{Counts, Filter, Order, Part, count, list};
