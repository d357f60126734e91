//! The blocklist.

use super::{TIME, page};
use crate::http::shape::{ID, Shape, TEXT, input, may, must, object, text, words};

const KIND: Shape = words(&["account_number", "beneficiary_name", "bank_code"]);

/// An entry of the blocklist.
pub(in crate::treasury) const BLOCK: Shape = object(
    "BlocklistEntry",
    &[
        must("id", ID),
        must("kind", KIND),
        must("value", TEXT),
        must("reason", TEXT.or_null()),
        must("created_by", TEXT),
        must("created_at", TIME),
    ],
);
pub(in crate::treasury) const BLOCKLIST: Shape = object("Blocklist", &page(&BLOCK));
pub(in crate::treasury) const NEW_BLOCK: Shape =
    input("NewBlocklistEntry", &[must("kind", KIND), must("value", text(1, 255)), may("reason", text(0, 500))]);
