//! Shapes of messages.

use super::WIRE_ID;
use crate::http::shape::{
    ANY, COUNT, FLAG, INSTANT, Shape, TEXT, extend, input, int, list, may, must, object, text, words,
};

const TOOL_CALL: Shape = object(
    "MessageToolCall",
    &[
        must("id", TEXT),
        must("name", TEXT),
        must("arguments", ANY),
        must("result", ANY).about("null while there is none"),
    ],
);

const ROLE: Shape = words(&["user", "assistant", "system"]);

const SAID: Shape = object(
    "SaidMessage",
    &[
        must("id", WIRE_ID),
        must("role", ROLE),
        must("content", TEXT),
        must("tool_calls", list(&TOOL_CALL).or_null()),
        must("created_at", INSTANT),
    ],
);

/// A message of a thread.
pub(in crate::workflows) const MESSAGE: Shape = extend("Message", SAID, &[must("thread_id", WIRE_ID)]);

/// A message that is sent.
pub(in crate::workflows) const SEND: Shape = input(
    "SendMessage",
    &[
        must("content", text(1, 100_000)),
        may("stream", FLAG),
        may("timeout", int(0, i64::MAX)).about("Milliseconds to wait; 120000 unless given, and at most"),
    ],
);

const USAGE: Shape = object(
    "MessageUsage",
    &[must("prompt_tokens", COUNT), must("completion_tokens", COUNT), must("total_tokens", COUNT)],
);

/// A reply.
pub(in crate::workflows) const REPLY: Shape = extend(
    "MessageReply",
    SAID,
    &[
        must("message_id", WIRE_ID),
        must("thread_id", WIRE_ID),
        must("execution_id", WIRE_ID),
        must("status", words(&["completed"])),
        must("usage", USAGE),
        must("iterations", COUNT),
        must("tool_calls_count", COUNT),
        must("message", SAID),
    ],
);

/// What is told while there is no reply.
pub(in crate::workflows) const PROCESSING: Shape = object(
    "MessageProcessing",
    &[
        must("id", WIRE_ID).about("Of the reply to come"),
        must("message_id", WIRE_ID),
        must("thread_id", WIRE_ID),
        must("execution_id", WIRE_ID),
        must("status", words(&["processing"])),
        must("role", words(&["assistant"])),
        must("content", TEXT.or_null()),
    ],
);
