//! Screen flows: the JSON that draws screens on a device, as far as the server understands it (Placements contract, section 10).
//!
//! The server stores, checks and serves this JSON; it never draws it, and what it does not know passes through untouched. The checks
//! here find what would make a device drop a node or refuse the whole flow (errors), and what looks like a slip (warnings).
//!
//! Start reading with [`check`], then `walk.rs` for how a schema is taken apart.

mod actions;
mod check;
mod conditions;
mod diff;
mod findings;
mod fonts;
mod graph;
mod place;
mod starter;
mod uses;
mod walk;
mod words;

pub use check::{Stored, check};
pub use diff::{Diff, diff};
pub use findings::{FINDINGS_MAX, Finding, Findings};
pub use fonts::{FontFace, FontStyle, FontUse, fonts_served, fonts_used};
pub use starter::{SCHEMA_VERSION, starter};
pub use uses::{Used, Uses, uses};

/// Most bytes of the text of a flow (section 10.7).
pub const SCHEMA_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Most objects and arrays inside each other, the flow itself counted (section 10.7).
pub const DEPTH_MAX: usize = 64;

#[cfg(test)]
mod tests;
