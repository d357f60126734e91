//! The report of a run (Treasury contract, section 10.2): everything about it in one snapshot.

use floe_model::id::{CandidateId, PaymentRunId, RunId};
use floe_model::treasury::{Kobo, OrderState};
use floe_model::{Fault, Scope};
use floe_store::Tx;
use floe_store::platform::audit::{self, Entry};
use floe_store::treasury::candidates::{self, Candidate};
use floe_store::treasury::payout_orders::{self, Order};

use super::read::{self, FullRun};

/// Entries of the trail that a report shows; the audit view has all.
const AUDIT_MAX: usize = 1_000;

/// What a run did to the ledger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LedgerEffect {
    /// Set aside at the release, with fees.
    pub reserved: Kobo,
    /// Gone to payees, also what came back later.
    pub paid_out: Kobo,
    /// Fees of what was paid.
    pub fees: Kobo,
    /// Given back because it was not paid, with fees.
    pub returned: Kobo,
    /// Payouts that came back after a success.
    pub reversed: usize,
    /// Still set aside.
    pub open: Kobo,
}

/// A report.
#[derive(Debug, Clone)]
pub struct Report {
    /// The run.
    pub full: FullRun,
    /// Every candidate, oldest first.
    pub candidates: Vec<Candidate>,
    /// What it did to the ledger.
    pub ledger: LedgerEffect,
    /// The trail, oldest first.
    pub audit: Vec<Entry>,
    /// Whether that is all of it.
    pub is_audit_complete: bool,
}

/// The report of a run, in whatever state it is.
///
/// # Errors
/// `not_found`.
pub fn report(tx: &mut Tx<'_>, scope: Scope, id: PaymentRunId) -> Result<Report, Fault> {
    let run = read::run(tx, scope, id)?;
    let full = read::full(tx, scope, run)?;
    let candidates = candidates::all(tx, scope, id)?;
    let ids: Vec<CandidateId> = candidates.iter().map(|candidate| candidate.id).collect();
    let orders =
        if full.run.released_at.is_some() { payout_orders::of_candidates(tx, scope, &ids)? } else { Vec::new() };
    let ledger = effect(&orders)?;
    let filter = audit::Filter {
        mode: Some(scope.mode),
        product: Some(crate::trail::PRODUCT.to_owned()),
        run_id: Some(RunId(id.0)),
        ..audit::Filter::default()
    };
    let mut audit = audit::list(tx, scope.workspace, &filter, None, AUDIT_MAX)?;
    let is_audit_complete = audit.len() < AUDIT_MAX;
    audit.reverse();
    Ok(Report { full, candidates, ledger, audit, is_audit_complete })
}

/// Added up from the orders, which have the fee of each payout.
fn effect(orders: &[Order]) -> Result<LedgerEffect, Fault> {
    let sum = |states: &[OrderState], part: fn(&Order) -> [Kobo; 2]| {
        let counted = orders.iter().filter(|order| states.contains(&order.state));
        Kobo::checked_sum(counted.flat_map(part))
            .ok_or_else(|| Fault::internal("the amounts of a run are out of range"))
    };
    let whole = |order: &Order| [order.amount, order.fee];
    let paid = [OrderState::Success, OrderState::Reversed];
    Ok(LedgerEffect {
        reserved: sum(OrderState::ALL, whole)?,
        paid_out: sum(&paid, |order| [order.amount, Kobo::ZERO])?,
        fees: sum(&paid, |order| [Kobo::ZERO, order.fee])?,
        returned: sum(&[OrderState::Failed], whole)?,
        reversed: orders.iter().filter(|order| order.state == OrderState::Reversed).count(),
        open: sum(&[OrderState::Ready, OrderState::Sent, OrderState::Followup], whole)?,
    })
}
