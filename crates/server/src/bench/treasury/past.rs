//! A past of many payouts, written as they are after their settlement.

use floe_model::id::{CandidateId, PaymentRunId, TransactionId};
use floe_model::treasury::{
    AccountCheck, Direction, Kobo, OrderState, TransactionStatus, rail_reference, transaction_reference,
};
use floe_model::{Fault, Scope, Timestamp};
use floe_runtime::Platform;
use floe_store::treasury::payout_orders::{self, End, Order};
use floe_store::treasury::payout_transactions::{self, Transaction};
use floe_store::treasury::wallets;

use super::home::{BANK, account, name};
use super::{CANDIDATES, home};
use crate::app::App;
use crate::cli::Output;

/// Payouts of one write, which are those of one run.
const BATCH: usize = 10_000;
/// Batches between two lines about how far it is.
const SAY_EVERY: usize = 10;
/// The past begins so many days ago and ends one day ago.
const DAYS: i64 = 400;
const DAY_S: i64 = 86_400;

/// Writes payouts that succeeded: everybody of the large run was paid equally often.
///
/// Only the list and the counts of the wallet know of them; its balances are those of the money that was added.
pub(super) async fn fill(app: &App, scope: Scope, count: usize, output: Output) -> anyhow::Result<()> {
    let begin = app.platform.clock.now().plus_seconds(-DAYS * DAY_S);
    let pause_us = (DAYS - 1) * DAY_S * 1_000_000 / i64::try_from(count.max(1))?;
    for batch in 0..count.div_ceil(BATCH) {
        if batch % SAY_EVERY == 0 {
            output.say(&format!("payouts of the past: {} of {count}", batch * BATCH));
        }
        let run: PaymentRunId = app.platform.ids.next();
        let numbers = batch * BATCH..count.min((batch + 1) * BATCH);
        let made = numbers.map(|at| {
            let created_at = Timestamp(begin.micros() + pause_us * i64::try_from(at).map_err(Fault::internal)?);
            payout(&app.platform, run, at, created_at)
        });
        let made: Vec<(Transaction, Order)> = made.collect::<Result<_, Fault>>()?;
        let (transactions, orders): (Vec<Transaction>, Vec<Order>) = made.into_iter().unzip();
        app.platform.store.write(move |tx| write(tx, scope, &transactions, &orders)).await?;
    }
    Ok(())
}

fn write(
    tx: &mut floe_store::Tx<'_>,
    scope: Scope,
    transactions: &[Transaction],
    orders: &[Order],
) -> Result<(), Fault> {
    let before = wallets::lock(tx, scope)?.ok_or_else(|| Fault::internal("the wallet is not open"))?;
    payout_transactions::add_all(tx, scope, transactions)?;
    payout_orders::add_all(tx, scope, orders)?;
    let seqs: Vec<i64> = orders.iter().map(|order| order.seq).collect();
    let at = orders.last().map_or(before.created_at, |order| order.created_at);
    let (from, to) = (OrderState::Sent, OrderState::Success);
    payout_orders::end(tx, scope, &seqs, &End { from, to, code: Some("00"), reason: None, questions: 0, at })?;
    let mut after = before.clone();
    after.transactions += i64::try_from(transactions.len()).map_err(Fault::internal)?;
    after.succeeded = after.transactions;
    wallets::save(tx, scope, &before, &after)
}

fn payout(
    platform: &Platform,
    run: PaymentRunId,
    at: usize,
    created_at: Timestamp,
) -> Result<(Transaction, Order), Fault> {
    let number = at as u64 + 1;
    let payee = at % CANDIDATES;
    let id: TransactionId = platform.ids.next();
    let candidate: CandidateId = platform.ids.next();
    let transaction = Transaction {
        seq: i64::try_from(number).map_err(Fault::internal)?,
        id,
        run,
        reference: transaction_reference(created_at, number),
        amount: Kobo(home::AMOUNT_KOBO),
        direction: Direction::Debit,
        status: TransactionStatus::Success,
        debit: None,
        created_at,
    };
    let order = Order {
        seq: transaction.seq,
        run,
        candidate,
        reference: transaction.reference.clone(),
        rail: "simulator".to_owned(),
        rail_reference: rail_reference("000999", created_at, number)
            .ok_or_else(|| Fault::internal("a number of the bench is too large"))?,
        beneficiary_name: name(payee),
        account_number: account(payee),
        institution_code: BANK.to_owned(),
        bank_name: None,
        purpose: None,
        amount: transaction.amount,
        fee: Kobo::ZERO,
        state: OrderState::Sent,
        account_check: AccountCheck::Passed,
        checked_at: Some(created_at),
        checks: 0,
        questions: 0,
        not_found_at: None,
        response_code: None,
        reason: None,
        created_at,
        sent_at: None,
        settled_at: None,
        next_at: None,
    };
    Ok((transaction, order))
}
