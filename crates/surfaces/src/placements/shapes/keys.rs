//! API keys.

use super::{ETAG, page};
use crate::http::shape::{COUNT, ID, INSTANT, Shape, TEXT, extend, input, may, must, object, text, words};

const TYPE: Shape = words(&["sdk", "management"]);
const ENVIRONMENT: Shape = words(&["live", "test"]);

/// An API key of placements, without its text.
pub(in crate::placements) const API_KEY: Shape = object(
    "PlacementsApiKey",
    &[
        must("id", ID),
        must("name", text(1, 100)),
        must("type", TYPE),
        must("environment", ENVIRONMENT.or_null()).about("Null for management keys: configuration holds for both"),
        must("prefix", TEXT).about("Its text up to its id"),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
        must("last_used_at", INSTANT.or_null()),
        must("legacy_calls", COUNT).about("Calls of the deprecated routes with it"),
        must("revoked_at", INSTANT.or_null()),
        must("etag", ETAG),
    ],
);
pub(in crate::placements) const API_KEYS: Shape = object("PlacementsApiKeys", &page(&API_KEY));
pub(in crate::placements) const MADE_API_KEY: Shape = extend(
    "MadePlacementsApiKey",
    API_KEY,
    &[must("key", TEXT.or_null()).about("Its text; null in the answer to a repeat")],
);
pub(in crate::placements) const NEW_API_KEY: Shape =
    input("NewPlacementsApiKey", &[must("name", text(1, 100)), must("type", TYPE), may("environment", ENVIRONMENT)]);
