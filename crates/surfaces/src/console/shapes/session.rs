//! Shapes of sessions and of one's own record.

use super::keys::MODE;
use super::page;
use crate::http::shape::{
    ANY, COUNT, FLAG, Field, ID, INSTANT, Shape, TEXT, closed, extend, format, list, may, must, object, text, words,
};

const ROLE: Shape = words(&["owner", "admin", "builder", "approver", "viewer"]);
const TREASURY_ROLE: Shape = words(&["owner", "approver", "analyst", "reader"]);
const THEME: Shape = words(&["system", "light", "dark"]);
/// A name such as `Africa/Lagos`.
pub(in crate::console) const TIME_ZONE: Shape = text(1, 100);
/// A password as it is checked.
const PASSWORD: Shape = text(1, 1_000);

/// How a session is carried.
const TRANSPORT: Field =
    may("transport", words(&["cookie", "token"])).about("token: the session's text is in the answer, and no cookie");
const REMEMBER: Field = may("remember", FLAG).about("Whether to stay signed in when the browser is closed");

/// The session with its member and workspace.
pub(in crate::console) const SESSION: Shape = object(
    "Session",
    &[
        must("member", object("", &[must("id", ID), must("name", TEXT), must("email", TEXT)])),
        must("workspace", object("", &[must("id", ID), must("name", TEXT), must("slug", TEXT), must("sample", FLAG)])),
        must(
            "workspaces",
            list(&object("", &[must("id", ID), must("name", TEXT), must("slug", TEXT), must("role", ROLE)])),
        ),
        must("role", ROLE),
        must("treasury_role", TREASURY_ROLE),
        must("permissions", list(&words(&["read", "build", "run", "answer", "manage", "own"]))),
        must("preferences", PREFERENCES),
        must("confirmed_until", INSTANT.or_null()),
        must("expires_at", INSTANT.or_null()),
        must("token", TEXT.or_null()).about("The text of a new session that is carried in a header"),
    ],
);

const PREFERENCES: Shape = object(
    "Preferences",
    &[must("timezone", TEXT.or_null()), must("theme", THEME), must("default_mode", MODE), must("shortcuts", FLAG)],
);

/// A session in the list of one's own.
const SESSION_ENTRY: Shape = object(
    "SessionEntry",
    &[
        must("id", ID),
        must("current", FLAG),
        must("transport", words(&["cookie", "token"])),
        must("address", TEXT.or_null()),
        must("agent", TEXT.or_null()),
        must("created_at", INSTANT),
        must("last_used_at", INSTANT.or_null()),
        must("expires_at", INSTANT.or_null()),
    ],
);
/// One's own sessions.
pub(in crate::console) const SESSIONS: Shape = object("Sessions", &page(&SESSION_ENTRY));

/// A sign-in by password.
pub(in crate::console) const SIGN_IN: Shape =
    closed("SignIn", &[must("email", text(1, 254)), must("password", PASSWORD), REMEMBER, TRANSPORT]);
/// A sign-in by a one-use link.
pub(in crate::console) const LINK_SIGN_IN: Shape =
    closed("LinkSignIn", &[must("token", text(1, 200)), REMEMBER, TRANSPORT]);
/// Another password by a link.
pub(in crate::console) const PASSWORD_RESET: Shape =
    closed("PasswordReset", &[must("token", text(1, 200)), must("password", text(10, 128)), REMEMBER, TRANSPORT]);
/// The workspace to change to.
pub(in crate::console) const SWITCH: Shape = closed("SwitchWorkspace", &[must("workspace_id", text(1, 100))]);
/// The password again.
pub(in crate::console) const CONFIRM: Shape = closed("Confirm", &[must("password", PASSWORD)]);
/// Until when acts that need it are possible.
pub(in crate::console) const CONFIRMED: Shape = object("Confirmed", &[must("confirmed_until", INSTANT)]);

/// Whether there is no owner yet.
pub(in crate::console) const SETUP: Shape = object("Setup", &[must("needed", FLAG)]);
/// The first owner and the workspace.
pub(in crate::console) const NEW_OWNER: Shape = closed(
    "NewOwner",
    &[
        must("token", text(1, 200)).about("Of the set-up link"),
        must("name", text(1, 100)),
        must("email", format("email")),
        must("password", text(10, 128)),
        must("workspace_name", text(1, 100)),
        may("timezone", TIME_ZONE),
        may("samples", ANY),
        REMEMBER,
        TRANSPORT,
    ],
);

/// A member's own record.
pub(in crate::console) const ME: Shape = extend(
    "Me",
    PREFERENCES,
    &[
        must("id", ID),
        must("name", TEXT),
        must("email", TEXT),
        must("has_pin", FLAG),
        must("created_at", INSTANT),
        must("revision", COUNT),
    ],
);
/// A change of one's own record.
pub(in crate::console) const ME_PATCH: Shape = closed(
    "MePatch",
    &[
        may("name", text(1, 100)),
        may("timezone", TIME_ZONE),
        may("theme", THEME),
        may("default_mode", MODE),
        may("shortcuts", FLAG),
    ],
);
/// A new password.
pub(in crate::console) const PASSWORD_CHANGE: Shape =
    closed("PasswordChange", &[must("current", PASSWORD), must("new", text(10, 128))]);
