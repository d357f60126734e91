//! Adding, changing and taking out candidates (Treasury contract, section 3.3), and stopping a run.
//!
//! While a run is pending this only changes what will be planned. A run that waits for approval goes back to scoring: every decision
//! about it is void, because it was about something else.

use floe_model::access::TreasuryRole;
use floe_model::id::{CandidateId, PaymentRunId};
use floe_model::treasury::{Kobo, LookupStatus, RunStatus};
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::treasury::candidates::{self, Candidate};
use floe_store::treasury::payment_runs::PaymentRun;
use floe_store::treasury::{approvals, payment_run_events};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::approve::count_of;
use super::book::Book;
use super::create::{NewCandidate, check_room, new_candidates, person_of};
use super::end::{End, fail};
use crate::Treasury;
use crate::trail::Who;

/// A file whose candidates are added.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Digest of its bytes.
    hash: [u8; 32],
    /// Whether it may be added again.
    force: bool,
}

impl File {
    /// A file with these bytes.
    #[must_use]
    pub fn of(bytes: &[u8], force: bool) -> Self {
        Self { hash: Sha256::digest(bytes).into(), force }
    }
}

/// What is changed of a candidate; what is none stays. An inner none takes the purpose away.
#[derive(Debug, Clone, Default)]
pub struct CandidatePatch {
    /// Whom to pay.
    pub beneficiary_name: Option<String>,
    /// Ten digits.
    pub account_number: Option<String>,
    /// A known code.
    pub institution_code: Option<String>,
    /// How much.
    pub amount: Option<Kobo>,
    /// What for.
    pub purpose: Option<Option<String>>,
}

/// Adds candidates; none at all changes nothing.
///
/// # Errors
/// `not_found`; a conflict for a run that takes none, and for a file that was added before; `validation_error` for too many.
pub fn add(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    ctx: &Ctx,
    id: PaymentRunId,
    new: &[NewCandidate],
    file: Option<File>,
) -> Result<PaymentRun, Fault> {
    let scope = ctx.caller.scope();
    let mut book = open(tx, treasury, ctx, id)?;
    if new.is_empty() {
        // Nothing that people have decided about is another now.
        return Ok(book.run);
    }
    check_room(book.run.candidate_count, new.len())?;
    if let Some(File { hash, force }) = file
        && payment_run_events::note_file(tx, scope, id, &hash, book.at)? > 1
        && !force
    {
        return Err(Fault::conflict("conflict", "This file was added to the run before; force=true adds it again"));
    }
    let added = new_candidates(&treasury.platform, new, book.run.last_candidate, book.at);
    let more = checked_sum(added.iter().map(|candidate| candidate.amount).chain([book.run.total_amount]))?;
    candidates::put(tx, scope, id, &added)?;
    book.run.last_candidate += count_of(new.len());
    book.run.candidate_count += count_of(new.len());
    book.run.total_amount = more;
    let action = if file.is_some() { "imported_candidates" } else { "added_candidates" };
    book.note(
        &Who::caller(ctx),
        action,
        &json!({ "candidates": new.len(), "candidate_count": book.run.candidate_count }),
    );
    start_over(tx, &mut book)?;
    book.close(tx)
}

/// Changes a candidate.
///
/// # Errors
/// `not_found` for run and candidate; a conflict for a run that takes no changes.
pub fn change(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    ctx: &Ctx,
    (run, id): (PaymentRunId, CandidateId),
    patch: CandidatePatch,
) -> Result<Candidate, Fault> {
    let scope = ctx.caller.scope();
    let mut book = lock(tx, treasury, ctx, run)?;
    let before = candidates::find(tx, scope, run, id)?.ok_or_else(|| Fault::not_found("Candidate"))?;
    require_open(&book.run)?;
    let mut after = before.clone();
    let mut fields = Vec::new();
    apply(&mut after, patch, &mut fields);
    if fields.is_empty() {
        return Ok(before);
    }
    after.updated_at = book.at;
    book.run.total_amount = book
        .run
        .total_amount
        .checked_sub(before.amount)
        .and_then(|rest| rest.checked_add(after.amount))
        .ok_or_else(too_much)?;
    candidates::put(tx, scope, run, std::slice::from_ref(&after))?;
    let detail = Updated { candidate_id: id, fields: &fields, amount: after.amount, amount_before: before.amount };
    book.note(&Who::caller(ctx), "updated_candidate", &detail);
    start_over(tx, &mut book)?;
    book.close(tx)?;
    candidates::find(tx, scope, run, id)?.ok_or_else(|| Fault::internal("a candidate went away while its run was held"))
}

/// The `detail` of `updated_candidate`.
#[derive(Serialize)]
struct Updated<'a> {
    candidate_id: CandidateId,
    fields: &'a [&'static str],
    amount_before: Kobo,
    amount: Kobo,
}

fn apply(after: &mut Candidate, patch: CandidatePatch, fields: &mut Vec<&'static str>) {
    let CandidatePatch { beneficiary_name, account_number, institution_code, amount, purpose } = patch;
    let mut text = |name: &'static str, place: &mut String, new: Option<String>| {
        if let Some(new) = new.filter(|new| new != place) {
            *place = new;
            fields.push(name);
        }
    };
    text("beneficiary_name", &mut after.beneficiary_name, beneficiary_name);
    text("account_number", &mut after.account_number, account_number);
    text("institution_code", &mut after.institution_code, institution_code);
    if !fields.is_empty() {
        // Another payee: what is known about the account says nothing any more.
        (after.lookup_status, after.lookup_at) = (LookupStatus::Pending, None);
        (after.lookup_name, after.name_match, after.recipient) = (None, None, None);
    }
    if let Some(amount) = amount.filter(|&amount| amount != after.amount) {
        after.amount = amount;
        fields.push("amount");
    }
    if let Some(purpose) = purpose.filter(|purpose| *purpose != after.purpose) {
        after.purpose = purpose;
        fields.push("purpose");
    }
}

/// Takes a candidate out.
///
/// # Errors
/// As [`change`].
pub fn remove(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    ctx: &Ctx,
    (run, id): (PaymentRunId, CandidateId),
) -> Result<PaymentRun, Fault> {
    let scope = ctx.caller.scope();
    let mut book = lock(tx, treasury, ctx, run)?;
    let gone = candidates::find(tx, scope, run, id)?.ok_or_else(|| Fault::not_found("Candidate"))?;
    require_open(&book.run)?;
    candidates::remove(tx, scope, run, gone.seq)?;
    book.run.candidate_count -= 1;
    book.run.total_amount = book.run.total_amount.checked_sub(gone.amount).ok_or_else(too_much)?;
    let detail = json!({ "candidate_id": id, "candidate_count": book.run.candidate_count });
    book.note(&Who::caller(ctx), "removed_candidate", &detail);
    start_over(tx, &mut book)?;
    book.close(tx)
}

/// Stops a run before its release. An owner may, and whoever made it.
///
/// # Errors
/// `not_found`; `forbidden`; a conflict for a run that was released or is over.
pub fn cancel(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    ctx: &Ctx,
    id: PaymentRunId,
    reason: Option<&str>,
) -> Result<PaymentRun, Fault> {
    let mut book = lock(tx, treasury, ctx, id)?;
    let is_owner = ctx.caller.member.as_ref().is_some_and(|member| member.treasury_role == TreasuryRole::Owner);
    let person = person_of(tx, ctx)?;
    if !is_owner && (person.is_none() || book.run.creator.member != person) {
        return Err(Fault::forbidden("Requires role: owner, or to have created the run"));
    }
    if !book.run.status.can_be_cancelled() {
        let message = format!("Run can no longer be cancelled (current status: {})", book.run.status);
        return Err(Fault::conflict("conflict", message));
    }
    stop(&mut book, &Who::caller(ctx), reason);
    book.close(tx)
}

/// Ends a run that was not released.
pub(crate) fn stop(book: &mut Book<'_>, who: &Who, reason: Option<&str>) {
    let detail =
        Cancelled { by: who.name(), candidates: book.run.candidate_count, total: book.run.total_amount, reason };
    book.note(who, "cancelled_run", &detail);
    fail(book, RunStatus::Cancelled, &End::cancelled());
}

/// The `detail` of `cancelled_run`.
#[derive(Serialize)]
struct Cancelled<'a> {
    by: &'a str,
    candidates: i64,
    total: Kobo,
    reason: Option<&'a str>,
}

fn lock<'t>(tx: &mut Tx<'_>, treasury: &'t Treasury, ctx: &Ctx, id: PaymentRunId) -> Result<Book<'t>, Fault> {
    Book::open(tx, treasury, ctx.caller.scope(), id)
}

/// A run that takes candidates.
fn open<'t>(tx: &mut Tx<'_>, treasury: &'t Treasury, ctx: &Ctx, id: PaymentRunId) -> Result<Book<'t>, Fault> {
    let book = lock(tx, treasury, ctx, id)?;
    require_open(&book.run)?;
    Ok(book)
}

fn require_open(run: &PaymentRun) -> Result<(), Fault> {
    if run.status.takes_candidates() {
        return Ok(());
    }
    let message = format!("Candidates cannot be changed now (current status: {})", run.status);
    Err(Fault::conflict("conflict", message))
}

/// A run that was at its approval is scored again, as a new version without decisions.
fn start_over(tx: &mut Tx<'_>, book: &mut Book<'_>) -> Result<(), Fault> {
    let facts = json!({ "candidate_count": book.run.candidate_count });
    book.happened("candidates", &facts);
    if book.run.status != RunStatus::AwaitingApproval {
        return Ok(());
    }
    approvals::clear(tx, book.scope, book.run.id)?;
    candidates::reset(tx, book.scope, book.run.id, book.at)?;
    book.run.version += 1;
    (book.run.approved_count, book.run.rejected_count) = (0, 0);
    (book.run.approvals_required, book.run.rules, book.run.content_hash) = (None, None, None);
    book.run.requested_at = None;
    book.enter(RunStatus::Scoring);
    Ok(())
}

fn checked_sum(amounts: impl IntoIterator<Item = Kobo>) -> Result<Kobo, Fault> {
    Kobo::checked_sum(amounts).ok_or_else(too_much)
}

fn too_much() -> Fault {
    Fault::new(FaultKind::Unprocessable, "amount_out_of_range", "The amounts come to more than can be counted")
}
