//! Shapes of the workspace and of its state of health.

use super::session::TIME_ZONE;
use crate::http::shape::{COUNT, FLAG, ID, INSTANT, Shape, TEXT, closed, int, may, must, object, pattern, text, words};

const OFFLINE_MODELS: Shape = words(&["never", "test", "always"]);
const SELF_APPROVAL: Shape = words(&["allow", "forbid"]);
const LOG_BODIES: Shape = words(&["off", "test", "all"]);

/// A workspace with its settings.
pub(in crate::console) const WORKSPACE: Shape = object(
    "Workspace",
    &[
        must("id", ID),
        must("name", TEXT),
        must("slug", TEXT),
        must("timezone", TEXT),
        must("offline_models", OFFLINE_MODELS),
        must("self_approval", SELF_APPROVAL),
        must("token_approvals", FLAG),
        must("run_retention_days", COUNT.or_null()),
        must("request_log_bodies", LOG_BODIES),
        must("created_at", INSTANT),
        must("revision", COUNT),
    ],
);
/// A change of a workspace.
pub(in crate::console) const WORKSPACE_PATCH: Shape = closed(
    "WorkspacePatch",
    &[
        may("name", text(1, 100)),
        may("slug", pattern("^[a-z0-9]+(-[a-z0-9]+)*$")),
        may("timezone", TIME_ZONE),
        may("offline_models", OFFLINE_MODELS),
        may("self_approval", SELF_APPROVAL),
        may("token_approvals", FLAG),
        may("run_retention_days", int(1, 3_650)),
        may("request_log_bodies", LOG_BODIES),
    ],
);

/// The secret that signs callbacks.
pub(in crate::console) const CALLBACK_SECRET: Shape =
    object("CallbackSecret", &[must("secret", TEXT.or_null()).about("Shown once; null in an answer that is repeated")]);

/// Whether the process is there.
pub(in crate::console) const LIVE: Shape = object("Live", &[must("status", words(&["ok"]))]);
/// Whether it can serve.
pub(in crate::console) const READY: Shape = object(
    "Ready",
    &[
        must("status", words(&["ok", "unavailable"])),
        must(
            "checks",
            object("", &[must("store", CHECK), must("migrations", CHECK), must("worker", CHECK), must("disk", CHECK)]),
        ),
    ],
);
const CHECK: Shape = words(&["ok", "fail"]);
