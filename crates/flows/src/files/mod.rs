//! Files: what people and programs upload to start a flow with (Flow API contract, section 10).
//!
//! A file is received piece by piece and never held whole in memory. Its row is written before its first byte, so that what
//! an upload that breaks off has left behind is found and removed. A file is unused until a run begins with it; unused ones
//! vanish after a day. The run that uses a file first claims it in the transaction in which it begins.
//!
//! Start reading with [`Upload`], then `inputs.rs` for how a run gets a file.

mod expire;
mod inputs;
mod kind;
mod name;
mod read;
mod receive;

pub use expire::handlers;
pub(crate) use inputs::{claims_of, claims_of_form, resolve_answer, resolve_inputs};
pub(crate) use kind::mime_type;
pub use name::clean_name;
pub use read::{chunk, find};
pub use receive::{Received, Upload, complete, discard};

/// Bytes of one file at most (Flow API contract, section 10).
pub const FILE_BYTES_MAX: u64 = 25 * 1024 * 1024;
/// Files of one upload at most (Flow API contract, section 10).
pub const FILES_MAX: usize = 10;
/// Seconds after which an unused file vanishes (Flow API contract, section 10).
pub const UNUSED_S: i64 = 24 * 3_600;
/// Unused files of one share link at most: whoever holds the link can upload, without proving anything else.
pub const UNUSED_OF_SHARE_MAX: u64 = 40;
/// Bytes of the unused files of one share link at most.
pub const UNUSED_OF_SHARE_BYTES_MAX: u64 = 10 * FILE_BYTES_MAX;
/// Bytes of the unused files of a workspace at most.
pub const UNUSED_BYTES_MAX: u64 = 80 * FILE_BYTES_MAX;
