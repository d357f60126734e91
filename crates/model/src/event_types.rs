//! The names of the domain events of the products that are here (console contract, section 5.4).

/// Every name that an event can have, product by product.
pub const EVENT_TYPES: &[&str] = &[
    "flows.run.started",
    "flows.run.waiting",
    "flows.run.completed",
    "flows.run.failed",
    "flows.run.cancelled",
    "flows.flow.published",
    "flows.flow.unpublished",
    "flows.flow.deleted",
    "platform.inbox.created",
    "platform.inbox.answered",
    "platform.inbox.expired",
    "platform.key.created",
    "platform.key.rotated",
    "platform.key.revoked",
    "platform.member.added",
    "platform.member.changed",
    "platform.member.removed",
    "platform.webhook.disabled",
    "platform.credits.low",
    "platform.backup.failed",
];
