//! What a slice is given to work with: the platform (store, clock, ids, the guarded HTTP client, the JavaScript
//! sandbox), the context of one request, and the traits by which slices join the running server.
//!
//! This crate knows no slice. Nothing outside [`outside`] may open an outgoing connection, and nothing outside
//! [`clock`] and [`ids`] may read the time or draw randomness.
//!
//! Start reading with [`Platform`], then [`jobs`].

pub mod child_runs;
pub mod clock;
pub mod connections;
pub mod credits;
pub mod directory;
pub mod documents;
pub mod effect;
pub mod ids;
pub mod jobs;
pub mod models;
pub mod outside;
pub mod paid;
pub mod platform;
pub mod sandbox;
pub mod seal;
pub mod tools;
pub mod trail;

pub use clock::{Clock, SystemClock};
pub use ids::Ids;
pub use platform::{Ctx, Platform};
pub use seal::Seal;
