//! API keys.

use super::{TIME, page};
use crate::http::shape::{ID, Shape, TEXT, extend, input, int, list, may, must, object, text, words};

const SCOPE: Shape = words(&[
    "runs:read",
    "runs:write",
    "recipients:read",
    "recipients:write",
    "wallet:read",
    "transactions:read",
    "audit:read",
    "approvals:write",
]);
const MODE: Shape = words(&["live", "test"]);

/// An API key of the treasury, without its text.
pub(in crate::treasury) const API_KEY: Shape = object(
    "TreasuryApiKey",
    &[
        must("id", ID),
        must("name", text(1, 100)),
        must("prefix", TEXT).about("The first 12 characters of its text"),
        must("scopes", list(&SCOPE)),
        must("mode", MODE),
        must("created_at", TIME),
        must("expires_at", TIME.or_null()),
        must("last_used_at", TIME.or_null()),
        must("revoked_at", TIME.or_null()),
    ],
);
pub(in crate::treasury) const API_KEYS: Shape = object("TreasuryApiKeys", &page(&API_KEY));
pub(in crate::treasury) const MADE_API_KEY: Shape = extend(
    "MadeTreasuryApiKey",
    API_KEY,
    &[must("key", TEXT.or_null()).about("Its text; null in the answer to a repeat")],
);
pub(in crate::treasury) const NEW_API_KEY: Shape = input(
    "NewTreasuryApiKey",
    &[
        must("name", text(1, 100)),
        must("scopes", list(&SCOPE).at_most(20)),
        may("mode", MODE),
        may("expires_in_days", int(1, 3_650)),
    ],
);
pub(in crate::treasury) const API_KEY_PATCH: Shape =
    input("TreasuryApiKeyPatch", &[may("name", text(1, 100)), may("scopes", list(&SCOPE).at_most(20))]);
pub(in crate::treasury) const API_KEY_ROTATION: Shape =
    input("TreasuryApiKeyRotation", &[may("overlap_minutes", int(0, 1_440))]);
pub(in crate::treasury) const REVOKED: Shape =
    object("RevokedTreasuryApiKey", &[must("status", words(&["revoked"])), must("id", ID)]);
