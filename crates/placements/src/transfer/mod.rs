//! The whole configuration of an app as one document: out of one place and into another (Placements contract, section 12).
//!
//! A document holds what decides what a device is shown: screen flows with every published version, audiences, placements, experiments
//! with their variants and forced variants. It keeps every id, so that buckets and assignments stay the same where it is read. It holds
//! nothing of what users did, no keys, and no bytes of fonts and media: those are named by their digests, which are their addresses.
//!
//! Reading merges: what is there by its id is changed, what is not there is made, and nothing is taken away. Either all of it happens or
//! nothing.
//!
//! Start reading with `document.rs`, then [`export`]; the other way a text is [`Document::read`], [`Prepared::of`], [`import`].

mod document;
mod export;
mod import;
mod prepare;
mod report;

pub use document::{Document, FORMAT, FORMAT_VERSION};
pub use export::{Which, export};
pub use import::import;
pub use prepare::Prepared;
pub use report::{Counts, Imported, MissingFile};

/// Most bytes of a document, as it is written and as it is read.
pub const DOCUMENT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Most objects and arrays inside each other in a document: a draft may be saved deeper than it can be published, and lies some levels
/// down. What reads it stops at 128.
pub const DOCUMENT_DEPTH_MAX: usize = 110;
