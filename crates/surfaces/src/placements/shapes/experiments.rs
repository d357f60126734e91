//! Experiments.

use super::page;
use crate::http::shape::{
    COUNT, FLAG, ID, INSTANT, NUMBER, Shape, TEXT, format, input, int, list, map, may, must, object, text, words,
};
use crate::placements::experiment_body::DESCRIPTION_MAX;
use floe_model::placements::experiment::{NAME_MAX, NAME_MIN, SEED_MAX, VARIANTS_MAX};
use floe_model::placements::place_key::KEY_MAX;

/// Where an experiment stands.
pub(in crate::placements) const STATUS: Shape = words(&["draft", "running", "paused", "completed"]);
/// Which users count.
pub(in crate::placements) const DENOMINATOR: Shape = words(&["enrolled", "exposed"]);
/// Whose data.
pub(in crate::placements) const ENVIRONMENT: Shape = words(&["live", "test"]);
/// What decides.
const METRIC: Shape = words(&["completion_rate", "conversion_rate", "revenue_per_user"]);

const VARIANT: Shape = object(
    "PlacementsVariant",
    &[
        must("id", ID),
        must("name", TEXT),
        must("flow_version_id", ID),
        must("weight", NUMBER).about("Percent"),
        must("bucket_order", COUNT),
        must("is_control", FLAG),
    ],
);
/// An experiment.
pub(in crate::placements) const EXPERIMENT: Shape = object(
    "PlacementsExperiment",
    &[
        must("id", ID),
        must("app_id", ID),
        must("placement_id", TEXT).about("Key of the placement"),
        must("name", TEXT),
        must("description", TEXT.or_null()),
        must("status", STATUS),
        must("primary_metric", METRIC),
        must("confidence_target", NUMBER),
        must("hash_version", int(1, 2)),
        must("seed", TEXT).about("Used by hash_version 2 only"),
        must("allocation_percentage", NUMBER).about("Share of users who take part"),
        must("start_at", INSTANT.or_null()),
        must("stop_at", INSTANT.or_null()),
        must("started_at", INSTANT.or_null()),
        must("ended_at", INSTANT.or_null()),
        must("weights_changed_at", INSTANT.or_null()),
        must("winner_variant_id", ID.or_null()),
        must("variants", list(&VARIANT)),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
        must("etag", TEXT),
    ],
);
pub(in crate::placements) const EXPERIMENTS: Shape = object("PlacementsExperiments", &page(&EXPERIMENT));

const NEW_VARIANT: Shape = input(
    "PlacementsNewVariant",
    &[
        must("name", text(1, NAME_MAX)),
        must("flow_version_id", ID),
        must("weight", NUMBER).about("Percent: whole with hash_version 1, in steps of 0.01 with 2; 100 in all"),
        may("is_control", FLAG),
    ],
);
const VARIANT_PATCH: Shape = input(
    "PlacementsVariantPatch",
    &[
        may("id", ID).about("Of a known variant: what is not said of it stays"),
        may("name", text(1, NAME_MAX)),
        may("flow_version_id", ID),
        may("weight", NUMBER),
        may("is_control", FLAG),
    ],
);
const VARIANTS: Shape = list(&NEW_VARIANT).at_most(VARIANTS_MAX);
const TARGET: &str = "0.9, 0.95 or 0.99; 0.95 unless given";
/// A new experiment.
pub(in crate::placements) const NEW_EXPERIMENT: Shape = input(
    "PlacementsNewExperiment",
    &[
        must("name", text(NAME_MIN, NAME_MAX)),
        may("description", text(0, DESCRIPTION_MAX)),
        must("placement_id", text(1, KEY_MAX)).about("Key of the placement"),
        may("variants", VARIANTS).about("Two to ten before the start"),
        may("primary_metric", METRIC),
        may("confidence_target", NUMBER).about(TARGET),
        may("hash_version", int(1, 2)).about("What the app says unless given"),
        may("seed", text(1, SEED_MAX)).about("The id of the experiment unless given"),
        may("allocation_percentage", NUMBER).about("0 to 100 in steps of 0.01; 100 unless given"),
        may("start_at", INSTANT),
        may("stop_at", INSTANT),
    ],
);
/// A change of an experiment.
pub(in crate::placements) const EXPERIMENT_PATCH: Shape = input(
    "PlacementsExperimentPatch",
    &[
        may("name", text(NAME_MIN, NAME_MAX)),
        may("description", text(0, DESCRIPTION_MAX)),
        may("placement_id", text(1, KEY_MAX)),
        may("variants", list(&VARIANT_PATCH).at_most(VARIANTS_MAX)).about("All of them"),
        may("weights", map(&NUMBER)).about("Ids of variants with their percent"),
        may("primary_metric", METRIC),
        may("confidence_target", NUMBER).about(TARGET),
        may("hash_version", int(1, 2)),
        may("seed", text(1, SEED_MAX)),
        may("allocation_percentage", NUMBER),
        may("start_at", INSTANT),
        may("stop_at", INSTANT),
    ],
);
/// One variant, by its id.
pub(in crate::placements) const NAMED_VARIANT: Shape = input("PlacementsNamedVariant", &[must("variant_id", ID)]);
/// A forced variant.
pub(in crate::placements) const OVERRIDE: Shape =
    object("PlacementsOverride", &[must("user_id", TEXT), must("variant_id", ID), must("created_at", INSTANT)]);
/// What a user was given.
pub(in crate::placements) const ASSIGNMENT: Shape = object(
    "PlacementsAssignment",
    &[
        must("variant_id", ID),
        must("bucket", COUNT).about("0 to 99 with hash_version 1, 0 to 9,999 with 2"),
        must("source", words(&["hash", "stored", "forced"]))
            .about("stored: the hash would give another one since the weights were changed"),
        must("assigned_at", INSTANT),
    ],
);

const INTERVAL: Shape = list(&NUMBER).at_most(2);
const EARNED: Shape =
    object("", &[must("currency", TEXT.or_null()), must("amount", NUMBER), must("per_user", NUMBER.or_null())]);
const VARIANT_RESULT: Shape = object(
    "PlacementsVariantResult",
    &[
        must("variant_id", ID),
        must("name", TEXT),
        must("is_control", FLAG),
        must("weight", NUMBER),
        must("users_enrolled", COUNT),
        must("users_exposed", COUNT),
        must("completions", COUNT),
        must("completion_rate", NUMBER.or_null()),
        must("converted_users", COUNT),
        must("conversion_rate", NUMBER.or_null()),
        must("revenue", list(&EARNED)),
        may("lift", NUMBER.or_null())
            .about("This and what follows: not of the control; null until every variant has 30 users"),
        may("z", NUMBER.or_null()),
        may("p_value", NUMBER.or_null()),
        may("confidence", NUMBER.or_null()),
        may("p_value_corrected", NUMBER.or_null()).about("With more than two variants (Holm)"),
        may("confidence_corrected", NUMBER.or_null()),
        may("probability_to_beat_control", NUMBER.or_null()),
        may("expected_loss", NUMBER.or_null()),
        may("difference_interval", INTERVAL.or_null()),
        may("sequential_interval", INTERVAL.or_null()),
        may("significant", FLAG),
    ],
);
const POINT: Shape = object(
    "",
    &[
        must("date", format("date")),
        must("variant_id", ID),
        may("users_enrolled", COUNT),
        may("users_exposed", COUNT),
        must("completions", COUNT),
        must("completion_rate", NUMBER.or_null()),
    ],
);
const SRM: Shape =
    object("", &[must("chi2", NUMBER.or_null()), must("df", COUNT), must("p_value", NUMBER), must("mismatch", FLAG)]);
/// Results.
pub(in crate::placements) const RESULTS: Shape = object(
    "PlacementsResults",
    &[
        must("experiment_id", ID),
        must("status", STATUS),
        must("environment", ENVIRONMENT),
        must("denominator", DENOMINATOR),
        must("data_state", words(&["no_data", "low_data", "sufficient"])),
        must("primary_metric", METRIC),
        must("currency", TEXT.or_null()).about("That which decides about revenue_per_user"),
        must("confidence_target", NUMBER),
        must("significant", FLAG),
        must("sequential", FLAG),
        must("started_at", INSTANT.or_null()),
        must("ended_at", INSTANT.or_null()),
        must("weights_changed_at", INSTANT.or_null()),
        must("winner_variant_id", ID.or_null()),
        must("srm", SRM.or_null()).about("Null without users, and after the weights were changed"),
        must("variants", list(&VARIANT_RESULT)),
        must("series", list(&POINT)).about("Cumulative, day by day"),
    ],
);
