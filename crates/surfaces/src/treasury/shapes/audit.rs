//! The audit log.

use super::{TIME, page};
use crate::http::shape::{COUNT, FLAG, ID, JSON_OBJECT, Shape, TEXT, must, object};

/// An event.
pub(in crate::treasury) const AUDIT_EVENT: Shape = object(
    "AuditEvent",
    &[
        must("id", ID),
        must("run_id", ID.or_null()),
        must("agent_type", TEXT),
        must("action", TEXT),
        must("detail", JSON_OBJECT),
        must("created_at", TIME),
    ],
);
pub(in crate::treasury) const AUDIT_EVENTS: Shape = object("AuditEvents", &page(&AUDIT_EVENT));
pub(in crate::treasury) const AUDIT_CHAIN_VERDICT: Shape =
    object("AuditChainVerdict", &[must("valid", FLAG), must("events", COUNT), must("first_bad_id", ID.or_null())]);
