//! The candidates of payment runs, on both sides (Treasury contract, sections 2.2, 3.3 and 10.2).

use std::sync::Arc;

use floe_model::Fault;
use floe_model::id::{CandidateId, PaymentRunId};
use floe_model::treasury::{ApprovalStatus, ExecutionStatus, RiskDecision};
use floe_store::Tx;
use floe_store::treasury::candidates::Filter;
use floe_treasury::import::{CandidateRow, Imported, RowNote, read_candidates};
use floe_treasury::runs::{self, CandidatePatch, File, NewCandidate};
use http::StatusCode;
use serde_json::{Value, json};

use super::approvals::TOKEN_SCOPE;
use super::input::{Input, path_id};
use super::page::Page;
use super::run_wire::{CandidateOut, FullCandidateOut};
use super::runs::{read_reason, window};
use super::shapes::{PAGING, recipients::DELETED, runs as shapes};
use super::upload;
use super::{DASHBOARD, KEY, OWNER_OR_ANALYST, OWNER_OR_APPROVER, Rights, SURFACE};
use crate::http::shape::FLAG;
use crate::http::{Call, Reply, Route};

/// What stands around a file in a form, bytes.
const FORM_ROOM: usize = 64 * 1024;

pub(super) fn routes() -> Vec<Route> {
    vec![
        filtered(Route::get(&SURFACE, "/api/v1/public/runs/{run_id}/candidates", KEY, list_public))
            .scope("runs:read")
            .doc("List candidates with a key")
            .answers(200, shapes::CANDIDATES),
        filtered(Route::get(&SURFACE, "/api/v1/runs/{id}/candidates", DASHBOARD, list))
            .any_reads()
            .doc("List candidates")
            .answers(200, shapes::FULL_CANDIDATES),
        Route::post(&SURFACE, "/api/v1/runs/{id}/candidates", DASHBOARD, add)
            .written_by(OWNER_OR_ANALYST)
            .doc("Add candidates")
            .about("A run that waits for approval is scored again, and every decision about it is void.")
            .takes(shapes::MORE)
            .answers(201, shapes::ADDED),
        Route::post(&SURFACE, "/api/v1/runs/{id}/candidates/upload", DASHBOARD, add_file)
            .written_by(OWNER_OR_ANALYST)
            .body_limit(upload::LIMIT + FORM_ROOM)
            .raw_body()
            .doc("Add candidates from a file")
            .about("CSV or XLSX in the part `file`, or as the body itself with X-File-Name.")
            .query("on_error", upload::ON_ERROR, "What bad rows do; the file is refused unless they are skipped")
            .query("force", FLAG, "Adds a file that was added to the run before")
            .takes_media("multipart/form-data", crate::http::shape::TEXT)
            .answers(201, shapes::UPLOADED),
        Route::patch(&SURFACE, "/api/v1/runs/{id}/candidates/{candidate_id}", DASHBOARD, change)
            .written_by(OWNER_OR_ANALYST)
            .doc("Change a candidate")
            .about("What is not there stays; null takes the purpose away.")
            .takes(shapes::CANDIDATE_PATCH)
            .answers(200, shapes::FULL_CANDIDATE)
            .refuses(409, &["conflict"]),
        Route::delete(&SURFACE, "/api/v1/runs/{id}/candidates/{candidate_id}", DASHBOARD, remove)
            .written_by(OWNER_OR_ANALYST)
            .doc("Take a candidate out")
            .answers(200, DELETED)
            .refuses(409, &["conflict"]),
        Route::post(&SURFACE, "/api/v1/runs/{id}/candidates/{candidate_id}/approve", DASHBOARD, approve)
            .written_by(OWNER_OR_APPROVER)
            .scope(TOKEN_SCOPE)
            .doc("Approve a candidate")
            .about("It does not release the run.")
            .takes(shapes::REASON)
            .answers(200, shapes::FULL_CANDIDATE),
        Route::post(&SURFACE, "/api/v1/runs/{id}/candidates/{candidate_id}/reject", DASHBOARD, reject)
            .written_by(OWNER_OR_APPROVER)
            .scope(TOKEN_SCOPE)
            .doc("Reject a candidate")
            .about("The last one that is rejected ends the run.")
            .takes(shapes::REASON)
            .answers(200, shapes::FULL_CANDIDATE),
    ]
}

fn filtered(route: Route) -> Route {
    route
        .queries(PAGING)
        .query("approval_status", shapes::APPROVAL, "Those with this decision")
        .query("execution_status", shapes::EXECUTION, "Those whose payout is in this state")
        .query("risk_decision", shapes::DECISION, "Those of which the risk agent said this")
}

fn filter(call: &Call) -> Filter {
    Filter {
        approval: call.query.get("approval_status").and_then(ApprovalStatus::parse),
        execution: call.query.get("execution_status").and_then(ExecutionStatus::parse),
        decision: call.query.get("risk_decision").and_then(RiskDecision::parse),
    }
}

async fn list_public(call: Call) -> Result<Reply, Fault> {
    let id: PaymentRunId = path_id(&call, "run_id")?;
    let (page, filter, scope) = (Page::of(&call.query), filter(&call), call.ctx.caller.scope());
    let found = call.ctx.store.read(move |tx| runs::candidates(tx, scope, id, &filter, window(page))).await?;
    Reply::ok(&page.around(found.rows.iter().map(|row| CandidateOut::of(id, row)).collect(), found.total))
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let id: PaymentRunId = path_id(&call, "id")?;
    let (page, filter, scope) = (Page::of(&call.query), filter(&call), call.ctx.caller.scope());
    let found = call.ctx.store.read(move |tx| runs::candidates(tx, scope, id, &filter, window(page))).await?;
    let rows = found.rows.iter().map(|row| FullCandidateOut::of(id, row)).collect::<Result<Vec<_>, _>>()?;
    Reply::ok(&page.around(rows, found.total))
}

async fn add(call: Call) -> Result<Reply, Fault> {
    let id: PaymentRunId = path_id(&call, "id")?;
    let treasury = Arc::clone(&call.app.treasury);
    let mut body = Input::of(&call)?;
    body.require("candidates");
    let new = super::runs::read_candidates(&mut body, treasury.directory).unwrap_or_default();
    body.finish()?;
    let (ctx, count) = (call.ctx.clone(), new.len());
    let act = move |tx: &mut Tx<'_>| runs::add(tx, &treasury, &ctx, id, &new, None);
    call.commit(act, move |run| {
        Reply::json(StatusCode::CREATED, &json!({ "run_id": run.id, "candidates_added": count }))
    })
    .await
}

async fn add_file(call: Call) -> Result<Reply, Fault> {
    let id: PaymentRunId = path_id(&call, "id")?;
    let force = call.query.get("force") == Some("true");
    let treasury = Arc::clone(&call.app.treasury);
    let file = File::of(&upload::file(&call).await?, force);
    let directory = treasury.directory;
    let imported = upload::read(&call, move |bytes| read_candidates(bytes, directory)).await?;
    let answer = uploaded(id, &imported);
    let new: Vec<NewCandidate> = imported.rows.into_iter().map(new_candidate).collect();
    let ctx = call.ctx.clone();
    let act = move |tx: &mut Tx<'_>| runs::add(tx, &treasury, &ctx, id, &new, Some(file)).map(drop);
    call.commit(act, move |()| Ok(Reply::value(StatusCode::CREATED, &answer))).await
}

fn uploaded(id: PaymentRunId, imported: &Imported<CandidateRow>) -> Value {
    let note = |note: &RowNote| json!({ "row": note.row, "field": note.field, "message": note.message });
    let duplicates = imported.duplicates.iter().map(|one| json!({ "row": one.row, "same_as_row": one.same_as_row }));
    json!({
        "run_id": id,
        "candidates_added": imported.rows.len(),
        "total_rows_parsed": imported.total_rows,
        "parse_errors": imported.problems.iter().chain(&imported.repaired).map(note).collect::<Vec<_>>(),
        "duplicates": duplicates.collect::<Vec<_>>(),
    })
}

fn new_candidate(row: CandidateRow) -> NewCandidate {
    NewCandidate {
        beneficiary_name: row.beneficiary_name,
        account_number: row.account_number.as_str().to_owned(),
        institution_code: row.institution_code,
        amount: row.amount,
        purpose: row.purpose,
        beneficiary_email: row.beneficiary_email,
        recipient: None,
    }
}

/// The candidate that the path names.
fn named(call: &Call) -> Result<(PaymentRunId, CandidateId), Fault> {
    Ok((path_id(call, "id")?, path_id(call, "candidate_id")?))
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let (run, id) = named(&call)?;
    let treasury = Arc::clone(&call.app.treasury);
    let mut body = Input::of(&call)?;
    let patch = CandidatePatch {
        beneficiary_name: body.text("beneficiary_name", 1, 255),
        account_number: body.digits("account_number", 10),
        institution_code: body.institution("institution_code", treasury.directory),
        amount: body.money("amount"),
        purpose: if body.is_null("purpose") {
            Some(None)
        } else {
            body.text("purpose", 0, 100).map(|purpose| Some(purpose).filter(|purpose| !purpose.is_empty()))
        },
    };
    body.finish()?;
    let ctx = call.ctx.clone();
    let act = move |tx: &mut Tx<'_>| runs::change(tx, &treasury, &ctx, (run, id), patch.clone());
    call.commit(act, move |candidate| Reply::ok(&FullCandidateOut::of(run, &candidate)?)).await
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let (run, id) = named(&call)?;
    let (treasury, ctx) = (Arc::clone(&call.app.treasury), call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| runs::remove(tx, &treasury, &ctx, (run, id)).map(drop);
    call.commit(act, move |()| Ok(Reply::value(StatusCode::OK, &json!({ "status": "deleted", "id": id })))).await
}

async fn approve(call: Call) -> Result<Reply, Fault> {
    let ((run, id), reason) = (named(&call)?, read_reason(&call)?);
    let (treasury, ctx) = (Arc::clone(&call.app.treasury), call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| runs::approve_candidate(tx, &treasury, &ctx, (run, id), reason.as_deref());
    call.commit(act, move |candidate| Reply::ok(&FullCandidateOut::of(run, &candidate)?)).await
}

async fn reject(call: Call) -> Result<Reply, Fault> {
    let ((run, id), reason) = (named(&call)?, read_reason(&call)?);
    let (treasury, ctx) = (Arc::clone(&call.app.treasury), call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| runs::reject_candidate(tx, &treasury, &ctx, (run, id), reason.as_deref());
    call.commit(act, move |candidate| Reply::ok(&FullCandidateOut::of(run, &candidate)?)).await
}
