use super::chat::{CONTENT, ROLE};
use crate::http::shape::{
    COUNT, FLAG, ID, INSTANT, JSON_OBJECT, Shape, TEXT, extend, input, list, may, must, object, text, words,
};

/// A thread.
pub(in crate::agents) const THREAD: Shape = object(
    "AgentThread",
    &[
        must("id", TEXT).about("As callers spell it"),
        must("agent_id", ID),
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

pub(in crate::agents) const STATE: Shape = words(&["bot", "human", "closed"]);

/// A message of a thread.
pub(in crate::agents) const MESSAGE: Shape = object(
    "AgentThreadMessage",
    &[
        must("id", TEXT),
        must("role", ROLE),
        must("content", CONTENT),
        must("author", TEXT.or_null()).about("human for a person's message in the agent's place"),
        must("exchange_id", TEXT.or_null()),
        must("rating", words(&["up", "down"]).or_null()),
        must("comment", TEXT.or_null()),
        must("created_at", INSTANT),
    ],
);

pub(in crate::agents) const THREADS: Shape =
    object("AgentThreads", &[must("data", list(&THREAD)), must("next_cursor", TEXT.or_null())]);

pub(in crate::agents) const FULL_THREAD: Shape = extend(
    "AgentThreadWithMessages",
    THREAD,
    &[
        must("messages", list(&MESSAGE)).about("Oldest first"),
        must("has_more", FLAG).about("Whether there are older ones"),
    ],
);

pub(in crate::agents) const DELETED: Shape = object("AgentThreadDeleted", &[must("deleted", FLAG), must("id", TEXT)]);
pub(in crate::agents) const HANDOFF: Shape = input("AgentHandoff", &[may("note", text(0, 1_000))]);
pub(in crate::agents) const SAY: Shape = input("AgentThreadSay", &[must("content", text(1, 50_000))]);
pub(in crate::agents) const FEEDBACK: Shape = input(
    "AgentThreadFeedback",
    &[must("message_id", TEXT), must("rating", words(&["up", "down"])), may("comment", text(0, 1_000))],
);
pub(in crate::agents) const RETRY: Shape =
    object("AgentDeliveryRetry", &[must("id", ID), must("status", words(&["retrying"]))]);
