//! Shapes of what agents remember.

use super::WIRE_ID;
use crate::http::shape::{
    COUNT, FLAG, INSTANT, JSON_OBJECT, NUMBER, Shape, TEXT, extend, input, int, list, may, must, object, text, words,
};

/// What is remembered of one person.
pub(in crate::workflows) const MEMORY_ITEM: Shape = object(
    "AgentMemoryItem",
    &[
        must("user_id", TEXT),
        must("working_memory", TEXT),
        must("metadata", JSON_OBJECT),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
    ],
);

/// The same with its agent.
pub(in crate::workflows) const MEMORY: Shape = extend("AgentMemory", MEMORY_ITEM, &[must("agent_id", WIRE_ID)]);

/// What shall be remembered.
pub(in crate::workflows) const WRITE: Shape = input(
    "WriteAgentMemory",
    &[must("working_memory", text(1, 100_000)), may("metadata", JSON_OBJECT).about("At most 16 KiB as JSON")],
);

pub(in crate::workflows) const DELETED: Shape =
    object("AgentMemoryDeleted", &[must("agent_id", WIRE_ID), must("user_id", TEXT), must("deleted", FLAG)]);

/// A question to what was said.
pub(in crate::workflows) const SEARCH: Shape = input(
    "SearchAgentMemory",
    &[
        must("query", text(1, 8_000)),
        may("top_k", int(1, 50)),
        may("similarity_threshold", NUMBER).about("0 to 1; 0.7 unless given"),
        may("user_id", text(1, 255)),
    ],
);

const SAID: Shape = object("AgentMemorySaid", &[must("role", ROLE), must("content", TEXT)]);
const ROLE: Shape = words(&["user", "assistant"]);

const HIT: Shape = object(
    "AgentMemoryHit",
    &[
        must("content", TEXT),
        must("role", ROLE),
        must("similarity", NUMBER),
        must("execution_id", WIRE_ID.or_null()),
        must("context_before", list(&SAID)),
        must("context_after", list(&SAID)),
    ],
);

pub(in crate::workflows) const FOUND: Shape = object(
    "AgentMemoryFound",
    &[must("agent_id", WIRE_ID), must("query", TEXT), must("results", list(&HIT)), must("result_count", COUNT)],
);

pub(in crate::workflows) const STATS: Shape = object(
    "AgentMemoryStats",
    &[
        must("agent_id", WIRE_ID),
        must("working_memory_count", COUNT),
        must("embedding_count", COUNT).about("Messages that a search looks at"),
        must("memory_config", JSON_OBJECT),
    ],
);
