//! Saved audiences.

use super::page;
use crate::http::shape::{
    ANY, FLAG, ID, INSTANT, JSON_OBJECT, Shape, TEXT, extend, input, list, map, may, must, object, text, words,
};

/// A saved filter.
pub(in crate::placements) const AUDIENCE: Shape = object(
    "PlacementAudience",
    &[
        must("id", ID),
        must("app_id", ID),
        must("name", TEXT),
        must("filter", JSON_OBJECT),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
        must("etag", TEXT),
    ],
);
/// Something that uses an audience.
const USE: Shape = object(
    "PlacementAudienceUse",
    &[
        must("type", words(&["placement", "rule", "audience"])),
        must("id", ID).about("Of the placement or audience; of its placement for a rule"),
        must("key", TEXT.or_null()).about("Of the placement"),
        must("name", TEXT.or_null()).about("Of the rule or audience"),
    ],
);
/// An audience, and what uses it.
pub(in crate::placements) const AUDIENCE_IN_USE: Shape =
    extend("PlacementAudienceInUse", AUDIENCE, &[must("used_by", list(&USE))]);
pub(in crate::placements) const AUDIENCES: Shape = object("PlacementAudiences", &page(&AUDIENCE));
/// A new audience.
pub(in crate::placements) const NEW_AUDIENCE: Shape =
    input("NewPlacementAudience", &[must("name", text(1, 120)), must("filter", JSON_OBJECT)]);
pub(in crate::placements) const AUDIENCE_PATCH: Shape =
    input("PlacementAudiencePatch", &[may("name", text(1, 120)), may("filter", JSON_OBJECT)]);
/// Who is asked about.
pub(in crate::placements) const EVALUATION_INPUT: Shape = input(
    "PlacementAudienceEvaluationInput",
    &[
        may("attributes", JSON_OBJECT),
        may("user_id", text(1, 256)).about("Fills the attribute of that name"),
        may("device_platform", words(&["ios", "android", "web"]))
            .about("Fills device.platform; the app's own unless given"),
    ],
);
/// Whether somebody is in an audience.
pub(in crate::placements) const EVALUATION: Shape = object(
    "PlacementAudienceEvaluation",
    &[must("match", FLAG), must("detail", list(&map(&ANY))).about("An entry for each condition")],
);
