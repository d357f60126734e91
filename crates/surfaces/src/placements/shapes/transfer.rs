//! Shapes of a whole app as one document.

use crate::http::shape::{
    ANY, COUNT, FLAG, ID, INSTANT, JSON_OBJECT, NUMBER, Shape, TEXT, input, int, list, may, must, object, pattern,
    text, words,
};

/// A digest.
const SHA256: Shape = pattern("^[0-9a-f]{64}$");

const VERSION: Shape = object(
    "ExportedVersion",
    &[
        must("id", ID),
        must("flow_version", int(1, i64::MAX)),
        must("note", TEXT.or_null()),
        must("published_by", TEXT.or_null()),
        must("published_at", INSTANT),
        must("flow_schema", JSON_OBJECT),
    ],
);

const FLOW: Shape = object(
    "ExportedFlow",
    &[
        must("id", ID),
        must("name", TEXT),
        must("type", TEXT),
        must("draft", JSON_OBJECT),
        must("versions", list(&VERSION)),
    ],
);

const AUDIENCE: Shape = object("ExportedAudience", &[must("id", ID), must("name", TEXT), must("filter", ANY)]);

const PLACEMENT: Shape = object(
    "ExportedPlacement",
    &[
        must("id", ID),
        must("key", TEXT),
        must("description", TEXT.or_null()),
        must("status", TEXT),
        must("platforms", list(&TEXT)),
        must("default_flow_version_id", ID.or_null()),
        must("audience_filter", ANY.or_null()),
        must("audience_id", ID.or_null()),
        must("cache_ttl_seconds", COUNT.or_null()),
        must("rules", list(&ANY)),
        must("rollout_percentage", NUMBER.or_null()),
        must("rollout_fallback_version_id", ID.or_null()),
        must("active_from", INSTANT.or_null()),
        must("active_until", INSTANT.or_null()),
        must("scheduled_changes", list(&ANY)),
    ],
);

const VARIANT: Shape = object(
    "ExportedVariant",
    &[must("id", ID), must("name", TEXT), must("flow_version_id", ID), must("weight", NUMBER)],
);

const OVERRIDE: Shape = object("ExportedOverride", &[must("user_id", TEXT), must("variant_id", ID)]);

const EXPERIMENT: Shape = object(
    "ExportedExperiment",
    &[
        must("id", ID),
        must("placement_id", TEXT).about("Key of its placement"),
        must("name", TEXT),
        must("description", TEXT.or_null()),
        must("status", TEXT),
        must("primary_metric", TEXT),
        must("confidence_target", NUMBER),
        must("hash_version", int(1, 2)),
        must("seed", TEXT),
        must("allocation_percentage", NUMBER),
        must("start_at", INSTANT.or_null()),
        must("stop_at", INSTANT.or_null()),
        must("started_at", INSTANT.or_null()),
        must("ended_at", INSTANT.or_null()),
        must("weights_changed_at", INSTANT.or_null()),
        must("winner_variant_id", ID.or_null()),
        must("variants", list(&VARIANT)).about("In the order of their buckets, the control first"),
        must("overrides", list(&OVERRIDE)),
    ],
);

const FONT: Shape = object(
    "ExportedFont",
    &[must("id", ID), must("family", TEXT), must("weight", int(100, 900)), must("style", TEXT), must("sha256", SHA256)],
);

const MEDIA: Shape =
    object("ExportedMedia", &[must("id", ID), must("name", TEXT), must("kind", TEXT), must("sha256", SHA256)]);

/// A document.
pub(in crate::placements) const DOCUMENT: Shape = object(
    "AppDocument",
    &[
        must("format", words(&["floe-placements-app"])),
        must("format_version", int(1, 1)),
        must(
            "app",
            object(
                "ExportedApp",
                &[must("id", ID), must("name", TEXT), must("platform", TEXT), must("settings", JSON_OBJECT)],
            ),
        ),
        must("flows", list(&FLOW)),
        must("audiences", list(&AUDIENCE)),
        must("placements", list(&PLACEMENT)),
        must("experiments", list(&EXPERIMENT)),
        must("fonts", list(&FONT)).about("Without their bytes"),
        must("media", list(&MEDIA)).about("Without their bytes"),
    ],
);

/// A document that comes in; parts are as they were exported.
pub(in crate::placements) const DOCUMENT_IN: Shape = input(
    "AppDocumentIn",
    &[
        must("format", words(&["floe-placements-app"])),
        must("format_version", int(1, 1)),
        must("app", JSON_OBJECT),
        may("flows", list(&JSON_OBJECT)),
        may("audiences", list(&JSON_OBJECT)),
        may("placements", list(&JSON_OBJECT)),
        may("experiments", list(&JSON_OBJECT)),
        may("fonts", list(&JSON_OBJECT)),
        may("media", list(&JSON_OBJECT)),
    ],
);

const COUNTS: Shape = object(
    "ImportCounts",
    &[
        must("flows", COUNT),
        must("versions", COUNT),
        must("audiences", COUNT),
        must("placements", COUNT),
        must("experiments", COUNT),
        must("fonts", COUNT),
        must("media", COUNT),
    ],
);

/// What an import did.
pub(in crate::placements) const IMPORTED: Shape = object(
    "AppImported",
    &[
        must("app_created", FLAG),
        must("created", COUNTS),
        must("updated", COUNTS),
        must("kept", COUNTS).about("The same already, or experiments that were started here"),
        must(
            "missing_files",
            list(&object(
                "MissingFile",
                &[must("kind", words(&["font", "media"])), must("name", text(0, 1_000)), must("sha256", TEXT)],
            )),
        )
        .about("Named in the document, and their bytes are not here: upload them again"),
    ],
);
