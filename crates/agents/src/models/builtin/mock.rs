//! `mock`: repeats what it was asked (Workflows contract, section 24).

use floe_runtime::models::{Finish, ModelCall};

use super::{fill, last_said};
use crate::models::asking::Said;

/// Characters of the question that are repeated.
const REPEATED_CHARS: usize = 200;

/// `[mock:<model>] ` and the beginning of the question; a value of the right form where a schema asks for one.
pub(super) fn answer(label: &str, call: &ModelCall) -> Said {
    let said = last_said(call);
    let prompt = if said.is_empty() { call.system.as_deref().unwrap_or_default() } else { &said };
    let text = match &call.response_schema {
        Some(schema) => fill::value(schema, prompt).to_string(),
        None => format!("[mock:{label}] {}", prompt.chars().take(REPEATED_CHARS).collect::<String>()),
    };
    Said { text, thinking: String::new(), tool_calls: Vec::new(), finish: Finish::Stop, usage: None }
}
