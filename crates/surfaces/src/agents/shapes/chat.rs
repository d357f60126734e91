use crate::http::shape::{
    ANY, COUNT, FLAG, ID, INSTANT, JSON_OBJECT, NUMBER, Shape, TEXT, any_of, input, int, list, map, may, must, object,
    open, words,
};

/// A part of a message.
const PART: Shape = any_of(&[
    open("TextPart", &[must("type", words(&["text"])), must("text", TEXT)]),
    open("ImagePart", &[must("type", words(&["image"])), must("image", TEXT).about("A URL, or a data URL")]),
    open(
        "ToolCallPart",
        &[must("type", words(&["tool-call"])), must("toolCallId", TEXT), must("toolName", TEXT), must("args", ANY)],
    ),
    open(
        "ToolResultPart",
        &[must("type", words(&["tool-result"])), must("toolCallId", TEXT), must("toolName", TEXT), must("result", ANY)],
    ),
]);

/// What a message says.
pub(in crate::agents) const CONTENT: Shape = any_of(&[TEXT, list(&PART)]);
pub(in crate::agents) const ROLE: Shape = words(&["user", "assistant", "system", "tool"]);

/// A message.
const MESSAGE: Shape = open(
    "ChatMessage",
    &[must("role", ROLE), must("content", CONTENT), may("id", TEXT).about("In the history of an exchange with tools")],
);

pub(in crate::agents) const CHAT: Shape = input(
    "Chat",
    &[
        must("messages", any_of(&[TEXT, MESSAGE, list(&MESSAGE)])).about("The last message must have the role user"),
        may("thread_id", TEXT).about("Continues that conversation; 1 to 128 letters, digits or _-.:"),
        may("callback_url", TEXT).about("Where the answer is sent; the call is answered at once"),
        may("stream", FLAG).about("Whether the answer comes as it is made"),
        may("metadata", map(&TEXT)).about("At most 16 texts, which are given back"),
    ],
);

/// What is known of an answered exchange.
const METADATA: Shape = object(
    "ChatMetadata",
    &[
        must("id", TEXT),
        must("model", TEXT.or_null()),
        must("timestamp", INSTANT),
        must("tool_calls", JSON_OBJECT)
            .about("By the id of the call: name, arguments, result, status, error, duration_ms"),
        must("execution_time", COUNT).about("Milliseconds"),
        must("used_credits", NUMBER),
        must("thread_id", TEXT),
        may("finish_reason", words(&["length", "max_steps", "blocked", "handoff", "approval", "cancelled"])),
        may("usage", object("", &[must("input_tokens", COUNT), must("output_tokens", COUNT)])),
        may("fallback_used", FLAG),
        may("guardrail", ANY),
        may("custom", map(&TEXT)),
    ],
);

pub(in crate::agents) const ENVELOPE: Shape = object(
    "ChatEnvelope",
    &[
        must("statusCode", int(200, 599)),
        must(
            "body",
            object(
                "ChatBody",
                &[
                    may("agent_id", ID),
                    may("conversation_history", list(&MESSAGE)),
                    may("metadata", METADATA),
                    may("output", ANY).about("The parsed answer of an agent with a response schema"),
                    may("message", TEXT),
                    may("error", TEXT),
                ],
            ),
        ),
    ],
);

pub(in crate::agents) const ACCEPTED: Shape =
    object("ChatAccepted", &[must("message", TEXT), must("status", words(&["processing"]))]);
