//! Flows as documents: copies within a workspace, and out of one and into another (Flow API contract, section 12).
//!
//! A document holds what a flow is and nothing of where it was: no owner, no versions, no runs, no secret values. Whatever it
//! names that the other place may lack is listed, so that the one who imports it can give other names.
//!
//! Start reading with [`export`], then [`Document`].

mod copy;
mod document;
mod export;
mod import;

pub use copy::{clone, differences};
pub use document::{Document, FORMAT, FORMAT_VERSION, checksum};
pub use export::{Exported, export};
pub use import::{Imported, Warning, import};
