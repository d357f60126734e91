//! Structured answers: the JSON in a model's text, checked by a schema, with one try to repair it.

use std::sync::Arc;

use floe_engine::event::StepError;
use floe_runtime::effect::EffectCall;
use floe_runtime::models::{ChatMessage, ModelCall, ModelReply, Usage};
use serde_json::{Value, json};

use super::config::bad_value;
use super::model::{ask, both};
use crate::Agents;
use crate::tools::Schema;

/// Bytes of an answer that are looked at.
const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// An answer that fits.
pub(super) struct Fitting {
    /// What was said, as it came.
    pub(super) reply: ModelReply,
    /// What it holds.
    pub(super) value: Value,
    /// Tokens of every call.
    pub(super) usage: Usage,
}

/// Asks for JSON that fits a schema; a text that does not is sent back once.
///
/// # Errors
/// `bad_value` for a schema that is none, `schema_mismatch`, and those of the call.
pub(super) async fn ask_for_json(
    agents: &Arc<Agents>,
    call: &EffectCall,
    mut asked: ModelCall,
    schema: &Value,
    field: &str,
) -> Result<Fitting, StepError> {
    let compiled =
        Schema::compile(schema).map_err(|problem| bad_value(field, &format!("is no JSON Schema: {problem}")))?;
    asked.response_schema = Some(schema.clone());
    let first = ask(agents, call, 0, &asked, None).await?.reply;
    let complaint = match read(&compiled, &first.text) {
        Ok(value) => return Ok(Fitting { usage: first.usage, value, reply: first }),
        Err(complaint) => complaint,
    };
    asked.messages.push(ChatMessage::assistant(first.text));
    let wanted = format!("That does not fit: {complaint}. Answer again with the corrected JSON and nothing else.");
    asked.messages.push(ChatMessage::user(wanted));
    let second = ask(agents, call, 1, &asked, None).await?.reply;
    match read(&compiled, &second.text) {
        Ok(value) => Ok(Fitting { usage: both(first.usage, second.usage), value, reply: second }),
        Err(complaint) => {
            let message = format!("The model's answer does not fit the schema: {complaint}");
            Err(StepError::new("schema_mismatch", message).with_details(json!({ "problem": complaint })))
        }
    }
}

/// The JSON of a text, when it fits.
fn read(schema: &Schema, text: &str) -> Result<Value, String> {
    let value = json_in(text)?;
    let problems = schema.problems(&value, "");
    if problems.is_empty() {
        return Ok(value);
    }
    Err(problems.iter().map(crate::tools::schema::Misfit::sentence).collect::<Vec<_>>().join("; "))
}

/// The JSON value of a text, also when words or a code fence stand around it.
pub(crate) fn json_in(text: &str) -> Result<Value, String> {
    if text.len() > TEXT_BYTES_MAX {
        return Err("the answer is too long".to_owned());
    }
    if let Ok(value) = serde_json::from_str(text.trim()) {
        return Ok(value);
    }
    let around = |open: char, close: char| {
        let (start, end) = (text.find(open)?, text.rfind(close)?);
        Some((start, serde_json::from_str(text.get(start..=end)?).ok()?))
    };
    let (object, array) = (around('{', '}'), around('[', ']'));
    let found = match (object, array) {
        (Some((at, object)), Some((before, array))) => Some(if before < at { array } else { object }),
        (object, array) => object.or(array).map(|(_, value)| value),
    };
    found.ok_or_else(|| "the answer is not valid JSON".to_owned())
}
