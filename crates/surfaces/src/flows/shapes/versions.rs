//! Shapes of drafts and versions.

use floe_model::flows::{DESCRIPTION_MAX, NAME_MAX, SUMMARY_MAX};

use super::page;
use super::records::{AUTHOR, STATUS, VISIBILITY};
use crate::http::shape::{
    COUNT, FLAG, ID, INSTANT, JSON_OBJECT, Shape, TEXT, any_of, input, int, list, may, must, object, text, words,
};

/// A version.
pub(in crate::flows) const VERSION: Shape = object(
    "Version",
    &[
        must("_id", ID),
        must("entityType", words(&["flow"])),
        must("entityId", ID),
        must("version", COUNT),
        must("status", STATUS),
        must("isLatest", FLAG),
        must("isCurrentDraft", FLAG),
        must("data", DATA),
        must("audit", AUDIT),
        must("createdAt", INSTANT),
        must("updatedAt", INSTANT),
        must("publishedAt", INSTANT.or_null()),
    ],
);

const DATA: Shape = object(
    "VersionData",
    &[
        must("name", TEXT),
        must("description", TEXT),
        may("definition", JSON_OBJECT).about("Not in lists, unless full is asked for"),
        must("settings", JSON_OBJECT),
        must("visibility", VISIBILITY),
    ],
);

const AUDIT: Shape = object(
    "VersionAudit",
    &[
        must("summary", TEXT),
        must("createdByUser", AUTHOR),
        must("publishedByUser", AUTHOR.or_null()),
        must("basedOnVersion", COUNT.or_null()),
    ],
);

/// A list of versions.
pub(in crate::flows) const VERSIONS: Shape = object("Versions", &page(&VERSION));

/// Something wrong with a definition (Flow API contract, section 6.6).
pub(in crate::flows) const PROBLEM: Shape = object(
    "DefinitionProblem",
    &[
        must("severity", words(&["error", "warning"])),
        must("code", TEXT),
        must("stepId", TEXT.or_null()),
        must("path", TEXT).about("JSON pointer into the definition"),
        must("message", TEXT),
    ],
);

/// The receipt of an autosave.
pub(in crate::flows) const SAVED: Shape = object(
    "SavedDraft",
    &[
        must("_id", ID),
        must("version", COUNT),
        must("status", STATUS),
        must("revision", COUNT),
        must("savedAt", INSTANT),
        must("problems", list(&PROBLEM)).about("What would block publishing, and warnings"),
    ],
);

/// A draft to save; what is not there stays.
pub(in crate::flows) const AUTOSAVE: Shape = input(
    "Autosave",
    &[
        may("name", text(1, NAME_MAX)),
        may("description", text(0, DESCRIPTION_MAX)),
        may("definition", JSON_OBJECT),
        may("settings", JSON_OBJECT),
        may("summary", text(0, SUMMARY_MAX)),
        may("baseRevision", COUNT).about("The revision that was edited; another one is a conflict"),
    ],
);

/// What to publish.
pub(in crate::flows) const PUBLISH: Shape = input(
    "Publish",
    &[
        may("version", any_of(&[int(1, u32::MAX as i64), TEXT])).about("The draft unless given"),
        may("summary", text(0, SUMMARY_MAX)),
        may("setLatest", FLAG).about("Whether clients get it from now on; true unless given"),
    ],
);

/// What a version that is published says of itself.
pub(in crate::flows) const PUBLISH_VERSION: Shape = input("PublishVersion", &[may("summary", text(0, SUMMARY_MAX))]);

/// How to roll back.
pub(in crate::flows) const ROLL_BACK: Shape =
    input("RollBack", &[may("publish", FLAG).about("Whether to publish the copy at once")]);

/// The receipt of a deletion.
pub(in crate::flows) const DELETED: Shape = object("DeletedVersion", &[must("success", FLAG), must("version", COUNT)]);
