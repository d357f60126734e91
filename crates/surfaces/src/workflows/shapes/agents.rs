//! Shapes of agents.

use super::WIRE_ID;
use crate::http::shape::{
    COUNT, INSTANT, JSON_OBJECT, NUMBER, Shape, TEXT, extend, input, list, may, must, object, text, words,
};

/// An agent in a list.
pub(in crate::workflows) const AGENT_ITEM: Shape = object(
    "WorkflowsAgentItem",
    &[
        must("id", WIRE_ID),
        must("name", TEXT),
        must("description", TEXT),
        must("model", TEXT).about("Name of the model at its provider"),
        must("provider", TEXT.or_null()).about("null for a model that is not configured any more"),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
    ],
);

const TOOL: Shape = object(
    "WorkflowsAgentTool",
    &[
        must("id", TEXT),
        must("name", TEXT),
        must("description", TEXT),
        must("type", words(&["workflow", "function", "knowledge_base", "agent", "mcp", "builtin"])),
    ],
);

/// An agent.
pub(in crate::workflows) const AGENT: Shape = extend(
    "WorkflowsAgent",
    AGENT_ITEM,
    &[
        must("system_prompt", TEXT),
        must("temperature", NUMBER),
        must("max_tokens", COUNT),
        must("available_tools", list(&TOOL)),
    ],
);

/// A new thread.
pub(in crate::workflows) const NEW_THREAD: Shape = input(
    "NewThread",
    &[
        may("metadata", JSON_OBJECT).about("At most 16 KiB as JSON; user_id in it tells whose thread it is"),
        may("title", text(0, 255)),
    ],
);
