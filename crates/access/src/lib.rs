//! Who may call, and what they did: workspaces, members, sessions, tokens, keys, rate limits, audit entries.
//!
//! Every credential becomes one [`Caller`](floe_model::access::Caller) here, before any slice sees the request. Secrets are
//! kept as keyed hashes only and are shown once, when they are made. Acts come in two parts: a `prepare` outside of the
//! transaction (randomness, hashing) and an `apply` inside it, so that the caller can save its answer in the same transaction.
//!
//! This crate must never know HTTP, and holds no SQL.
//!
//! Start reading with [`Access`] and `authenticate.rs`, then [`keys`] as an example of a resource.

pub mod account;
pub mod audit;
pub mod callback_secret;
pub mod connections;
pub mod credits;
pub mod derived;
pub mod groups;
pub mod invites;
pub mod keys;
pub mod links;
pub mod members;
pub mod rate;
pub mod requests;
pub mod resets;
pub mod secret;
pub mod sessions;
pub mod setup;
pub mod tokens;
pub mod usage;
pub mod variables;
pub mod wishes;
pub mod workspace;
pub mod workspaces;

mod act;
mod attempts;
mod authenticate;
mod cache;
mod identity;
mod password;
mod pins;
mod service;
mod standing;
mod sweep;
mod tell;

pub use act::Act;
pub use identity::{Identity, Presented, Proof, SessionFacts};
pub use secret::ServerSecret;
pub use service::{Access, AccessSettings};
