//! Shapes of an agent's WhatsApp connection.

use crate::http::shape::{COUNT, FLAG, ID, INSTANT, Shape, TEXT, closed, may, must, object, text, words};

/// A connection that is to be set.
pub(in crate::console) const CONNECTION_IN: Shape = closed(
    "AgentWhatsappInput",
    &[
        must("phone_number_id", text(1, 32)).about("Digits"),
        may("access_token", TEXT).about("Without it, or with ***, the stored one stays"),
        may("business_account_id", text(1, 32)).about("Digits"),
        may("display_phone_number", text(0, 40)),
    ],
);
/// A connection without its token.
pub(in crate::console) const CONNECTION: Shape = object(
    "AgentWhatsapp",
    &[
        must("agent_id", ID),
        must("phone_number_id", TEXT),
        must("last4", TEXT.or_null()).about("Of a token of 12 characters or more"),
        must("business_account_id", TEXT.or_null()),
        must("display_phone_number", TEXT.or_null()),
        must("status", words(&["connected", "needs_attention"])),
        must("last_error", TEXT.or_null()),
        must("revision", COUNT),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
    ],
);
/// What came of a test.
pub(in crate::console) const TESTED: Shape = object(
    "AgentWhatsappTest",
    &[
        must("ok", FLAG),
        must("status_code", COUNT.or_null()),
        must("duration_ms", COUNT),
        must("message", TEXT),
        must("display_phone_number", TEXT.or_null()),
        must("verified_name", TEXT.or_null()),
    ],
);
