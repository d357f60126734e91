//! Outgoing webhooks: who wants which event, when an attempt comes again, when an endpoint is switched off.

mod events;
mod state;

pub use events::{
    CALLBACK_KIND, EVENTS_MAX, Style, TREASURY_EVENTS, TREASURY_TEST, WORKFLOW_EVENTS, WORKFLOW_TEST, is_known, wants,
};
pub use state::{
    Counted, Counter, DeliveryStatus, Failed, Next, OFF_AFTER_FAILURES, OFF_AFTER_S, WORKFLOW_ATTEMPTS, after_failure,
    count,
};

/// Why an endpoint is off that a person switched off.
pub const SWITCHED_OFF: &str = "switched off";

#[cfg(test)]
mod tests;
