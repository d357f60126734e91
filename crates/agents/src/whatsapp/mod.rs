//! The WhatsApp relay: templates that agents send through the Graph API (Agents contract, section 4).
//!
//! A send is written down before it is made and is made once: it is repeated only when no byte of it has left. What a process that
//! was killed left behind is told as `unknown`, never sent again. In test mode nothing is sent.
//!
//! Start reading with `send.rs`; `connection.rs` has the numbers from which agents send.

mod connection;
mod graph;
mod send;

use std::sync::Arc;

use floe_runtime::jobs::JobHandler;

pub use connection::{Probe, check_revision, delete, find, note_probe, open, probe, put};
pub use send::{Ready, Sent, begin, finish, perform};

/// Where the Graph API is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphSettings {
    /// `https://graph.facebook.com` unless set; without a slash at the end.
    pub base_url: String,
    /// `v23.0` unless set.
    pub version: String,
    /// Longest time for an answer, in milliseconds (Agents contract, section 4.2).
    pub timeout_ms: u64,
}

/// Longest time for an answer, in milliseconds (Agents contract, section 4.2).
const TIMEOUT_MS: u64 = 30_000;

impl Default for GraphSettings {
    fn default() -> Self {
        Self { base_url: "https://graph.facebook.com".to_owned(), version: "v23.0".to_owned(), timeout_ms: TIMEOUT_MS }
    }
}

/// Durable work of the relay.
pub(crate) fn handlers() -> Vec<Arc<dyn JobHandler>> {
    vec![Arc::new(send::LeftBehind)]
}
