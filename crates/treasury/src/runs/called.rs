//! Payment runs that runs of flows call: who made them, what is told to the caller, and what becomes of them when it gives up.
//!
//! A called run is a payment run like any other: it is planned, scored, approved by people and paid by the rules of the treasury. It is
//! made on behalf of the owner of the flow, who needs the role for it and cannot approve it where somebody else can.

use floe_engine::event::StepError;
use floe_model::access::TreasuryRole;
use floe_model::id::{PaymentRunId, RunId, WorkspaceId};
use floe_model::treasury::{CURRENCY, RunStatus};
use floe_model::{Fault, Mode, Scope};
use floe_runtime::child_runs::ChildCall;
use floe_store::Tx;
use floe_store::access::memberships;
use floe_store::platform::child_calls::{self, ChildCall as Noted};
use floe_store::treasury::candidates;
use floe_store::treasury::payment_runs::{self as rows, Creator, PaymentRun};
use serde_json::{Value, json};

use super::book::Book;
use super::changes::stop;
use super::create::{NewRun, Origins, create_as};
use crate::Treasury;
use crate::trail::Who;

/// The kind of [`Creator`] of a called run; its id is the flow's.
pub const CREATOR: &str = "workflow";

/// Makes the payment run of a call, unless that was done before.
///
/// # Errors
/// `forbidden` when the owner of the flow prepares no payments; `call_given_up`, a conflict, for a call that nobody waits for any more;
/// as [`super::create`].
pub fn call(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    call: &ChildCall,
    id: PaymentRunId,
    new: &NewRun,
) -> Result<PaymentRunId, Fault> {
    let (scope, own) = (call.scope, RunId(id.0));
    let made = Noted {
        caller: call.caller,
        key: call.key.clone(),
        step: call.step.clone(),
        child: Some(own),
        author: call.owner,
        created_at: treasury.platform.clock.now(),
    };
    // Before the run, so that its first change finds the caller, and no other call with this key can make one.
    match child_calls::note(tx, scope, &made)?.child {
        Some(child) if child == own => {}
        Some(child) => return Ok(PaymentRunId(child.0)),
        None => return Err(Fault::conflict("call_given_up", "The workflow does not wait for these payments any more")),
    }
    let owner = match call.owner {
        Some(owner) => memberships::find(tx, scope.workspace, owner)?,
        None => None,
    };
    let owner = owner
        .filter(|owner| matches!(owner.treasury_role, TreasuryRole::Owner | TreasuryRole::Analyst))
        .ok_or_else(|| Fault::forbidden("The owner of the workflow needs the treasury role owner or analyst"))?;
    let name = format!("Workflow {}", call.flow_name);
    let who = Who::flow(&name);
    // Whoever started it chose what is paid; whoever wrote it is kept with the call.
    let member = call.starter.or(Some(owner.member));
    let creator = Creator { kind: CREATOR.to_owned(), id: Some(call.flow.0), name, member };
    create_as(tx, treasury, scope, &who, creator, id, new, &Origins::default()).map(|run| run.id)
}

/// The run of a flow that called a payment run, and the owner of that flow.
///
/// # Errors
/// Of the database.
pub(crate) fn caller(tx: &mut Tx<'_>, scope: Scope, run: &PaymentRun) -> Result<Option<Noted>, Fault> {
    if run.creator.kind != CREATOR {
        return Ok(None);
    }
    child_calls::of_child(tx, scope, RunId(run.id.0))
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
    let sums = candidates::sums(tx, scope, id)?;
    // A number of the graph language is a binary one: exact up to 2^53 kobo.
    let paid = sums.paid.minor() as f64 / 100.0;
    let record = json!({
        "payment_run_id": id, "status": run.status, "objective": run.objective, "error": run.error,
        "approved_count": sums.approved, "rejected_count": sums.rejected, "succeeded_count": sums.succeeded,
        "failed_count": sums.failed, "followup_count": sums.followup,
        "total_payout_amount": paid, "currency": CURRENCY, "run_url": url,
    });
    let is_completed = matches!(run.status, RunStatus::Completed | RunStatus::CompletedWithErrors);
    let ending = match run.error.as_deref() {
        _ if is_completed && run.released_at.is_some() => return Ok(Some(Ok(record))),
        _ if is_completed => ("CANCELLED", "Every payment of the run was rejected"),
        error => ending(error),
    };
    // Something may have been paid before the breaker tripped, so the counts go along.
    Ok(Some(Err(StepError::new(ending.0, ending.1).with_details(record))))
}

/// Stops a called run that nobody waits for any more, if it was not released.
///
/// # Errors
/// Of the database.
pub fn give_up(tx: &mut Tx<'_>, treasury: &Treasury, workspace: WorkspaceId, id: PaymentRunId) -> Result<(), Fault> {
    let Some((scope, run)) = find(tx, workspace, id)? else { return Ok(()) };
    if run.creator.kind != CREATOR {
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
        Some("circuit_breaker") => ("SERVER_ERROR", "Too many payments failed, so nothing further was sent"),
        Some("planning_failed") => ("VALIDATION", "The payment run could not be planned"),
        _ => ("SERVER_ERROR", "The payment run could not go on"),
    }
}
