//! Shapes of groups.

use super::page;
use crate::http::shape::{COUNT, ID, INSTANT, Shape, TEXT, closed, list, may, must, object, text};

/// A group with its members.
pub(in crate::console) const GROUP: Shape = object(
    "Group",
    &[
        must("id", ID),
        must("name", TEXT),
        must("member_ids", list(&ID)),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
        must("revision", COUNT),
    ],
);
/// Groups.
pub(in crate::console) const GROUPS: Shape = object("Groups", &page(&GROUP));
/// A new group.
pub(in crate::console) const NEW_GROUP: Shape =
    closed("NewGroup", &[must("name", text(1, 100)), may("member_ids", list(&ID).at_most(1_000))]);
/// A change of a group.
pub(in crate::console) const GROUP_PATCH: Shape =
    closed("GroupPatch", &[may("name", text(1, 100)), may("member_ids", list(&ID).at_most(1_000))]);
