//! Lists and counts of items.

use std::cmp::Ordering;
use std::collections::HashSet;

use floe_model::access::TreasuryRole;
use floe_model::id::{PaymentRunId, TransactionId};
use floe_model::treasury::{OrderState, RunStatus};
use floe_model::{Fault, Mode, Scope};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::treasury::payment_asks::{self, Ask};
use floe_store::treasury::payout_resolutions::{self, Listed};
use floe_store::treasury::{approvals, payment_runs, payout_transactions};

use super::Entry;
use super::confirmation::{of_detail, status_of};
use super::item::{Status, in_mode, of_run};
use crate::payouts;

/// Candidates that are read for one page; one that goes beyond ends with the run that did.
const CANDIDATES_MAX: usize = 20_000;

/// Which kinds of items a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kinds {
    /// Payment runs.
    pub approvals: bool,
    /// What somebody found out about a payout.
    pub confirmations: bool,
}

/// Which items a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Those of these kinds.
    pub kinds: Kinds,
    /// Those in this state.
    pub status: Option<Status>,
    /// Those of one mode.
    pub mode: Option<Mode>,
    /// Text in what the run is for, in the payee's name or in the reference, whatever its case.
    pub text: Option<String>,
    /// Only those that the caller can answer.
    pub mine: bool,
}

/// Orders of a list; ties are broken by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By the age of the runs.
    Created {
        /// Whether the newest come first.
        newest_first: bool,
    },
    /// By the end of the time to approve.
    Due {
        /// Whether those with the most time come first.
        last_first: bool,
    },
}

/// Part of a list.
#[derive(Debug, Clone)]
pub struct Part {
    /// The items.
    pub items: Vec<Entry>,
    /// Whether the list goes on after them.
    pub more: bool,
    /// How many there are in all.
    pub total: u64,
}

/// Open items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Payment runs.
    pub approvals: u64,
    /// What somebody found out about a payout.
    pub confirmations: u64,
    /// Those of both that wait for the caller.
    pub mine: u64,
}

/// What decides about the place of an item, and what it is.
struct Place {
    mode: Mode,
    id: u128,
    due: i64,
    is_run: bool,
}

/// Items after one (`None`: from the first), at most `limit`, of the newest that came up.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    filter: &Filter,
    order: Order,
    after: Option<u128>,
    limit: usize,
) -> Result<Part, Fault> {
    let mut places = Vec::new();
    for mode in modes(filter.mode) {
        let own = in_mode(ctx, mode);
        if filter.kinds.approvals {
            places.extend(in_one_mode(tx, &own, filter)?.iter().map(|ask| place_of_run(mode, ask.run.0, due(ask))));
        }
        if filter.kinds.confirmations {
            let found = confirmations(tx, &own, filter)?;
            places.extend(found.iter().map(|one| place_of_confirmation(mode, one.transaction.0)));
        }
    }
    places.sort_by(|one, other| order.compare(one, other));
    let total = places.len() as u64;
    let rest = match after {
        None => &places[..],
        Some(id) => match place(tx, ctx, &places, order, id)? {
            Some(at) => &places[at..],
            None => &[],
        },
    };
    let mut part = Part { items: Vec::new(), more: false, total };
    let mut candidates = 0;
    for place in rest {
        if part.items.len() == limit || candidates >= CANDIDATES_MAX {
            part.more = true;
            break;
        }
        let own = in_mode(ctx, place.mode);
        let entry = entry(tx, &own, place)?;
        if let Some(Entry::Run(item)) = &entry {
            candidates += usize::try_from(item.run.candidate_count).unwrap_or(0);
        }
        part.items.extend(entry);
    }
    Ok(part)
}

fn entry(tx: &mut Tx<'_>, ctx: &Ctx, place: &Place) -> Result<Option<Entry>, Fault> {
    let scope = ctx.caller.scope();
    if place.is_run {
        let Some(run) = payment_runs::find(tx, scope, PaymentRunId(place.id))? else { return Ok(None) };
        return Ok(of_run(tx, ctx, run)?.map(|item| Entry::Run(Box::new(item))));
    }
    let detail = payouts::detail(tx, scope, TransactionId(place.id))?;
    Ok(of_detail(ctx, detail).map(|item| Entry::Confirmation(Box::new(item))))
}

/// How many items wait, of one mode or of both.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, ctx: &Ctx, mode: Option<Mode>) -> Result<Counts, Fault> {
    let mut counts = Counts::default();
    for mode in modes(mode) {
        let own = in_mode(ctx, mode);
        let open = payment_asks::open(tx, own.caller.scope())?;
        let mine = if open.is_empty() { HashSet::new() } else { waiting_for(tx, &own)? };
        counts.approvals += open.len() as u64;
        counts.mine += open.iter().filter(|ask| mine.contains(&ask.run)).count() as u64;
        let proposed = payout_resolutions::open(tx, own.caller.scope())?;
        let waiting = proposed.iter().filter(|one| one.state == OrderState::Followup);
        counts.confirmations += waiting.clone().count() as u64;
        counts.mine += waiting.filter(|one| is_second(&own, one)).count() as u64;
    }
    Ok(counts)
}

/// Whether the caller may be the second person about a proposal.
fn is_second(ctx: &Ctx, one: &Listed) -> bool {
    ctx.caller.member.as_ref().is_some_and(|member| {
        matches!(member.treasury_role, TreasuryRole::Owner | TreasuryRole::Approver) && member.id.0 != one.proposed_by
    })
}

fn modes(asked: Option<Mode>) -> Vec<Mode> {
    asked.map_or_else(|| vec![Mode::Live, Mode::Test], |mode| vec![mode])
}

fn confirmations(tx: &mut Tx<'_>, ctx: &Ctx, filter: &Filter) -> Result<Vec<Listed>, Fault> {
    let scope = ctx.caller.scope();
    let is_open = filter.mine || filter.status == Some(Status::Open);
    let mut found = if is_open { payout_resolutions::open(tx, scope)? } else { payout_resolutions::all(tx, scope)? };
    found.retain(|one| {
        let status = status_of(one.is_confirmed || one.is_rejected, one.state);
        filter.status.is_none_or(|wanted| wanted == status)
            && (!filter.mine || (status == Status::Open && is_second(ctx, one)))
    });
    if let Some(text) = &filter.text {
        let text = text.to_lowercase();
        found.retain(|one| {
            one.beneficiary.to_lowercase().contains(&text) || one.reference.to_lowercase().contains(&text)
        });
    }
    Ok(found)
}

fn in_one_mode(tx: &mut Tx<'_>, ctx: &Ctx, filter: &Filter) -> Result<Vec<Ask>, Fault> {
    let scope = ctx.caller.scope();
    let is_open = filter.mine || filter.status == Some(Status::Open);
    let mut found = if is_open { payment_asks::open(tx, scope)? } else { payment_asks::all(tx, scope)? };
    // What is scored again comes back when it waits again.
    found.retain(|ask| {
        let status = status(ask);
        (status != Status::Open || ask.status == RunStatus::AwaitingApproval)
            && filter.status.is_none_or(|wanted| wanted == status)
    });
    if let Some(text) = &filter.text {
        let text = text.to_lowercase();
        found.retain(|ask| ask.objective.to_lowercase().contains(&text));
    }
    if filter.mine && !found.is_empty() {
        let mine = waiting_for(tx, ctx)?;
        found.retain(|ask| mine.contains(&ask.run));
    }
    Ok(found)
}

fn status(ask: &Ask) -> Status {
    Status::of(ask.status, ask.error.as_deref(), ask.released_at.is_some())
}

/// The runs that wait for the caller.
fn waiting_for(tx: &mut Tx<'_>, ctx: &Ctx) -> Result<HashSet<PaymentRunId>, Fault> {
    let scope: Scope = ctx.caller.scope();
    let Some(member) = &ctx.caller.member else { return Ok(HashSet::new()) };
    if !matches!(member.treasury_role, TreasuryRole::Owner | TreasuryRole::Approver) {
        return Ok(HashSet::new());
    }
    let own = !approvals::several_can_approve(tx, scope.workspace)?;
    Ok(approvals::waiting_for(tx, scope, member.id, own, approvals::PAGE_MAX, 0)?.0.into_iter().collect())
}

fn place_of_run(mode: Mode, id: u128, due: i64) -> Place {
    Place { mode, id, due, is_run: true }
}

/// Nobody has to confirm within a time: these come after all that have an end.
fn place_of_confirmation(mode: Mode, id: u128) -> Place {
    Place { mode, id, due: i64::MAX, is_run: false }
}

/// Where the list goes on after an item, which may have left it meanwhile; none for an item that never was.
fn place(tx: &mut Tx<'_>, ctx: &Ctx, places: &[Place], order: Order, id: u128) -> Result<Option<usize>, Fault> {
    for mode in [Mode::Live, Mode::Test] {
        let scope = in_mode(ctx, mode).caller.scope();
        let last = if let Some(run) = payment_runs::find(tx, scope, PaymentRunId(id))? {
            place_of_run(mode, id, run.requested_at.unwrap_or(run.created_at).micros())
        } else if payout_transactions::find(tx, scope, TransactionId(id))?.is_some() {
            place_of_confirmation(mode, id)
        } else {
            continue;
        };
        return Ok(Some(places.partition_point(|one| order.compare(one, &last) != Ordering::Greater)));
    }
    Ok(None)
}

impl Order {
    fn compare(self, one: &Place, other: &Place) -> Ordering {
        let due = |place: &Place| (place.due, place.id);
        match self {
            Self::Created { newest_first: false } => one.id.cmp(&other.id),
            Self::Created { newest_first: true } => other.id.cmp(&one.id),
            Self::Due { last_first: false } => due(one).cmp(&due(other)),
            Self::Due { last_first: true } => due(other).cmp(&due(one)),
        }
    }
}

/// Every run has the same time to be approved in.
fn due(ask: &Ask) -> i64 {
    ask.requested_at.micros()
}
