//! A message of a conversation as the agent API spells it (agents contract, sections 2.1 and 2.3).
//!
//! What is read is what is written: a `conversation_history` can be sent back as it came.

use serde_json::{Map, Value, json};

/// Parts of one message at most.
pub const PARTS_MAX: usize = 1_000;

/// Who a message is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A person or a program that talks to the agent.
    User,
    /// The agent, or a person who answers in its place.
    Assistant,
    /// An instruction beside the agent's own.
    System,
    /// Results of tools.
    Tool,
}

impl Role {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::User, Self::Assistant, Self::System, Self::Tool];

    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::System => "system",
            Self::Tool => "tool",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A text.
    Text(String),
    /// Parts, at least one.
    Parts(Vec<Part>),
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// A text.
    Text {
        /// It.
        text: String,
    },
    /// A picture.
    Image {
        /// Its address, or a data URL.
        image: String,
    },
    /// The assistant asks for a call of a tool.
    ToolCall {
        /// Names the call within its conversation.
        id: String,
        /// The tool.
        name: String,
        /// Its arguments.
        args: Value,
    },
    /// What a tool gave.
    ToolResult {
        /// The call.
        id: String,
        /// The tool.
        name: String,
        /// What it gave.
        result: Value,
    },
}

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Who it is from.
    pub role: Role,
    /// What it says.
    pub content: Content,
}

/// What is wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMessage {
    /// It is not an object, or its role is not one of ours.
    #[error("role must be one of user, assistant, system, tool")]
    Role,
    /// Its content is neither a text nor parts that its role may have.
    #[error("content must be a non-empty string or an array of parts")]
    Content,
}

impl Message {
    /// A message of a user.
    #[must_use]
    pub fn user(text: impl Into<String>) -> Self {
        Self { role: Role::User, content: Content::Text(text.into()) }
    }

    /// A message of the assistant.
    #[must_use]
    pub fn assistant(text: impl Into<String>) -> Self {
        Self { role: Role::Assistant, content: Content::Text(text.into()) }
    }

    /// Reads a message; members that it does not know are ignored.
    ///
    /// # Errors
    /// What is wrong first.
    pub fn parse(value: &Value) -> Result<Self, BadMessage> {
        let role = value.get("role").and_then(Value::as_str).and_then(Role::parse).ok_or(BadMessage::Role)?;
        let content = value.get("content").and_then(|content| Content::parse(role, content));
        Ok(Self { role, content: content.ok_or(BadMessage::Content)? })
    }

    /// The message on the wire: `{role, content}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "role": self.role.as_str(), "content": self.content.to_json() })
    }
}

impl Content {
    /// Reads content that a message of this role may have; none for anything else. An assistant may have said nothing.
    #[must_use]
    pub fn parse(role: Role, value: &Value) -> Option<Self> {
        match value {
            Value::String(text) if text.is_empty() && role != Role::Assistant => None,
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Array(parts) if (1..=PARTS_MAX).contains(&parts.len()) => {
                parts.iter().map(|part| Part::parse(role, part)).collect::<Option<_>>().map(Self::Parts)
            }
            _ => None,
        }
    }

    /// On the wire and in rows.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::Parts(parts) => parts.iter().map(Part::to_json).collect(),
        }
    }

    /// Its texts, one after another with a line between them; nothing else of it.
    #[must_use]
    pub fn plain_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Parts(parts) => {
                let texts = parts.iter().filter_map(|part| match part {
                    Part::Text { text } => Some(text.as_str()),
                    _ => None,
                });
                texts.collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// Whether it holds calls of tools or their results.
    #[must_use]
    pub fn has_tools(&self) -> bool {
        let Self::Parts(parts) = self else { return false };
        parts.iter().any(|part| matches!(part, Part::ToolCall { .. } | Part::ToolResult { .. }))
    }
}

impl Part {
    /// Reads a part that a message of this role may have.
    fn parse(role: Role, value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        let with_tools = matches!(role, Role::Assistant | Role::Tool);
        match members.get("type")?.as_str()? {
            "text" => Some(Self::Text { text: members.get("text")?.as_str()?.to_owned() }),
            "image" => {
                let image = members.get("image")?.as_str()?;
                is_image_address(image).then(|| Self::Image { image: image.to_owned() })
            }
            "tool-call" if with_tools => {
                let (id, name) = tool_of(members)?;
                Some(Self::ToolCall { id, name, args: members.get("args").cloned().unwrap_or_else(|| json!({})) })
            }
            "tool-result" if with_tools => {
                let (id, name) = tool_of(members)?;
                Some(Self::ToolResult { id, name, result: members.get("result").cloned().unwrap_or(Value::Null) })
            }
            _ => None,
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Text { text } => json!({ "type": "text", "text": text }),
            Self::Image { image } => json!({ "type": "image", "image": image }),
            Self::ToolCall { id, name, args } => {
                json!({ "type": "tool-call", "toolCallId": id, "toolName": name, "args": args })
            }
            Self::ToolResult { id, name, result } => {
                json!({ "type": "tool-result", "toolCallId": id, "toolName": name, "result": result })
            }
        }
    }
}

/// The call and the tool that a part names.
fn tool_of(members: &Map<String, Value>) -> Option<(String, String)> {
    let text =
        |name: &str| members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    Some((text("toolCallId")?, text("toolName")?))
}

/// Whether a text is where a picture can be: a data URL of one, or an http address. Nothing is fetched here.
fn is_image_address(text: &str) -> bool {
    let starts = |prefix: &str| text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    starts("https://") || starts("http://") || starts("data:image/")
}

#[cfg(test)]
mod tests;
