//! Shapes of copies and documents.

use floe_model::flows::NAME_MAX;

use super::records::FLOW;
use crate::http::shape::{
    ANY, COUNT, ID, INSTANT, JSON_OBJECT, Shape, TEXT, any_of, extend, input, list, map, may, must, object, text, words,
};

/// How a copy shall be.
pub(in crate::flows) const CLONE: Shape = input(
    "CloneFlow",
    &[
        may("name", text(1, NAME_MAX)).about("The name with (copy) behind it unless given"),
        may("version", ANY).about("A number, latest or draft; the draft unless given, else the latest"),
    ],
);

/// What a flow names that may be missing elsewhere.
const REQUIREMENTS: Shape = object(
    "FlowRequirements",
    &[
        must("models", list(&TEXT)),
        must("agents", list(&TEXT)),
        must("flows", list(&TEXT)),
        must("tools", list(&TEXT)),
        must("knowledgeBases", list(&TEXT)),
        must("secrets", list(&TEXT)).about("Names, never values"),
    ],
);

/// A flow as a document.
pub(in crate::flows) const DOCUMENT: Shape = object(
    "FlowDocument",
    &[
        must("format", words(&["flow-export"])),
        must("formatVersion", COUNT),
        must("exportedAt", INSTANT),
        must("source", object("", &[must("flowId", ID), must("version", COUNT.or_null())])),
        must("flow", JSON_OBJECT).about("name, description, icon, tags, definition, settings"),
        must("requirements", REQUIREMENTS),
        must("checksum", TEXT).about("sha256: and the hex digest of the canonical JSON (RFC 8785) of flow"),
    ],
);

const WRAPPED: Shape = input(
    "ImportFlow",
    &[
        must("document", JSON_OBJECT),
        may("name", text(1, NAME_MAX)),
        may("mapping", map(&NAMES)).about("Other names by kind: {\"flows\": {\"<old>\": \"<new>\"}}"),
    ],
);
const NAMES: Shape = map(&TEXT);

/// A document to be imported, by itself or with other names.
pub(in crate::flows) const IMPORT: Shape = any_of(&[WRAPPED, JSON_OBJECT]);

const WARNING: Shape = object("ImportWarning", &[must("kind", TEXT), must("id", TEXT), must("message", TEXT)]);

/// A flow that was imported.
pub(in crate::flows) const IMPORTED: Shape =
    extend("ImportedFlow", FLOW, &[must("warnings", list(&WARNING)).about("What the flow names and is not here")]);
