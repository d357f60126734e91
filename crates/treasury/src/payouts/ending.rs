//! The one place where a payout changes state: its order, the money, its transaction, its candidate, the audit log and the webhooks,
//! together in one transaction (Treasury contract, sections 3.5, 4.2 to 4.4).

use std::collections::HashSet;

use floe_model::id::{CandidateId, PaymentRunId};
use floe_model::treasury::{ExecutionStatus, Kobo, OrderState, TransactionStatus, Transfer};
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Tx;
use floe_store::platform::audit::{self, Entry};
use floe_store::platform::events::NewEvent;
use floe_store::treasury::payout_orders::{self, End, Order};
use floe_store::treasury::payout_runs::{self, PayoutRun};
use floe_store::treasury::{candidates, payment_runs, payout_transactions, settings};
use serde::Serialize;

use super::looks;
use super::tell::{self, Failure, PayoutFacts};
use crate::Treasury;
use crate::ledger::{self, About, Book};
use crate::trail::Who;

/// Why money that was sent came back.
const REVERSED: &str = "reversed";
/// Why nothing further is sent.
const BREAKER: &str = "circuit_breaker";

/// How the payouts of a run ended, when all of them were processed or the circuit breaker tripped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunEnd {
    /// Whether the circuit breaker ended it; payouts that were sent may still settle.
    pub tripped: bool,
    /// Payouts that succeeded.
    pub succeeded: i64,
    /// Payouts that failed.
    pub failed: i64,
    /// Payouts that people look after.
    pub followup: i64,
    /// What was paid, without fees.
    pub paid: Kobo,
    /// The fees of what was paid.
    pub fees: Kobo,
    /// When.
    pub at: Timestamp,
}

/// What becomes of some orders.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome<'a> {
    /// The state in which they are.
    pub(super) from: OrderState,
    /// The state into which they come.
    pub(super) to: OrderState,
    /// The code of the rail.
    pub(super) code: Option<&'a str>,
    /// Why.
    pub(super) reason: Option<&'a str>,
    /// Questions to count: 1 when it follows from the answer to one.
    pub(super) questions: i64,
}

/// A released run and its wallet, both held until the end of the transaction.
pub(super) struct Ending<'t> {
    treasury: &'t Treasury,
    scope: Scope,
    who: &'t Who,
    before: PayoutRun,
    /// The run, as it will be written.
    pub(super) run: PayoutRun,
    book: Book,
    entries: Vec<Entry>,
    told: Vec<NewEvent>,
    given_back: (Kobo, Kobo, usize),
    has_paid: bool,
    has_changed: bool,
}

impl<'t> Ending<'t> {
    /// Holds a run, then its wallet.
    pub(super) fn open(
        tx: &mut Tx<'_>,
        treasury: &'t Treasury,
        scope: Scope,
        run: PaymentRunId,
        who: &'t Who,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let run = payout_runs::lock(tx, scope, run)?
            .ok_or_else(|| Fault::internal("payouts of a run that was not released"))?;
        let book = Book::open(tx, scope, now)?;
        let (before, given_back) = (run.clone(), (Kobo::ZERO, Kobo::ZERO, 0));
        let (entries, told, has_paid, has_changed) = (Vec::new(), Vec::new(), false, false);
        Ok(Self { treasury, scope, who, before, run, book, entries, told, given_back, has_paid, has_changed })
    }

    /// The instant of this act.
    pub(super) fn at(&self) -> Timestamp {
        self.book.at()
    }

    /// Notes an act on a payout in the audit log.
    pub(super) fn note(&mut self, action: &str, facts: &impl Serialize) {
        let run = Some(self.run.run);
        self.entries.push(tell::entry(self.treasury, self.scope, self.who, action, run, facts, self.at()));
    }

    /// Changes the state of those of the orders that still are in the state from which it starts; how many these are.
    pub(super) fn end(&mut self, tx: &mut Tx<'_>, orders: &[&Order], outcome: Outcome<'_>) -> Result<usize, Fault> {
        let Outcome { from, to, code, reason, questions } = outcome;
        if orders.is_empty() {
            return Ok(0);
        }
        if !from.can_become(to) {
            return Err(Fault::internal(format!("an order cannot become {to} from {from}")));
        }
        let seqs: Vec<i64> = orders.iter().map(|order| order.seq).collect();
        let end = End { from, to, code, reason, questions, at: self.at() };
        let ended: HashSet<i64> = payout_orders::end(tx, self.scope, &seqs, &end)?.into_iter().collect();
        let ended: Vec<&Order> = orders.iter().copied().filter(|order| ended.contains(&order.seq)).collect();
        self.follow(tx, &ended, outcome)?;
        Ok(ended.len())
    }

    /// Sends nothing further: fails everything of the run that has not left.
    pub(super) fn trip(&mut self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        self.run.tripped = true;
        let span = (self.run.first_seq, self.run.last_seq);
        let failed = payout_orders::end_ready(tx, self.scope, span, BREAKER, self.at())?;
        let facts = Breaker { checked: self.run.checks_done, failed: self.run.checks_failed };
        self.note("tripped_circuit_breaker", &facts);
        let outcome = Outcome {
            from: OrderState::Ready,
            to: OrderState::Failed,
            code: None,
            reason: Some(BREAKER),
            questions: 0,
        };
        self.follow(tx, &failed.iter().collect::<Vec<_>>(), outcome)
    }

    /// Writes what was held, and ends the run when this was its last payout.
    pub(super) fn close(mut self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let at = self.at();
        if self.given_back.2 > 0 {
            let (amount, fee, candidates) = self.given_back;
            self.note("released_funds", &GivenBack { amount, fee, candidates });
        }
        self.book.close(tx)?;
        if self.has_paid {
            self.run.looks = 0;
            looks::enqueue(tx, self.treasury, self.scope, &self.run, at)?;
        }
        if self.run != self.before {
            payout_runs::save(tx, self.scope, &self.run)?;
        }
        audit::record_all(tx, &self.entries)?;
        tell::publish(tx, self.treasury, self.scope, std::mem::take(&mut self.told))?;
        if self.has_changed {
            payment_runs::touch(tx, self.scope, self.run.run, at)?;
        }
        let is_over = self.run.open == 0 || self.run.tripped;
        let was_over = self.before.open == 0 || self.before.tripped;
        if is_over && !was_over {
            let PayoutRun { tripped, succeeded, failed, followup, paid, fees_paid, .. } = self.run;
            let end = RunEnd { tripped, succeeded, failed, followup, paid, fees: fees_paid, at };
            crate::runs::settled(tx, self.treasury, self.scope, self.run.run, &end)?;
        }
        Ok(())
    }

    /// What follows from a change of state that is written.
    fn follow(&mut self, tx: &mut Tx<'_>, orders: &[&Order], outcome: Outcome<'_>) -> Result<(), Fault> {
        if orders.is_empty() {
            return Ok(());
        }
        self.has_changed = true;
        self.count(orders, outcome)?;
        self.move_money(tx, orders, outcome.to)?;
        let Outcome { to, reason, .. } = outcome;
        let candidates: Vec<CandidateId> = orders.iter().map(|order| order.candidate).collect();
        let reason = if to == OrderState::Reversed { Some(REVERSED) } else { reason };
        candidates::settle(tx, self.scope, self.run.run, &candidates, execution(to), reason, self.at())?;
        for order in orders {
            self.tell(order, outcome)?;
        }
        Ok(())
    }

    fn count(&mut self, orders: &[&Order], Outcome { from, to, .. }: Outcome<'_>) -> Result<(), Fault> {
        let count = orders.len() as i64;
        let run = &mut self.run;
        match from {
            OrderState::Ready | OrderState::Sent => run.open -= count,
            OrderState::Followup => run.followup -= count,
            OrderState::Success | OrderState::Failed | OrderState::Reversed => {}
        }
        match to {
            OrderState::Success => {
                let sum = |of: fn(&Order) -> Kobo, start: Kobo| {
                    Kobo::checked_sum(orders.iter().map(|order| of(order)).chain([start]))
                        .ok_or_else(|| Fault::internal("what a run paid is out of range"))
                };
                run.paid = sum(|order| order.amount, run.paid)?;
                run.fees_paid = sum(|order| order.fee, run.fees_paid)?;
                run.succeeded += count;
                self.has_paid = true;
            }
            OrderState::Failed => run.failed += count,
            OrderState::Followup => run.followup += count,
            OrderState::Reversed => run.reversed += count,
            OrderState::Ready | OrderState::Sent => {}
        }
        Ok(())
    }

    fn move_money(&mut self, tx: &mut Tx<'_>, orders: &[&Order], to: OrderState) -> Result<(), Fault> {
        let status = match to {
            OrderState::Success => TransactionStatus::Success,
            OrderState::Failed => TransactionStatus::Failed,
            OrderState::Reversed => return self.take_back(tx, orders),
            OrderState::Followup | OrderState::Ready | OrderState::Sent => return Ok(()),
        };
        for order in orders {
            let about = About { reference: Some(&order.reference), run: Some(order.run) };
            let transfer = if status == TransactionStatus::Success {
                Transfer::settlement(order.amount, order.fee)
            } else {
                self.given_back.0.0 += order.amount.0;
                self.given_back.1.0 += order.fee.0;
                self.given_back.2 += 1;
                Transfer::refund(order.amount, order.fee)
            };
            self.book.enter(&transfer.map_err(ledger::refusal)?, about)?;
        }
        let seqs: Vec<i64> = orders.iter().map(|order| order.seq).collect();
        let settled = payout_transactions::settle(tx, self.scope, &seqs, status)?;
        if settled != seqs.len() as u64 {
            return Err(Fault::internal("an open order has a transaction that is final"));
        }
        self.book.settled(status, seqs.len() as i64);
        Ok(())
    }

    /// Money that came back: the debit stays, a credit is added (section 4.4).
    fn take_back(&mut self, tx: &mut Tx<'_>, orders: &[&Order]) -> Result<(), Fault> {
        let gives_fees_back = settings::get(tx, self.scope.workspace)?.fee.refund_on_reversal;
        let mut credits = Vec::with_capacity(orders.len());
        for order in orders {
            let fee = if gives_fees_back { order.fee } else { Kobo::ZERO };
            let id = self.treasury.platform.ids.next();
            let credit = self.book.transaction(id, order.run, order.amount, Some(order.seq));
            let transfer = Transfer::reversal(order.amount, fee).map_err(ledger::refusal)?;
            self.book.enter(&transfer, About { reference: Some(&credit.reference), run: Some(order.run) })?;
            credits.push(credit);
        }
        payout_transactions::add_all(tx, self.scope, &credits)
    }

    fn tell(&mut self, order: &Order, outcome: Outcome<'_>) -> Result<(), Fault> {
        let Outcome { to, code, reason, .. } = outcome;
        let response_code = code.or(order.response_code.as_deref());
        let (action, failure) = match to {
            OrderState::Success => ("settled_payout", None),
            OrderState::Failed => {
                ("failed_payout", Some(Failure { reason: reason.unwrap_or("failed"), response_code }))
            }
            OrderState::Reversed => ("reversed_payout", Some(Failure { reason: REVERSED, response_code })),
            // The question that brought nothing is in the log; what people do about it will be.
            OrderState::Followup | OrderState::Ready | OrderState::Sent => return Ok(()),
        };
        self.note(action, &PayoutFacts::of(order, code, reason));
        self.told.push(tell::result(self.treasury, &self.run.objective, order, failure, self.at())?);
        Ok(())
    }
}

#[derive(Serialize)]
struct Breaker {
    checked: i64,
    failed: i64,
}

#[derive(Serialize)]
struct GivenBack {
    amount: Kobo,
    fee: Kobo,
    candidates: usize,
}

fn execution(state: OrderState) -> ExecutionStatus {
    match state {
        OrderState::Ready | OrderState::Sent => ExecutionStatus::Pending,
        OrderState::Success => ExecutionStatus::Success,
        OrderState::Failed => ExecutionStatus::Failed,
        OrderState::Followup => ExecutionStatus::RequiresFollowup,
        OrderState::Reversed => ExecutionStatus::Reversed,
    }
}
