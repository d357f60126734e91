//! The flow *Refund request* in its two versions.

use serde_json::{Value, json};

/// Its name.
pub(super) const NAME: &str = "Refund request";
/// What it is for.
pub(super) const DESCRIPTION: &str = "Pays small refunds at once and asks a person about larger ones.";
/// Above this amount version 1 asks a person.
const LIMIT_V1: u32 = 250;
/// Above this amount version 2 asks a person.
pub(super) const LIMIT_V2: u32 = 100;

/// What reasons are sorted by; the first one stands for everything else.
const TOPICS: [&str; 7] = ["other", "broken", "size", "colour", "late", "twice", "missing"];

/// The first version: asks rarely, and does not say why the money is wanted.
pub(super) fn version_1(refunds_url: &str) -> Value {
    let question = "Refund {{amount}} to {{customer}}?";
    json!({ "steps": with_body(vec![api()], LIMIT_V1, question, refunds_url) })
}

/// The second version: asks above 100, shows the reason, and can also be started by a form and by an agent.
pub(super) fn version_2(refunds_url: &str) -> Value {
    let question = "Refund {{amount}} to {{customer}}? Reason: {{reason ? reason : 'none given'}}";
    let form = json!({ "id": "form", "type": "form", "name": "Form filled in", "nextStepId": "sort", "data": {
        "mode": "test", "title": "Ask for a refund", "description": "We answer within a day.", "submitLabel": "Send", "inputs": inputs() } });
    let agent = json!({ "id": "agent", "type": "peer.action", "name": "Asked for by an agent", "nextStepId": "sort", "data": {
        "name": "refund_request", "description": "Asks for a refund for a customer.", "inputs": inputs() } });
    json!({ "steps": with_body(vec![api(), form, agent], LIMIT_V2, question, refunds_url) })
}

fn api() -> Value {
    json!({ "id": "start", "type": "api", "name": "Refund asked for", "nextStepId": "sort", "data": { "inputs": inputs() } })
}

fn inputs() -> Value {
    json!([
        { "key": "customer", "label": "Customer", "type": "text", "required": true },
        { "key": "amount", "label": "Amount", "type": "number", "required": true },
        { "key": "reason", "label": "Reason", "type": "long-text", "default": "" },
    ])
}

/// Sorts the reason. Without a model that answers, the refund goes on unsorted.
fn sort() -> Value {
    let schema = json!({ "type": "object", "required": ["topic"], "properties": { "topic": { "enum": TOPICS } } });
    json!({ "id": "sort", "type": "ask-to-llm", "name": "Sort the reason", "output": "sorted", "onError": "continue",
        "nextStepId": "limit", "data": { "modelId": "offline", "prompt": "Reason for the refund: {{reason}}",
            "systemPrompt": "Name the topic of the reason.", "responseFormat": "json", "responseSchema": schema } })
}

fn with_body(triggers: Vec<Value>, limit: u32, question: &str, refunds_url: &str) -> Vec<Value> {
    let branch = json!({ "id": "large", "name": format!("Over {limit}"), "condition": format!("amount > {limit}"),
        "nextStepId": "approve" });
    let body = [
        sort(),
        json!({ "id": "limit", "type": "condition", "name": "How large?",
            "data": { "branches": [branch], "elseNextStepId": "pay" } }),
        json!({ "id": "approve", "type": "user-approval", "name": "Ask a person", "data": { "message": question },
            "nextStepId": "pay", "rejectNextStepId": "rejected" }),
        json!({ "id": "pay", "type": "http-request", "name": "Pay", "data": { "method": "POST", "url": refunds_url,
            "body": { "customer": "{{customer}}", "amount": "{{amount}}", "reason": "{{reason}}" } },
            "output": "payment", "retry": { "maxAttempts": 3, "intervalMs": 200, "backoff": "exponential" },
            "timeoutMs": 5_000, "nextStepId": "paid" }),
        json!({ "id": "paid", "type": "final", "name": "Paid", "data": { "outputs": {
            "customer": "{{customer}}", "topic": "{{sorted.output.topic}}", "refunded": "{{amount}}", "refundId": "{{payment.body.refundId}}",
            "decision": "{{approval.decision ?? 'not needed'}}" } } }),
        json!({ "id": "rejected", "type": "final", "name": "Rejected", "data": { "outputs": {
            "customer": "{{customer}}", "topic": "{{sorted.output.topic}}", "refunded": 0, "decision": "reject",
            "comment": "{{approval.comment ?? ''}}" } } }),
    ];
    triggers.into_iter().chain(body).collect()
}
