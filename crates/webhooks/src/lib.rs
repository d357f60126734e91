//! Outgoing webhooks: endpoints, deliveries, signatures, retries; one engine for every product and style.
//!
//! A delivery is a row that was written with the change that caused it (`floe_store::webhooks::enqueue`). The engine makes the attempts:
//! first ones in order and one at a time for each endpoint, later ones aside, so that a receiver that is dead, slow or
//! endless delays nobody but itself. It must never know what an event means, and holds no SQL.
//!
//! Start reading with [`Webhooks`], then `message.rs` (what is sent), `signature.rs`, `attempt.rs` (one attempt), `record.rs` (what follows
//! from it) and `engine` (when attempts are made).

mod attempt;
pub mod callbacks;
pub mod endpoints;
pub mod engine;
pub mod log;
mod message;
mod record;
mod send;
pub mod signature;
mod sweep;
mod trail;

use std::sync::Arc;

use floe_runtime::Platform;
use floe_runtime::jobs::JobHandler;

pub use attempt::Outcome;
pub use engine::Engine;
pub use send::{Redelivered, Tested};

/// What an operator sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Plain http to public addresses for endpoints of the styles `standard` and `workflow` (`FLOE_WEBHOOK_ALLOW_HTTP`).
    pub allow_http: bool,
    /// How long an attempt may take, all in all, in milliseconds.
    pub attempt_ms: u64,
    /// Attempts of a delivery of style `workflow` in all, 1 to 10 (`FLOE_WEBHOOK_ATTEMPTS`).
    pub workflow_attempts_max: u32,
}

impl Default for Settings {
    /// As the contracts have it (treasury contract, section 8.1).
    fn default() -> Self {
        Self { allow_http: false, attempt_ms: 10_000, workflow_attempts_max: floe_model::webhooks::WORKFLOW_ATTEMPTS }
    }
}

/// The service: what the server builds once and the surfaces call. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks {
    platform: Arc<Platform>,
    settings: Settings,
}

impl Webhooks {
    /// The service on a platform.
    #[must_use]
    pub fn new(platform: Arc<Platform>, settings: Settings) -> Self {
        Self { platform, settings }
    }

    /// What every slice shares.
    #[must_use]
    pub fn platform(&self) -> &Arc<Platform> {
        &self.platform
    }
}

/// Durable work of this slice.
#[must_use]
pub fn handlers(webhooks: &Arc<Webhooks>) -> Vec<Arc<dyn JobHandler>> {
    vec![Arc::new(sweep::Sweep), Arc::new(log::Replays(Arc::clone(webhooks)))]
}
