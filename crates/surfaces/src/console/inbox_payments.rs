//! Payment runs in the inbox: how they look, and how they are answered (console contract, section 5.5).

use std::sync::Arc;

use floe_flows::workflows::ids;
use floe_model::access::PAYMENT_APPROVAL;
use floe_model::id::{CandidateId, FlowId, InboxId, KeyId, MemberId, PaymentRunId, TokenId, parse_bits};
use floe_model::treasury::approval::is_pin;
use floe_model::treasury::{CURRENCY, Score};
use floe_model::{Fault, FaultKind, FieldProblem};
use floe_store::treasury::approvals::Approval;
use floe_store::treasury::payment_runs::Creator;
use floe_treasury::runs::called;
use floe_treasury::runs::inbox::{Answer, Item, Refusal, Status, answer};
use serde_json::{Value, json};

use crate::flows::resume::way;
use crate::http::{Call, Fields, Reply};

/// The kind of these items.
pub(super) const KIND: &str = "payment_approval";
/// Their product.
pub(super) const PRODUCT: &str = "treasury";
/// Candidates of one answer at most (Treasury contract, section 2.1).
const CANDIDATES_MAX: usize = 10_000;
/// Characters of a comment and of a reason at most (Treasury contract, section 10.3).
const TEXT_MAX: usize = 500;
/// Characters of a digest at most; a longer text is none.
const HASH_MAX: usize = 200;
/// Characters of a title at most.
const TITLE_CHARS_MAX: usize = 120;

/// An item. Absent values are null, never left out. A list leaves the candidates out of the content: a run may have ten thousand.
pub(super) fn item_object(item: &Item, is_whole: bool) -> Value {
    let run = &item.run;
    let id = InboxId(run.id.0).prefixed();
    let mut content = item.content.clone();
    if !is_whole && let Some(content) = content.as_object_mut() {
        content.shift_remove("candidates");
    }
    let [approved, review, blocked] = item.decisions;
    json!({
        "id": id,
        "kind": KIND,
        "product": PRODUCT,
        "mode": item.mode.as_str(),
        "title": run.objective.chars().take(TITLE_CHARS_MAX).collect::<String>(),
        "summary": summary(item),
        "status": item.status.as_str(),
        "requested_by": creator(&item.run.creator),
        "assignees": [],
        "can_answer": item.refusal.is_none(),
        "why_not": item.refusal.map(Refusal::code),
        "options": ["approve", "reject"],
        "answer_schema": answer_schema(),
        "content": content,
        "content_hash": item.content_hash,
        "revision": run.last_event,
        "amount": run.total_amount.to_string(),
        "currency": CURRENCY,
        "risk": {
            "auto_approved": approved, "needs_review": review, "blocked": blocked,
            "highest_score": item.highest.map(score),
        },
        "required_answers": run.approvals_required.unwrap_or(1),
        "answers": answers(item),
        "created_at": item.asked_at,
        "due_at": item.due_at,
        "links": {
            "object": format!("/ui/payment-runs/{}", run.id),
            "run": format!("/ui/payment-runs/{}", run.id),
            "api": format!("/console/v1/inbox/{id}"),
        },
    })
}

fn score(score: Score) -> f64 {
    f64::from(score.ten_thousandths()) / 10_000.0
}

fn summary(item: &Item) -> String {
    let [approved, review, blocked] = item.decisions;
    format!(
        "{} payments over {CURRENCY} {}: {approved} approved by the risk agent, {review} to look at, {blocked} blocked",
        item.run.candidate_count, item.run.total_amount
    )
}

/// Who made the run.
pub(super) fn creator(creator: &Creator) -> Value {
    let id = creator.id.map(|id| match creator.kind.as_str() {
        "key" => KeyId(id).prefixed(),
        "token" => TokenId(id).prefixed(),
        called::CREATOR => ids::workflow(FlowId(id)),
        _ => MemberId(id).prefixed(),
    });
    json!({ "type": creator.kind, "id": id, "name": creator.name })
}

fn answers(item: &Item) -> Vec<Value> {
    let approvals = item.approvals.iter().map(|given| {
        json!({ "by": approver(given), "decision": "approve", "comment": given.notes, "at": given.at, "via": null })
    });
    let rejection = item.rejected.as_ref().map(|(by, reason)| {
        let by = json!({ "type": null, "id": null, "name": by });
        json!({ "by": by, "decision": "reject", "comment": reason, "at": item.run.finished_at, "via": null })
    });
    approvals.chain(rejection).collect()
}

fn approver(given: &Approval) -> Value {
    match given.key {
        Some(key) => json!({ "type": "key", "id": KeyId(key).prefixed(), "name": given.name }),
        None => json!({ "type": "member", "id": MemberId(given.person).prefixed(), "name": given.name }),
    }
}

/// What `POST …/answer` takes beside `content_hash`, as JSON Schema.
fn answer_schema() -> Value {
    json!({
        "type": "object", "required": ["decision"],
        "properties": {
            "decision": { "enum": ["approve", "reject"] },
            "candidate_ids": { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": CANDIDATES_MAX },
            "pin": { "type": "string", "pattern": "^[0-9]{4,6}$" },
            "override_reason": { "type": "string", "maxLength": TEXT_MAX },
            "comment": { "type": "string", "maxLength": TEXT_MAX },
        },
    })
}

/// Answers a payment run: the same rules as `POST /api/v1/runs/{id}/approve` and `…/reject`.
///
/// # Errors
/// Those of [`answer`], `validation_failed`, and what is wrong with the PIN.
pub(super) async fn give(call: &Call, id: PaymentRunId) -> Result<Reply, Fault> {
    let (given, pin) = read(call)?;
    if !call.ctx.caller.has_scope(PAYMENT_APPROVAL) {
        return Err(Refusal::Scope.fault());
    }
    if given.approve {
        call.app.access.check_pin(&call.act(), pin.as_deref()).await.map_err(in_words_of_the_inbox)?;
    }
    let (treasury, ctx) = (Arc::clone(&call.app.treasury), call.ctx.clone());
    let act = move |tx: &mut floe_store::Tx<'_>| answer(tx, &treasury, &ctx, id, &given).map_err(in_words_of_the_inbox);
    call.commit(act, |item| Ok(Reply::ok(&answered_object(&item))?.revision(item.run.last_event))).await
}

fn answered_object(item: &Item) -> Value {
    json!({ "item": item_object(item, true), "outcome": { "status": item.run.status.as_str(), "run_id": item.run.id } })
}

fn read(call: &Call) -> Result<(Answer, Option<String>), Fault> {
    let mut body = call.fields()?;
    let content_hash = body.required_text("content_hash", 1, HASH_MAX);
    let pick = |word: &str| match word {
        "approve" => Some(true),
        "reject" => Some(false),
        _ => None,
    };
    let approve = body.required_word("decision", "approve, reject", pick).unwrap_or_default();
    let pin = body.text("pin", 0, HASH_MAX);
    if pin.as_deref().is_some_and(|pin| !is_pin(pin)) {
        body.problem("pin", "value", "pin must be 4 to 6 digits");
    }
    let candidates = read_candidates(&mut body);
    let override_reason = body.text("override_reason", 0, TEXT_MAX).filter(|reason| !reason.is_empty());
    let comment = body.text("comment", 0, TEXT_MAX).filter(|comment| !comment.is_empty());
    body.finish()?;
    Ok((Answer { content_hash, approve, candidates, override_reason, comment, via: way(call).via }, pin))
}

fn read_candidates(body: &mut Fields) -> Option<Vec<CandidateId>> {
    let texts = body.texts("candidate_ids", CANDIDATES_MAX)?;
    if texts.is_empty() {
        body.problem("candidate_ids", "length", "candidate_ids must name at least one candidate");
    }
    let mut ids = Vec::with_capacity(texts.len());
    for text in texts {
        match parse_bits(&text) {
            Ok(bits) => ids.push(CandidateId(bits)),
            Err(_) => {
                body.problem("candidate_ids", "value", "candidate_ids must hold ids only");
                break;
            }
        }
    }
    Some(ids)
}

/// A fault of the treasury as the console words it: pointers begin at the body, and a wrong choice is a wrong answer.
fn in_words_of_the_inbox(fault: Fault) -> Fault {
    if fault.code() != "validation_error" || fault.kind() != FaultKind::Unprocessable {
        return fault;
    }
    let here = |path: &str| path.strip_prefix("/body").unwrap_or(path).to_owned();
    let fields = fault.fields().iter().map(|one| FieldProblem::new(here(&one.path), one.code, one.message.clone()));
    let fields: Vec<FieldProblem> = fields.collect();
    Fault::new(FaultKind::Unprocessable, "invalid_answer", fault.message().to_owned()).with_fields(fields)
}

/// The statuses that a list can be asked for.
pub(super) fn status(word: &str) -> Option<Status> {
    [Status::Open, Status::Answered, Status::Expired, Status::Cancelled].into_iter().find(|one| one.as_str() == word)
}
