//! Shapes of invites.

use super::members::{ROLE, TREASURY_ROLE};
use super::page;
use crate::http::shape::{COUNT, FLAG, ID, INSTANT, Shape, TEXT, closed, extend, may, must, object, text, words};

/// What became of an invite.
pub(in crate::console) const STATUS: Shape = words(&["pending", "accepted", "expired"]);

/// An invite without its link.
pub(in crate::console) const INVITE: Shape = object(
    "Invite",
    &[
        must("id", ID),
        must("email", TEXT),
        must("role", ROLE),
        must("treasury_role", TREASURY_ROLE),
        must("status", STATUS),
        must("created_by", ID.or_null()),
        must("created_at", INSTANT),
        must("expires_at", INSTANT),
        must("accepted_at", INSTANT.or_null()),
        must("revision", COUNT),
    ],
);
/// An invite with its link, which is shown once.
pub(in crate::console) const MADE_INVITE: Shape =
    extend("MadeInvite", INVITE, &[must("url", TEXT.or_null()).about("The link; null in an answer that is repeated")]);
/// Invites.
pub(in crate::console) const INVITES: Shape = object("Invites", &page(&INVITE));
/// A new invite.
pub(in crate::console) const NEW_INVITE: Shape = closed(
    "NewInvite",
    &[
        must("email", text(3, 254)),
        must("role", ROLE),
        may("treasury_role", TREASURY_ROLE).about("What follows from the role unless given"),
    ],
);
/// A change of the roles that an invite gives.
pub(in crate::console) const INVITE_PATCH: Shape =
    closed("InvitePatch", &[may("role", ROLE), may("treasury_role", TREASURY_ROLE)]);
/// The acceptance of an invite.
pub(in crate::console) const ACCEPTANCE: Shape = closed(
    "AcceptInvite",
    &[
        must("token", text(1, 200)).about("Of the link"),
        may("name", text(1, 100)).about("Needed unless the address has an account here"),
        must("password", text(1, 1_000)),
        may("remember", FLAG),
        may("transport", words(&["cookie", "token"])),
    ],
);
