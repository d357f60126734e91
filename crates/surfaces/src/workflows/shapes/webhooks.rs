//! Shapes of outgoing webhooks.

use floe_model::webhooks::WORKFLOW_EVENTS;

use super::WIRE_ID;
use crate::http::shape::{
    COUNT, FLAG, INSTANT, Shape, TEXT, extend, input, int, list, map, may, must, object, text, words,
};

const EVENTS: Shape = list(&words(WORKFLOW_EVENTS)).at_most(100);
const URL: Shape = text(1, 2_048);
const HEADERS: Shape = map(&text(0, 1_000));

/// A webhook in a list.
pub(in crate::workflows) const ITEM: Shape = object(
    "WorkflowWebhookItem",
    &[
        must("id", WIRE_ID),
        must("name", TEXT),
        must("url", TEXT),
        must("events", list(&TEXT)),
        must("is_active", FLAG),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
    ],
);
/// A webhook.
pub(in crate::workflows) const WEBHOOK: Shape =
    extend("WorkflowWebhook", ITEM, &[must("headers", map(&TEXT).or_null())]);
/// A webhook that was just made.
pub(in crate::workflows) const MADE: Shape = extend(
    "MadeWorkflowWebhook",
    ITEM,
    &[
        must("headers", map(&TEXT).or_null()),
        must("secret", TEXT.or_null()).about("Shown this once; null in a repeated answer"),
    ],
);
/// A new webhook.
pub(in crate::workflows) const NEW: Shape = input(
    "NewWorkflowWebhook",
    &[must("name", text(1, 255)), must("url", URL), must("events", EVENTS), may("headers", HEADERS)],
);
/// A change of a webhook.
pub(in crate::workflows) const PATCH: Shape = input(
    "WorkflowWebhookPatch",
    &[
        may("name", text(1, 255)),
        may("url", URL),
        may("events", EVENTS),
        may("headers", HEADERS).about("All of them; null for none"),
        may("is_active", FLAG),
    ],
);
/// A webhook that was deleted.
pub(in crate::workflows) const DELETED: Shape =
    object("DeletedWorkflowWebhook", &[must("id", WIRE_ID), must("deleted", FLAG)]);
/// How a test went.
pub(in crate::workflows) const TESTED: Shape = object(
    "WorkflowWebhookTest",
    &[
        must("webhook_id", WIRE_ID),
        must("delivery_id", WIRE_ID),
        must("success", FLAG).about("Any 2xx in time"),
        must("status_code", int(100, 999).or_null()),
        must("response_time_ms", COUNT),
        must("message", TEXT),
        must("error", TEXT.or_null()),
        must("error_message", TEXT.or_null()).about("The same as error"),
    ],
);
/// A delivery.
pub(in crate::workflows) const DELIVERY: Shape = object(
    "WorkflowDelivery",
    &[
        must("id", WIRE_ID),
        must("webhook_id", WIRE_ID),
        must("event_type", TEXT),
        must("status", words(&["pending", "success", "failed", "retrying"])),
        must("attempts", COUNT),
        must("response_status", int(100, 999).or_null()),
        must("response_time_ms", COUNT.or_null()),
        must("error_message", TEXT.or_null()),
        must("created_at", INSTANT),
        must("last_attempt_at", INSTANT.or_null()),
        must("next_retry_at", INSTANT.or_null()),
    ],
);
