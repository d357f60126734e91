//! Rejecting candidates, and deciding about single ones, before the release (Treasury contract, sections 4.2 and 10.3).

use std::collections::HashSet;

use floe_model::id::{CandidateId, PaymentRunId};
use floe_model::treasury::{ApprovalStatus, Kobo};
use floe_model::{Fault, FaultKind, FieldProblem};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::treasury::approvals;
use floe_store::treasury::candidates::{self, Candidate};
use floe_store::treasury::payment_runs::PaymentRun;
use floe_store::treasury::settings;
use serde::Serialize;
use serde_json::json;

use super::approve::{require_awaiting, require_version};
use super::book::Book;
use super::create::unprocessable;
use super::{end, people, release};
use crate::Treasury;
use crate::trail::Who;

/// What somebody who rejects says.
#[derive(Debug, Clone, Default)]
pub struct Reject {
    /// These; none is all.
    pub candidates: Option<Vec<CandidateId>>,
    /// The version that was looked at.
    pub expected_version: Option<i64>,
    /// Why, 500 characters at most.
    pub reason: Option<String>,
}

/// What a rejection came to.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// The run as it is now.
    pub run: PaymentRun,
    /// Candidates that were rejected by it.
    pub rejected_count: i64,
    /// Candidates that are still approved.
    pub remaining_approved: i64,
}

/// Rejects candidates of a run; when none is left, the run is over and no money moved.
///
/// # Errors
/// `not_found`; a conflict for another state or version; `validation_error` for candidates that are not of this run, or named twice.
pub fn reject(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    ctx: &Ctx,
    id: PaymentRunId,
    ask: &Reject,
) -> Result<Rejected, Fault> {
    let scope = ctx.caller.scope();
    let organisation = settings::get(tx, scope.workspace)?;
    people::require_keys_allowed(&people::approver_of(tx, ctx)?, &organisation)?;
    let mut book = Book::open(tx, treasury, scope, id)?;
    require_awaiting(&book.run)?;
    require_version(&book.run, ask.expected_version)?;
    let mut all = candidates::all(tx, scope, id)?;
    let named = named(&all, ask.candidates.as_deref())?;
    let rejected_count = reject_some(tx, &mut book, ctx, &mut all, &named, ask.reason.as_deref())?;
    let run = book.close(tx)?;
    Ok(Rejected { rejected_count, remaining_approved: run.approved_count, run })
}

fn named(all: &[Candidate], ids: Option<&[CandidateId]>) -> Result<HashSet<CandidateId>, Fault> {
    let known: HashSet<CandidateId> = all.iter().map(|candidate| candidate.id).collect();
    let Some(ids) = ids else { return Ok(known) };
    if ids.is_empty() {
        return Err(unprocessable("/body/candidate_ids", "too_short", "must have at least 1 item"));
    }
    let mut chosen = HashSet::with_capacity(ids.len());
    let mut problems = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        let place = format!("/body/candidate_ids/{at}");
        if !known.contains(id) {
            problems.push(FieldProblem::new(place, "missing", "is not a candidate of this run"));
        } else if !chosen.insert(*id) {
            problems.push(FieldProblem::new(place, "enum", "is named twice"));
        }
    }
    let Some(first) = problems.first() else { return Ok(chosen) };
    let message = first.message.clone();
    Err(Fault::new(FaultKind::Unprocessable, "validation_error", message).with_fields(problems))
}

/// The `detail` of `rejected_candidate`.
#[derive(Serialize)]
struct RejectedCandidate<'a> {
    candidate_id: CandidateId,
    reason: Option<&'a str>,
    by: &'a str,
}

/// The `detail` of `rejected_run`.
#[derive(Serialize)]
struct RejectedRun<'a> {
    by: &'a str,
    candidates: i64,
    total: Kobo,
    reason: Option<&'a str>,
}

/// Rejects those of the named candidates that are not, and ends the run when none is left. Approvals that were given are void then:
/// they were for what has been taken away. Answers how many were rejected.
fn reject_some(
    tx: &mut Tx<'_>,
    book: &mut Book<'_>,
    ctx: &Ctx,
    all: &mut [Candidate],
    named: &HashSet<CandidateId>,
    reason: Option<&str>,
) -> Result<i64, Fault> {
    let who = Who::caller(ctx);
    let mut changed = Vec::new();
    for candidate in all.iter_mut() {
        if !named.contains(&candidate.id) || candidate.approval == ApprovalStatus::Rejected {
            continue;
        }
        candidate.approval = ApprovalStatus::Rejected;
        candidate.decision_reason = reason.map(str::to_owned);
        candidate.decided_by = Some(who.name().to_owned());
        candidate.updated_at = book.at;
        let detail = RejectedCandidate { candidate_id: candidate.id, reason, by: who.name() };
        book.note(&who, "rejected_candidate", &detail);
        changed.push(candidate.clone());
    }
    candidates::put(tx, book.scope, book.run.id, &changed)?;
    recount(book, all);
    let voided = if changed.is_empty() { 0 } else { approvals::clear(tx, book.scope, book.run.id)? };
    let rejected = changed.len();
    book.happened("rejected", &json!({ "candidates": rejected, "approvals_cleared": voided, "by": who.name() }));
    if all.iter().all(|candidate| candidate.approval == ApprovalStatus::Rejected) {
        let detail =
            RejectedRun { by: who.name(), candidates: book.run.rejected_count, total: book.run.total_amount, reason };
        book.note(&who, "rejected_run", &detail);
        let sums = candidates::sums(tx, book.scope, book.run.id)?;
        end::all_rejected(book, &sums, who.name());
    }
    Ok(super::approve::count_of(rejected))
}

fn recount(book: &mut Book<'_>, all: &[Candidate]) {
    let count = |status| super::approve::count_of(all.iter().filter(|one| one.approval == status).count());
    book.run.approved_count = count(ApprovalStatus::Approved);
    book.run.rejected_count = count(ApprovalStatus::Rejected);
}

/// The `detail` of `approved_candidate` by a person.
#[derive(Serialize)]
struct ApprovedCandidate<'a> {
    candidate_id: CandidateId,
    amount: Kobo,
    by: &'a str,
    auto: bool,
    override_reason: Option<&'a str>,
}

/// Approves one candidate; it does not release the run. An approved one stays as it is.
///
/// # Errors
/// `not_found` for run and candidate; a conflict for another state of the run, and for a candidate that was rejected or is blocked.
pub fn approve_candidate(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    ctx: &Ctx,
    (run, id): (PaymentRunId, CandidateId),
    reason: Option<&str>,
) -> Result<Candidate, Fault> {
    let scope = ctx.caller.scope();
    let mut book = Book::open(tx, treasury, scope, run)?;
    let mut candidate = candidates::find(tx, scope, run, id)?.ok_or_else(|| Fault::not_found("Candidate"))?;
    require_awaiting(&book.run)?;
    if candidate.approval == ApprovalStatus::Approved {
        return Ok(candidate);
    }
    if !candidate.approval.can_become(ApprovalStatus::Approved) {
        return Err(Fault::conflict("conflict", format!("Candidate is {}", candidate.approval)));
    }
    if release::is_blocked(&candidate) {
        let message = "Candidate is blocked: an owner can name it in the approval of the run, with an override_reason";
        return Err(Fault::conflict("conflict", message));
    }
    let who = Who::caller(ctx);
    candidate.approval = ApprovalStatus::Approved;
    candidate.decision_reason = reason.map(str::to_owned);
    candidate.decided_by = Some(who.name().to_owned());
    candidate.updated_at = book.at;
    candidates::put(tx, scope, run, std::slice::from_ref(&candidate))?;
    book.run.approved_count += 1;
    let (candidate_id, amount, by) = (candidate.id, candidate.amount, who.name());
    let detail = ApprovedCandidate { candidate_id, amount, by, auto: false, override_reason: None };
    book.note(&who, "approved_candidate", &detail);
    book.happened("candidate", &json!({ "candidate_id": candidate_id, "approval_status": candidate.approval }));
    book.close(tx)?;
    Ok(candidate)
}

/// Rejects one candidate. A rejected one stays as it is; the last one that is rejected ends the run.
///
/// # Errors
/// `not_found` for run and candidate; a conflict for another state of the run.
pub fn reject_candidate(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    ctx: &Ctx,
    (run, id): (PaymentRunId, CandidateId),
    reason: Option<&str>,
) -> Result<Candidate, Fault> {
    let scope = ctx.caller.scope();
    let mut book = Book::open(tx, treasury, scope, run)?;
    let candidate = candidates::find(tx, scope, run, id)?.ok_or_else(|| Fault::not_found("Candidate"))?;
    require_awaiting(&book.run)?;
    if candidate.approval == ApprovalStatus::Rejected {
        return Ok(candidate);
    }
    let mut all = candidates::all(tx, scope, run)?;
    reject_some(tx, &mut book, ctx, &mut all, &HashSet::from([id]), reason)?;
    book.close(tx)?;
    candidates::find(tx, scope, run, id)?.ok_or_else(|| Fault::internal("a candidate went away while its run was held"))
}
