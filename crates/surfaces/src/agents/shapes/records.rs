//! Shapes of agents as records.

use crate::http::shape::{
    COUNT, FLAG, Field, ID, INSTANT, JSON_OBJECT, NUMBER, Shape, TEXT, input, int, list, map, may, must, object, open,
    text, words,
};

/// Whether an agent answers.
const STATUS: Shape = words(&["active", "inactive"]);

const MEMORY: Shape = object("AgentMemory", &[must("window_messages", int(1, 200)), must("summarise", FLAG)]);

const RULES: Shape = list(&JSON_OBJECT);
const GUARDRAILS: Shape = object("AgentGuardrails", &[must("input", RULES), must("output", RULES)]);

const LIMIT: Shape = object("AgentCreditLimit", &[must("amount", NUMBER), must("period", words(&["day", "month"]))]);

/// A tool: which members it has depends on its type.
const TOOL: Shape = open(
    "AgentTool",
    &[
        must("type", words(&["http", "mcp", "flow", "knowledge", "agent", "workflow", "builtin"])),
        may("name", TEXT).about("What the model calls it"),
        must("description", TEXT),
        may("headers", map(&TEXT)).about("Of http and mcp; values are always ***"),
        must("requires_approval", FLAG),
    ],
);

/// The configuration of an agent.
pub(crate) const CONFIG: Shape = object("AgentConfig", CONFIG_FIELDS);

const CONFIG_FIELDS: &[Field] = &[
    must("name", TEXT),
    must("description", TEXT),
    must("instructions", TEXT),
    must("status", STATUS),
    must("model", TEXT.or_null()).about("Null is the usual model of the workspace"),
    must("fallback_models", list(&TEXT)),
    must("temperature", NUMBER),
    must("max_output_tokens", COUNT),
    must("max_steps", int(1, 100)),
    must("tools", list(&TOOL)),
    must("memory", MEMORY),
    must("response_schema", JSON_OBJECT.or_null()),
    must("guardrails", GUARDRAILS),
    must("credit_limit", LIMIT.or_null()),
    must("metadata", map(&TEXT)),
];

/// An agent.
pub(crate) const AGENT: Shape = object("Agent", AGENT_FIELDS);

/// Members of an agent in the order of the wire.
pub(crate) const AGENT_FIELDS: &[Field] = &[
    must("id", ID),
    must("agent_id", ID).about("The same"),
    must("name", TEXT),
    must("description", TEXT),
    must("instructions", TEXT),
    must("status", STATUS),
    must("model", TEXT.or_null()).about("Null is the usual model of the workspace"),
    must("fallback_models", list(&TEXT)),
    must("temperature", NUMBER),
    must("max_output_tokens", COUNT),
    must("max_steps", int(1, 100)),
    must("tools", list(&TOOL)),
    must("memory", MEMORY),
    must("response_schema", JSON_OBJECT.or_null()),
    must("guardrails", GUARDRAILS),
    must("credit_limit", LIMIT.or_null()),
    must("metadata", map(&TEXT)),
    must("created_at", INSTANT),
    must("updated_at", INSTANT),
    must("config_version", COUNT).about("Counts changes, from 1"),
];

/// A page of agents.
pub(in crate::agents) const AGENTS: Shape = object(
    "AgentPage",
    &[
        must("data", list(&AGENT)),
        must("total", COUNT),
        must("limit", COUNT),
        must("offset", COUNT),
        must("has_more", FLAG),
    ],
);

/// Fields that a new agent must not have.
pub(crate) const OPTIONAL: &[Field] = &[
    may("description", text(0, 1_000)),
    may("status", STATUS),
    may("model", text(1, 200)),
    may("fallback_models", list(&TEXT).at_most(5)),
    may("temperature", NUMBER).about("0 to 2; 0.7 unless given"),
    may("max_output_tokens", int(1, 10_000_000)),
    may("max_steps", int(1, 100)).about("10 unless given"),
    may("tools", list(&JSON_OBJECT).at_most(64)),
    may("memory", JSON_OBJECT),
    may("response_schema", JSON_OBJECT),
    may("guardrails", JSON_OBJECT),
    may("credit_limit", JSON_OBJECT),
    may("metadata", map(&TEXT)),
];

const NEEDED: Shape = input("", &[must("name", text(1, 120)), must("instructions", text(1, 50_000))]);
const GIVEN: Shape = input(
    "",
    &[
        may("name", text(1, 120)),
        may("instructions", text(1, 50_000)),
        may("if_config_version", COUNT).about("Refuse when the agent has another version by now"),
    ],
);

/// A new agent.
pub(in crate::agents) const NEW_AGENT: Shape = crate::http::shape::extend("NewAgent", NEEDED, OPTIONAL);
/// What shall be changed of an agent.
pub(in crate::agents) const AGENT_PATCH: Shape = crate::http::shape::extend("AgentPatch", GIVEN, OPTIONAL);

/// An agent that is gone.
pub(in crate::agents) const DELETED: Shape = object("DeletedAgent", &[must("deleted", FLAG), must("id", ID)]);

/// A version of an agent.
pub(crate) const VERSION: Shape = object("AgentVersion", VERSION_FIELDS);

const VERSION_FIELDS: &[Field] = &[
    must("config_version", COUNT),
    must("action", words(&["created", "updated", "restored", "duplicated"])),
    must("name", TEXT).about("The agent's name in it"),
    must("changed_by", object("", &[must("type", TEXT), must("name", TEXT)])),
    must("created_at", INSTANT),
];

/// A version with its configuration.
pub(crate) const WHOLE_VERSION: Shape =
    crate::http::shape::extend("AgentVersionWhole", VERSION, &[must("config", CONFIG)]);

/// A page of versions.
pub(in crate::agents) const VERSIONS: Shape =
    object("AgentVersionPage", &[must("data", list(&VERSION)), must("has_more", FLAG)]);

/// What a version is restored with.
pub(in crate::agents) const RESTORE: Shape = input("RestoreAgentVersion", &[may("if_config_version", COUNT)]);
