//! Apps.

use super::{ETAG, PLATFORM, page};
use crate::http::shape::{ID, INSTANT, Shape, input, int, list, may, must, object, text, words};

const TTL: Shape = int(0, 86_400);
const CUSTOM_EVENTS: Shape = words(&["reject", "accept"]);
const USER: Shape = text(1, 256);

/// An app.
pub(in crate::placements) const APP: Shape = object(
    "App",
    &[
        must("id", ID),
        must("name", text(1, 80)),
        must("platform", PLATFORM),
        must(
            "settings",
            object(
                "",
                &[
                    must("cache_ttl_seconds", TTL.or_null()).about("Null is 300 for live keys and 60 for test keys"),
                    must("custom_events", CUSTOM_EVENTS),
                    must("default_hash_version", int(1, 2)).about("What new experiments get"),
                    must("test_users", list(&USER)).about("They are kept out of results"),
                ],
            ),
        ),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
        must("etag", ETAG),
    ],
);
pub(in crate::placements) const APPS: Shape = object("Apps", &page(&APP));

const SETTINGS: Shape = input(
    "AppSettings",
    &[
        may("cache_ttl_seconds", TTL),
        may("custom_events", CUSTOM_EVENTS),
        may("default_hash_version", int(1, 2)),
        may("test_users", list(&USER).at_most(1_000)),
    ],
);
pub(in crate::placements) const NEW_APP: Shape =
    input("NewApp", &[must("name", text(1, 80)), must("platform", PLATFORM), may("settings", SETTINGS)]);
pub(in crate::placements) const APP_PATCH: Shape =
    input("AppPatch", &[may("name", text(1, 80)), may("platform", PLATFORM), may("settings", SETTINGS)]);
