//! Shapes of activity, numbers and credits.

use super::DATE;
use super::usage::RANGE;
use crate::http::shape::{
    ANY, COUNT, Field, ID, INSTANT, JSON_OBJECT, NUMBER, Shape, TEXT, extend, list, must, object,
};

const ACTIVITY_FIELDS: &[Field] = &[
    must("id", ID),
    must("type", TEXT),
    must("status", TEXT),
    must("thread_id", TEXT.or_null()),
    must("request_id", ID.or_null()),
    must("channel", TEXT.or_null()),
    must("model", TEXT.or_null()),
    must("execution_time", COUNT.or_null()).about("Milliseconds"),
    must("used_credits", NUMBER),
    must("tool", TEXT.or_null()),
    must("error", TEXT.or_null()),
    must("created_at", INSTANT),
];

/// Something that happened to an agent.
pub(crate) const ACTIVITY: Shape = object("AgentActivity", ACTIVITY_FIELDS);

/// A page of them.
pub(in crate::agents) const ACTIVITIES: Shape =
    object("AgentActivityPage", &[must("data", list(&ACTIVITY)), must("next_cursor", TEXT.or_null())]);

const TOKENS: Shape = object("AgentTokens", &[must("input_tokens", COUNT), must("output_tokens", COUNT)]);

const SPAN: Shape = object(
    "AgentSpan",
    &[
        must("round", COUNT),
        must("type", TEXT),
        must("name", TEXT),
        must("status", TEXT),
        must("tool_call_id", TEXT.or_null()),
        must("input", ANY.or_null()),
        must("output", ANY.or_null()),
        must("error", TEXT.or_null()),
        must("model", TEXT.or_null()),
        must("usage", TOKENS),
        must("started_at", INSTANT),
        must("finished_at", INSTANT.or_null()),
        must("duration_ms", COUNT.or_null()),
    ],
);

const EXCHANGE: Shape = object(
    "AgentExchange",
    &[
        must("id", ID),
        must("status_code", COUNT.or_null()),
        must("finish_reason", TEXT.or_null()),
        must("config_version", COUNT),
        must("model", TEXT.or_null()),
        must("usage", TOKENS.or_null()),
        must("used_credits", NUMBER.or_null()),
        must("error", TEXT.or_null()),
        must("accepted_at", INSTANT),
        must("started_at", INSTANT.or_null()),
        must("finished_at", INSTANT.or_null()),
        must("trace", list(&SPAN)).about("Calls of models and tools, and checks, in order"),
    ],
);

/// Something that happened, with its trace.
pub(crate) const ENTRY: Shape = extend(
    "AgentActivityWhole",
    ACTIVITY,
    &[must("detail", JSON_OBJECT.or_null()), must("exchange", EXCHANGE.or_null())],
);

const PART: &[Field] = &[
    must("exchanges", COUNT),
    must("errors", COUNT),
    must("credits_used", NUMBER),
    must("input_tokens", COUNT),
    must("output_tokens", COUNT),
    must("avg_latency_ms", COUNT.or_null()),
];

const OF_DAY: Shape = extend("AgentDay", object("", &[must("date", DATE)]), PART);
const OF_MODEL: Shape = extend("AgentModelPart", object("", &[must("model", TEXT)]), PART);

/// Numbers of an agent.
pub(crate) const PERFORMANCE: Shape = object(
    "AgentPerformance",
    &[
        must("agent_id", TEXT),
        must("time_range", RANGE),
        must(
            "totals",
            object(
                "",
                &[
                    must("exchanges", COUNT),
                    must("threads", COUNT),
                    must("errors", COUNT),
                    must("tool_calls", COUNT),
                    must("handoffs", COUNT),
                    must("credits_used", NUMBER),
                    must("input_tokens", COUNT),
                    must("output_tokens", COUNT),
                ],
            ),
        ),
        must("success_rate", NUMBER.or_null()).about("0 to 1; null without exchanges"),
        must(
            "latency_ms",
            object(
                "",
                &[
                    must("avg", COUNT.or_null()),
                    must("p50", COUNT.or_null()),
                    must("p95", COUNT.or_null()),
                    must("p99", COUNT.or_null()),
                ],
            ),
        ),
        must("by_day", list(&OF_DAY)),
        must("by_model", list(&OF_MODEL)),
        must(
            "by_tool",
            list(&object(
                "",
                &[must("tool", TEXT), must("calls", COUNT), must("errors", COUNT), must("avg_ms", COUNT.or_null())],
            )),
        ),
        must("errors", list(&object("", &[must("code", TEXT), must("count", COUNT)]))),
    ],
);

/// What is left.
pub(in crate::agents) const CREDITS: Shape = object(
    "AgentCredits",
    &[
        must("balance", NUMBER),
        must("used_today", NUMBER),
        must("used_this_month", NUMBER),
        must("limit", NUMBER.or_null()).about("Most that may be used in a month"),
    ],
);
