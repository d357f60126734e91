//! Runs of flows and of workflows in the joined list (console contract, section 5.7).
//!
//! A list is in the order of ids, which is that of acceptance. It walks the index that fits the filter best and looks at what the
//! index does not know row by row, at a bounded number of rows: then the page ends short, and its cursor goes on from there.
//! So no page takes long, however many runs there are.

use std::collections::{HashMap, VecDeque};

use floe_model::flows::Engine;
use floe_model::id::{FlowId, RunId, WaitId, WorkspaceId};
use floe_model::{Fault, FaultKind, Mode, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::run_list::{self as store, Listed, Range, Walk};
use floe_store::flows::runs::{self, RunRow};
use floe_store::flows::{flows, reruns, waits};

use crate::Flows;
use crate::definitions;
use crate::questions::{Starter, starter_of};
use crate::runs::{WAITS_FOR_PAYMENTS, called_payment};
use crate::workflows::Status;

/// Runs that are looked at for one page.
const LOOKED_AT_MAX: usize = 1_500;
/// Runs that are looked at for a total.
const COUNTED_MAX: usize = 1_000;
/// Runs of the first page of a walk; later ones are larger, for then the filter finds few.
const FIRST_ROWS: usize = 64;
/// By how much the time in a run's id may be before the time of its acceptance, in milliseconds.
const ID_SLACK_MS: i64 = 60_000;

/// Which runs a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Statuses in the words of the console; every status when empty.
    pub statuses: Vec<&'static str>,
    /// Words of the product, which differ by language; every word when empty.
    pub product: Vec<String>,
    /// Runs of this language only.
    pub engine: Option<Engine>,
    /// The flow.
    pub flow: Option<FlowId>,
    /// Live or test.
    pub mode: Option<Mode>,
    /// Type of the trigger.
    pub trigger: Option<String>,
    /// Kind of the source.
    pub source: Option<String>,
    /// Code of the error.
    pub error_code: Option<String>,
    /// The run that called it.
    pub parent: Option<RunId>,
    /// Accepted at or after.
    pub from: Option<Timestamp>,
    /// Accepted before.
    pub to: Option<Timestamp>,
    /// Text in the name, the error's code or its message, in lower case.
    pub text: Option<String>,
    /// Whether nothing can be found, because runs of other products are asked for.
    pub is_void: bool,
}

/// In which order, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Whether the newest come first.
    pub newest_first: bool,
    /// The last run that was looked at.
    pub after: Option<RunId>,
}

impl Order {
    /// The newest first, from the first one.
    #[must_use]
    pub const fn newest() -> Self {
        Self { newest_first: true, after: None }
    }
}

/// A run as the list shows it.
#[derive(Debug, Clone)]
pub struct RunItem {
    /// The run, and the run that it repeats.
    pub listed: Listed,
    /// The language of its definition.
    pub engine: Engine,
    /// The question that it waits for, and since when.
    pub asked: Option<(WaitId, Timestamp)>,
    /// Who started it.
    pub starter: Starter,
}

impl RunItem {
    /// The status in the words of the console, and in those of the product.
    #[must_use]
    pub fn statuses(&self) -> (&str, &str) {
        let run = &self.listed.run;
        (console_status(self.engine, run), product_status(self.engine, run))
    }
}

/// The status of a run in the words of the console.
fn console_status(engine: Engine, run: &RunRow) -> &str {
    match (engine, product_status(engine, run)) {
        (Engine::Workflow, "pending") => "queued",
        (Engine::Workflow, "paused") => "waiting",
        (_, word) => word,
    }
}

/// The status of a run in the words of its product.
fn product_status(engine: Engine, run: &RunRow) -> &str {
    match engine {
        Engine::Flow => &run.status,
        Engine::Workflow => Status::of(run).as_str(),
    }
}

/// One page.
#[derive(Debug, Clone, Default)]
pub struct ItemPage {
    /// Runs.
    pub items: Vec<RunItem>,
    /// The last run that was looked at.
    pub last: Option<RunId>,
    /// Whether there may be more.
    pub more: bool,
    /// How many there are, if it was asked for and they are not too many to count.
    pub total: Option<u64>,
}

impl Flows {
    /// Runs that the caller may see.
    ///
    /// # Errors
    /// Of the database.
    pub async fn run_items(
        &self,
        ctx: &Ctx,
        filter: ListFilter,
        order: Order,
        limit: usize,
        count: bool,
    ) -> Result<ItemPage, Fault> {
        let caller = ctx.clone();
        ctx.store.read(move |tx| page(tx, &caller, &filter, order, limit, count)).await
    }

    /// One run that the caller may see.
    ///
    /// # Errors
    /// 404 for a run that is not there or may not be seen.
    pub async fn run_item(&self, ctx: &Ctx, run: RunId) -> Result<RunItem, Fault> {
        let caller = ctx.clone();
        ctx.store
            .read(move |tx| {
                let workspace = caller.caller.workspace;
                let run = runs::find(tx, workspace, run)?.ok_or_else(|| Fault::not_found("Run"))?;
                let engine = Seen::new(&caller).engine(tx, run.flow)?.ok_or_else(|| Fault::not_found("Run"))?;
                let rerun_of = reruns::find(tx, workspace, run.id)?.map(|rerun| rerun.of);
                item(tx, &mut HashMap::new(), Listed { run, rerun_of }, engine)
            })
            .await
    }

    /// Runs that repeat a run, the newest first.
    ///
    /// # Errors
    /// Of the database.
    pub async fn repetitions(&self, ctx: &Ctx, run: RunId) -> Result<Vec<reruns::Rerun>, Fault> {
        let workspace = ctx.caller.workspace;
        ctx.store
            .read(move |tx| {
                let runs = reruns::of(tx, workspace, run)?;
                runs.into_iter().filter_map(|run| reruns::find(tx, workspace, run).transpose()).collect()
            })
            .await
    }
}

/// Visits runs that a filter finds and the caller may see, until the visitor has enough; looks at `most` runs at most. Gives the
/// last run that was looked at, and whether there may be more.
pub(crate) fn walk(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    filter: &ListFilter,
    order: Order,
    most: usize,
    mut visit: impl FnMut(&mut Tx<'_>, Listed, Engine) -> Result<bool, Fault>,
) -> Result<(Option<RunId>, bool), Fault> {
    if filter.is_void {
        return Ok((None, false));
    }
    let mut seen = Seen::new(ctx);
    let mut sources = Sources::new(ctx.caller.workspace, filter, order);
    let mut last = order.after;
    for _ in 0..most {
        let Some(listed) = sources.next(tx)? else { return Ok((last, false)) };
        let id = listed.run.id;
        if filter.shows(&listed.run)
            && let Some(engine) = seen.engine(tx, listed.run.flow)?.filter(|engine| filter.fits(*engine, &listed.run))
            && !visit(tx, listed, engine)?
        {
            return Ok((Some(id), true));
        }
        last = Some(id);
    }
    Ok((last, true))
}

fn page(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    filter: &ListFilter,
    order: Order,
    limit: usize,
    count: bool,
) -> Result<ItemPage, Fault> {
    let mut found = Vec::new();
    let (last, more) = walk(tx, ctx, filter, order, LOOKED_AT_MAX, |_, listed, engine| {
        found.push((listed, engine));
        Ok(found.len() <= limit)
    })?;
    // One more than asked for tells whether there is another page; it is the first one of that.
    let is_full = found.len() > limit;
    found.truncate(limit);
    let last = if is_full { found.last().map(|(listed, _)| listed.run.id) } else { last };
    let mut starters = HashMap::new();
    let items = found.into_iter().map(|(listed, engine)| item(tx, &mut starters, listed, engine));
    let items = items.collect::<Result<Vec<_>, Fault>>()?;
    let total = if count { total(tx, ctx, filter)? } else { None };
    Ok(ItemPage { items, last, more, total })
}

/// How many runs a filter finds; none when that would take too long.
fn total(tx: &mut Tx<'_>, ctx: &Ctx, filter: &ListFilter) -> Result<Option<u64>, Fault> {
    let mut total = 0;
    let (_, more) = walk(tx, ctx, filter, Order::newest(), COUNTED_MAX, |_, _, _| {
        total += 1;
        Ok(true)
    })?;
    Ok((!more).then_some(total))
}

fn item(
    tx: &mut Tx<'_>,
    starters: &mut HashMap<String, Starter>,
    listed: Listed,
    engine: Engine,
) -> Result<RunItem, Fault> {
    let run = &listed.run;
    let asked = match run.status.as_str() {
        // A workflow asks while others of its nodes go on.
        "running" if run.wait_kind.is_none() => None,
        // The item of a payment run in the inbox has its id.
        "waiting" | "running" if run.wait_kind.as_deref() == Some(WAITS_FOR_PAYMENTS) => {
            called_payment(tx, run)?.map(|(child, since)| (WaitId(child.0), since))
        }
        "waiting" | "running" => {
            waits::open_of_run(tx, run.workspace, run.id, 1)?.pop().map(|wait| (wait.id, wait.created_at))
        }
        _ => None,
    };
    let starter = match starters.get(&run.started_by) {
        Some(known) => known.clone(),
        None => {
            let starter = starter_of(tx, run.workspace, &run.started_by)?;
            starters.insert(run.started_by.clone(), starter.clone());
            starter
        }
    };
    Ok(RunItem { listed, engine, asked, starter })
}

impl ListFilter {
    /// Whether the filter shows a run.
    fn shows(&self, run: &RunRow) -> bool {
        let is = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
        let contains = |text: &str| {
            let has = |value: &str| value.to_lowercase().contains(text);
            has(&run.flow_name)
                || run.error_code.as_deref().is_some_and(has)
                || run.error_message.as_deref().is_some_and(has)
        };
        self.flow.is_none_or(|flow| flow == run.flow)
            && self.mode.is_none_or(|mode| mode == run.mode)
            && is(&self.trigger, &run.trigger_type)
            && is(&self.source, &run.source_kind)
            && self.error_code.as_deref().is_none_or(|code| run.error_code.as_deref() == Some(code))
            && self.parent.is_none_or(|parent| run.parent == Some(parent))
            && self.from.is_none_or(|from| run.queued_at >= from)
            && self.to.is_none_or(|to| run.queued_at < to)
            && self.text.as_deref().is_none_or(contains)
    }

    /// Whether the filter shows a run of a language.
    fn fits(&self, engine: Engine, run: &RunRow) -> bool {
        let word = || product_status(engine, run);
        self.engine.is_none_or(|wanted| wanted == engine)
            && (self.statuses.is_empty() || self.statuses.contains(&console_status(engine, run)))
            && (self.product.is_empty() || self.product.iter().any(|wanted| wanted == word()))
    }

    /// The indexes that are walked together: each run is in one of them at most.
    fn walks(&self) -> Vec<Walk> {
        if let Some(parent) = self.parent {
            return vec![Walk::Parent(parent)];
        }
        if let Some(code) = &self.error_code {
            return vec![Walk::Error(code.clone())];
        }
        // Most runs are completed; there is no index of those.
        if self.statuses.is_empty() || self.statuses.contains(&"completed") {
            return vec![self.flow.map_or(Walk::All, Walk::Flow)];
        }
        let rare = |status: &&'static str| matches!(*status, "waiting" | "failed" | "cancelled");
        let of_status = |status: &'static str| match self.flow {
            Some(flow) => Walk::FlowStatus(flow, status),
            None => Walk::Status(status),
        };
        let mut walks: Vec<Walk> = self.statuses.iter().copied().filter(rare).map(of_status).collect();
        // A workflow that asks waits, also while others of its nodes go on; one that only waits for time is running.
        if self.statuses.contains(&"running") && !self.statuses.contains(&"waiting") {
            walks.push(of_status("waiting"));
        }
        if self.statuses.iter().any(|status| matches!(*status, "queued" | "running" | "waiting")) {
            walks.push(Walk::Moving);
        }
        walks
    }

    /// The part of the order of ids in which the runs are: ids begin with the millisecond in which they were made.
    fn range(&self, order: Order) -> Range {
        let at =
            |instant: Timestamp, slack_ms: i64| u128::from((instant.millis() + slack_ms).max(0).unsigned_abs()) << 80;
        let above = self.from.map_or(0, |from| at(from, -ID_SLACK_MS).saturating_sub(1));
        let below = self.to.map_or(u128::MAX, |to| at(to, 1));
        let mut range = Range { above, below, newest_first: order.newest_first };
        match order.after {
            Some(after) if order.newest_first => range.below = range.below.min(after.0),
            Some(after) => range.above = range.above.max(after.0),
            None => {}
        }
        range
    }
}

/// Several indexes walked as one.
struct Sources {
    workspace: WorkspaceId,
    newest_first: bool,
    sources: Vec<Source>,
}

struct Source {
    walk: Walk,
    range: Range,
    rows: VecDeque<Listed>,
    next_rows: usize,
    is_exhausted: bool,
}

impl Sources {
    fn new(workspace: WorkspaceId, filter: &ListFilter, order: Order) -> Self {
        let range = filter.range(order);
        let source = |walk| Source { walk, range, rows: VecDeque::new(), next_rows: FIRST_ROWS, is_exhausted: false };
        let sources = filter.walks().into_iter().map(source).collect();
        Self { workspace, newest_first: order.newest_first, sources }
    }

    fn next(&mut self, tx: &mut Tx<'_>) -> Result<Option<Listed>, Fault> {
        for source in &mut self.sources {
            source.fill(tx, self.workspace)?;
        }
        let heads = self.sources.iter().enumerate().filter_map(|(at, source)| Some((source.rows.front()?.run.id, at)));
        let next = if self.newest_first { heads.max() } else { heads.min() };
        Ok(next.and_then(|(_, at)| self.sources[at].rows.pop_front()))
    }
}

impl Source {
    fn fill(&mut self, tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<(), Fault> {
        if !self.rows.is_empty() || self.is_exhausted {
            return Ok(());
        }
        let found = store::page(tx, workspace, &self.walk, self.range, self.next_rows)?;
        self.is_exhausted = found.len() < self.next_rows;
        if let Some(last) = found.last() {
            let id = last.run.id.0;
            if self.range.newest_first { self.range.below = id } else { self.range.above = id }
        }
        self.next_rows = (self.next_rows * 4).min(store::PAGE_MAX);
        self.rows = found.into();
        Ok(())
    }
}

/// Which flows' runs the caller may see; each is looked up once.
struct Seen<'c> {
    ctx: &'c Ctx,
    known: HashMap<FlowId, Option<Engine>>,
}

impl<'c> Seen<'c> {
    fn new(ctx: &'c Ctx) -> Self {
        Self { ctx, known: HashMap::new() }
    }

    /// The language of a flow whose runs the caller may see.
    fn engine(&mut self, tx: &mut Tx<'_>, flow: FlowId) -> Result<Option<Engine>, Fault> {
        if let Some(&known) = self.known.get(&flow) {
            return Ok(known);
        }
        let engine = match definitions::may_see_runs(tx, self.ctx, flow) {
            Ok(()) => flows::find_any(tx, self.ctx.caller.workspace, flow)?.map(|flow| flow.engine),
            Err(fault) if fault.kind() == FaultKind::NotFound => None,
            Err(fault) => return Err(fault),
        };
        self.known.insert(flow, engine);
        Ok(engine)
    }
}
