//! Exchanges in the list of runs over all products (console contract, section 5.7): of both modes, in the order of ids.
//!
//! A list looks at a bounded number of rows: then the page ends short, and its cursor goes on from there. So no page takes long,
//! however many exchanges there are.

use std::collections::VecDeque;

use floe_model::agents::envelope::Finish;
use floe_model::agents::exchange::{Channel, ExchangeState};
use floe_model::id::{AgentId, ExchangeId, WorkspaceId};
use floe_model::{Fault, Mode, Scope, Timestamp};
use floe_store::Tx;
use floe_store::agents::exchange_list::{self as store, Brief, PAGE_MAX, Range};
use floe_store::agents::exchanges;
use floe_store::agents::spans::{self, Span};

/// Exchanges that are looked at for one page.
const LOOKED_AT_MAX: usize = 1_500;
/// Exchanges that are looked at for a total.
const COUNTED_MAX: usize = 1_000;
/// Rows of the first page of a walk; later ones are larger, for then the filter finds few.
const FIRST_ROWS: usize = 64;
/// By how much the time in an id may be before the time at which the exchange was accepted, in milliseconds.
const ID_SLACK_MS: i64 = 60_000;

/// An exchange of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its row.
    pub row: Brief,
    /// Live or test.
    pub mode: Mode,
}

/// Which exchanges a list shows; an empty filter shows all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// With these statuses of the console; with any when empty.
    pub statuses: Vec<String>,
    /// With these statuses in the words of the product; with any when empty.
    pub product: Vec<String>,
    /// Live or test.
    pub mode: Option<Mode>,
    /// Of one agent.
    pub agent: Option<AgentId>,
    /// The trigger.
    pub trigger: Option<String>,
    /// Where it came from.
    pub source: Option<String>,
    /// Why it was not answered.
    pub error: Option<String>,
    /// Accepted at or after.
    pub from: Option<Timestamp>,
    /// Accepted before.
    pub to: Option<Timestamp>,
    /// Text in the name of the agent or in what ended it, in lower case.
    pub text: Option<String>,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Whether the newest come first.
    pub newest_first: bool,
    /// The last exchange that was looked at.
    pub after: Option<u128>,
    /// Exchanges at most.
    pub limit: usize,
    /// Whether to count all of them.
    pub count: bool,
}

/// One page.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Exchanges.
    pub runs: Vec<Listed>,
    /// The last one that was looked at.
    pub last: Option<u128>,
    /// Whether there may be more.
    pub more: bool,
    /// How many there are, if it was asked for and they are not too many to count.
    pub total: Option<u64>,
}

impl Listed {
    /// The status in the words that all products share.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match (self.row.state, self.row.code) {
            (ExchangeState::Waiting, _) => "queued",
            (ExchangeState::Running, _) => "running",
            (ExchangeState::Finished, Some(200)) => match self.row.finish {
                Some(Finish::Cancelled) => "cancelled",
                Some(Finish::Approval) if self.row.asks.is_some() => "waiting",
                _ => "completed",
            },
            (ExchangeState::Finished, _) => "failed",
        }
    }

    /// The status in the words of the product: that of its envelope once it is over.
    #[must_use]
    pub fn product_status(&self) -> String {
        match (self.row.code, self.status()) {
            (Some(200), "cancelled") => "cancelled".to_owned(),
            (Some(200), "waiting") => "approval".to_owned(),
            (Some(code), _) => code.to_string(),
            (None, status) => status.to_owned(),
        }
    }

    /// How it was started, in words that all products share: the trigger, and where it came from.
    #[must_use]
    pub const fn start(&self) -> (&'static str, &'static str) {
        match self.row.channel {
            Channel::Api => ("api", "client"),
            Channel::Playground => ("manual", "dashboard"),
            Channel::Flow => ("flow", "flow"),
            Channel::Agent => ("agent", "agent"),
            Channel::Whatsapp => ("whatsapp", "whatsapp"),
            Channel::Workflow => ("workflow", "workflow"),
        }
    }
}

/// A page of the exchanges of a workspace.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId, filter: &Filter, part: Part) -> Result<Page, Fault> {
    let mut runs = Vec::new();
    let Part { newest_first, after, limit, count } = part;
    let (last, more) = walk(tx, workspace, filter, (newest_first, after), LOOKED_AT_MAX, |listed| {
        runs.push(listed);
        runs.len() <= limit
    })?;
    // One more than asked for tells whether there is another page; it is the first one of that.
    let is_full = runs.len() > limit;
    runs.truncate(limit);
    let last = if is_full { runs.last().map(|listed| listed.row.id.0) } else { last };
    let total = if count { total(tx, workspace, filter)? } else { None };
    Ok(Page { runs, last, more, total })
}

/// One exchange, whichever mode it is in; none when there is no such exchange.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ExchangeId) -> Result<Option<Listed>, Fault> {
    for mode in [Mode::Live, Mode::Test] {
        if let Some(row) = store::find(tx, Scope { workspace, mode }, id)? {
            return Ok(Some(Listed { row, mode }));
        }
    }
    Ok(None)
}

/// Asks an exchange to stop: what it said until then is stored and charged.
///
/// # Errors
/// 404; 409 when it is over.
pub fn cancel(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ExchangeId) -> Result<Listed, Fault> {
    let missing = || Fault::not_found("Run");
    let found = find(tx, workspace, id)?.ok_or_else(missing)?;
    if !exchanges::cancel(tx, Scope { workspace, mode: found.mode }, id)? {
        return Err(Fault::conflict("conflict", "This exchange is over"));
    }
    find(tx, workspace, id)?.ok_or_else(missing)
}

/// What happened inside an exchange, in order.
///
/// # Errors
/// Of the database.
pub fn spans(tx: &mut Tx<'_>, workspace: WorkspaceId, listed: &Listed) -> Result<Vec<Span>, Fault> {
    spans::of(tx, Scope { workspace, mode: listed.mode }, listed.row.id)
}

fn total(tx: &mut Tx<'_>, workspace: WorkspaceId, filter: &Filter) -> Result<Option<u64>, Fault> {
    let mut total = 0;
    let (_, more) = walk(tx, workspace, filter, (true, None), COUNTED_MAX, |_| {
        total += 1;
        true
    })?;
    Ok((!more).then_some(total))
}

/// Visits exchanges that a filter finds, until the visitor has enough; looks at `most` of them at most. Gives the last one that was looked
/// at, and whether there may be more.
fn walk(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &Filter,
    (newest_first, after): (bool, Option<u128>),
    most: usize,
    mut visit: impl FnMut(Listed) -> bool,
) -> Result<(Option<u128>, bool), Fault> {
    let range = filter.range(newest_first, after);
    let modes = filter.mode.map_or_else(|| vec![Mode::Live, Mode::Test], |mode| vec![mode]);
    let mut sources: Vec<Source> =
        modes.into_iter().map(|mode| Source::new(Scope { workspace, mode }, range)).collect();
    let mut last = after;
    for _ in 0..most {
        let Some(listed) = next(tx, &mut sources, newest_first)? else { return Ok((last, false)) };
        let id = listed.row.id.0;
        if filter.shows(&listed) && !visit(listed) {
            return Ok((Some(id), true));
        }
        last = Some(id);
    }
    Ok((last, true))
}

/// The next exchange of both modes.
fn next(tx: &mut Tx<'_>, sources: &mut [Source], newest_first: bool) -> Result<Option<Listed>, Fault> {
    for source in &mut *sources {
        source.fill(tx)?;
    }
    let heads = sources.iter().enumerate().filter_map(|(at, source)| Some((source.rows.front()?.id.0, at)));
    let next = if newest_first { heads.max() } else { heads.min() };
    Ok(next.and_then(|(_, at)| {
        let source = &mut sources[at];
        source.rows.pop_front().map(|row| Listed { row, mode: source.scope.mode })
    }))
}

/// The exchanges of one mode, in pages.
struct Source {
    scope: Scope,
    range: Range,
    rows: VecDeque<Brief>,
    next_rows: usize,
    is_exhausted: bool,
}

impl Source {
    const fn new(scope: Scope, range: Range) -> Self {
        Self { scope, range, rows: VecDeque::new(), next_rows: FIRST_ROWS, is_exhausted: false }
    }

    fn fill(&mut self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        if !self.rows.is_empty() || self.is_exhausted {
            return Ok(());
        }
        let found = store::page(tx, self.scope, self.range, self.next_rows)?;
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
    /// The part of the order of ids in which the exchanges are: ids begin with the millisecond in which they were made.
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

    fn shows(&self, listed: &Listed) -> bool {
        let (trigger, source) = listed.start();
        let is = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
        let is_in = |list: &[String], value: &str| list.is_empty() || list.iter().any(|word| word == value);
        let row = &listed.row;
        let contains = |text: &str| {
            let has = |value: &String| value.to_lowercase().contains(text);
            row.agent_name.as_ref().is_some_and(has) || row.error.as_ref().is_some_and(has)
        };
        is_in(&self.statuses, listed.status())
            && is_in(&self.product, &listed.product_status())
            && self.agent.is_none_or(|agent| agent == row.agent)
            && is(&self.trigger, trigger)
            && is(&self.source, source)
            && self.error.as_deref().is_none_or(|error| row.error.as_deref() == Some(error))
            && self.from.is_none_or(|from| row.accepted_at >= from)
            && self.to.is_none_or(|to| row.accepted_at < to)
            && self.text.as_deref().is_none_or(contains)
    }
}
