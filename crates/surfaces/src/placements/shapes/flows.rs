//! Screen flows, their drafts and their versions.

use super::{ETAG, page};
use crate::http::shape::{
    COUNT, FLAG, ID, INSTANT, JSON_OBJECT, Shape, TEXT, extend, input, int, list, may, must, object, pattern, text,
    words,
};

/// What a flow is for.
pub(in crate::placements) const KIND: Shape = words(&["onboarding", "paywall", "survey", "tutorial"]);
const NUMBER: Shape = int(1, i64::MAX);

/// A flow as lists show it.
const LISTED_FLOW: Shape = object(
    "ListedScreenFlow",
    &[
        must("id", ID),
        must("app_id", ID),
        must("name", text(1, 120)),
        must("type", KIND),
        must("status", words(&["published", "draft"])),
        must("latest_version", NUMBER.or_null()),
        must("latest_version_id", ID.or_null()),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
        must("etag", ETAG),
    ],
);
pub(in crate::placements) const FLOWS: Shape = object("ScreenFlows", &page(&LISTED_FLOW));
/// A flow with what is known of its draft.
pub(in crate::placements) const FLOW: Shape = extend(
    "ScreenFlow",
    LISTED_FLOW,
    &[must(
        "draft",
        object(
            "",
            &[
                must("etag", ETAG),
                must("updated_at", INSTANT),
                must("updated_by", TEXT),
                must("has_changes", FLAG).about("Whether it is something else than what was published last"),
            ],
        ),
    )],
);
pub(in crate::placements) const NEW_FLOW: Shape = input(
    "NewScreenFlow",
    &[must("name", text(1, 120)), must("type", KIND), may("schema", JSON_OBJECT).about("The first draft")],
);
pub(in crate::placements) const FLOW_PATCH: Shape =
    input("ScreenFlowPatch", &[may("name", text(1, 120)), may("type", KIND)]);

/// Something that the checks found.
const FINDING: Shape = object(
    "Finding",
    &[must("pointer", TEXT).about("JSON pointer into the flow"), must("code", TEXT), must("message", TEXT)],
);
/// A check list.
pub(in crate::placements) const FINDINGS: Shape = object(
    "Findings",
    &[
        must("errors", list(&FINDING)).about("With one of these it cannot be published"),
        must("warnings", list(&FINDING)),
    ],
);
pub(in crate::placements) const DRAFT_CHECKED: Shape =
    extend("CheckedDraft", FINDINGS, &[must("etag", ETAG), must("updated_at", INSTANT)]);

pub(in crate::placements) const PUBLISH: Shape = input("PublishScreenFlow", &[may("note", text(0, 1_000))]);
/// A version as lists show it.
pub(in crate::placements) const VERSION: Shape = object(
    "ScreenFlowVersion",
    &[
        must("id", ID),
        must("flow_id", ID),
        must("flow_version", NUMBER),
        must("schema_version", NUMBER),
        must("published_at", INSTANT),
        must("published_by", TEXT),
        must("note", TEXT.or_null()),
        must("warnings", list(&FINDING)).about("What the checks found when it was published"),
        must("sha256", pattern("^[0-9a-f]{64}$")),
        must("bytes", COUNT),
    ],
);
pub(in crate::placements) const VERSIONS: Shape = object("ScreenFlowVersions", &page(&VERSION));
pub(in crate::placements) const WHOLE_VERSION: Shape = extend(
    "WholeScreenFlowVersion",
    VERSION,
    &[
        must("fonts", list(&JSON_OBJECT)).about("Files that a device is told of; paths below its media_base_url"),
        must("flow_schema", JSON_OBJECT).about("As it was published"),
    ],
);
pub(in crate::placements) const DIFF: Shape = object(
    "ScreenFlowDiff",
    &[
        must("added", list(&TEXT)).about("JSON pointers into the version"),
        must("removed", list(&TEXT)).about("JSON pointers into the other one"),
        must("changed", list(&TEXT)).about("JSON pointers into the version"),
    ],
);
