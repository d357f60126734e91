//! Shapes of WhatsApp.

use crate::http::shape::{
    ANY, FLAG, ID, INSTANT, JSON_OBJECT, Shape, TEXT, input, list, may, must, object, open, text, words,
};

/// A template that is to be sent.
pub(in crate::agents) const TEMPLATE: Shape = input(
    "WhatsappTemplate",
    &[
        must("recipient_phone_number", text(1, 64)).about("Country code and number"),
        must("template_name", text(1, 512)),
        must("language", text(2, 8)).about("E.g. en_US"),
        may("customer_name", text(0, 200)).about("For a contact that has no name yet"),
        may("parameters", list(&JSON_OBJECT)).about("Component objects, sent on as template.components"),
    ],
);
/// What the network answers.
pub(in crate::agents) const SENT: Shape =
    open("WhatsappSent", &[may("messaging_product", TEXT), may("contacts", list(&ANY)), may("messages", list(&ANY))]);
/// A connection that is to be set.
pub(in crate::agents) const CONNECTION_IN: Shape = input(
    "WhatsappConnectionInput",
    &[
        must("phone_number_id", text(1, 32)).about("Digits"),
        may("access_token", TEXT).about("Without it, or with ***, the stored one stays"),
        may("business_account_id", text(1, 32)).about("Digits"),
        may("display_phone_number", text(0, 40)),
    ],
);
/// A connection without its token.
pub(in crate::agents) const CONNECTION: Shape = object(
    "WhatsappConnection",
    &[
        must("agent_id", ID),
        must("phone_number_id", TEXT),
        must("access_token_last4", TEXT.or_null()).about("Of a token of 12 characters or more"),
        must("business_account_id", TEXT.or_null()),
        must("display_phone_number", TEXT.or_null()),
        must("status", words(&["connected", "needs_attention"])),
        must("last_error", TEXT.or_null()),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
    ],
);
/// A connection that is gone.
pub(in crate::agents) const DISCONNECTED: Shape =
    object("WhatsappDisconnected", &[must("deleted", FLAG), must("agent_id", ID)]);
