//! Payment runs that runs of flows call: who made them, what is told to the caller, and what becomes of them when it gives up.
//!
//! A called run is a payment run like any other: it is planned, scored, approved by people and paid by the rules of the treasury. It is
//! made on behalf of the owner of the flow, who needs the role for it and cannot approve it where somebody else can.

use floe_engine::event::StepError;
use floe_model::access::TreasuryRole;
use floe_model::id::{FlowId, MemberId, PaymentRunId, RunId, WorkspaceId};
use floe_model::treasury::RunStatus;
use floe_model::{Fault, Mode, Scope};
use floe_store::Tx;
use floe_store::access::memberships;
use floe_store::treasury::candidates;
use floe_store::treasury::payment_run_callers as callers;
use floe_store::treasury::payment_runs::{self as rows, Creator, PaymentRun};
use serde_json::{Value, json};

use super::book::Book;
use super::changes::stop;
use super::create::{NewRun, Origins, create_as};
use crate::Treasury;
use crate::trail::Who;

/// The kind of [`Creator`] of a called run; its id is the flow's.
pub const CREATOR: &str = "workflow";

/// What calls a payment run.
#[derive(Debug, Clone)]
pub struct Call {
    /// The run of a flow.
    pub caller: RunId,
    /// Which of its calls, the same on every repeat of it.
    pub key: String,
    /// The flow.
    pub flow: FlowId,
    /// Its name.
    pub flow_name: String,
    /// Whose flow it is.
    pub owner: Option<MemberId>,
}

/// Makes the payment run of a call, unless that was done before.
///
/// # Errors
/// `forbidden` when the owner of the flow prepares no payments; as [`super::create`].
pub fn call(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    scope: Scope,
    call: &Call,
    id: PaymentRunId,
    new: &NewRun,
) -> Result<PaymentRunId, Fault> {
    if let Some(known) = callers::called(tx, scope, call.caller, &call.key)? {
        return Ok(known);
    }
    let owner = match call.owner {
        Some(owner) => memberships::find(tx, scope.workspace, owner)?,
        None => None,
    };
    let owner = owner
        .filter(|owner| matches!(owner.treasury_role, TreasuryRole::Owner | TreasuryRole::Analyst))
        .ok_or_else(|| Fault::forbidden("The owner of the workflow needs the treasury role owner or analyst"))?;
    let who = Who::flow(&call.flow_name);
    let creator = Creator {
        kind: CREATOR.to_owned(),
        id: Some(call.flow.0),
        name: call.flow_name.clone(),
        member: Some(owner.member),
    };
    // Before the run, so that its first change can find the caller.
    callers::insert(tx, scope, id, call.caller, &call.key)?;
    create_as(tx, treasury, scope, &who, creator, id, new, &Origins::default()).map(|run| run.id)
}

/// What came of a called run: what its caller goes on with, or why its step has failed. None while it goes on, and for a run that is
/// not there.
///
/// A run of which something was not paid has ended all the same; its counts tell.
///
/// # Errors
/// Of the database.
pub fn outcome(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    workspace: WorkspaceId,
    id: PaymentRunId,
) -> Result<Option<Result<Value, StepError>>, Fault> {
    let Some((scope, run)) = find(tx, workspace, id)?.filter(|(_, run)| run.status.is_final()) else {
        return Ok(None);
    };
    let url = format!("{}/ui/payment-runs/{id}", treasury.settings.public_url);
    if !matches!(run.status, RunStatus::Completed | RunStatus::CompletedWithErrors) {
        let (code, message) = ending(run.error.as_deref());
        let details = json!({ "payment_run_id": id, "status": run.status, "error": run.error, "run_url": url });
        return Ok(Some(Err(StepError::new(code, message).with_details(details))));
    }
    let sums = candidates::sums(tx, scope, id)?;
    // A number of the graph language is a binary one: exact up to 2^53 kobo.
    let paid = sums.paid.minor() as f64 / 100.0;
    Ok(Some(Ok(json!({
        "payment_run_id": id, "status": run.status, "objective": run.objective,
        "approved_count": sums.approved, "rejected_count": sums.rejected, "succeeded_count": sums.succeeded,
        "failed_count": sums.failed, "followup_count": sums.followup,
        "total_payout_amount": paid, "currency": floe_model::treasury::CURRENCY, "run_url": url,
    }))))
}

/// Stops a called run that nobody waits for any more, if it was not released.
///
/// # Errors
/// Of the database.
pub fn give_up(tx: &mut Tx<'_>, treasury: &Treasury, workspace: WorkspaceId, id: PaymentRunId) -> Result<(), Fault> {
    let Some((scope, run)) = find(tx, workspace, id)? else { return Ok(()) };
    if callers::caller(tx, scope, id)?.is_none() {
        return Ok(());
    }
    let mut book = Book::open(tx, treasury, scope, id)?;
    if book.run.status.can_be_cancelled() {
        stop(&mut book, &Who::flow(&run.creator.name), Some("The workflow that waited for it was ended"));
        book.close(tx)?;
    }
    Ok(())
}

fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: PaymentRunId) -> Result<Option<(Scope, PaymentRun)>, Fault> {
    for mode in [Mode::Live, Mode::Test] {
        let scope = Scope { workspace, mode };
        if let Some(run) = rows::find(tx, scope, id)? {
            return Ok(Some((scope, run)));
        }
    }
    Ok(None)
}

/// The code (Workflow API contract, section 17) and the sentence for a run that was not paid.
fn ending(error: Option<&str>) -> (&'static str, &'static str) {
    match error {
        Some("cancelled") => ("CANCELLED", "The payment run was cancelled"),
        Some("approval_expired") => ("TIMEOUT", "Nobody decided about the payment run in time"),
        Some("planning_failed") => ("VALIDATION", "The payment run could not be planned"),
        _ => ("SERVER_ERROR", "The payment run could not go on"),
    }
}
