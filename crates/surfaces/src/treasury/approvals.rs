//! Approving and rejecting payment runs, on both sides (Treasury contract, sections 3.7 and 10.3).

use std::sync::Arc;

use floe_model::Fault;
use floe_model::id::{CandidateId, PaymentRunId};
use floe_store::Tx;
use floe_treasury::runs::{self, Approve, Reject};

use super::input::{Input, path_id};
use super::page::Page;
use super::run_wire::{ApprovedOut, RejectedOut};
use super::runs::{CANDIDATES_MAX, REASON_MAX, full_page, window};
use super::shapes::{PAGING, runs as shapes};
use super::{DASHBOARD, KEY, OWNER_OR_APPROVER, Rights, SURFACE};
use crate::http::{Call, Reply, Route};

/// The scope of keys that is never granted by default.
const APPROVALS: &str = "approvals:write";
/// The scope that a member's token needs.
pub(super) const TOKEN_SCOPE: &str = "treasury.approve";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(&SURFACE, "/api/v1/public/runs/{run_id}/approve", KEY, approve_public)
            .scope(APPROVALS)
            .body_limit(super::BODY_LIMIT)
            .doc("Approve a payment run with a key")
            .about("Where the organisation lets keys approve; the key that created the run may not.")
            .takes(shapes::APPROVE)
            .answers(200, shapes::APPROVED)
            .refuses(402, &["insufficient_balance"])
            .refuses(403, &["forbidden"]),
        Route::post(&SURFACE, "/api/v1/public/runs/{run_id}/reject", KEY, reject_public)
            .scope(APPROVALS)
            .body_limit(super::BODY_LIMIT)
            .doc("Reject a payment run with a key")
            .takes(shapes::REJECT)
            .answers(200, shapes::REJECTED)
            .refuses(403, &["forbidden"]),
        Route::get(&SURFACE, "/api/v1/approvals", DASHBOARD, list)
            .any_reads()
            .doc("List runs that wait for you")
            .about("Oldest first.")
            .queries(PAGING)
            .answers(200, shapes::FULL_RUNS),
        Route::post(&SURFACE, "/api/v1/runs/{id}/approve", DASHBOARD, approve)
            .written_by(OWNER_OR_APPROVER)
            .scope(TOKEN_SCOPE)
            .doc("Approve a payment run")
            .about("The last approval that is needed releases it: money is reserved and payouts start, or nothing happens at all.")
            .takes(shapes::APPROVE)
            .answers(200, shapes::APPROVED)
            .refuses(402, &["insufficient_balance"])
            .refuses(403, &["forbidden"]),
        Route::post(&SURFACE, "/api/v1/runs/{id}/reject", DASHBOARD, reject)
            .written_by(OWNER_OR_APPROVER)
            .scope(TOKEN_SCOPE)
            .doc("Reject a payment run")
            .about("Or some of its candidates; the run stays open while any is left.")
            .takes(shapes::REJECT)
            .answers(200, shapes::REJECTED),
        Route::delete(&SURFACE, "/api/v1/runs/{id}/approvals", DASHBOARD, take_back)
            .written_by(OWNER_OR_APPROVER)
            .scope(TOKEN_SCOPE)
            .doc("Take back your approval")
            .answers(200, shapes::APPROVED)
            .refuses(409, &["conflict"]),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (page, scope) = (Page::of(&call.query), call.ctx.caller.scope());
    let who = call.ctx.caller.member.as_ref().map(|member| (member.id, member.treasury_role));
    let Some(who) = who else { return Err(Fault::forbidden("Only members approve here")) };
    let reading = move |tx: &mut Tx<'_>| {
        let found = runs::waiting_for(tx, scope, who, window(page))?;
        full_page(tx, scope, page, found)
    };
    Reply::ok(&call.ctx.store.read(reading).await?)
}

async fn approve_public(call: Call) -> Result<Reply, Fault> {
    let id = path_id(&call, "run_id")?;
    let (ask, _) = read_approve(&call)?;
    give(call, id, ask).await
}

async fn approve(call: Call) -> Result<Reply, Fault> {
    let id = path_id(&call, "id")?;
    let (ask, pin) = read_approve(&call)?;
    call.app.access.check_pin(&call.act(), pin.as_deref()).await?;
    give(call, id, ask).await
}

async fn give(call: Call, id: PaymentRunId, ask: Approve) -> Result<Reply, Fault> {
    let (treasury, ctx) = (Arc::clone(&call.app.treasury), call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| runs::approve(tx, &treasury, &ctx, id, &ask);
    call.commit(act, |approved| Reply::ok(&ApprovedOut::from(approved))).await
}

/// What an approver says, and its PIN.
fn read_approve(call: &Call) -> Result<(Approve, Option<String>), Fault> {
    let mut body = Input::of(call)?;
    let pin = body.text("pin", 0, usize::MAX);
    if pin.as_deref().is_some_and(|pin| !floe_model::treasury::approval::is_pin(pin)) {
        body.problem("pin", "pattern", "must be 4 to 6 digits");
    }
    let ask = Approve {
        candidates: body.ids("candidate_ids", 1, CANDIDATES_MAX).map(candidate_ids),
        expected_version: body.int("expected_version", 0, i64::MAX),
        notes: body.text("notes", 0, REASON_MAX).filter(|notes| !notes.is_empty()),
        override_reason: body.text("override_reason", 0, REASON_MAX).filter(|reason| !reason.is_empty()),
    };
    body.finish()?;
    Ok((ask, pin))
}

fn candidate_ids(ids: Vec<u128>) -> Vec<CandidateId> {
    ids.into_iter().map(CandidateId).collect()
}

async fn reject_public(call: Call) -> Result<Reply, Fault> {
    let id = path_id(&call, "run_id")?;
    refuse(call, id).await
}

async fn reject(call: Call) -> Result<Reply, Fault> {
    let id = path_id(&call, "id")?;
    refuse(call, id).await
}

async fn refuse(call: Call, id: PaymentRunId) -> Result<Reply, Fault> {
    let mut body = Input::of(&call)?;
    let ask = Reject {
        candidates: body.ids("candidate_ids", 1, CANDIDATES_MAX).map(candidate_ids),
        expected_version: body.int("expected_version", 0, i64::MAX),
        reason: body.text("reason", 0, REASON_MAX).filter(|reason| !reason.is_empty()),
    };
    body.finish()?;
    let (treasury, ctx) = (Arc::clone(&call.app.treasury), call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| runs::reject(tx, &treasury, &ctx, id, &ask);
    call.commit(act, |rejected| Reply::ok(&RejectedOut::from(rejected))).await
}

async fn take_back(call: Call) -> Result<Reply, Fault> {
    let id: PaymentRunId = path_id(&call, "id")?;
    let (treasury, ctx) = (Arc::clone(&call.app.treasury), call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| runs::take_back(tx, &treasury, &ctx, id);
    call.commit(act, |approved| Reply::ok(&ApprovedOut::from(approved))).await
}
