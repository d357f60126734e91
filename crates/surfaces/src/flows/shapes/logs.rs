//! Shapes of the log of a flow.

use crate::http::shape::{COUNT, ID, INSTANT, JSON_OBJECT, Shape, TEXT, list, may, must, object, words};

/// Words of `sort`.
pub(in crate::flows) const SORT: Shape = words(&["timestamp", "-timestamp", "createdAt", "-createdAt"]);
/// Words of `level`.
pub(in crate::flows) const LEVELS: Shape = TEXT;
/// Words of `event`.
pub(in crate::flows) const EVENTS: Shape = TEXT;

/// An entry of the log.
const ENTRY: Shape = object(
    "LogEntry",
    &[
        must("_id", ID),
        must("timestamp", INSTANT),
        must("level", words(&["debug", "info", "warn", "error"])),
        must("event", TEXT).about("E.g. run.failed"),
        must("message", TEXT),
        must("appRunId", ID.or_null()),
        must("stepId", TEXT.or_null()),
        must("version", COUNT.or_null()),
        must("actor", JSON_OBJECT.or_null()),
        must("data", JSON_OBJECT),
    ],
);

/// A part of the log.
pub(in crate::flows) const LOG: Shape = object(
    "FlowLog",
    &[
        must("data", list(&ENTRY)),
        must("total", COUNT),
        must("limit", COUNT),
        must("skip", COUNT),
        must("page", COUNT),
        may("completeFrom", INSTANT).about("The list is complete from here on; not there when it is complete"),
    ],
);
