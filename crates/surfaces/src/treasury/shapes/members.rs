//! Members.

use super::{TIME, page};
use crate::http::shape::{ID, Shape, TEXT, input, may, must, object, text, words};

const ROLE: Shape = words(&["owner", "approver", "analyst", "reader"]);

/// A member of the organisation.
pub(in crate::treasury) const ORG_MEMBER: Shape = object(
    "OrgMember",
    &[
        must("id", ID),
        must("name", TEXT),
        must("email", TEXT),
        must("role", ROLE).about("In the treasury"),
        must("created_at", TIME),
        must("last_seen_at", TIME.or_null()),
    ],
);
pub(in crate::treasury) const ORG_MEMBERS: Shape = object("OrgMembers", &page(&ORG_MEMBER));
pub(in crate::treasury) const NEW_ORG_MEMBER: Shape =
    input("NewOrgMember", &[must("email", text(3, 254)), must("role", ROLE)]);
pub(in crate::treasury) const INVITED: Shape = object(
    "OrgInvite",
    &[
        must("id", ID),
        must("email", TEXT),
        must("role", ROLE),
        must("status", words(&["invited"])),
        must("created_at", TIME),
        must("expires_at", TIME),
        must("url", TEXT.or_null()).about("The link; null in the answer to a repeat"),
    ],
);
pub(in crate::treasury) const ORG_MEMBER_PATCH: Shape = input("OrgMemberPatch", &[may("role", ROLE)]);
