//! The job of a batch of payout orders: check accounts, send, ask (Treasury contract, section 4.3).
//!
//! Orders of a run have consecutive numbers; a batch is a span of them. A round reads the orders about which something is to be done,
//! and does with them, many at a time:
//!
//! 1. account checks, where there is none that is young enough;
//! 2. one transaction that notes the checks, fails what they forbid, and marks the rest as sent ([`begin`]);
//! 3. the rail: what this round marked is sent, what was sent before is asked about;
//! 4. one transaction that writes what follows from the answers ([`settle`]).
//!
//! A crash after 2 leaves orders that are sent: they are asked about when their time comes. A second worker with the same batch marks
//! nothing that the first one has marked, so nothing leaves twice. A process that stood still after 2 for [`MARK_HOLDS_MS`] sends nothing
//! either, nor does the rail for it ([`Payment::leave_before`]): others ask about its orders meanwhile, and give back the money of what never
//! arrived.

mod begin;
mod settle;

use std::sync::Arc;

use floe_model::id::{JobId, PaymentRunId};
use floe_model::treasury::OrderState;
use floe_model::{Fault, Scope, Timestamp};
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_store::Tx;
use floe_store::platform::jobs::{self, Job, NewJob};
use floe_store::treasury::payout_orders::{self, Order};
use floe_store::treasury::payout_runs::PayoutRun;
use serde::{Deserialize, Serialize};

use super::rails::{Answer, Payment, Rail, Sent};
use crate::Treasury;

pub(super) use settle::{Told, settle, settle_as};

/// Orders of a batch.
const BATCH: i64 = 500;
/// Rounds of a job before it makes room for others.
const ROUNDS_MAX: usize = 64;
/// Milliseconds after the mark in which an order may leave. Far below the half hour for which a rail must not know a payment before it
/// counts as not arrived (Treasury contract, section 4.3).
const MARK_HOLDS_MS: i64 = 5 * 60 * 1_000;
/// Kind of the job.
const KIND: &str = "treasury.payouts";

/// What a job is about.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Batch {
    run: PaymentRunId,
    first: i64,
    last: i64,
}

/// Writes the jobs of a release.
pub(super) fn enqueue_all(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    scope: Scope,
    run: &PayoutRun,
    at: Timestamp,
) -> Result<(), Fault> {
    let mut first = run.first_seq;
    while first <= run.last_seq {
        let last = run.last_seq.min(first + BATCH - 1);
        let subject = treasury.platform.ids.next_bits();
        enqueue(tx, treasury, scope, &Batch { run: run.run, first, last }, subject, at)?;
        first = last + 1;
    }
    Ok(())
}

fn enqueue(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    scope: Scope,
    batch: &Batch,
    subject: u128,
    due_at: Timestamp,
) -> Result<(), Fault> {
    let id: JobId = treasury.platform.ids.next();
    jobs::enqueue(
        tx,
        &NewJob {
            id,
            workspace: scope.workspace,
            mode: Some(scope.mode),
            kind: KIND,
            subject_id: Some(subject),
            payload: serde_json::to_string(batch).map_err(Fault::internal)?,
            due_at,
            created_at: treasury.platform.clock.now(),
        },
    )
}

/// Carries batches of payouts.
pub(super) struct PayoutBatches(pub(super) Arc<Treasury>);

impl JobHandler for PayoutBatches {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run<'a>(&'a self, _platform: &'a Arc<floe_runtime::Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let batch: Batch = serde_json::from_str(&job.payload).map_err(Fault::internal)?;
            let mode = job.mode.ok_or_else(|| Fault::internal("a batch of payouts without a mode"))?;
            let scope = Scope { workspace: job.workspace, mode };
            carry(&self.0, scope, batch).await?;
            come_again(&self.0, scope, batch, job).await
        })
    }
}

/// Rounds until nothing is due.
async fn carry(treasury: &Arc<Treasury>, scope: Scope, batch: Batch) -> Result<(), Fault> {
    for _ in 0..ROUNDS_MAX {
        let now = treasury.platform.clock.now();
        let span = (batch.first, batch.last);
        let reading = treasury.platform.store.read(move |tx| payout_orders::due(tx, scope, span, now, BATCH as usize));
        let due = reading.await?;
        let Some(first) = due.first() else { return Ok(()) };
        let rail = treasury.rails.named(scope.mode, &first.rail).cloned();
        round(treasury, scope, batch.run, rail.as_deref(), due).await?;
    }
    Ok(())
}

/// Plans the next time of a batch that has orders without an end.
async fn come_again(treasury: &Arc<Treasury>, scope: Scope, batch: Batch, job: &Job) -> Result<(), Fault> {
    let (shared, subject) = (Arc::clone(treasury), job.subject_id);
    let writing = treasury.platform.store.write(move |tx| {
        let (Some(next), Some(subject)) = (payout_orders::next_at(tx, scope, (batch.first, batch.last))?, subject)
        else {
            return Ok(());
        };
        enqueue(tx, &shared, scope, &batch, subject, next)
    });
    writing.await
}

/// One round over orders of one run.
async fn round(
    treasury: &Arc<Treasury>,
    scope: Scope,
    run: PaymentRunId,
    rail: Option<&dyn Rail>,
    due: Vec<Order>,
) -> Result<(), Fault> {
    let (ready, sent): (Vec<Order>, Vec<Order>) = due.into_iter().partition(|order| order.state == OrderState::Ready);
    let began_at = treasury.platform.clock.now();
    let begun = begin::begin(treasury, scope, run, rail, ready).await?;
    let leave_before = began_at.plus_millis(MARK_HOLDS_MS);
    let payments: Vec<Payment> = begun.iter().map(|order| payment(order, leave_before)).collect();
    let asked: Vec<Sent> = sent.iter().map(question).collect();
    let mut told = Vec::with_capacity(begun.len() + sent.len());
    if let Some(rail) = rail.filter(|_| !payments.is_empty()) {
        let may_leave = treasury.platform.clock.now() < leave_before;
        let answers = if may_leave { rail.send(&payments).await } else { Vec::new() };
        told.extend(
            begun.into_iter().zip(whole(answers, payments.len())).map(|(order, answer)| Told::sent(order, answer)),
        );
    }
    if !asked.is_empty() {
        let answers = match rail {
            Some(rail) => rail.ask(&asked).await,
            None => Vec::new(),
        };
        told.extend(
            sent.into_iter().zip(whole(answers, asked.len())).map(|(order, answer)| Told::asked(order, answer)),
        );
    }
    if told.is_empty() {
        return Ok(());
    }
    let shared = Arc::clone(treasury);
    let told = Arc::new(told);
    treasury.platform.store.write(move |tx| settle(tx, &shared, scope, run, &told, shared.platform.clock.now())).await
}

/// One answer for each question: where a rail gave fewer, it gave none.
fn whole(mut answers: Vec<Answer>, count: usize) -> Vec<Answer> {
    answers.resize(count, Answer::none());
    answers
}

/// What a rail is asked about an order that was sent.
pub(super) fn question(order: &Order) -> Sent {
    Sent { reference: order.rail_reference.clone(), code: order.response_code.clone() }
}

fn payment(order: &Order, leave_before: Timestamp) -> Payment {
    Payment {
        reference: order.rail_reference.clone(),
        run: order.run,
        beneficiary_name: order.beneficiary_name.clone(),
        account_number: order.account_number.clone(),
        institution_code: order.institution_code.clone(),
        narration: order.purpose.clone(),
        amount: order.amount,
        leave_before,
    }
}
