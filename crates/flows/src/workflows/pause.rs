//! What an execution that waits for somebody shows (workflow API contract, section 8.2, `pause_context`).

use floe_model::Timestamp;
use serde_json::{Map, Value, json};

/// A question that pauses an execution.
#[derive(Debug, Clone, Copy)]
pub struct Pause<'a> {
    /// What would end it: `human-review`, `webhook-wait`, or a kind of the steps language.
    pub kind: &'a str,
    /// The node that asks.
    pub node_id: &'a str,
    /// Its name.
    pub node_name: &'a str,
    /// What it asks.
    pub question: &'a Map<String, Value>,
    /// When it asked.
    pub paused_at: Timestamp,
    /// When its time comes.
    pub expires_at: Option<Timestamp>,
}

/// The `pause_context` of the workflow API.
#[must_use]
pub fn pause_json(pause: &Pause<'_>) -> Value {
    let member = |names: &[&str]| names.iter().find_map(|name| pause.question.get(*name)).cloned().unwrap_or_default();
    let reason = match pause.kind {
        "human-review" => "human_review",
        "webhook-wait" => "webhook",
        "payment-run" => "payment_run",
        other => other,
    };
    json!({
        "reason": reason,
        "node_id": pause.node_id,
        "node_name": pause.node_name,
        "paused_at": pause.paused_at,
        "prompt": member(&["prompt", "message", "title"]),
        "description": member(&["description"]),
        "variable_name": member(&["variable_name", "variableName"]),
        "input_type": member(&["input_type", "inputType"]),
        "placeholder": member(&["placeholder"]),
        "validation": member(&["validation"]),
        "required": member(&["required"]),
        "expires_at": pause.expires_at,
    })
}
