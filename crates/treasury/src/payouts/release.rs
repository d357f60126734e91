//! The money part of a release (Treasury contract, sections 3.4 and 4.3): all of it in the transaction of the approval, or nothing.

use floe_model::id::{CandidateId, PaymentRunId, TransactionId};
use floe_model::treasury::{AccountCheck, FeeSchedule, Kobo, OrderState, RAIL_SERIAL_MAX, Transfer, rail_reference};
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Tx;
use floe_store::platform::audit;
use floe_store::treasury::payout_orders::{self, Order};
use floe_store::treasury::payout_runs::{self, PayoutRun};
use floe_store::treasury::payout_transactions::{self, Transaction};
use serde::Serialize;

use super::batch;
use super::tell;
use crate::Treasury;
use crate::ledger::{self, About, Book};
use crate::trail::Who;

/// One candidate that is paid.
#[derive(Debug, Clone)]
pub struct Payout {
    /// The candidate.
    pub candidate: CandidateId,
    /// Whom it pays.
    pub beneficiary_name: String,
    /// Ten digits.
    pub account_number: String,
    /// As it was given.
    pub institution_code: String,
    /// The institution's name.
    pub bank_name: Option<String>,
    /// How much; above zero.
    pub amount: Kobo,
    /// What for.
    pub purpose: Option<String>,
    /// What the scoring found out about the account. A name that differs and was shown to people is [`AccountCheck::Accepted`].
    pub check: AccountCheck,
    /// When it found that out.
    pub checked_at: Option<Timestamp>,
}

/// What is released.
pub struct Release<'a> {
    /// Whose money.
    pub scope: Scope,
    /// The run.
    pub run: PaymentRunId,
    /// What it is for.
    pub objective: &'a str,
    /// What each payout costs.
    pub fees: &'a FeeSchedule,
    /// Who releases it.
    pub who: &'a Who,
    /// What is paid: at least one.
    pub payouts: &'a [Payout],
    /// Now.
    pub at: Timestamp,
}

/// What a release did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// What is paid, without fees.
    pub amount: Kobo,
    /// The fees.
    pub fee: Kobo,
    /// What can be spent afterwards.
    pub available_after: Kobo,
    /// When, by the wallet's order of instants.
    pub at: Timestamp,
    /// The reference of the transaction of each payout, in their order.
    pub references: Vec<String>,
}

/// Reserves the money of a run and writes a `PENDING` transaction and an order for each payout. The caller holds the run, has checked
/// who may do this, and marks the candidates.
///
/// # Errors
/// `insufficient_balance` (HTTP 402), `no_rail` (409), `already_exists` for a run or a candidate that was released before. The transaction
/// must then be given up.
pub fn release(tx: &mut Tx<'_>, treasury: &Treasury, release: &Release<'_>) -> Result<Released, Fault> {
    let rail = treasury.rails.of(release.scope.mode)?.name();
    let fees = fees_of(release)?;
    let mut book = Book::open(tx, release.scope, release.at)?;
    let (amount, fee) = totals(release, &fees)?;
    let need = amount.checked_add(fee).ok_or_else(out_of_range)?;
    if book.wallet().available() < need {
        return Err(ledger::short(need, book.wallet().available()));
    }
    let at = book.at();
    let first_serial = serial(treasury);
    let mut transactions: Vec<Transaction> = Vec::with_capacity(release.payouts.len());
    let mut orders: Vec<Order> = Vec::with_capacity(release.payouts.len());
    for (place, (payout, fee)) in release.payouts.iter().zip(&fees).enumerate() {
        let id: TransactionId = treasury.platform.ids.next();
        let transaction = book.transaction(id, release.run, payout.amount, None);
        let transfer = Transfer::release(payout.amount, *fee).map_err(ledger::refusal)?;
        book.enter(&transfer, About { reference: Some(&transaction.reference), run: Some(release.run) })?;
        let serial = first_serial.wrapping_add(place as u64) % (RAIL_SERIAL_MAX + 1);
        let on_rail = rail_reference(&treasury.settings.payouts.institution_code, at, serial)
            .ok_or_else(|| Fault::internal("the institution code of this server has not six digits"))?;
        orders.push(order(release.run, payout, *fee, &transaction, rail, on_rail));
        transactions.push(transaction);
    }
    let run = payout_run(release, rail, &orders, (amount, fee))?;
    payout_runs::insert(tx, release.scope, &run)?;
    payout_transactions::add_all(tx, release.scope, &transactions)?;
    payout_orders::add_all(tx, release.scope, &orders)?;
    let wallet = book.close(tx)?;
    let detail = Reserved { amount, fee, candidates: orders.len() };
    let entry = tell::entry(treasury, release.scope, release.who, "reserved_funds", Some(release.run), &detail, at);
    audit::record(tx, &entry)?;
    batch::enqueue_all(tx, treasury, release.scope, &run, at)?;
    let references = transactions.into_iter().map(|transaction| transaction.reference).collect();
    Ok(Released { amount, fee, available_after: wallet.available(), at, references })
}

#[derive(Serialize)]
struct Reserved {
    amount: Kobo,
    fee: Kobo,
    candidates: usize,
}

fn fees_of(release: &Release<'_>) -> Result<Vec<Kobo>, Fault> {
    release.payouts.iter().map(|payout| release.fees.fee_of(payout.amount).ok_or_else(out_of_range)).collect()
}

fn totals(release: &Release<'_>, fees: &[Kobo]) -> Result<(Kobo, Kobo), Fault> {
    let amount = Kobo::checked_sum(release.payouts.iter().map(|payout| payout.amount));
    amount.zip(Kobo::checked_sum(fees.iter().copied())).ok_or_else(out_of_range)
}

fn out_of_range() -> Fault {
    Fault::conflict("amount_out_of_range", "The amounts of this run are beyond what a ledger can hold.")
}

/// Where the serials of a release begin. They go up by one within it; the database refuses a reference that is taken.
fn serial(treasury: &Treasury) -> u64 {
    (treasury.platform.ids.next_bits() & u128::from(u64::MAX >> 2)) as u64 % (RAIL_SERIAL_MAX + 1)
}

fn order(
    run: PaymentRunId,
    payout: &Payout,
    fee: Kobo,
    transaction: &Transaction,
    rail: &str,
    rail_reference: String,
) -> Order {
    Order {
        seq: transaction.seq,
        run,
        candidate: payout.candidate,
        reference: transaction.reference.clone(),
        rail: rail.to_owned(),
        rail_reference,
        beneficiary_name: payout.beneficiary_name.clone(),
        account_number: payout.account_number.clone(),
        institution_code: payout.institution_code.clone(),
        bank_name: payout.bank_name.clone(),
        purpose: payout.purpose.clone(),
        amount: payout.amount,
        fee,
        state: OrderState::Ready,
        account_check: payout.check,
        checked_at: payout.checked_at,
        checks: 0,
        questions: 0,
        not_found_at: None,
        response_code: None,
        reason: None,
        created_at: transaction.created_at,
        sent_at: None,
        settled_at: None,
        next_at: Some(transaction.created_at),
    }
}

fn payout_run(
    release: &Release<'_>,
    rail: &str,
    orders: &[Order],
    (amount, fee): (Kobo, Kobo),
) -> Result<PayoutRun, Fault> {
    let (Some(first), Some(last)) = (orders.first(), orders.last()) else {
        return Err(Fault::internal("a release without payouts"));
    };
    let known =
        |checks: &[AccountCheck]| orders.iter().filter(|order| checks.contains(&order.account_check)).count() as i64;
    let failed = known(&[AccountCheck::Invalid, AccountCheck::Mismatch]);
    Ok(PayoutRun {
        run: release.run,
        objective: release.objective.to_owned(),
        rail: rail.to_owned(),
        first_seq: first.seq,
        last_seq: last.seq,
        amount,
        fee,
        open: orders.len() as i64,
        succeeded: 0,
        failed: 0,
        followup: 0,
        reversed: 0,
        paid: Kobo::ZERO,
        fees_paid: Kobo::ZERO,
        checks_done: failed + known(&[AccountCheck::Passed, AccountCheck::Accepted]),
        checks_failed: failed,
        tripped: false,
        looks: 0,
        looked_to: None,
        released_at: last.created_at,
    })
}
