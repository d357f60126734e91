//! What people do about payouts without an answer: ask again, or say what they found out (Treasury contract, section 10.5).

use floe_model::id::TransactionId;
use floe_model::treasury::{Direction, OrderState};
use floe_model::{Fault, Scope, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::treasury::payout_orders::Order;
use floe_store::treasury::payout_resolutions::{self, Resolution, SecondWord};
use serde::Serialize;

use super::batch::{self, Told, settle_as};
use super::ending::{Ending, Outcome};
use super::list::{Detail, detail};
use crate::Treasury;
use crate::runs::inbox;
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
    let answer = rail.ask(&[batch::question(&order)]).await.pop();
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
    let who = Who::caller(ctx);
    let mut talk = Talk::open(tx, treasury, ctx, &who, (scope, id))?;
    let outcome = if said.is_success { "success" } else { "failed" };
    match talk.pending() {
        None => {
            let proposal = talk.proposal(outcome, &said.evidence);
            if !payout_resolutions::propose(tx, scope, &proposal)? {
                return Err(Fault::internal("a resolution came up while its run was held"));
            }
            talk.tell(tx, "platform.inbox.created")?;
        }
        Some(first) => {
            talk.check_second(&first)?;
            if first.outcome != outcome {
                let message = format!("Another outcome was proposed (proposed: {})", first.outcome);
                return Err(Fault::conflict("other_outcome", message));
            }
            talk.confirm(tx, &first, None)?;
        }
    }
    let confirmed = talk.pending().is_some();
    talk.note_resolved(outcome, &said.evidence, confirmed);
    talk.close(tx)
}

/// What a second, different person says about what the first one proposed: yes makes it final, no leaves the payout in follow-up, and
/// somebody may propose anew.
///
/// # Errors
/// `not_found`; conflicts when it does not require follow-up any more, when what is proposed is not what the caller has `seen`
/// (`other_proposal`), and for the first person.
pub fn answer_resolution(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    ctx: &Ctx,
    (id, seen): (TransactionId, &Resolution),
    is_confirmed: bool,
    comment: Option<&str>,
) -> Result<Detail, Fault> {
    let who = Who::caller(ctx);
    let mut talk = Talk::open(tx, treasury, ctx, &who, (ctx.caller.scope(), id))?;
    let first = talk.pending().filter(|first| first == seen);
    let first = first.ok_or_else(|| Fault::conflict("other_proposal", "What is proposed is not what you saw"))?;
    talk.check_second(&first)?;
    if is_confirmed {
        talk.confirm(tx, &first, comment)?;
        talk.note_resolved(&first.outcome, &first.evidence, true);
    } else {
        talk.reject(tx, &first, comment)?;
    }
    talk.close(tx)
}

/// What people say about one payout, with its run held: of two people at the same moment one is the second.
struct Talk<'a> {
    treasury: &'a Treasury,
    ending: Ending<'a>,
    scope: Scope,
    id: TransactionId,
    found: Detail,
    person: u128,
    name: String,
    at: Timestamp,
}

impl<'a> Talk<'a> {
    fn open(
        tx: &mut Tx<'_>,
        treasury: &'a Treasury,
        ctx: &Ctx,
        who: &'a Who,
        (scope, id): (Scope, TransactionId),
    ) -> Result<Self, Fault> {
        let found = detail(tx, scope, id)?;
        let member = ctx.caller.member.as_ref().ok_or_else(|| Fault::forbidden("Only people resolve payouts"))?;
        let ending = Ending::open(tx, treasury, scope, found.order.run, who, ctx.now())?;
        let found = detail(tx, scope, id)?;
        if found.order.state != OrderState::Followup || found.transaction.direction == Direction::Credit {
            let status = found.transaction.status;
            let message = format!("Transaction does not require follow-up (current status: {status})");
            return Err(Fault::conflict("not_in_followup", message));
        }
        let (person, name, at) = (member.id.0, who.name().to_owned(), ending.at());
        Ok(Self { treasury, ending, scope, id, found, person, name, at })
    }

    /// What was proposed and neither confirmed nor refused.
    fn pending(&self) -> Option<Resolution> {
        self.found.resolution.clone().filter(|one| one.rejected_by.is_none())
    }

    fn proposal(&self, outcome: &str, evidence: &str) -> Resolution {
        Resolution {
            seq: self.found.order.seq,
            outcome: outcome.to_owned(),
            evidence: evidence.to_owned(),
            proposed_by: self.person,
            proposed_name: self.name.clone(),
            proposed_at: self.at,
            confirmed_by: None,
            confirmed_name: None,
            confirmed_at: None,
            rejected_by: None,
            rejected_name: None,
            rejected_at: None,
            comment: None,
        }
    }

    fn check_second(&self, first: &Resolution) -> Result<(), Fault> {
        if first.proposed_by == self.person {
            return Err(Fault::conflict("second_person", "A second, different person has to confirm this outcome"));
        }
        Ok(())
    }

    fn confirm(&mut self, tx: &mut Tx<'_>, first: &Resolution, comment: Option<&str>) -> Result<(), Fault> {
        let word = SecondWord { by: self.person, name: &self.name, at: self.at, comment };
        if !payout_resolutions::confirm(tx, self.scope, first.seq, &word)? {
            return Err(Fault::internal("a resolution changed while its run was held"));
        }
        let is_success = first.outcome == "success";
        let to = if is_success { OrderState::Success } else { OrderState::Failed };
        let reason = (!is_success).then_some(RESOLVED);
        let outcome = Outcome { from: OrderState::Followup, to, code: None, reason, questions: 0 };
        self.ending.end(tx, &[&self.found.order], outcome)?;
        self.tell(tx, "platform.inbox.answered")
    }

    /// Tells of the item that the proposal is for a second person.
    fn tell(&self, tx: &mut Tx<'_>, event: &'static str) -> Result<(), Fault> {
        let order = &self.found.order;
        let told = inbox::Told {
            id: self.id.0,
            kind: "payment_confirmation",
            title: &order.reference,
            run: order.run,
            amount: order.amount,
            at: self.at,
        };
        inbox::tell(tx, &self.treasury.platform, self.scope, event, &told)
    }

    fn reject(&mut self, tx: &mut Tx<'_>, first: &Resolution, comment: Option<&str>) -> Result<(), Fault> {
        let word = SecondWord { by: self.person, name: &self.name, at: self.at, comment };
        if !payout_resolutions::reject(tx, self.scope, first.seq, &word)? {
            return Err(Fault::internal("a resolution changed while its run was held"));
        }
        let refused = Refused { reference: &self.found.order.reference, outcome: &first.outcome, reason: comment };
        self.ending.note("rejected_resolution", &refused);
        self.tell(tx, "platform.inbox.answered")
    }

    fn note_resolved(&mut self, outcome: &str, evidence: &str, confirmed: bool) {
        let reference = &self.found.order.reference;
        self.ending.note("resolved_payout", &Resolved { reference, outcome, evidence, confirmed });
    }

    fn close(self, tx: &mut Tx<'_>) -> Result<Detail, Fault> {
        self.ending.close(tx)?;
        detail(tx, self.scope, self.id)
    }
}

#[derive(Serialize)]
struct Resolved<'a> {
    reference: &'a str,
    outcome: &'a str,
    evidence: &'a str,
    confirmed: bool,
}

#[derive(Serialize)]
struct Refused<'a> {
    reference: &'a str,
    outcome: &'a str,
    reason: Option<&'a str>,
}
