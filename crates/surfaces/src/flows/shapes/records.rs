//! Shapes of flow records.

use floe_model::flows::{DESCRIPTION_MAX, ICON_MAX, NAME_MAX, TAG_MAX, TAGS_MAX};

use super::files::{SHARE, SHARE_IN};
use super::page;
use super::schedule::SCHEDULE;
use crate::http::shape::{COUNT, FLAG, ID, INSTANT, JSON_OBJECT, Shape, input, list, may, must, object, text, words};

/// Where a version or a flow stands.
pub(in crate::flows) const STATUS: Shape = words(&["draft", "published"]);
/// Who sees a flow.
pub(in crate::flows) const VISIBILITY: Shape = words(&["private", "shared", "public"]);
/// Words of `sort`.
pub(in crate::flows) const SORT: Shape =
    words(&["createdAt", "-createdAt", "updatedAt", "-updatedAt", "name", "-name"]);
/// A member as a flow's author.
pub(in crate::flows) const AUTHOR: Shape = JSON_OBJECT;

/// A flow.
pub(in crate::flows) const FLOW: Shape = object(
    "Flow",
    &[
        must("_id", ID),
        must("workspaceId", ID),
        must("name", text(1, NAME_MAX)),
        must("description", text(0, DESCRIPTION_MAX)),
        must("icon", text(0, ICON_MAX).or_null()),
        must("tags", list(&text(1, TAG_MAX))),
        may("definition", JSON_OBJECT).about("Of the draft, else of the latest version; not in lists"),
        must("latestPublishedVersion", COUNT.or_null()),
        must("currentDraftVersion", COUNT.or_null()),
        must("status", STATUS),
        must("visibility", VISIBILITY),
        must("sharing", SHARING),
        must("share", SHARE.or_null()),
        must("settings", JSON_OBJECT),
        must("schedule", SCHEDULE.or_null()),
        must("revision", COUNT),
        must("createdBy", AUTHOR),
        must("createdAt", INSTANT),
        must("updatedAt", INSTANT),
    ],
);

/// Whom a flow is shared with.
pub(in crate::flows) const SHARING: Shape =
    object("Sharing", &[must("users", list(&GRANT)), must("groups", list(&GRANT))]);

const GRANT: Shape = object("Grant", &[must("_id", ID), must("permission", words(&["view", "edit", "manage"]))]);

/// A list of flows.
pub(in crate::flows) const FLOWS: Shape = object("Flows", &page(&FLOW));

/// A new flow.
pub(in crate::flows) const NEW_FLOW: Shape = input(
    "NewFlow",
    &[
        must("name", text(1, NAME_MAX)),
        may("description", text(0, DESCRIPTION_MAX)),
        may("icon", text(0, ICON_MAX)),
        may("tags", list(&text(1, TAG_MAX)).at_most(TAGS_MAX)),
        may("visibility", VISIBILITY),
        may("settings", JSON_OBJECT),
        may("definition", JSON_OBJECT).about("A starter flow when not given"),
    ],
);

/// A change of a flow; what is not there stays.
pub(in crate::flows) const FLOW_PATCH: Shape = input(
    "FlowPatch",
    &[
        may("name", text(1, NAME_MAX)),
        may("description", text(0, DESCRIPTION_MAX)),
        may("icon", text(0, ICON_MAX)),
        may("tags", list(&text(1, TAG_MAX)).at_most(TAGS_MAX)),
        may("visibility", VISIBILITY),
        may("sharing", SHARING_IN),
        may("share", SHARE_IN),
        may("settings", JSON_OBJECT),
        may("definition", JSON_OBJECT),
        may("baseRevision", COUNT).about("The revision that was edited; another one is a conflict"),
    ],
);

const SHARING_IN: Shape = input("", &[may("users", list(&GRANT)), may("groups", list(&GRANT))]);

/// The receipt of a deletion.
pub(in crate::flows) const DELETED: Shape = object("DeletedFlow", &[must("success", FLAG), must("_id", ID)]);
