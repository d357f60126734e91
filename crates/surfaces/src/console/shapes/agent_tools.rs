//! Shapes of tools that are tried.

use crate::http::shape::{ANY, COUNT, FLAG, JSON_OBJECT, Shape, TEXT, any_of, closed, may, must, object};

/// A try.
pub(in crate::console) const TRY: Shape = closed(
    "ToolTry",
    &[
        must("tool", any_of(&[TEXT, JSON_OBJECT])).about("The name of a tool as the model sees it, or a definition"),
        may("arguments", JSON_OBJECT),
    ],
);
/// What came of it.
pub(in crate::console) const TRIED: Shape = object(
    "ToolTried",
    &[
        must("ok", FLAG),
        must("result", ANY).about("Null when it failed"),
        must("error", object("", &[must("code", TEXT), must("message", TEXT)]).or_null()),
        must("duration_ms", COUNT),
    ],
);
