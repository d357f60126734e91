//! Which messages of a conversation a model sees (agents contract, section 2.4): the last ones, as many as the agent's memory allows and
//! as fit, never a tool's result without its call.

use super::message::{Content, Message, Part, Role};

/// Characters that count as one token where nobody counts for real.
const CHARS_OF_TOKEN: usize = 4;
/// What the frame of a message takes, in tokens.
const FRAME_TOKENS: usize = 6;
/// What a picture takes, in tokens.
const IMAGE_TOKENS: usize = 1_000;

/// Index of the first message that a model sees: at most `messages_max` of the last ones, of at most `tokens_max` tokens together by
/// estimate. Those from `always_from` on are seen in any case.
#[must_use]
pub fn first_seen(messages: &[Message], always_from: usize, messages_max: usize, tokens_max: usize) -> usize {
    let always_from = always_from.min(messages.len());
    let mut tokens: usize = messages[always_from..].iter().map(estimate).sum();
    let mut first = always_from;
    while first > 0 && messages.len() - first < messages_max {
        tokens = tokens.saturating_add(estimate(&messages[first - 1]));
        if tokens > tokens_max {
            break;
        }
        first -= 1;
    }
    // A result whose call is not seen would be refused by any model.
    while first < always_from && messages[first].role == Role::Tool {
        first += 1;
    }
    first
}

/// Tokens of a message, by estimate.
#[must_use]
pub fn estimate(message: &Message) -> usize {
    FRAME_TOKENS
        + match &message.content {
            Content::Text(text) => estimate_text(text),
            Content::Parts(parts) => parts.iter().map(estimate_part).sum(),
        }
}

/// Tokens of a text, by estimate.
#[must_use]
pub fn estimate_text(text: &str) -> usize {
    text.len().div_ceil(CHARS_OF_TOKEN)
}

fn estimate_part(part: &Part) -> usize {
    match part {
        Part::Text { text } => estimate_text(text),
        Part::Image { .. } => IMAGE_TOKENS,
        Part::ToolCall { name, args, .. } => estimate_text(name) + estimate_text(&args.to_string()),
        Part::ToolResult { result, .. } => estimate_text(&result.to_string()),
    }
}

#[cfg(test)]
mod tests;
