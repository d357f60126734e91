//! Shapes of usage.

use crate::http::shape::{COUNT, INSTANT, NUMBER, Shape, TEXT, extend, format, list, may, must, object, words};

const COUNTS: Shape = object(
    "UsageCounts",
    &[
        must("requests", COUNT),
        must("runs", COUNT),
        must("errors", COUNT),
        must("credits", NUMBER),
        must("input_tokens", COUNT),
        must("output_tokens", COUNT),
    ],
);

const GROUP: Shape = extend(
    "UsageGroup",
    COUNTS,
    &[
        may("day", format("date")).about("As group_by asks"),
        may("product", TEXT.or_null()),
        may("key", TEXT.or_null()),
        may("model", TEXT.or_null()),
        may("agent", TEXT.or_null()),
        may("flow", TEXT.or_null()),
    ],
);

/// Sums of a time.
pub(in crate::console) const USAGE: Shape = object(
    "Usage",
    &[
        must("mode", words(&["live", "test"])),
        must("from", INSTANT),
        must("to", INSTANT).about("The end of the last day"),
        must("group_by", list(&TEXT)),
        must("data", list(&GROUP)),
        must("total", COUNTS),
    ],
);
