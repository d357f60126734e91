//! Shapes of webhooks and deliveries.

use super::keys::MODE;
use super::page;
use crate::http::shape::{
    COUNT, FLAG, ID, INSTANT, NUMBER, Shape, TEXT, closed, extend, int, list, map, may, must, object, text, words,
};

/// How deliveries are written and signed.
pub(in crate::console) const STYLE: Shape = words(&["treasury", "standard", "workflow"]);
const ANY_MODE: Shape = words(&["live", "test", "any"]);
const EVENTS: Shape = list(&text(1, 200)).at_most(100);
const URL: Shape = text(1, 2_048);
const HEADERS: Shape = map(&text(0, 1_000));

/// A webhook without its secret.
pub(in crate::console) const WEBHOOK: Shape = object(
    "Webhook",
    &[
        must("id", ID),
        must("name", TEXT),
        must("url", TEXT),
        must("style", STYLE),
        must("mode", ANY_MODE),
        must("events", list(&TEXT)),
        must("headers", list(&TEXT)).about("Names of the headers that it adds"),
        must("is_active", FLAG),
        must("status", words(&["active", "disabled"])),
        must("disabled_reason", TEXT.or_null()),
        must("failure_count", COUNT).about("Failed first attempts since the last success"),
        must("success_rate_24h", NUMBER.or_null()).about("0 to 1, of the last 1,000 attempts; null without any"),
        must("last_triggered_at", INSTANT.or_null()),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
        must("revision", COUNT),
    ],
);
pub(in crate::console) const WEBHOOKS: Shape = object("Webhooks", &page(&WEBHOOK));
/// A webhook with a new secret.
pub(in crate::console) const MADE_WEBHOOK: Shape = extend(
    "MadeWebhook",
    WEBHOOK,
    &[must("secret", TEXT.or_null()).about("Shown this once; null in a repeated answer")],
);
/// A new webhook.
pub(in crate::console) const NEW_WEBHOOK: Shape = closed(
    "NewWebhook",
    &[
        must("name", text(1, 100)),
        must("url", URL),
        must("style", STYLE),
        may("mode", ANY_MODE).about(
            "That of the request unless given; any is not for style treasury, and the only one for style workflow",
        ),
        must("events", EVENTS)
            .about("Style standard: also * and <product>.*; the other styles: names without the product"),
        may("headers", HEADERS).about("Not for style treasury"),
        may("is_active", FLAG),
    ],
);
/// A change of a webhook.
pub(in crate::console) const WEBHOOK_PATCH: Shape = closed(
    "WebhookPatch",
    &[
        may("name", text(1, 100)),
        may("url", URL),
        may("mode", ANY_MODE),
        may("events", EVENTS),
        may("headers", HEADERS).about("All of them"),
        may("is_active", FLAG).about("true clears the counter of failures"),
    ],
);
/// How long the secret until now signs along.
pub(in crate::console) const OVERLAP: Shape = closed("WebhookOverlap", &[may("overlap_minutes", int(0, 1_440))]);
/// How a test went.
pub(in crate::console) const TESTED: Shape = object(
    "WebhookTest",
    &[
        must("success", FLAG),
        must("status_code", int(100, 999).or_null()),
        must("duration_ms", COUNT),
        must("error", TEXT.or_null()),
    ],
);
/// Which deliveries to send once more.
pub(in crate::console) const REPLAY: Shape = closed(
    "WebhookReplay",
    &[
        may("since", INSTANT),
        may("until", INSTANT).about("Now unless given"),
        may("status", list(&STATUS).at_most(10)),
        may("event_types", EVENTS),
    ],
);
/// Work that was accepted.
pub(in crate::console) const RECEIPT: Shape = object("WebhookReplayReceipt", &[must("job_id", ID)]);
/// How far a delivery has come.
pub(in crate::console) const STATUS: Shape =
    words(&["pending", "success", "retrying", "failed", "abandoned", "skipped"]);
/// A delivery.
pub(in crate::console) const DELIVERY: Shape = object(
    "Delivery",
    &[
        must("id", ID),
        must("endpoint_id", ID.or_null())
            .about("Null for the answer of an agent, which goes to the address of its call"),
        must("event_id", ID),
        must("event_type", TEXT),
        must("mode", MODE),
        must("status", STATUS),
        must("attempt_count", COUNT),
        must("next_attempt_at", INSTANT.or_null()),
        must("created_at", INSTANT),
        must("finished_at", INSTANT.or_null()),
    ],
);
pub(in crate::console) const DELIVERIES: Shape = object("Deliveries", &page(&DELIVERY));
const REQUEST: Shape = object("", &[must("headers", map(&TEXT)), must("body", TEXT)]);
const RESPONSE: Shape =
    object("", &[must("status", int(100, 999)), must("headers", map(&TEXT)), must("body", TEXT.or_null())]);
const ATTEMPT: Shape = object(
    "DeliveryAttempt",
    &[
        must("id", ID),
        must("n", COUNT).about("0 for a note that no attempt was made"),
        must("at", INSTANT),
        must("url", TEXT.or_null()),
        must("success", FLAG),
        must("request", REQUEST.or_null()).about("As it was sent, without the headers that the webhook adds"),
        must("response", RESPONSE.or_null()).about("The first 10,000 bytes of the body"),
        must("duration_ms", COUNT.or_null()),
        must("error", TEXT.or_null()),
    ],
);
/// A delivery with its attempts.
pub(in crate::console) const FULL_DELIVERY: Shape =
    extend("FullDelivery", DELIVERY, &[must("attempts", list(&ATTEMPT))]);
