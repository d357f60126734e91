//! Shapes of usage.

use super::DATE;
use crate::http::shape::{INSTANT, NUMBER, Shape, TEXT, list, may, must, object};

const DAY: Shape = object("AgentUsageDay", &[must("date", DATE), must("credits_used", NUMBER)]);

/// A range of time on the wire.
pub(crate) const RANGE: Shape = object("AgentTimeRange", &[must("start", INSTANT), must("end", INSTANT)]);

/// What an agent used.
pub(in crate::agents) const USAGE: Shape = object(
    "AgentUsage",
    &[
        must("agent_id", TEXT),
        must("time_range", RANGE),
        must("usage", object("", &[must("total_credits_used", NUMBER), must("daily_breakdown", list(&DAY))])),
        may("note", TEXT).about("When the range begins before usage was recorded"),
    ],
);
