//! Shapes of share links and files.

use crate::http::shape::{
    COUNT, FLAG, ID, INSTANT, JSON_OBJECT, Shape, TEXT, any_of, input, list, may, must, object, words,
};

/// What the holder of a share link is told.
pub(in crate::flows) const FORM: Shape = object(
    "ShareForm",
    &[
        must("name", TEXT),
        must("description", TEXT),
        must("icon", TEXT.or_null()),
        must("inputs", list(&JSON_OBJECT)).about("key, label, type, required, default, options, description"),
        must("title", TEXT.or_null()),
        must("submitLabel", TEXT.or_null()),
        must("requiresFiles", FLAG),
    ],
);
/// A run that goes on, started by a link.
pub(in crate::flows) const RUNNING: Shape = object(
    "RunningSharedRun",
    &[
        must("status", words(&["running"])),
        must("appRunId", ID),
        must("resumeToken", TEXT).about("For X-Resume-Token of resume and poll"),
    ],
);
/// The share link of a flow.
pub(in crate::flows) const SHARE: Shape = object(
    "ShareLink",
    &[
        must("enabled", FLAG),
        must("token", TEXT.or_null())
            .about("For those who manage the flow, after the password was given again, and when it is made"),
        must("url", TEXT.or_null()),
        must("createdAt", INSTANT),
    ],
);
/// What shall become of a share link.
pub(in crate::flows) const SHARE_IN: Shape = input("ShareLinkPatch", &[may("enabled", FLAG), may("rotate", FLAG)]);

/// A file.
pub(in crate::flows) const FILE: Shape = object(
    "FlowFile",
    &[
        must("_id", ID),
        must("fileId", ID),
        must("name", TEXT),
        must("mimeType", TEXT).about("Found from the bytes"),
        must("size", COUNT),
        must("sha256", TEXT),
        must("createdAt", INSTANT),
        must("expiresAt", INSTANT.or_null()),
    ],
);
/// What was uploaded: one file, or several.
pub(in crate::flows) const UPLOADED: Shape = any_of(&[FILE, object("FlowFiles", &[must("data", list(&FILE))])]);
/// An upload.
pub(in crate::flows) const UPLOAD: Shape = input("FlowUpload", &[must("file", TEXT).about("One or more parts")]);
