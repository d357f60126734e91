//! Shapes of members.

use super::page;
use crate::http::shape::{COUNT, ID, INSTANT, Shape, TEXT, closed, list, may, must, object, words};

/// What a member is.
pub(in crate::console) const ROLE: Shape = words(&["owner", "admin", "builder", "approver", "viewer"]);
/// What a member is in the treasury.
pub(in crate::console) const TREASURY_ROLE: Shape = words(&["owner", "approver", "analyst", "reader"]);

/// A member of the workspace.
pub(in crate::console) const MEMBER: Shape = object(
    "Member",
    &[
        must("id", ID),
        must("name", TEXT),
        must("email", TEXT),
        must("role", ROLE),
        must("treasury_role", TREASURY_ROLE),
        must("groups", list(&ID)),
        must("last_seen_at", INSTANT.or_null()),
        must("created_at", INSTANT),
        must("revision", COUNT),
        may("token", TEXT)
            .about("The caller's new session, when it changed itself and carries its session in a header"),
    ],
);
/// Members of the workspace.
pub(in crate::console) const MEMBERS: Shape = object("Members", &page(&MEMBER));
/// A change of what a member is.
pub(in crate::console) const MEMBER_PATCH: Shape =
    closed("MemberPatch", &[may("role", ROLE), may("treasury_role", TREASURY_ROLE)]);
/// A link that resets a password.
pub(in crate::console) const RESET_LINK: Shape = object(
    "ResetLink",
    &[must("url", TEXT.or_null()).about("Shown once; null in an answer that is repeated"), must("expires_at", INSTANT)],
);
