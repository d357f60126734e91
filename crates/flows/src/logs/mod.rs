//! The log of a flow (Flow API contract, section 9).
//!
//! What happens to runs and their steps is not written a second time: their rows and journals hold it, in the transaction in which
//! it happened, and the log reads it from there. A run therefore pays nothing for being logged. Only what nothing else holds is a
//! row of its own: what happened to the flow itself, to its schedule and to its share link ([`note()`]). Decision 0011 says more.

mod acts;
mod derive;
mod entry;
mod event;
mod list;
mod note;

pub(crate) use acts::note_act;
pub use entry::Entry;
pub use event::{Event, LEVELS};
pub use list::{LogPage, Wanted};
pub(crate) use note::note_by_server;
pub use note::{Note, note};
