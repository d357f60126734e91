//! Lists and counts of items.

use std::cmp::Ordering;
use std::collections::HashSet;

use floe_model::access::TreasuryRole;
use floe_model::id::PaymentRunId;
use floe_model::treasury::RunStatus;
use floe_model::{Fault, Mode, Scope};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::treasury::payment_asks::{self, Ask};
use floe_store::treasury::{approvals, payment_runs};

use super::item::{Item, Status, in_mode, of_run};

/// Candidates that are read for one page; one that goes beyond ends with the run that did.
const CANDIDATES_MAX: usize = 20_000;

/// Which items a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Those in this state.
    pub status: Option<Status>,
    /// Those of one mode.
    pub mode: Option<Mode>,
    /// Text in what the run is for, whatever its case.
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
    pub items: Vec<Item>,
    /// Whether the list goes on after them.
    pub more: bool,
    /// How many there are in all.
    pub total: u64,
}

/// Open items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub open: u64,
    /// Those that wait for the caller.
    pub mine: u64,
}

/// Items after one (`None`: from the first), at most `limit`, of the newest runs that came to approval.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    filter: &Filter,
    order: Order,
    after: Option<PaymentRunId>,
    limit: usize,
) -> Result<Part, Fault> {
    let mut asks = Vec::new();
    for mode in modes(filter.mode) {
        let own = in_mode(ctx, mode);
        asks.extend(in_one_mode(tx, &own, filter)?.into_iter().map(|ask| (mode, ask)));
    }
    asks.sort_by(|(_, one), (_, other)| order.compare(one, other));
    let total = asks.len() as u64;
    let rest = match after {
        None => &asks[..],
        Some(id) => match place(tx, ctx, &asks, order, id)? {
            Some(at) => &asks[at..],
            None => &[],
        },
    };
    let mut part = Part { items: Vec::new(), more: false, total };
    let mut candidates = 0;
    for (mode, ask) in rest {
        if part.items.len() == limit || candidates >= CANDIDATES_MAX {
            part.more = true;
            break;
        }
        let own = in_mode(ctx, *mode);
        let Some(run) = payment_runs::find(tx, own.caller.scope(), ask.run)? else { continue };
        candidates += usize::try_from(run.candidate_count).unwrap_or(0);
        part.items.extend(of_run(tx, &own, run)?);
    }
    Ok(part)
}

/// How many runs wait, of one mode or of both.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, ctx: &Ctx, mode: Option<Mode>) -> Result<Counts, Fault> {
    let mut counts = Counts::default();
    for mode in modes(mode) {
        let own = in_mode(ctx, mode);
        let open = payment_asks::open(tx, own.caller.scope())?;
        let mine = if open.is_empty() { HashSet::new() } else { waiting_for(tx, &own)? };
        counts.open += open.len() as u64;
        counts.mine += open.iter().filter(|ask| mine.contains(&ask.run)).count() as u64;
    }
    Ok(counts)
}

fn modes(asked: Option<Mode>) -> Vec<Mode> {
    asked.map_or_else(|| vec![Mode::Live, Mode::Test], |mode| vec![mode])
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

/// Where the list goes on after an item, which may have left it meanwhile; none for an item that never was.
fn place(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    asks: &[(Mode, Ask)],
    order: Order,
    id: PaymentRunId,
) -> Result<Option<usize>, Fault> {
    for mode in [Mode::Live, Mode::Test] {
        let Some(run) = payment_runs::find(tx, in_mode(ctx, mode).caller.scope(), id)? else { continue };
        let last = Ask {
            run: id,
            objective: String::new(),
            status: run.status,
            error: None,
            creator: None,
            requested_at: run.requested_at.unwrap_or(run.created_at),
            released_at: None,
        };
        return Ok(Some(asks.partition_point(|(_, ask)| order.compare(ask, &last) != Ordering::Greater)));
    }
    Ok(None)
}

impl Order {
    fn compare(self, one: &Ask, other: &Ask) -> Ordering {
        match self {
            Self::Created { newest_first: false } => one.run.0.cmp(&other.run.0),
            Self::Created { newest_first: true } => other.run.0.cmp(&one.run.0),
            Self::Due { last_first: false } => due(one).cmp(&due(other)),
            Self::Due { last_first: true } => due(other).cmp(&due(one)),
        }
    }
}

/// Every run has the same time to be approved in.
fn due(ask: &Ask) -> (i64, u128) {
    (ask.requested_at.micros(), ask.run.0)
}
