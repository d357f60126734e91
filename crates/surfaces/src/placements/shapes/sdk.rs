//! Bodies of the SDK routes.

use crate::http::shape::{
    FLAG, ID, JSON_OBJECT, Shape, TEXT, extend, input, int, list, may, must, object, text, words,
};

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// Who asks.
pub(in crate::placements) const ASKED: Shape = input(
    "PlacementAsked",
    &[
        must("user_id", text(1, 256)),
        must("session_id", text(1, 256)),
        must("device_platform", words(&["ios", "android", "web"])),
        may("attributes", JSON_OBJECT).about("What the audience filters look at; at most 200, nested at most 4 deep"),
        may("app_id", TEXT).about("The app of the address, when it is given"),
    ],
);

/// Who asks for several placements.
pub(in crate::placements) const ASKED_BATCH: Shape = extend(
    "PlacementsAsked",
    ASKED,
    &[must("placement_keys", list(&TEXT).at_most(1_000)).about("At most 50 different ones")],
);

/// A font file.
const FONT: Shape = object(
    "ServedFont",
    &[
        must("family", TEXT),
        must("weight", int(100, 900)),
        must("style", words(&["normal", "italic"])),
        must("url", TEXT),
    ],
);

/// Why a user sees what they see.
const EXPLANATION: Shape = object(
    "PlacementExplanation",
    &[
        must("outcome", words(&["flow", "no_flow"])),
        must("reason", TEXT.or_null()),
        must("source", TEXT.or_null()),
        must("steps", list(&STEP)),
        may("bucket", int(0, 9_999)),
        may("assignment", words(&["hash", "stored", "forced"])),
    ],
);

const STEP: Shape = object(
    "PlacementStep",
    &[
        must("step", TEXT),
        must("result", FLAG),
        may("rule_id", ID),
        may("bucket", int(0, 9_999)),
        may("detail", list(&JSON_OBJECT)),
    ],
);

/// What there is to show; a `flow_id` of null stands alone with the time to live.
pub(in crate::placements) const RESOLVED: Shape = object(
    "PlacementResolved",
    &[
        must("flow_id", ID.or_null()),
        may("flow_version_id", ID),
        may("flow_version", int(1, i64::MAX)),
        may("schema_version", int(1, i64::MAX)),
        may("flow_schema", JSON_OBJECT).about("As it was published"),
        may("media_base_url", TEXT),
        may("icon_base_url", TEXT),
        may("fonts", list(&FONT)),
        may("experiment_id", ID),
        may("variant_id", ID),
        may("variant_name", TEXT),
        may("explanation", EXPLANATION),
        must("cache_ttl_seconds", int(0, DAY_S)),
    ],
);

/// What there is to show at several placements.
pub(in crate::placements) const RESOLVED_BATCH: Shape = object("PlacementsResolved", &[must("results", list(&ENTRY))]);

const ENTRY: Shape = extend(
    "PlacementResolvedEntry",
    RESOLVED,
    &[must("placement_key", TEXT), may("error", TEXT).about("Only where this key could not be answered")],
);
