//! Reading runs and their candidates, each page with an exact total of the same snapshot.

use floe_model::access::TreasuryRole;
use floe_model::id::{CandidateId, MemberId, PaymentRunId};
use floe_model::treasury::PublicRunStatus;
use floe_model::{Fault, Scope};
use floe_store::Tx;
use floe_store::treasury::approvals::{self, Approval};
use floe_store::treasury::candidates::{self, Candidate, Filter};
use floe_store::treasury::payment_run_events::{self, RunEvent};
use floe_store::treasury::payment_run_totals;
use floe_store::treasury::payment_runs::{self, PaymentRun};
use floe_store::treasury::payout_runs::{self, PayoutRun};

/// One page of something.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// How many there are over all pages.
    pub total: i64,
}

/// Where a page begins and how long it is.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Rows before it.
    pub offset: i64,
    /// Rows at most.
    pub limit: usize,
}

/// A run with everything that members see of it.
#[derive(Debug, Clone)]
pub struct FullRun {
    /// Its row.
    pub run: PaymentRun,
    /// How far its payouts are, once it is released.
    pub payouts: Option<PayoutRun>,
    /// The approvals of its present version.
    pub approvals: Vec<Approval>,
}

/// A page of runs, newest first.
///
/// # Errors
/// Of the database.
pub fn runs(
    tx: &mut Tx<'_>,
    scope: Scope,
    shown: Option<PublicRunStatus>,
    window: Window,
) -> Result<Page<PaymentRun>, Fault> {
    let total = payment_run_totals::count(tx, scope, shown)?;
    let Window { offset, limit } = window;
    if offset >= total {
        return Ok(Page { rows: Vec::new(), total });
    }
    let rows = match shown {
        None => payment_runs::list(tx, scope, total - offset, limit)?,
        Some(shown) => {
            let all = payment_run_totals::count(tx, scope, None)?;
            payment_runs::list_shown(tx, scope, shown, (total, all), offset, limit)?
        }
    };
    Ok(Page { rows, total })
}

/// One run.
///
/// # Errors
/// `not_found`.
pub fn run(tx: &mut Tx<'_>, scope: Scope, id: PaymentRunId) -> Result<PaymentRun, Fault> {
    payment_runs::find(tx, scope, id)?.ok_or_else(|| Fault::not_found("Run"))
}

/// What members see beside the row of a run.
///
/// # Errors
/// Of the database.
pub fn full(tx: &mut Tx<'_>, scope: Scope, run: PaymentRun) -> Result<FullRun, Fault> {
    let payouts = if run.released_at.is_some() { payout_runs::find(tx, scope, run.id)? } else { None };
    let approvals = if run.requested_at.is_some() { approvals::list(tx, scope, run.id)? } else { Vec::new() };
    Ok(FullRun { run, payouts, approvals })
}

/// A page of the candidates of a run, oldest first.
///
/// # Errors
/// `not_found` for the run.
pub fn candidates(
    tx: &mut Tx<'_>,
    scope: Scope,
    id: PaymentRunId,
    filter: &Filter,
    window: Window,
) -> Result<Page<Candidate>, Fault> {
    run(tx, scope, id)?;
    let rows = candidates::list(tx, scope, id, filter, window.limit, window.offset)?;
    let total = candidates::count(tx, scope, id, filter)?;
    Ok(Page { rows, total })
}

/// One candidate.
///
/// # Errors
/// `not_found` for the run, and for the candidate.
pub fn candidate(tx: &mut Tx<'_>, scope: Scope, id: PaymentRunId, candidate: CandidateId) -> Result<Candidate, Fault> {
    run(tx, scope, id)?;
    candidates::find(tx, scope, id, candidate)?.ok_or_else(|| Fault::not_found("Candidate"))
}

/// A page of the runs that wait for the approval of a member, oldest first; none for roles that do not approve.
///
/// # Errors
/// Of the database.
pub fn waiting_for(
    tx: &mut Tx<'_>,
    scope: Scope,
    (member, role): (MemberId, TreasuryRole),
    window: Window,
) -> Result<Page<PaymentRun>, Fault> {
    if !matches!(role, TreasuryRole::Owner | TreasuryRole::Approver) {
        return Ok(Page { rows: Vec::new(), total: 0 });
    }
    // Who is alone approves its own runs too.
    let own = !approvals::several_can_approve(tx, scope.workspace)?;
    let (ids, total) = approvals::waiting_for(tx, scope, member, own, window.limit, window.offset)?;
    let rows = ids.into_iter().map(|id| run(tx, scope, id)).collect::<Result<_, _>>()?;
    Ok(Page { rows, total })
}

/// What happened in a run after a number.
///
/// # Errors
/// `not_found`.
pub fn events(
    tx: &mut Tx<'_>,
    scope: Scope,
    id: PaymentRunId,
    after: i64,
) -> Result<(PaymentRun, Vec<RunEvent>), Fault> {
    let run = run(tx, scope, id)?;
    Ok((run, payment_run_events::after(tx, scope, id, after, payment_run_events::PAGE_MAX)?))
}
