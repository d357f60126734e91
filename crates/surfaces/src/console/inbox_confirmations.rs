//! What somebody found out about a payout, in the inbox of a second person: how it looks, and how it is answered (console contract,
//! section 5.5).

use std::sync::Arc;

use floe_model::Fault;
use floe_model::access::PAYMENT_APPROVAL;
use floe_model::id::{InboxId, MemberId, TransactionId};
use floe_model::treasury::CURRENCY;
use floe_store::Tx;
use floe_treasury::runs::inbox::{Confirmation, Refusal, SecondAnswer, Status, answer_confirmation};
use serde_json::{Value, json};

use super::inbox_payments::PRODUCT;
use crate::flows::resume::way;
use crate::http::{Call, Reply};

/// The kind of these items.
pub(super) const KIND: &str = "payment_confirmation";
/// Characters of a comment at most.
const TEXT_MAX: usize = 500;
/// Characters of a digest at most; a longer text is none.
const HASH_MAX: usize = 200;

/// An item. Absent values are null, never left out.
pub(super) fn item_object(item: &Confirmation) -> Value {
    let id = InboxId(item.detail.transaction.id.0).prefixed();
    let (order, resolution) = (&item.detail.order, &item.resolution);
    let run = format!("/ui/payment-runs/{}", order.run);
    json!({
        "id": id,
        "kind": KIND,
        "product": PRODUCT,
        "mode": item.mode.as_str(),
        "title": format!("Payout {}: {}", order.reference, resolution.outcome),
        "summary": format!(
            "{CURRENCY} {} to {}: {} says that it {}",
            order.amount,
            order.beneficiary_name,
            resolution.proposed_name,
            if resolution.outcome == "success" { "was paid" } else { "was not paid" },
        ),
        "status": item.status.as_str(),
        "requested_by": member(resolution.proposed_by, Some(&resolution.proposed_name)),
        "assignees": [],
        "can_answer": item.refusal.is_none(),
        "why_not": item.refusal.map(Refusal::code),
        "options": ["approve", "reject"],
        "answer_schema": {
            "type": "object", "required": ["decision"],
            "properties": {
                "decision": { "enum": ["approve", "reject"] },
                "comment": { "type": "string", "maxLength": TEXT_MAX },
            },
        },
        "content": item.content,
        "content_hash": item.content_hash,
        "revision": revision(item),
        "amount": order.amount.to_string(),
        "currency": CURRENCY,
        "risk": null,
        "required_answers": 1,
        "answers": answers(item),
        "created_at": item.asked_at(),
        "due_at": null,
        "links": { "object": run, "run": run, "api": format!("/console/v1/inbox/{id}") },
    })
}

/// An item changes once: when it is closed.
pub(super) fn revision(item: &Confirmation) -> i64 {
    if item.status == Status::Open { 1 } else { 2 }
}

fn member(id: u128, name: Option<&str>) -> Value {
    json!({ "type": "member", "id": MemberId(id).prefixed(), "name": name })
}

fn answers(item: &Confirmation) -> Vec<Value> {
    let said = &item.resolution;
    let answer = |by: Option<u128>, name: &Option<String>, at, decision| {
        by.map(|by| {
            let by = member(by, name.as_deref());
            json!({ "by": by, "decision": decision, "comment": said.comment, "at": at, "via": null })
        })
    };
    let confirmed = answer(said.confirmed_by, &said.confirmed_name, said.confirmed_at, "approve");
    confirmed
        .or_else(|| answer(said.rejected_by, &said.rejected_name, said.rejected_at, "reject"))
        .into_iter()
        .collect()
}

/// Confirms or refuses what the first person said: the rules of `POST /api/v1/transactions/{id}/resolve`.
///
/// # Errors
/// Those of [`answer_confirmation`], and `validation_failed`.
pub(super) async fn give(call: &Call, id: TransactionId) -> Result<Reply, Fault> {
    let given = read(call)?;
    if !call.ctx.caller.has_scope(PAYMENT_APPROVAL) {
        return Err(Refusal::Scope.fault());
    }
    let (treasury, ctx) = (Arc::clone(&call.app.treasury), call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| answer_confirmation(tx, &treasury, &ctx, id, &given);
    call.commit(act, |item| Ok(Reply::ok(&answered_object(&item))?.revision(revision(&item)))).await
}

fn answered_object(item: &Confirmation) -> Value {
    let transaction = &item.detail.transaction;
    json!({ "item": item_object(item), "outcome": { "status": transaction.status, "run_id": transaction.run } })
}

fn read(call: &Call) -> Result<SecondAnswer, Fault> {
    let mut body = call.fields()?;
    let content_hash = body.required_text("content_hash", 1, HASH_MAX);
    let pick = |word: &str| match word {
        "approve" => Some(true),
        "reject" => Some(false),
        _ => None,
    };
    let approve = body.required_word("decision", "approve, reject", pick).unwrap_or_default();
    let comment = body.text("comment", 0, TEXT_MAX).filter(|comment| !comment.is_empty());
    body.finish()?;
    Ok(SecondAnswer { content_hash, approve, comment, via: way(call).via })
}
