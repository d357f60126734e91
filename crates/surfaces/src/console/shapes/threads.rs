//! Shapes of conversations with agents.

use super::page;
use crate::http::shape::{ANY, COUNT, ID, INSTANT, JSON_OBJECT, Shape, TEXT, closed, may, must, object, text, words};

/// Who answers.
pub(in crate::console) const STATE: Shape = words(&["bot", "human", "closed"]);

/// A conversation with an agent.
pub(in crate::console) const THREAD: Shape = object(
    "Thread",
    &[
        must("id", ID),
        must("external_id", TEXT).about("As callers of the agent API spell it"),
        must("agent_id", ID),
        must("mode", super::keys::MODE),
        must("state", STATE),
        must("channel", TEXT),
        must("title", TEXT.or_null()),
        must("metadata", JSON_OBJECT),
        must("note", TEXT.or_null()).about("What was said when it was handed over"),
        must("message_count", COUNT),
        must("last_message_at", INSTANT.or_null()),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
    ],
);
/// Conversations.
pub(in crate::console) const THREADS: Shape = object("Threads", &page(&THREAD));

/// What was said.
pub(in crate::console) const MESSAGE: Shape = object(
    "ThreadMessage",
    &[
        must("id", ID),
        must("role", words(&["user", "assistant", "system", "tool"])),
        must("content", ANY).about("A text, or a list of parts"),
        must("author", TEXT.or_null()).about("human for a person's message in the agent's place"),
        must("exchange_id", TEXT.or_null()),
        must("rating", words(&["up", "down"]).or_null()),
        must("comment", TEXT.or_null()),
        must("created_at", INSTANT),
    ],
);
/// Messages of a conversation.
pub(in crate::console) const MESSAGES: Shape = object("ThreadMessages", &page(&MESSAGE));

/// A person's message.
pub(in crate::console) const SAY: Shape = closed("ThreadSay", &[must("content", text(1, 50_000))]);
/// Why a person should answer.
pub(in crate::console) const HANDOFF: Shape = closed("ThreadHandoff", &[may("note", text(0, 1_000))]);
/// What somebody thinks of a message.
pub(in crate::console) const FEEDBACK: Shape = closed(
    "ThreadFeedback",
    &[must("message_id", TEXT), must("rating", words(&["up", "down"])), may("comment", text(0, 1_000))],
);
/// A message for an agent from the playground.
pub(in crate::console) const CHAT: Shape = closed(
    "PlaygroundChat",
    &[
        must("messages", ANY).about("A text, a message, or a list of messages; the last must have the role user"),
        may("thread_id", TEXT).about("Continues that conversation"),
        may("metadata", JSON_OBJECT).about("At most 16 texts"),
        may("config", JSON_OBJECT).about("Fields of the agent that are tried without being saved"),
    ],
);
