//! Shapes of API keys.

use super::page;
use crate::http::shape::{
    COUNT, FLAG, ID, INSTANT, Shape, TEXT, closed, extend, int, list, may, must, object, text, words,
};

/// What a key is for.
pub(in crate::console) const KIND: Shape =
    words(&["treasury", "placements_sdk", "placements_management", "agents", "workflows", "flows"]);
const BUNDLE: Shape = words(&["starter", "read_only"]);
/// Live or test.
pub(in crate::console) const MODE: Shape = words(&["live", "test"]);
/// What a key or token is good for at the moment.
pub(in crate::console) const STATUS: Shape = words(&["active", "expiring", "expired", "revoked", "inactive"]);
/// Scopes as input.
pub(in crate::console) const SCOPES: Shape = list(&text(1, 200)).at_most(50);
const RATE: Shape = int(0, 1_000_000);

/// A key without its text.
pub(in crate::console) const KEY: Shape = object(
    "Key",
    &[
        must("id", ID),
        must("kind", KIND),
        must("name", TEXT),
        must("mode", MODE.or_null()).about("Null for a kind that knows no modes"),
        must("prefix", TEXT).about("What may be shown of its text"),
        must("scopes", list(&TEXT)),
        must("agent_ids", list(&ID).or_null()),
        must("rate_limit_per_minute", COUNT.or_null()),
        must("rate_limit_per_day", COUNT.or_null()),
        must("is_active", FLAG),
        must("status", STATUS),
        must("created_by", ID.or_null()),
        must("created_at", INSTANT),
        must("expires_at", INSTANT.or_null()),
        must("last_used_at", INSTANT.or_null()),
        must("last_used_ip", TEXT.or_null()),
        must("revoked_at", INSTANT.or_null()),
        must("rotated_to", ID.or_null()),
        must("revision", COUNT),
    ],
);

/// A key with its text, which is shown once.
pub(in crate::console) const MADE_KEY: Shape =
    extend("MadeKey", KEY, &[must("key", TEXT.or_null()).about("Its text; null in an answer that is repeated")]);

/// A list of keys.
pub(in crate::console) const KEYS: Shape = object("Keys", &page(&KEY));

/// The keys of a bundle.
pub(in crate::console) const MADE_KEYS: Shape = object("MadeKeys", &[must("keys", list(&MADE_KEY))]);

/// A new key.
pub(in crate::console) const NEW_KEY: Shape = closed(
    "NewKey",
    &[
        must("kind", KIND),
        must("name", text(1, 100)),
        may("mode", MODE).about("That of the request unless given"),
        may("environment", MODE).about("Another word for mode"),
        may("scopes", SCOPES).about("All of its kind unless given"),
        may("bundle", text(1, 100)).about("In place of scopes: starter, read_only, or one of the kind's own"),
        may("agent_ids", list(&text(1, 200)).at_most(100)).about("For keys of kind agents only"),
        may("expires_in_days", int(1, 3_650)),
        may("rate_limit_per_minute", RATE).about("0 is no limit"),
        may("rate_limit_per_day", RATE),
    ],
);

/// A change of a key.
pub(in crate::console) const KEY_PATCH: Shape = closed(
    "KeyPatch",
    &[
        may("name", text(1, 100)),
        may("scopes", SCOPES),
        may("is_active", FLAG),
        may("agent_ids", list(&text(1, 200)).at_most(100)).about("An empty list for all; for keys of kind agents only"),
        may("rate_limit_per_minute", RATE),
        may("rate_limit_per_day", RATE),
    ],
);

/// The rotation of a key or token.
pub(in crate::console) const ROTATION: Shape =
    closed("Rotation", &[may("overlap_minutes", int(0, 1_440)).about("How long the old one goes on; 0 unless given")]);

/// New keys of several kinds.
pub(in crate::console) const NEW_BUNDLE: Shape = closed("NewBundle", &[must("bundle", BUNDLE), may("mode", MODE)]);
