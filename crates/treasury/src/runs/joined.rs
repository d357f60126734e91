//! Payment runs in the list over all products (console contract, section 5.7): of both modes, in the order of ids.
//!
//! A list walks the index that fits the filter best and looks at what the index does not know row by row, at a bounded number of
//! rows: then the page ends short, and its cursor goes on from there. So no page takes long, however many runs there are.

use std::collections::VecDeque;

use floe_model::id::{PaymentRunId, RunId, WorkspaceId};
use floe_model::treasury::RunStatus;
use floe_model::{Fault, Mode, Scope, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::platform::child_calls;
use floe_store::treasury::payment_run_events::{self, RunEvent};
use floe_store::treasury::payment_run_list::{self as store, Range};
use floe_store::treasury::payment_runs::{self, PAGE_MAX, PaymentRun};
use floe_store::treasury::payout_runs::{self, PayoutRun};

use super::called;
use super::inbox::in_mode;

/// Runs that are looked at for one page.
const LOOKED_AT_MAX: usize = 1_500;
/// Runs that are looked at for a total.
const COUNTED_MAX: usize = 1_000;
/// Runs that are found by the run of a flow that called them: the newest ones.
const CALLED_MAX: usize = 1_000;
/// Runs of the first page of a walk; later ones are larger, for then the filter finds few.
const FIRST_ROWS: usize = 64;
/// By how much the time in a run's id may be before the time of its creation, in milliseconds.
const ID_SLACK_MS: i64 = 60_000;

/// How a payment run was started, in words that all products share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The trigger: `schedule`, `api`, `workflow` or `manual`.
    pub trigger: &'static str,
    /// Where it came from: `schedule`, `client`, `workflow`, `dashboard` or `system`.
    pub source: &'static str,
}

/// How a run was started.
#[must_use]
pub fn start_of(run: &PaymentRun) -> Start {
    match (run.schedule, run.creator.kind.as_str()) {
        (Some(_), _) => Start { trigger: "schedule", source: "schedule" },
        (None, "key" | "token") => Start { trigger: "api", source: "client" },
        (None, called::CREATOR) => Start { trigger: "workflow", source: "workflow" },
        (None, "member") => Start { trigger: "manual", source: "dashboard" },
        (None, _) => Start { trigger: "manual", source: "system" },
    }
}

/// Which runs a list shows; an empty one shows all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of these states; of every one when empty.
    pub statuses: Vec<RunStatus>,
    /// Live or test.
    pub mode: Option<Mode>,
    /// Made by this schedule.
    pub schedule: Option<u128>,
    /// Called by this run of a flow.
    pub caller: Option<RunId>,
    /// The trigger.
    pub trigger: Option<String>,
    /// Where it came from.
    pub source: Option<String>,
    /// What ended it.
    pub error: Option<String>,
    /// Made at or after.
    pub from: Option<Timestamp>,
    /// Made before.
    pub to: Option<Timestamp>,
    /// Text in what it is for, or in what ended it, in lower case.
    pub text: Option<String>,
}

/// A run of the list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its row.
    pub run: PaymentRun,
    /// Live or test.
    pub mode: Mode,
    /// How far its payouts are, once it is released.
    pub payouts: Option<PayoutRun>,
    /// When the planner took it up.
    pub started_at: Option<Timestamp>,
    /// The run of a flow that called it.
    pub caller: Option<RunId>,
}

/// One page.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Runs.
    pub runs: Vec<Listed>,
    /// The last run that was looked at.
    pub last: Option<u128>,
    /// Whether there may be more.
    pub more: bool,
    /// How many there are, if it was asked for and they are not too many to count.
    pub total: Option<u64>,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Whether the newest come first.
    pub newest_first: bool,
    /// The last run that was looked at.
    pub after: Option<u128>,
    /// Runs at most.
    pub limit: usize,
    /// Whether to count all of them.
    pub count: bool,
}

/// A page of the runs of a workspace.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId, filter: &Filter, part: Part) -> Result<Page, Fault> {
    let mut found = Vec::new();
    let Part { newest_first, after, limit, count } = part;
    let (last, more) = walk(tx, workspace, filter, (newest_first, after), LOOKED_AT_MAX, |mode, run| {
        found.push((mode, run));
        found.len() <= limit
    })?;
    // One more than asked for tells whether there is another page; it is the first one of that.
    let is_full = found.len() > limit;
    found.truncate(limit);
    let last = if is_full { found.last().map(|(_, run)| run.id.0) } else { last };
    let runs = found.into_iter().map(|(mode, run)| listed(tx, Scope { workspace, mode }, run));
    let runs = runs.collect::<Result<Vec<_>, Fault>>()?;
    let total = if count { total(tx, workspace, filter)? } else { None };
    Ok(Page { runs, last, more, total })
}

/// One run, whichever mode it is in, with the call as it would be in that mode; none when there is no such run.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, ctx: &Ctx, id: PaymentRunId) -> Result<Option<(Ctx, Listed)>, Fault> {
    for mode in [Mode::Live, Mode::Test] {
        let own = in_mode(ctx, mode);
        let scope = own.caller.scope();
        if let Some(run) = payment_runs::find(tx, scope, id)? {
            return Ok(Some((own, listed(tx, scope, run)?)));
        }
    }
    Ok(None)
}

/// Whether an id is that of a payment run of the workspace, in either mode.
///
/// # Errors
/// Of the database.
pub fn exists(tx: &mut Tx<'_>, workspace: WorkspaceId, id: PaymentRunId) -> Result<bool, Fault> {
    for mode in [Mode::Live, Mode::Test] {
        if payment_runs::find(tx, Scope { workspace, mode }, id)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The changes of a run's state, in order.
///
/// # Errors
/// Of the database.
pub fn phases(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId) -> Result<Vec<RunEvent>, Fault> {
    payment_run_events::of_kind(tx, scope, run, super::book::STATUS)
}

/// How many runs a filter finds; none when that would take too long.
fn total(tx: &mut Tx<'_>, workspace: WorkspaceId, filter: &Filter) -> Result<Option<u64>, Fault> {
    let mut total = 0;
    let (_, more) = walk(tx, workspace, filter, (true, None), COUNTED_MAX, |_, _| {
        total += 1;
        true
    })?;
    Ok((!more).then_some(total))
}

fn listed(tx: &mut Tx<'_>, scope: Scope, run: PaymentRun) -> Result<Listed, Fault> {
    let payouts = if run.released_at.is_some() { payout_runs::find(tx, scope, run.id)? } else { None };
    let started_at = if run.status == RunStatus::Pending {
        None
    } else {
        // The first change of state is its creation, the second one its planning, or its end.
        let first = payment_run_events::after(tx, scope, run.id, 0, 4)?;
        first.iter().filter(|event| event.kind == super::book::STATUS).nth(1).map(|event| event.at)
    };
    let caller = called::caller(tx, scope, &run)?.map(|call| call.caller);
    Ok(Listed { run, mode: scope.mode, payouts, started_at, caller })
}

/// Visits runs that a filter finds, until the visitor has enough; looks at `most` runs at most. Gives the last run that was looked at,
/// and whether there may be more.
fn walk(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &Filter,
    (newest_first, after): (bool, Option<u128>),
    most: usize,
    mut visit: impl FnMut(Mode, PaymentRun) -> bool,
) -> Result<(Option<u128>, bool), Fault> {
    let mut sources = match filter.caller {
        None => filter.sources(workspace, newest_first, after),
        Some(caller) => filter.called_by(tx, caller, workspace, newest_first, after)?,
    };
    let mut last = after;
    for _ in 0..most {
        let Some((mode, run)) = next(tx, &mut sources, newest_first)? else { return Ok((last, false)) };
        let id = run.id.0;
        if filter.shows(&run) && !visit(mode, run) {
            return Ok((Some(id), true));
        }
        last = Some(id);
    }
    Ok((last, true))
}

/// The next run of several indexes that are walked as one.
fn next(tx: &mut Tx<'_>, sources: &mut [Source], newest_first: bool) -> Result<Option<(Mode, PaymentRun)>, Fault> {
    for source in &mut *sources {
        source.fill(tx)?;
    }
    let heads = sources.iter().enumerate().filter_map(|(at, source)| Some((source.rows.front()?.id.0, at)));
    let next = if newest_first { heads.max() } else { heads.min() };
    Ok(next.and_then(|(_, at)| {
        let source = &mut sources[at];
        source.rows.pop_front().map(|run| (source.scope.mode, run))
    }))
}

/// One index of one mode; each run is in one of them at most.
struct Source {
    scope: Scope,
    status: Option<RunStatus>,
    range: Range,
    rows: VecDeque<PaymentRun>,
    next_rows: usize,
    is_exhausted: bool,
}

impl Source {
    fn fill(&mut self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        if !self.rows.is_empty() || self.is_exhausted {
            return Ok(());
        }
        let found = store::page(tx, self.scope, self.status, self.range, self.next_rows)?;
        self.is_exhausted = found.len() < self.next_rows;
        if let Some(last) = found.last() {
            if self.range.newest_first { self.range.below = last.id.0 } else { self.range.above = last.id.0 }
        }
        self.next_rows = (self.next_rows * 4).min(PAGE_MAX);
        self.rows = found.into();
        Ok(())
    }
}

impl Filter {
    fn sources(&self, workspace: WorkspaceId, newest_first: bool, after: Option<u128>) -> Vec<Source> {
        let range = self.range(newest_first, after);
        let modes = self.mode.map_or_else(|| vec![Mode::Live, Mode::Test], |mode| vec![mode]);
        let statuses: Vec<Option<RunStatus>> =
            if self.statuses.is_empty() { vec![None] } else { self.statuses.iter().copied().map(Some).collect() };
        let source = |mode, status| Source {
            scope: Scope { workspace, mode },
            status,
            range,
            rows: VecDeque::new(),
            next_rows: FIRST_ROWS,
            is_exhausted: false,
        };
        modes.into_iter().flat_map(|mode| statuses.iter().map(move |status| source(mode, *status))).collect()
    }

    /// The runs that a run of a flow has called, read as a whole.
    fn called_by(
        &self,
        tx: &mut Tx<'_>,
        caller: RunId,
        workspace: WorkspaceId,
        newest_first: bool,
        after: Option<u128>,
    ) -> Result<Vec<Source>, Fault> {
        let mut sources = self.sources(workspace, newest_first, after);
        for source in &mut sources {
            source.is_exhausted = true;
            for call in child_calls::of_caller(tx, source.scope, caller, CALLED_MAX)? {
                let Some(id) = call.child.map(|child| PaymentRunId(child.0)) else { continue };
                let is_in_range = id.0 > source.range.above && id.0 < source.range.below;
                let run = if is_in_range { payment_runs::find(tx, source.scope, id)? } else { None };
                source.rows.extend(run.filter(|run| source.status.is_none_or(|status| run.status == status)));
            }
            if !newest_first {
                source.rows.make_contiguous().reverse();
            }
        }
        Ok(sources)
    }

    /// The part of the order of ids in which the runs are: ids begin with the millisecond in which they were made.
    fn range(&self, newest_first: bool, after: Option<u128>) -> Range {
        let at =
            |instant: Timestamp, slack_ms: i64| u128::from((instant.millis() + slack_ms).max(0).unsigned_abs()) << 80;
        let above = self.from.map_or(0, |from| at(from, -ID_SLACK_MS).saturating_sub(1));
        let below = self.to.map_or(u128::MAX, |to| at(to, 1));
        let mut range = Range { above, below, newest_first };
        match after {
            Some(after) if newest_first => range.below = range.below.min(after),
            Some(after) => range.above = range.above.max(after),
            None => {}
        }
        range
    }

    /// Whether the filter shows a run.
    fn shows(&self, run: &PaymentRun) -> bool {
        let start = start_of(run);
        let is = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
        let contains = |text: &str| {
            let has = |value: &str| value.to_lowercase().contains(text);
            has(&run.objective) || run.error.as_deref().is_some_and(has)
        };
        self.schedule.is_none_or(|id| run.schedule.is_some_and(|schedule| schedule.0 == id))
            && is(&self.trigger, start.trigger)
            && is(&self.source, start.source)
            && self.error.as_deref().is_none_or(|error| run.error.as_deref() == Some(error))
            && self.from.is_none_or(|from| run.created_at >= from)
            && self.to.is_none_or(|to| run.created_at < to)
            && self.text.as_deref().is_none_or(contains)
    }
}
