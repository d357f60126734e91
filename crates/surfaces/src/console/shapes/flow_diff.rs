//! Shapes of the differences between versions.

use crate::http::shape::{ANY, Shape, TEXT, list, must, object, words};

const CHANGE: Shape = object(
    "FlowChange",
    &[
        must("op", words(&["add", "update", "remove", "connect"])),
        must("step_id", TEXT.or_null()).about("Null for what belongs to the whole definition"),
        must("pointer", TEXT).about("Into the later definition; of what is gone into the earlier one"),
        must("before", ANY),
        must("after", ANY),
    ],
);

/// What is different.
pub(in crate::console) const DIFF: Shape = object("FlowDiff", &[must("changes", list(&CHANGE))]);
