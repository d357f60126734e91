//! Transactions, on both sides (Treasury contract, sections 2.5 and 10.5).

use std::sync::Arc;

use floe_model::id::{PaymentRunId, TransactionId};
use floe_model::treasury::{CHANNEL, CURRENCY, Direction, Kobo, OrderState, TransactionStatus};
use floe_model::{Fault, FaultKind};
use floe_store::Tx;
use floe_store::treasury::payout_resolutions::Resolution;
use floe_store::treasury::payout_transactions::Transaction;
use floe_treasury::payouts::{self, Detail, Filter, Resolve};
use serde::Serialize;

use super::approvals::TOKEN_SCOPE;
use super::input::{Input, parse_id, path_id};
use super::page::Page;
use super::shapes::{PAGING, money as shapes};
use super::wire::Seconds;
use super::{DASHBOARD, KEY, OWNER_OR_APPROVER, Rights, SURFACE};
use crate::http::shape::{ID, words};
use crate::http::{Call, Reply, Route};

/// Characters of what is said about how an outcome is known.
const EVIDENCE_MAX: usize = 2_000;

pub(super) fn routes() -> Vec<Route> {
    const STATUSES: &[&str] = &["SUCCESS", "PENDING", "FAILED"];
    vec![
        Route::get(&SURFACE, "/api/v1/public/transactions", KEY, list_public)
            .scope("transactions:read")
            .doc("List transactions with a key")
            .about("Newest first: a debit for each approved candidate, a credit for money that came back.")
            .queries(PAGING)
            .query("run_id", ID, "Transactions of one run")
            .query("status", words(STATUSES), "Transactions of one status")
            .answers(200, shapes::TRANSACTIONS),
        Route::get(&SURFACE, "/api/v1/transactions", DASHBOARD, list)
            .any_reads()
            .doc("List transactions")
            .about("Newest first.")
            .queries(PAGING)
            .query("run_id", ID, "Transactions of one run")
            .query("status", words(STATUSES), "Transactions of one status")
            .answers(200, shapes::FULL_TRANSACTIONS),
        Route::get(&SURFACE, "/api/v1/transactions/{id}", DASHBOARD, show)
            .any_reads()
            .doc("Show a transaction")
            .answers(200, shapes::FULL_TRANSACTION),
        Route::post(&SURFACE, "/api/v1/transactions/{id}/requery", DASHBOARD, requery)
            .written_by(OWNER_OR_APPROVER)
            .doc("Ask the rail about a transaction")
            .answers(200, shapes::FULL_TRANSACTION)
            .refuses(409, &["final", "not_sent", "no_rail"]),
        Route::post(&SURFACE, "/api/v1/transactions/{id}/resolve", DASHBOARD, resolve)
            .written_by(OWNER_OR_APPROVER)
            .scope(TOKEN_SCOPE)
            .doc("Resolve a transaction without an answer")
            .about("What one person says becomes final when a second, different person says the same.")
            .takes(shapes::RESOLVE)
            .answers(200, shapes::FULL_TRANSACTION)
            .refuses(409, &["not_in_followup", "second_person", "other_outcome"]),
    ]
}

/// A transaction on the public side.
#[derive(Serialize)]
struct TransactionOut {
    id: TransactionId,
    run_id: PaymentRunId,
    reference: String,
    amount: Kobo,
    currency: &'static str,
    direction: Direction,
    status: TransactionStatus,
    channel: &'static str,
    created_at: Seconds,
}

/// A transaction on the dashboard side.
#[derive(Serialize)]
struct FullTransactionOut {
    #[serde(flatten)]
    transaction: TransactionOut,
    rail_reference: String,
    response_code: Option<String>,
    attempts: i64,
    payout_status: &'static str,
    failure_reason: Option<String>,
    resolution: Option<ResolutionOut>,
}

/// What people found out.
#[derive(Serialize)]
struct ResolutionOut {
    outcome: String,
    evidence: String,
    proposed_by: String,
    proposed_at: Seconds,
    confirmed_by: Option<String>,
    confirmed_at: Option<Seconds>,
}

impl From<Transaction> for TransactionOut {
    fn from(one: Transaction) -> Self {
        Self {
            id: one.id,
            run_id: one.run,
            reference: one.reference,
            amount: one.amount,
            currency: CURRENCY,
            direction: one.direction,
            status: one.status,
            channel: CHANNEL,
            created_at: Seconds(one.created_at),
        }
    }
}

impl From<Detail> for FullTransactionOut {
    fn from(detail: Detail) -> Self {
        let Detail { transaction, order, resolution } = detail;
        Self {
            transaction: transaction.into(),
            rail_reference: order.rail_reference,
            response_code: order.response_code,
            attempts: i64::from(order.sent_at.is_some()) + order.questions,
            payout_status: payout_status(order.state),
            failure_reason: order.reason,
            // What a second person refused counts for nothing; the audit log has it.
            resolution: resolution.filter(|one| one.rejected_by.is_none()).map(ResolutionOut::from),
        }
    }
}

impl From<Resolution> for ResolutionOut {
    fn from(one: Resolution) -> Self {
        Self {
            outcome: one.outcome,
            evidence: one.evidence,
            proposed_by: one.proposed_name,
            proposed_at: Seconds(one.proposed_at),
            confirmed_by: one.confirmed_name,
            confirmed_at: one.confirmed_at.map(Seconds),
        }
    }
}

/// The state of a payout in the words of its candidate.
fn payout_status(state: OrderState) -> &'static str {
    match state {
        OrderState::Ready | OrderState::Sent => "pending",
        OrderState::Success => "success",
        OrderState::Failed => "failed",
        OrderState::Followup => "requires_followup",
        OrderState::Reversed => "reversed",
    }
}

/// The filters of both sides.
fn filter(call: &Call) -> Filter {
    Filter {
        run: call.query.get("run_id").and_then(parse_id).map(PaymentRunId),
        status: call.query.get("status").and_then(TransactionStatus::parse),
    }
}

async fn list_public(call: Call) -> Result<Reply, Fault> {
    let (page, scope, filter) = (Page::of(&call.query), call.ctx.caller.scope(), filter(&call));
    let reading = move |tx: &mut Tx<'_>| payouts::transactions(tx, scope, filter, page.limit, page.offset);
    let found = call.ctx.store.read(reading).await?;
    Reply::ok(&page.around(found.rows.into_iter().map(TransactionOut::from).collect(), found.total))
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (page, scope, filter) = (Page::of(&call.query), call.ctx.caller.scope(), filter(&call));
    let reading = move |tx: &mut Tx<'_>| {
        let found = payouts::transactions(tx, scope, filter, page.limit, page.offset)?;
        Ok((payouts::details(tx, scope, found.rows)?, found.total))
    };
    let (rows, total) = call.ctx.store.read(reading).await?;
    Reply::ok(&page.around(rows.into_iter().map(FullTransactionOut::from).collect(), total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (id, scope) = (path_id(&call, "id")?, call.ctx.caller.scope());
    let found = call.ctx.store.read(move |tx| payouts::detail(tx, scope, id)).await?;
    Reply::ok(&FullTransactionOut::from(found))
}

async fn requery(call: Call) -> Result<Reply, Fault> {
    let (id, scope) = (path_id(&call, "id")?, call.ctx.caller.scope());
    Input::of(&call)?.finish()?;
    let (treasury, ctx) = (Arc::clone(&call.app.treasury), call.ctx.clone());
    // A question changes nothing at the rail: a repeat of the request may ask it once more.
    let question = match payouts::question(&treasury, scope, id).await {
        Ok(question) => Some(question),
        Err(fault) if matches!(fault.kind(), FaultKind::Conflict | FaultKind::NotFound) => None,
        Err(fault) => return Err(fault),
    };
    let act = move |tx: &mut Tx<'_>| match &question {
        Some(question) => payouts::confirm_answer(tx, &treasury, &ctx, scope, id, question),
        None => payouts::unasked(tx, &treasury, scope, id),
    };
    call.commit(act, |detail| Reply::ok(&FullTransactionOut::from(detail))).await
}

async fn resolve(call: Call) -> Result<Reply, Fault> {
    let (id, scope) = (path_id(&call, "id")?, call.ctx.caller.scope());
    let mut body = Input::of(&call)?;
    body.require("outcome");
    let outcome = body.word("outcome", "success, failed", |word| match word {
        "success" => Some(true),
        "failed" => Some(false),
        _ => None,
    });
    let evidence = body.required_text("evidence", 1, EVIDENCE_MAX);
    body.finish()?;
    let said = Resolve { is_success: outcome.unwrap_or(false), evidence };
    let (treasury, ctx) = (Arc::clone(&call.app.treasury), call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| payouts::resolve(tx, &treasury, &ctx, scope, id, &said);
    call.commit(act, |detail| Reply::ok(&FullTransactionOut::from(detail))).await
}
