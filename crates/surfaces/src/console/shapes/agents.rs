//! Shapes of agents, their versions and what happened to them.

use super::page;
use crate::agents::shapes::{monitoring, records};
use crate::http::shape::{
    ANY, COUNT, JSON_OBJECT, NUMBER, Shape, TEXT, closed, extend, list, may, must, object, text, words,
};

/// An agent with what it did lately.
pub(in crate::console) const AGENT: Shape = extend(
    "ConsoleAgent",
    records::AGENT,
    &[
        must("revision", COUNT).about("As config_version"),
        must("threads_7d", COUNT).about("Threads of the last seven days, in this mode"),
        must("errors_7d", COUNT),
        must("credits_7d", NUMBER),
    ],
);
pub(in crate::console) const AGENTS: Shape = object("ConsoleAgents", &page(&AGENT));

/// Fields of a configuration, in the words of this API and of workflows.
const GIVEN: Shape = closed("", records::OPTIONAL);

/// A new agent.
pub(in crate::console) const NEW_AGENT: Shape = extend(
    "ConsoleNewAgent",
    GIVEN,
    &[
        must("name", text(1, 120)),
        must("instructions", text(1, 50_000)).about("Or system_prompt"),
        may("id", TEXT).about("Of an agent that comes from elsewhere"),
        may("system_prompt", text(1, 50_000)),
        may("max_tokens", COUNT),
        may("max_iterations", COUNT),
        may("memory_config", JSON_OBJECT),
    ],
);
/// What shall be changed of an agent.
pub(in crate::console) const AGENT_PATCH: Shape = extend(
    "ConsoleAgentPatch",
    GIVEN,
    &[
        may("name", text(1, 120)),
        may("instructions", text(1, 50_000)),
        may("system_prompt", text(1, 50_000)),
        may("max_tokens", COUNT),
        may("max_iterations", COUNT),
        may("memory_config", JSON_OBJECT),
    ],
);

pub(in crate::console) const VERSIONS: Shape = object("ConsoleAgentVersions", &page(&records::VERSION));
pub(in crate::console) const WHOLE_VERSION: Shape = records::WHOLE_VERSION;

/// What sets two versions apart.
pub(in crate::console) const DIFF: Shape = object(
    "AgentDiff",
    &[must(
        "changes",
        list(&object(
            "",
            &[
                must("op", words(&["add", "remove", "update"])),
                must("pointer", TEXT),
                must("before", ANY.or_null()),
                must("after", ANY.or_null()),
            ],
        )),
    )],
);

pub(in crate::console) const ACTIVITIES: Shape = object("ConsoleAgentActivities", &page(&monitoring::ACTIVITY));
pub(in crate::console) const ENTRY: Shape = monitoring::ENTRY;
pub(in crate::console) const PERFORMANCE: Shape = monitoring::PERFORMANCE;
