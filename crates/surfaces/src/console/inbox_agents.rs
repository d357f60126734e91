//! What waits for a person because of an agent, in the inbox: how it looks, and how it is answered (console contract, section 5.5).

use std::sync::Arc;

use floe_agents::inbox::{Answered, Item, ItemAnswer, Refusal};
use floe_model::Fault;
use floe_model::id::InboxId;
use floe_store::Tx;
use floe_store::agents::items::{KIND_HANDOFF, KIND_TOOL};
use serde_json::{Value, json};

use super::inbox::{COMMENT_MAX, HASH_MAX};
use crate::flows::resume::way;
use crate::http::{Call, Fields, Reply};

/// The kinds of these items.
pub(super) const KINDS: [&str; 2] = [KIND_TOOL, KIND_HANDOFF];
/// Their product.
pub(super) const PRODUCT: &str = "agents";
/// Characters of a summary at most.
const SUMMARY_CHARS_MAX: usize = 500;

/// An item. Absent values are null, never left out.
pub(super) fn item_object(item: &Item) -> Value {
    let row = &item.row;
    let id = row.id.prefixed();
    let requester: Value = serde_json::from_str(&row.requester).unwrap_or_default();
    let thread = format!("/ui/threads/{}", row.thread.prefixed());
    let run = row.call.as_ref().map_or_else(|| thread.clone(), |call| format!("/ui/runs/{}", call.exchange.prefixed()));
    json!({
        "id": id,
        "kind": row.kind(),
        "product": PRODUCT,
        "mode": row.scope.mode.as_str(),
        "title": item.title,
        "summary": summary(item),
        "status": row.status,
        "requested_by": { "type": requester["type"], "id": requester["id"], "name": requester["name"] },
        "assignees": [],
        "can_answer": item.refusal.is_none(),
        "why_not": item.refusal.map(Refusal::code),
        "options": if row.call.is_some() { json!(["approve", "reject"]) } else { json!(["release"]) },
        "answer_schema": answer_schema(item),
        "content": item.content,
        "content_hash": row.content_hash,
        "revision": revision(item),
        "amount": null,
        "currency": null,
        "risk": null,
        "required_answers": 1,
        "answers": answers(item),
        "created_at": row.created_at,
        "due_at": null,
        "links": { "object": thread, "run": run, "api": format!("/console/v1/inbox/{id}") },
    })
}

/// An item changes once: when it is closed.
pub(super) fn revision(item: &Item) -> i64 {
    if item.row.status == "open" { 1 } else { 2 }
}

fn summary(item: &Item) -> String {
    let text = match (&item.row.call, &item.row.note) {
        (Some(call), _) => format!("{} wants to call {} with {}", item.row.agent_name, call.tool, call.arguments),
        (None, Some(note)) => note.clone(),
        (None, None) => "A person answers in this conversation".to_owned(),
    };
    text.chars().take(SUMMARY_CHARS_MAX).collect()
}

fn answers(item: &Item) -> Value {
    let Some(by) = item.row.answered_by.as_deref() else { return json!([]) };
    let by: Value = serde_json::from_str(by).unwrap_or_default();
    json!([{
        "by": { "type": by["type"], "id": by["id"], "name": by["name"] },
        "decision": item.row.decision,
        "comment": item.row.comment,
        "at": item.row.answered_at,
        "via": by["via"],
    }])
}

/// What `POST …/answer` takes beside `content_hash`, as JSON Schema.
fn answer_schema(item: &Item) -> Value {
    if item.row.call.is_some() {
        return json!({
            "type": "object", "required": ["decision"],
            "properties": {
                "decision": { "enum": ["approve", "reject"] },
                "comment": { "type": "string", "maxLength": COMMENT_MAX },
            },
        });
    }
    json!({
        "type": "object",
        "properties": {
            "data": { "type": "object", "required": ["text"], "properties": { "text": { "type": "string", "minLength": 1 } } },
            "decision": { "enum": ["release"] },
            "comment": { "type": "string", "maxLength": COMMENT_MAX },
        },
    })
}

/// Answers an item of an agent.
///
/// # Errors
/// Those of the answer, and `validation_failed`.
pub(super) async fn give(call: &Call, id: InboxId) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let answer = read(call, &mut body);
    body.finish()?;
    let (agents, ctx) = (Arc::clone(&call.app.agents), call.ctx.clone());
    // A repeat with the same key is answered from what was kept, also when the item is closed by now.
    let prepared = agents.prepare_answer(&ctx, id, &answer).await;
    let act = move |tx: &mut Tx<'_>| match &prepared {
        Ok(prepared) => agents.give_answer(tx, &ctx, prepared, &answer),
        Err(fault) => Err(again(fault)),
    };
    call.commit(act, |answered| Ok(Reply::ok(&answered_object(&answered))?.revision(revision(&answered.item)))).await
}

/// Answers one of many.
///
/// # Errors
/// As [`give`].
pub(super) async fn give_one(
    agents: &Arc<floe_agents::Agents>,
    ctx: &floe_runtime::Ctx,
    id: InboxId,
    answer: ItemAnswer,
) -> Result<(), Fault> {
    let prepared = agents.prepare_answer(ctx, id, &answer).await?;
    let (own, caller) = (Arc::clone(agents), ctx.clone());
    ctx.store.write(move |tx| own.give_answer(tx, &caller, &prepared, &answer).map(drop)).await
}

/// A fault as often as a transaction is repeated.
fn again(fault: &Fault) -> Fault {
    let copy = Fault::new(fault.kind(), fault.code(), fault.message()).with_fields(fault.fields().to_vec());
    match fault.details() {
        Some(details) => copy.with_details(details.clone()),
        None => copy,
    }
}

fn answered_object(answered: &Answered) -> Value {
    let run = floe_model::id::RunId(answered.run);
    json!({ "item": item_object(&answered.item), "outcome": { "status": answered.status, "run_id": run } })
}

fn read(call: &Call, body: &mut Fields) -> ItemAnswer {
    ItemAnswer {
        content_hash: body.required_text("content_hash", 1, HASH_MAX),
        decision: body.value("decision"),
        comment: body.text("comment", 0, COMMENT_MAX).filter(|comment| !comment.is_empty()),
        data: body.value("data"),
        via: way(call).via,
    }
}
