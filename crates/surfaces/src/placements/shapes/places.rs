//! Placements, their rules and history, and what a simulation answers.

use super::page;
use crate::http::shape::{
    ANY, COUNT, FLAG, ID, INSTANT, JSON_OBJECT, NUMBER, Shape, TEXT, input, int, list, map, may, must, object, pattern,
    text, words,
};

const PLATFORM: Shape = words(&["ios", "android", "web"]);
const STATUS: Shape = words(&["active", "paused"]);
/// Live or test.
pub(in crate::placements) const MODE: Shape = words(&["live", "test"]);
/// Seconds that a device keeps an answer.
const TTL: Shape = int(0, 86_400);

/// A targeting rule of a placement.
const RULE: Shape = object(
    "PlacementRule",
    &[
        must("id", ID),
        must("name", TEXT),
        must("filter", JSON_OBJECT.or_null()),
        must("audience_id", ID.or_null()),
        must("flow_version_id", ID),
    ],
);
/// A change of a placement at a set time.
const SCHEDULED_CHANGE: Shape = object(
    "PlacementScheduledChange",
    &[must("at", INSTANT), may("default_flow_version_id", ID.or_null()), may("status", STATUS)],
);
/// A place in an app where a screen flow can be shown.
pub(in crate::placements) const PLACEMENT: Shape = object(
    "Placement",
    &[
        must("id", ID),
        must("app_id", ID),
        must("key", TEXT),
        must("description", TEXT.or_null()),
        must("platforms", list(&PLATFORM)),
        must("status", STATUS),
        must("default_flow_version_id", ID.or_null()),
        must("audience_filter", JSON_OBJECT.or_null()),
        must("audience_id", ID.or_null()),
        must("cache_ttl_seconds", TTL.or_null()).about("Null: as the app says"),
        must("rules", list(&RULE)).about("Top to bottom; the first that matches serves its version"),
        must("rollout_percentage", NUMBER.or_null()).about("0 to 100 in steps of 0.01; null is everybody"),
        must("rollout_fallback_version_id", ID.or_null()),
        must("active_from", INSTANT.or_null()),
        must("active_until", INSTANT.or_null()),
        must("scheduled_changes", list(&SCHEDULED_CHANGE)).about("Those that are not made yet, by time"),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
        must("etag", TEXT),
    ],
);
pub(in crate::placements) const PLACEMENTS: Shape = object("Placements", &page(&PLACEMENT));

/// A targeting rule that comes in.
const NEW_RULE: Shape = input(
    "NewPlacementRule",
    &[
        may("id", ID).about("Kept when a rule is sent again; given otherwise"),
        may("name", text(0, 120)),
        may("filter", JSON_OBJECT).about("Or audience_id"),
        may("audience_id", ID),
        must("flow_version_id", ID),
    ],
);
/// A change at a set time that comes in.
const NEW_SCHEDULED_CHANGE: Shape = input(
    "NewPlacementScheduledChange",
    &[
        must("at", INSTANT),
        may("default_flow_version_id", ID).about("Or status; null is no default from then on"),
        may("status", STATUS),
    ],
);
/// A new placement.
pub(in crate::placements) const NEW_PLACEMENT: Shape = input(
    "NewPlacement",
    &[
        must("key", pattern("^[a-z][a-z0-9_]{0,63}$")).about("How devices name it; never changes"),
        must("platforms", list(&PLATFORM).at_most(3)).about("At least one"),
        may("description", text(0, 500)),
        may("status", STATUS),
        may("default_flow_version_id", ID),
        may("audience_filter", JSON_OBJECT).about("Not together with audience_id"),
        may("audience_id", ID),
        may("cache_ttl_seconds", TTL),
        may("rules", list(&NEW_RULE).at_most(50)),
        may("rollout_percentage", NUMBER),
        may("rollout_fallback_version_id", ID),
        may("active_from", INSTANT),
        may("active_until", INSTANT),
        may("scheduled_changes", list(&NEW_SCHEDULED_CHANGE).at_most(100)),
    ],
);
/// Changes of a placement: what is left out stays, null empties.
pub(in crate::placements) const PLACEMENT_PATCH: Shape = input(
    "PlacementPatch",
    &[
        may("platforms", list(&PLATFORM).at_most(3)),
        may("description", text(0, 500)),
        may("status", STATUS),
        may("default_flow_version_id", ID),
        may("audience_filter", JSON_OBJECT).about("Takes the place of audience_id"),
        may("audience_id", ID).about("Takes the place of audience_filter"),
        may("cache_ttl_seconds", TTL),
        may("rules", list(&NEW_RULE).at_most(50)),
        may("rollout_percentage", NUMBER),
        may("rollout_fallback_version_id", ID),
        may("active_from", INSTANT),
        may("active_until", INSTANT),
        may("scheduled_changes", list(&NEW_SCHEDULED_CHANGE).at_most(100)),
    ],
);
/// The version that becomes the default.
pub(in crate::placements) const ATTACHMENT: Shape = input("PlacementAttachment", &[must("flow_version_id", ID)]);

/// A change of a placement that was made.
const ENTRY: Shape = object(
    "PlacementHistoryEntry",
    &[
        must("id", ID),
        must("action", TEXT),
        must("actor", object("", &[must("type", TEXT), must("name", TEXT)])),
        must("detail", JSON_OBJECT),
        must("at", INSTANT),
    ],
);
/// A version that devices were given at a placement.
const SERVED: Shape = object(
    "PlacementServedVersion",
    &[
        must("environment", MODE),
        must("flow_version_id", ID),
        must("flow_id", ID.or_null()).about("Null when the flow was deleted"),
        must("first_served_at", INSTANT),
        must("last_served_at", INSTANT),
        must("count", COUNT),
    ],
);
pub(in crate::placements) const HISTORY: Shape = object(
    "PlacementHistory",
    &[
        must("data", list(&ENTRY)),
        must("total", COUNT),
        must("limit", COUNT),
        must("offset", COUNT),
        must("has_more", FLAG),
        must("served", list(&SERVED)).about("Every version that was really served, whatever the page is"),
    ],
);

/// Who is asked about, and when.
pub(in crate::placements) const SIMULATION_INPUT: Shape = input(
    "PlacementSimulationInput",
    &[
        must("user_id", text(1, 256)),
        must("session_id", text(1, 256)),
        must("device_platform", PLATFORM),
        may("attributes", JSON_OBJECT),
        may("app_id", ID).about("If given, that of the path"),
        may("at", INSTANT).about("Now unless given"),
    ],
);
const FONT: Shape =
    object("", &[must("family", TEXT), must("weight", int(100, 900)), must("style", TEXT), must("url", TEXT)]);
const STEP: Shape = object(
    "PlacementDecisionStep",
    &[
        must("step", TEXT),
        must("result", FLAG),
        may("rule_id", ID),
        may("bucket", COUNT),
        may("detail", list(&map(&ANY))).about("An entry for each condition of a filter"),
    ],
);
/// Why a user sees what they see.
pub(in crate::placements) const EXPLANATION: Shape = object(
    "PlacementExplanation",
    &[
        must("outcome", words(&["flow", "no_flow"])),
        must("reason", TEXT.or_null()),
        must("source", words(&["rule", "rollout_fallback", "experiment", "default"]).or_null()),
        must("steps", list(&STEP)),
        may("bucket", COUNT),
        may("assignment", words(&["hash", "stored", "forced"])),
    ],
);
/// What a resolve would answer, and why.
pub(in crate::placements) const SIMULATION: Shape = object(
    "PlacementSimulation",
    &[
        must("flow_id", ID.or_null()),
        may("flow_version_id", ID),
        may("flow_version", COUNT),
        may("schema_version", COUNT),
        may("flow_schema", JSON_OBJECT),
        may("media_base_url", TEXT),
        may("icon_base_url", TEXT),
        may("fonts", list(&FONT)),
        may("experiment_id", ID),
        may("variant_id", ID),
        may("variant_name", TEXT),
        must("cache_ttl_seconds", COUNT),
        must("explanation", EXPLANATION),
    ],
);
