//! Shapes of personal access tokens.

use super::keys::{SCOPES, STATUS};
use super::page;
use crate::http::shape::{COUNT, ID, INSTANT, Shape, TEXT, closed, extend, int, list, may, must, object, text};

/// A token without its text.
pub(in crate::console) const TOKEN: Shape = object(
    "Token",
    &[
        must("id", ID),
        must("name", TEXT),
        must("prefix", TEXT),
        must("scopes", list(&TEXT)),
        must("status", STATUS),
        must("created_at", INSTANT),
        must("expires_at", INSTANT.or_null()),
        must("last_used_at", INSTANT.or_null()),
        must("last_used_ip", TEXT.or_null()),
        must("revoked_at", INSTANT.or_null()),
        must("rotated_to", ID.or_null()),
        must("revision", COUNT),
    ],
);
/// A token with its text, which is shown once.
pub(in crate::console) const MADE_TOKEN: Shape =
    extend("MadeToken", TOKEN, &[must("token", TEXT.or_null()).about("Its text; null in an answer that is repeated")]);
/// One's own tokens.
pub(in crate::console) const TOKENS: Shape = object("Tokens", &page(&TOKEN));
/// A new token.
pub(in crate::console) const NEW_TOKEN: Shape =
    closed("NewToken", &[must("name", text(1, 100)), may("scopes", SCOPES), may("expires_in_days", int(1, 365))]);
/// A new name.
pub(in crate::console) const TOKEN_PATCH: Shape = closed("TokenPatch", &[must("name", text(1, 100))]);
