//! The body of a chat, field by field in the order in which its problems are told (agents contract, section 2.1).

use floe_model::agents::envelope::ends_with_user;
use floe_model::agents::message::{BadMessage, Message};
use floe_model::{Fault, FaultKind};
use serde_json::{Map, Value};

/// Messages of one call at most.
const MESSAGES_MAX: usize = 1_000;
/// Entries of `metadata` at most.
const METADATA_MAX: usize = 16;
/// Characters of the id of a thread at most.
const THREAD_ID_MAX: usize = 128;

/// A chat that is asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct ChatIn {
    /// At least one; the last is from a user.
    pub(crate) messages: Vec<Message>,
    /// The conversation that goes on.
    pub(crate) thread: Option<String>,
    /// Where the answer is sent; not checked for where it leads.
    pub(crate) callback_url: Option<String>,
    /// Whether the answer is to come as it is made; none when nothing is said of it.
    pub(crate) stream: Option<bool>,
    /// Texts that are given back.
    pub(crate) metadata: Map<String, Value>,
    /// Fields of the configuration that are tried: for the playground.
    pub(crate) config: Option<Value>,
}

impl ChatIn {
    /// Reads a body. Members that it does not know are ignored.
    ///
    /// # Errors
    /// 400 in the words of the contract.
    pub(crate) fn read(body: Value) -> Result<Self, Fault> {
        let Value::Object(mut body) = body else { return Err(invalid("invalid_messages", NO_MESSAGES)) };
        // Null counts as absent.
        let mut take = |name: &str| body.swap_remove(name).filter(|value| !value.is_null());
        let messages = messages(take("messages"))?;
        let thread = thread_id(take("thread_id"))?;
        let callback_url = callback_url(take("callback_url"))?;
        let stream = match take("stream") {
            None => None,
            Some(Value::Bool(stream)) => Some(stream),
            Some(_) => return Err(invalid("invalid_request", "stream must be true or false")),
        };
        if stream == Some(true) && callback_url.is_some() {
            return Err(invalid("invalid_request", "stream and callback_url cannot be used together"));
        }
        let metadata = metadata(take("metadata"))?;
        let config = take("config");
        Ok(Self { messages, thread, callback_url, stream, metadata, config })
    }
}

const NO_MESSAGES: &str = "messages is required and must be a string, a message object or an array of message objects";

fn messages(value: Option<Value>) -> Result<Vec<Message>, Fault> {
    let messages = match value {
        Some(Value::String(text)) if !text.is_empty() => vec![Message::user(text)],
        Some(one @ Value::Object(_)) => vec![message(0, &one)?],
        Some(Value::Array(list)) if !list.is_empty() => {
            if list.len() > MESSAGES_MAX {
                return Err(invalid("invalid_messages", format!("messages must have at most {MESSAGES_MAX} items")));
            }
            list.iter().enumerate().map(|(at, one)| message(at, one)).collect::<Result<_, _>>()?
        }
        _ => return Err(invalid("invalid_messages", NO_MESSAGES)),
    };
    if !ends_with_user(&messages) {
        return Err(invalid("invalid_messages", "The last message must have the role user"));
    }
    Ok(messages)
}

fn message(at: usize, value: &Value) -> Result<Message, Fault> {
    // An item that is no object is of the wrong type as a whole.
    if !value.is_object() {
        return Err(invalid("invalid_messages", NO_MESSAGES));
    }
    Message::parse(value).map_err(|bad: BadMessage| invalid("invalid_messages", format!("messages[{at}].{bad}")))
}

/// Whether a text can be the id of a thread.
pub(super) fn is_thread_id(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    (1..=THREAD_ID_MAX).contains(&text.len()) && text.bytes().all(is_letter)
}

fn thread_id(value: Option<Value>) -> Result<Option<String>, Fault> {
    match value {
        None => Ok(None),
        // An empty one counts as absent.
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if is_thread_id(&text) => Ok(Some(text)),
        Some(_) => Err(invalid("invalid_thread_id", "thread_id must be 1 to 128 letters, digits or _-.:")),
    }
}

fn callback_url(value: Option<Value>) -> Result<Option<String>, Fault> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => {
            let message = "callback_url must be a reachable absolute http or https URL";
            Err(invalid("invalid_callback_url", message))
        }
    }
}

fn metadata(value: Option<Value>) -> Result<Map<String, Value>, Fault> {
    match value {
        None => Ok(Map::new()),
        Some(Value::Object(map)) if map.len() <= METADATA_MAX && map.values().all(Value::is_string) => Ok(map),
        Some(_) => {
            Err(invalid("invalid_metadata", format!("metadata must be an object of at most {METADATA_MAX} texts")))
        }
    }
}

fn invalid(code: &'static str, message: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Invalid, code, message.into())
}

#[cfg(test)]
mod tests;
