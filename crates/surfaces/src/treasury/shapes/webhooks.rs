//! Endpoints of webhooks and their log.

use super::{TIME, page};
use crate::http::shape::{COUNT, FLAG, ID, Shape, TEXT, extend, input, int, list, may, must, object, text, words};

/// What can be picked; `webhook.test` is always sent.
const EVENT: Shape = words(&[
    "approval.requested",
    "approval.completed",
    "run.completed",
    "run.failed",
    "payout.succeeded",
    "payout.failed",
    "candidate.flagged",
    "webhook.test",
]);
const EVENTS: Shape = list(&EVENT).at_most(100);
const URL: Shape = text(1, 2_048);
/// An endpoint, never with its secret.
pub(in crate::treasury) const WEBHOOK: Shape = object(
    "TreasuryWebhook",
    &[
        must("id", ID),
        must("url", TEXT),
        must("events", list(&TEXT)),
        must("is_active", FLAG),
        must("failure_count", COUNT).about("Failed first attempts since the last success; five switch it off"),
        must("last_triggered_at", TIME.or_null()),
        must("created_at", TIME),
        must("disabled_reason", TEXT.or_null()),
    ],
);
pub(in crate::treasury) const WEBHOOKS: Shape = object("TreasuryWebhooks", &page(&WEBHOOK));
const SECRET: Shape = TEXT.or_null();
/// An endpoint that was just made.
pub(in crate::treasury) const MADE_WEBHOOK: Shape = extend(
    "MadeTreasuryWebhook",
    WEBHOOK,
    &[
        must("secret", SECRET).about("Signs every delivery; shown this once, null in a repeated answer"),
        must("verified", FLAG).about("Whether the test was taken"),
        must("verification_message", TEXT),
    ],
);
/// An endpoint with another secret.
pub(in crate::treasury) const ROTATED: Shape = extend(
    "RotatedTreasuryWebhook",
    WEBHOOK,
    &[must("secret", SECRET).about("Shown this once, null in a repeated answer")],
);
/// An endpoint to make.
pub(in crate::treasury) const NEW_WEBHOOK: Shape = input(
    "NewTreasuryWebhook",
    &[must("url", URL).about("https; it must lead to a public address"), must("events", EVENTS).about("At least one")],
);
pub(in crate::treasury) const WEBHOOK_PATCH: Shape =
    input("TreasuryWebhookPatch", &[may("url", URL), may("events", EVENTS), may("is_active", FLAG)]);
/// How a test went.
pub(in crate::treasury) const TESTED: Shape = object(
    "TreasuryWebhookTest",
    &[
        must("success", FLAG),
        must("status_code", int(100, 999).or_null()),
        must("duration_ms", COUNT),
        must("error_message", TEXT.or_null()),
    ],
);
/// An entry of the log.
pub(in crate::treasury) const DELIVERY: Shape = object(
    "TreasuryDelivery",
    &[
        must("id", ID),
        must("event_name", TEXT),
        must("delivery_id", ID.or_null()).about("As in the headers of the attempt; null when none was made"),
        must("event_id", ID).about("The same for all attempts of one event"),
        must("attempt", COUNT),
        must("status_code", int(100, 999).or_null()),
        must("success", FLAG),
        must("error_message", TEXT.or_null()),
        must("duration_ms", COUNT.or_null()),
        must("delivered_at", TIME),
    ],
);
pub(in crate::treasury) const DELIVERIES: Shape = object("TreasuryDeliveries", &page(&DELIVERY));
