//! Share links: a flow's latest published version for whoever holds a text (Flow API contract, section 10).
//!
//! The link is a row that tells nothing; its text is made again from it by the access slice, under the server's secret. A link
//! that is replaced or ended is gone. One whose flow was unpublished or deleted answers like one that never was.
//!
//! Start reading with [`ShareChange`], then `form.rs` for what strangers see.

mod change;
mod form;

pub use change::{LinkSecret, ShareChange};
pub(crate) use change::{apply, end};
pub use form::{ShareForm, Shared};
