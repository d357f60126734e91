//! Items of the inbox on the wire (console contract, section 5.5).

use floe_agents::inbox::Counts as AgentCounts;
use floe_flows::questions::{Answered, Counts, Item};
use floe_model::id::InboxId;
use floe_store::agents::items::{KIND_HANDOFF, KIND_TOOL};
use floe_store::flows::waits::WaitRow;
use floe_treasury::runs::inbox::Counts as Payments;
use serde_json::{Map, Value, json};

use super::{inbox_confirmations, inbox_payments};

/// Characters of a summary at most.
const SUMMARY_CHARS_MAX: usize = 500;
/// Characters of a comment at most (Flow API contract, section 4).
const COMMENT_CHARS_MAX: usize = 2_000;

/// Kinds of items and the kinds of questions behind them; those without one belong to other products.
const KINDS: [(&str, Option<&str>); 9] = [
    ("flow_approval", Some("user-approval")),
    ("flow_form", Some("show-form")),
    ("flow_client_tool", Some("client-tool")),
    ("workflow_review", Some("human-review")),
    ("workflow_wait", Some("webhook-wait")),
    ("payment_approval", None),
    ("payment_confirmation", None),
    ("agent_tool", None),
    ("agent_handoff", None),
];

/// The kind of question behind a kind of item; `Some(None)` for a kind of another product.
pub(super) fn question_kind(word: &str) -> Option<Option<&'static str>> {
    KINDS.iter().find(|(kind, _)| *kind == word).map(|(_, question)| *question)
}

/// Every kind of item, for messages.
pub(super) fn kind_words() -> String {
    KINDS.map(|(kind, _)| kind).join(", ")
}

/// An item. Absent values are null, never left out.
pub(super) fn item_object(item: &Item) -> Value {
    let wait = &item.asked.wait;
    let starter = &item.starter;
    let assignees = item.assignees.iter();
    let assignees =
        assignees.map(|one| json!({ "type": "member", "id": one.member.map(|id| id.prefixed()), "name": one.name }));
    json!({
        "id": item_id(wait),
        "kind": kind_of(&wait.kind),
        "product": product_of(&wait.kind),
        "mode": wait.mode.as_str(),
        "title": format!("{}: {}", wait.flow_name, wait.step_name),
        "summary": summary(item),
        "status": wait.status,
        "requested_by": { "type": starter.kind, "id": starter.id, "name": starter.name },
        "assignees": assignees.collect::<Vec<Value>>(),
        "can_answer": item.refusal.is_none(),
        "why_not": item.refusal.map(|refusal| refusal.code()),
        "options": item.question.get("options").cloned().unwrap_or_else(|| json!([])),
        "answer_schema": answer_schema(item),
        "content": item.content,
        "content_hash": item.content_hash,
        "revision": revision(item),
        "amount": null,
        "currency": null,
        "risk": null,
        "required_answers": 1,
        "answers": answers(wait),
        "created_at": wait.created_at,
        "due_at": wait.due_at,
        "links": {
            "object": format!("/ui/automations/{}", wait.flow),
            "run": format!("/ui/runs/{}", wait.run),
            "api": format!("/console/v1/inbox/{}", item_id(wait)),
        },
    })
}

/// An item and what its answer did.
pub(super) fn answered_object(answered: &Answered) -> Value {
    let outcome = json!({ "status": answered.status, "run_id": answered.run });
    json!({ "item": item_object(&answered.item), "outcome": outcome })
}

/// How much waits.
pub(super) fn counts_object(counts: &Counts, payments: &Payments, agents: AgentCounts) -> Value {
    let count = |question: &str| counts.by_kind.get(question).copied().unwrap_or(0);
    let of_others = |kind: &str| match kind {
        inbox_payments::KIND => Some(payments.approvals),
        inbox_confirmations::KIND => Some(payments.confirmations),
        KIND_TOOL => Some(agents.tools),
        KIND_HANDOFF => Some(agents.handoffs),
        _ => None,
    };
    let of_kind = |(kind, question): &(&str, Option<&str>)| match question {
        Some(question) => Some(((*kind).to_owned(), json!(count(question)))),
        None => of_others(kind).map(|open| ((*kind).to_owned(), json!(open))),
    };
    let by_kind: Map<String, Value> = KINDS.iter().filter_map(of_kind).collect();
    let of_flows = count("user-approval") + count("show-form") + count("human-review") + count("webhook-wait");
    let open = of_flows + payments.approvals + payments.confirmations + agents.tools + agents.handoffs;
    json!({ "open": open, "mine": counts.mine + payments.mine + agents.mine, "by_kind": by_kind })
}

/// An item changes once: when it is closed.
pub(super) fn revision(item: &Item) -> i64 {
    if item.asked.wait.status == "open" { 1 } else { 2 }
}

fn item_id(wait: &WaitRow) -> String {
    InboxId(wait.id.0).prefixed()
}

pub(super) fn kind_of(question: &str) -> &'static str {
    KINDS.iter().find(|(_, kind)| *kind == Some(question)).map_or("flow_approval", |(kind, _)| kind)
}

/// The product whose runs ask such questions.
pub(super) fn product_of(question: &str) -> &'static str {
    if matches!(question, "human-review" | "webhook-wait") { "workflows" } else { "flows" }
}

/// What is asked, in one sentence or as much of it as fits.
fn summary(item: &Item) -> String {
    let said = ["message", "title", "prompt"].iter().find_map(|name| item.question.get(*name));
    let text = match said.filter(|text| !text.is_null()) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => match item.question.get("toolName").and_then(Value::as_str) {
            Some(tool) => format!("Run the tool {tool}"),
            None => item.asked.wait.step_name.clone(),
        },
    };
    text.chars().take(SUMMARY_CHARS_MAX).collect()
}

fn answers(wait: &WaitRow) -> Value {
    let Some(by) = wait.answered_by.as_deref() else { return json!([]) };
    let by: Value = serde_json::from_str(by).unwrap_or_default();
    let answer: Value = wait.answer.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    json!([{
        "by": { "type": by["type"], "id": by["id"], "name": by["name"] },
        "decision": answer["decision"],
        "comment": answer["comment"],
        "at": wait.answered_at,
        "via": by["via"],
    }])
}

/// What `POST …/answer` takes beside `content_hash`, as JSON Schema.
fn answer_schema(item: &Item) -> Value {
    match item.asked.wait.kind.as_str() {
        "user-approval" => json!({
            "type": "object", "required": ["decision"],
            "properties": {
                "decision": { "enum": ["approve", "reject"] },
                "comment": { "type": "string", "maxLength": COMMENT_CHARS_MAX },
            },
        }),
        "show-form" => {
            let fields = item.question.get("fields").and_then(Value::as_array).cloned().unwrap_or_default();
            let is_required = |field: &&Value| field["required"] == true && field["default"].is_null();
            let required: Vec<&Value> = fields.iter().filter(is_required).map(|field| &field["key"]).collect();
            let properties: Map<String, Value> = fields.iter().filter_map(property).collect();
            let data = json!({ "type": "object", "required": required, "properties": properties });
            json!({ "type": "object", "required": ["data"], "properties": { "data": data } })
        }
        "human-review" => {
            let kind = ["input_type", "inputType"].iter().find_map(|name| item.question.get(*name));
            let data = match kind.and_then(Value::as_str).unwrap_or("text") {
                "number" => json!({ "type": ["number", "string"] }),
                "boolean" => json!({ "enum": [true, false, "true", "false", "1", "0"] }),
                _ => json!({}),
            };
            json!({ "type": "object", "required": ["data"], "properties": { "data": data } })
        }
        "webhook-wait" => json!({ "type": "object", "required": ["data"], "properties": { "data": {} } }),
        _ => json!({
            "type": "object", "required": ["data"],
            "properties": { "data": {
                "type": "object", "required": ["success"],
                "properties": {
                    "executionId": { "type": "string" }, "success": { "type": "boolean" }, "output": {},
                    "error": { "type": "string" },
                },
            } },
        }),
    }
}

/// A field of a form (Flow API contract, section 3.4) as a property of a schema.
fn property(field: &Value) -> Option<(String, Value)> {
    let mut schema = match field["type"].as_str().unwrap_or("text") {
        "number" => json!({ "type": "number" }),
        "boolean" => json!({ "type": "boolean" }),
        "array" => json!({ "type": "array" }),
        "multi-select" => json!({ "type": "array", "items": { "enum": values(field) } }),
        "select" => json!({ "enum": values(field) }),
        "date" => json!({ "type": "string", "format": "date" }),
        "email" => json!({ "type": "string", "format": "email" }),
        "url" => json!({ "type": "string", "format": "uri" }),
        "json" | "file" => json!({}),
        _ => json!({ "type": "string" }),
    };
    for (name, from) in [("title", "label"), ("description", "description"), ("default", "default")] {
        if !field[from].is_null() {
            schema[name] = field[from].clone();
        }
    }
    Some((field["key"].as_str()?.to_owned(), schema))
}

/// The values of a select; an option is a value, or `{label, value}`.
fn values(field: &Value) -> Vec<Value> {
    let options = field["options"].as_array().cloned().unwrap_or_default();
    options.into_iter().map(|option| option.get("value").cloned().unwrap_or(option)).collect()
}
