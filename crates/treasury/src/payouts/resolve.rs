//! What people do about payouts without an answer: ask again, or say what they found out (Treasury contract, section 10.5).

use floe_model::id::TransactionId;
use floe_model::treasury::{Direction, OrderState};
use floe_model::{Fault, Scope};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::treasury::payout_orders::Order;
use floe_store::treasury::payout_resolutions::{self, Resolution};
use serde::Serialize;

use super::batch::{Told, settle_as};
use super::ending::{Ending, Outcome};
use super::list::{Detail, detail};
use crate::Treasury;
use crate::trail::Who;

/// Why a payout is what people said it is.
const RESOLVED: &str = "resolved";

/// A question that a person puts to the rail, and its answer.
pub struct Question {
    order: Order,
    told: Told,
}

/// Asks the rail about a transaction now. Nothing is written yet: that is [`confirm_answer`].
///
/// # Errors
/// `not_found`; a conflict when it is final or was not sent yet.
pub async fn question(treasury: &Treasury, scope: Scope, id: TransactionId) -> Result<Question, Fault> {
    let found = treasury.platform.store.read(move |tx| detail(tx, scope, id)).await?;
    let order = askable(&found)?;
    let rail = treasury.rails.named(scope.mode, &order.rail);
    let rail = rail.ok_or_else(no_rail)?;
    let answer = rail.ask(std::slice::from_ref(&order.rail_reference)).await.pop();
    let answer = answer.unwrap_or_else(super::rails::Answer::none);
    Ok(Question { told: Told::asked(order.clone(), answer), order })
}

/// Writes what follows from the answer to a question, unless the payout has gone on meanwhile; the transaction as it is then.
///
/// # Errors
/// Of the database.
pub fn confirm_answer(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    ctx: &Ctx,
    scope: Scope,
    id: TransactionId,
    question: &Question,
) -> Result<Detail, Fault> {
    let told = std::slice::from_ref(&question.told);
    settle_as(tx, treasury, scope, question.order.run, &Who::caller(ctx), told, ctx.now())?;
    detail(tx, scope, id)
}

/// What a question that could not be put comes to: the same refusal, found in the transaction that answers the request, so that a
/// repeat of an answered one gets its answer first. The transaction as it is, should it be open again.
///
/// # Errors
/// As [`question`].
pub fn unasked(tx: &mut Tx<'_>, treasury: &Treasury, scope: Scope, id: TransactionId) -> Result<Detail, Fault> {
    let found = detail(tx, scope, id)?;
    let order = askable(&found)?;
    treasury.rails.named(scope.mode, &order.rail).ok_or_else(no_rail)?;
    Ok(found)
}

fn no_rail() -> Fault {
    Fault::conflict("no_rail", "No payout rail is configured.")
}

fn askable(found: &Detail) -> Result<Order, Fault> {
    let is_credit = found.transaction.direction == Direction::Credit;
    match found.order.state {
        OrderState::Sent | OrderState::Followup if !is_credit => Ok(found.order.clone()),
        OrderState::Ready if !is_credit => {
            Err(Fault::conflict("not_sent", "Transaction has not been sent yet (current status: PENDING)"))
        }
        _ => {
            let status = found.transaction.status;
            Err(Fault::conflict("final", format!("Transaction is already final (current status: {status})")))
        }
    }
}

/// What a person says about a payout.
pub struct Resolve {
    /// Whether the money moved.
    pub is_success: bool,
    /// How that is known: 1 to 2,000 characters.
    pub evidence: String,
}

/// Notes what a person found out about a payout that requires follow-up; when a second, different person says the same, it becomes final.
///
/// # Errors
/// `not_found`; a conflict when it does not require follow-up, when the same person says it twice, or when the second one says otherwise.
pub fn resolve(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    ctx: &Ctx,
    scope: Scope,
    id: TransactionId,
    said: &Resolve,
) -> Result<Detail, Fault> {
    let found = detail(tx, scope, id)?;
    let member = ctx.caller.member.as_ref().ok_or_else(|| Fault::forbidden("Only people resolve payouts"))?;
    let who = Who::caller(ctx);
    // Holding the run comes first, so that of two people at the same moment one is the second.
    let mut ending = Ending::open(tx, treasury, scope, found.order.run, &who, ctx.now())?;
    let found = detail(tx, scope, id)?;
    if found.order.state != OrderState::Followup || found.transaction.direction == Direction::Credit {
        let status = found.transaction.status;
        let message = format!("Transaction does not require follow-up (current status: {status})");
        return Err(Fault::conflict("not_in_followup", message));
    }
    let outcome = if said.is_success { "success" } else { "failed" };
    let at = ending.at();
    let person = (member.id.0, who.name());
    match &found.resolution {
        None => {
            let proposal = proposal(found.order.seq, outcome, &said.evidence, person, at);
            if !payout_resolutions::propose(tx, scope, &proposal)? {
                return Err(Fault::internal("a resolution came up while its run was held"));
            }
        }
        Some(first) => {
            agrees(first, outcome, person.0)?;
            if !payout_resolutions::confirm(tx, scope, found.order.seq, person, at)? {
                return Err(Fault::internal("a resolution changed while its run was held"));
            }
            let to = if said.is_success { OrderState::Success } else { OrderState::Failed };
            let reason = (!said.is_success).then_some(RESOLVED);
            let outcome = Outcome { from: OrderState::Followup, to, code: None, reason, questions: 0 };
            ending.end(tx, &[&found.order], outcome)?;
        }
    }
    let confirmed = found.resolution.is_some();
    ending.note(
        "resolved_payout",
        &Resolved { reference: &found.order.reference, outcome, evidence: &said.evidence, confirmed },
    );
    ending.close(tx)?;
    detail(tx, scope, id)
}

#[derive(Serialize)]
struct Resolved<'a> {
    reference: &'a str,
    outcome: &'a str,
    evidence: &'a str,
    confirmed: bool,
}

fn proposal(
    seq: i64,
    outcome: &str,
    evidence: &str,
    (by, name): (u128, &str),
    at: floe_model::Timestamp,
) -> Resolution {
    Resolution {
        seq,
        outcome: outcome.to_owned(),
        evidence: evidence.to_owned(),
        proposed_by: by,
        proposed_name: name.to_owned(),
        proposed_at: at,
        confirmed_by: None,
        confirmed_name: None,
        confirmed_at: None,
    }
}

fn agrees(first: &Resolution, outcome: &str, person: u128) -> Result<(), Fault> {
    if first.proposed_by == person {
        return Err(Fault::conflict("second_person", "A second, different person has to confirm this outcome"));
    }
    if first.outcome != outcome {
        let message = format!("Another outcome was proposed (proposed: {})", first.outcome);
        return Err(Fault::conflict("other_outcome", message));
    }
    Ok(())
}
