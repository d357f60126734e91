//! Shapes of one's own workspaces.

use super::members::{ROLE, TREASURY_ROLE};
use super::page;
use super::session::TIME_ZONE;
use crate::http::shape::{ID, Shape, TEXT, closed, may, must, object, pattern, text};

/// A workspace in the list of one's own.
const BELONGING: Shape = object(
    "OwnWorkspace",
    &[must("id", ID), must("name", TEXT), must("slug", TEXT), must("role", ROLE), must("treasury_role", TREASURY_ROLE)],
);
/// One's own workspaces.
pub(in crate::console) const WORKSPACES: Shape = object("OwnWorkspaces", &page(&BELONGING));
/// A new workspace.
pub(in crate::console) const NEW_WORKSPACE: Shape = closed(
    "NewWorkspace",
    &[
        must("name", text(1, 100)),
        may("slug", pattern("^[a-z0-9]+(-[a-z0-9]+)*$")).about("Made from the name unless given"),
        may("timezone", TIME_ZONE).about("UTC unless given"),
    ],
);
