//! A new run of the payments that failed (Treasury contract, section 10.2); each is paid again once.

use floe_model::id::{CandidateId, PaymentRunId};
use floe_model::{Fault, Scope};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::treasury::candidates::{self, Candidate};
use floe_store::treasury::payment_runs::PaymentRun;

use super::book::Book;
use super::create::{NewCandidate, NewRun, Origins, create_as, creator_of};
use crate::Treasury;
use crate::trail::Who;

/// Makes a run of copies of the failed candidates of another one.
///
/// # Errors
/// `not_found`; a conflict for a run that is not over, and when nothing is left to pay again; `insufficient_credits`.
pub fn retry_failed(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    ctx: &Ctx,
    (run, id): (PaymentRunId, PaymentRunId),
) -> Result<PaymentRun, Fault> {
    let scope = ctx.caller.scope();
    // The book only holds the run: of two such calls the second one finds nothing left.
    let book = Book::open(tx, treasury, scope, run)?;
    check_is_over(&book.run)?;
    let failed = candidates::take_failed(tx, scope, run, id)?;
    check_any(&failed)?;
    let new = NewRun {
        objective: book.run.objective.clone(),
        risk_tolerance: Some(book.run.risk_tolerance),
        budget_cap: book.run.budget_cap,
        candidates: failed.iter().map(copy).collect(),
        recipients: None,
        date_from: book.run.date_from.clone(),
        date_to: book.run.date_to.clone(),
    };
    let retried: Vec<CandidateId> = failed.iter().map(|candidate| candidate.id).collect();
    let origins = Origins { retry_of: Some(run), retried, schedule: None };
    let creator = creator_of(tx, ctx)?;
    create_as(tx, treasury, scope, &Who::caller(ctx), creator, id, &new, &origins)
}

/// The candidates of a run that [`retry_failed`] would pay again.
///
/// # Errors
/// The conflicts of [`retry_failed`].
pub fn retriable(tx: &mut Tx<'_>, scope: Scope, run: &PaymentRun) -> Result<Vec<CandidateId>, Fault> {
    check_is_over(run)?;
    let failed = candidates::failed(tx, scope, run.id)?;
    check_any(&failed)?;
    Ok(failed.iter().map(|candidate| candidate.id).collect())
}

fn check_is_over(run: &PaymentRun) -> Result<(), Fault> {
    if run.status.is_final() {
        return Ok(());
    }
    Err(Fault::conflict("conflict", format!("Run is not over (current status: {})", run.status)))
}

fn check_any(failed: &[Candidate]) -> Result<(), Fault> {
    if failed.is_empty() {
        return Err(Fault::conflict("conflict", "Run has no failed candidates left to pay again"));
    }
    Ok(())
}

fn copy(candidate: &Candidate) -> NewCandidate {
    NewCandidate {
        beneficiary_name: candidate.beneficiary_name.clone(),
        account_number: candidate.account_number.clone(),
        institution_code: candidate.institution_code.clone(),
        amount: candidate.amount,
        purpose: candidate.purpose.clone(),
        beneficiary_email: candidate.beneficiary_email.clone(),
        recipient: candidate.recipient,
    }
}
