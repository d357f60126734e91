//! What waits for a person because of an agent, as items of the inbox (console contract, section 5.5): calls of tools that need
//! approval, and conversations that a person has taken over.
//!
//! A call is answered with the digest of the tool and its arguments, so that nobody approves what they did not see. When the last call
//! that an exchange waits for is answered, the exchange that goes on is accepted in the same transaction: an answer that was given is
//! never without its effect.
//!
//! Start reading with `write.rs` for how items come to be, then `answer.rs`.

mod answer;
mod item;
mod list;
mod write;

pub use answer::{Answered, ItemAnswer, Prepared};
pub use item::{Item, Refusal};
pub use list::{Counts, Part, count, find, list};
pub use write::{Handover, close_handoff, hand_over};

pub(crate) use item::{call_content, hash_of};
pub(crate) use write::open;
