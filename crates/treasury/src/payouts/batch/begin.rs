//! Before anything leaves: account checks, the circuit breaker, and the mark that an order is sent.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use floe_model::id::PaymentRunId;
use floe_model::treasury::{AccountCheck, NameWords, OrderState, trips_breaker};
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Tx;
use floe_store::treasury::payout_orders::{self, Order};

use crate::Treasury;
use crate::payouts::ending::{Ending, Outcome};
use crate::payouts::rails::{Account, Enquiry, Rail};
use crate::payouts::tell::PayoutFacts;
use crate::trail::{Agent, Who};

/// A holder's name that shares less than this of the words is another name (Treasury contract, section 5.2).
const NAME_MATCH_MIN: f64 = 0.6;
/// Nobody could say for too long whether the account is there.
const UNVERIFIED: &str = "account_unverified";

/// What is known about the account of an order now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    /// This was known already.
    Before(AccountCheck),
    /// This was found out just now.
    Now(AccountCheck),
    /// Nothing: nobody could say.
    Nothing,
}

/// Checks accounts, then marks as sent what may be sent: those orders are returned, and only the caller may send them.
pub(super) async fn begin(
    treasury: &Arc<Treasury>,
    scope: Scope,
    run: PaymentRunId,
    rail: Option<&dyn Rail>,
    ready: Vec<Order>,
) -> Result<Vec<Order>, Fault> {
    if ready.is_empty() {
        return Ok(ready);
    }
    let now = treasury.platform.clock.now();
    let known = check(treasury, rail, &ready, now).await;
    let checked: Arc<Vec<(Order, Known)>> = Arc::new(ready.into_iter().zip(known).collect());
    let (shared, orders) = (Arc::clone(treasury), Arc::clone(&checked));
    let marked = treasury.platform.store.write(move |tx| mark(tx, &shared, scope, run, &orders, now)).await?;
    let marked: HashSet<i64> = marked.into_iter().collect();
    let mut begun: Vec<Order> = checked.iter().map(|(order, _)| order.clone()).collect();
    begun.retain(|order| marked.contains(&order.seq));
    Ok(begun)
}

/// What is known about the account of each order, in their order.
async fn check(treasury: &Treasury, rail: Option<&dyn Rail>, orders: &[Order], now: Timestamp) -> Vec<Known> {
    let schedule = &treasury.settings.payouts.schedule;
    let is_known = |order: &Order| {
        let is_young = order.checked_at.is_none_or(|at| schedule.is_valid(at, now));
        order.account_check != AccountCheck::Needed && is_young
    };
    let unknown: Vec<Account> = orders.iter().filter(|order| !is_known(order)).map(account).collect();
    let mut answers = match rail {
        Some(rail) if !unknown.is_empty() => rail.enquire(&unknown).await,
        _ => Vec::new(),
    }
    .into_iter();
    let mut known = |order: &Order| {
        if is_known(order) {
            return Known::Before(order.account_check);
        }
        match answers.next() {
            Some(Enquiry::Holder(name)) => Known::Now(of_name(order, &name)),
            Some(Enquiry::Invalid(_)) => Known::Now(AccountCheck::Invalid),
            Some(Enquiry::Unsupported) => Known::Now(AccountCheck::Unsupported),
            Some(Enquiry::Unavailable) | None => Known::Nothing,
        }
    };
    orders.iter().map(&mut known).collect()
}

fn account(order: &Order) -> Account {
    Account {
        name: order.beneficiary_name.clone(),
        account_number: order.account_number.clone(),
        institution_code: order.institution_code.clone(),
    }
}

/// A name that people have accepted stays accepted.
fn of_name(order: &Order, holder: &str) -> AccountCheck {
    let overlap = NameWords::of(&order.beneficiary_name).overlap(&NameWords::of(holder));
    match (overlap >= NAME_MATCH_MIN, order.account_check) {
        (true, _) => AccountCheck::Passed,
        (false, AccountCheck::Accepted) => AccountCheck::Accepted,
        (false, _) => AccountCheck::Mismatch,
    }
}

/// Notes the checks, fails what they forbid, and marks the rest as sent; the numbers of what was marked.
fn mark(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    scope: Scope,
    run: PaymentRunId,
    checked: &[(Order, Known)],
    now: Timestamp,
) -> Result<Vec<i64>, Fault> {
    let who = Who::agent(Agent::Execution);
    let mut ending = Ending::open(tx, treasury, scope, run, &who, now)?;
    let mut groups: BTreeMap<Known, Vec<&Order>> = BTreeMap::new();
    for (order, known) in checked {
        groups.entry(*known).or_default().push(order);
    }
    let mut sendable = Vec::new();
    for (known, orders) in groups {
        let check = match known {
            Known::Nothing => {
                wait(tx, &mut ending, treasury, scope, &orders, now)?;
                continue;
            }
            Known::Before(check) => check,
            Known::Now(check) => {
                note(tx, &mut ending, scope, &orders, check)?;
                check
            }
        };
        if let Some(reason) = check.failure() {
            ending.end(tx, &orders, failed(reason))?;
        } else if check.allows_sending() {
            sendable.extend(orders);
        }
    }
    if !ending.run.tripped && trips_breaker(ending.run.checks_done, ending.run.checks_failed) {
        ending.trip(tx)?;
    }
    let marked = if ending.run.tripped { Vec::new() } else { send(tx, &mut ending, treasury, scope, &sendable)? };
    ending.close(tx)?;
    Ok(marked)
}

fn failed(reason: &str) -> Outcome<'_> {
    Outcome { from: OrderState::Ready, to: OrderState::Failed, code: None, reason: Some(reason), questions: 0 }
}

/// Counts checks that were made just now, for the circuit breaker.
fn note(
    tx: &mut Tx<'_>,
    ending: &mut Ending<'_>,
    scope: Scope,
    orders: &[&Order],
    check: AccountCheck,
) -> Result<(), Fault> {
    let seqs: Vec<i64> = orders.iter().map(|order| order.seq).collect();
    let noted = payout_orders::checked(tx, scope, &seqs, check, ending.at())?.len() as i64;
    if check != AccountCheck::Unsupported {
        ending.run.checks_done += noted;
    }
    if check.failure().is_some() {
        ending.run.checks_failed += noted;
    }
    Ok(())
}

/// Accounts about which nobody could say anything: later again, or never.
fn wait(
    tx: &mut Tx<'_>,
    ending: &mut Ending<'_>,
    treasury: &Treasury,
    scope: Scope,
    orders: &[&Order],
    now: Timestamp,
) -> Result<(), Fault> {
    let schedule = &treasury.settings.payouts.schedule;
    let mut again: BTreeMap<Timestamp, Vec<i64>> = BTreeMap::new();
    let mut given_up = Vec::new();
    for &order in orders {
        match schedule.after_missing_check(order.created_at, order.checks, now) {
            Some(next) => again.entry(next).or_default().push(order.seq),
            None => given_up.push(order),
        }
    }
    for (next, seqs) in again {
        payout_orders::unchecked(tx, scope, &seqs, next)?;
    }
    ending.end(tx, &given_up, failed(UNVERIFIED)).map(drop)
}

/// Marks orders as sent.
fn send(
    tx: &mut Tx<'_>,
    ending: &mut Ending<'_>,
    treasury: &Treasury,
    scope: Scope,
    sendable: &[&Order],
) -> Result<Vec<i64>, Fault> {
    if sendable.is_empty() {
        return Ok(Vec::new());
    }
    let at = ending.at();
    let seqs: Vec<i64> = sendable.iter().map(|order| order.seq).collect();
    let next = treasury.settings.payouts.schedule.first_question(at);
    let marked = payout_orders::begin(tx, scope, &seqs, at, next)?;
    let known: HashSet<i64> = marked.iter().copied().collect();
    for order in sendable.iter().filter(|order| known.contains(&order.seq)) {
        ending.note("submitted_payout", &PayoutFacts::of(order, None, None));
    }
    Ok(marked)
}
