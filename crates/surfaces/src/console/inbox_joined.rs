//! The one list of what waits for a person: questions of flows, items of the treasury and items of agents, each from its slice, put
//! together in one order.
//!
//! A cursor of this list holds a place in each of the three.

use floe_agents::inbox as agents;
use floe_flows::questions::{Item as Question, ItemFilter};
use floe_model::Fault;
use floe_model::id::{InboxId, WaitId};
use floe_runtime::Ctx;
use floe_store::agents::items;
use floe_store::flows::waits::WaitOrder;
use floe_treasury::runs::inbox::{self, Entry, Filter, Kind, Order};
use serde_json::Value;

use super::list::Window;
use super::{inbox_agents, inbox_confirmations, inbox_payments, inbox_wire};
use crate::http::Call;

/// What a list of the inbox shows.
pub(super) struct Asked {
    /// Of the questions of flows; none: not those.
    pub(super) questions: Option<ItemFilter>,
    /// Of the treasury; none: not those.
    pub(super) payments: Option<Filter>,
    /// Of agents, and whether only those that the caller can answer; none: not those.
    pub(super) agents: Option<(items::Filter, bool)>,
}

/// What an item is sorted by: the end of the time to answer where that is asked for, then its id.
type Place = (i64, u128);

/// A part of one of the lists.
struct Part {
    items: std::vec::IntoIter<(Place, Value)>,
    head: Option<(Place, Value)>,
    /// Where the list goes on when everything of the part was shown; none: after what was shown last.
    end: Option<u128>,
    more: bool,
    total: Option<u64>,
}

impl Part {
    fn new(items: Vec<(Place, Value)>, end: Option<u128>, more: bool, total: Option<u64>) -> Self {
        let mut items = items.into_iter();
        Self { head: items.next(), items, end, more, total }
    }

    /// Of a list that is not asked for.
    fn none() -> Self {
        Self::new(Vec::new(), None, false, Some(0))
    }
}

/// A page of the joined list.
///
/// # Errors
/// Of the database.
pub(super) async fn page(call: &Call, asked: Asked, window: &Window) -> Result<Value, Fault> {
    let questions = match asked.questions {
        Some(filter) => questions(call, filter, window).await?,
        None => Part::none(),
    };
    let payments = match asked.payments {
        Some(filter) => payments(&call.ctx, filter, window).await?,
        None => Part::none(),
    };
    let agents = match asked.agents {
        Some((filter, mine)) => of_agents(&call.ctx, filter, mine, window).await?,
        None => Part::none(),
    };
    let totals = [&questions, &payments, &agents].map(|part| part.total);
    let total = totals.into_iter().sum::<Option<u64>>().and_then(|total| i64::try_from(total).ok());
    let (data, last, more) = join([questions, payments, agents], window);
    Ok(window.page_joined(data, last, more, total))
}

async fn questions(call: &Call, filter: ItemFilter, window: &Window) -> Result<Part, Fault> {
    let order = match (window.sort, window.newest_first) {
        ("due_at", false) => WaitOrder::DueFirst,
        ("due_at", true) => WaitOrder::DueLast,
        (_, true) => WaitOrder::Newest,
        (_, false) => WaitOrder::Oldest,
    };
    let after = window.after.map(WaitId);
    let found = call.app.flows.items(&call.ctx, filter, order, after, window.limit, window.total).await?;
    let place = |item: &Question| (by_due(window, item.asked.wait.due_at.micros()), item.asked.wait.id.0);
    let items = found.items.iter().map(|item| (place(item), inbox_wire::item_object(item))).collect();
    Ok(Part::new(items, found.last.map(|id| id.0), found.more, found.total))
}

async fn payments(ctx: &Ctx, filter: Filter, window: &Window) -> Result<Part, Fault> {
    let order = match (window.sort, window.newest_first) {
        ("due_at", last_first) => Order::Due { last_first },
        (_, newest_first) => Order::Created { newest_first },
    };
    let (caller, after, limit) = (ctx.clone(), window.after_second, window.limit);
    let found = ctx.store.read(move |tx| inbox::list(tx, &caller, &filter, order, after, limit)).await?;
    let place = |entry: &Entry| (by_due(window, entry.due_micros()), entry.id());
    let items = found.items.iter().map(|entry| (place(entry), entry_object(entry, false))).collect();
    Ok(Part::new(items, None, found.more, Some(found.total)))
}

async fn of_agents(ctx: &Ctx, filter: items::Filter, mine: bool, window: &Window) -> Result<Part, Fault> {
    let (caller, after, limit) = (ctx.clone(), window.after_third.map(InboxId), window.limit);
    let (newest_first, total) = (window.newest_first, window.total);
    let reading =
        move |tx: &mut floe_store::Tx<'_>| agents::list(tx, &caller, &filter, mine, newest_first, after, limit, total);
    let found = ctx.store.read(reading).await?;
    // Nobody has to answer within a time: these come after all that have an end.
    let place = |item: &agents::Item| (by_due(window, i64::MAX), item.row.id.0);
    let items = found.items.iter().map(|item| (place(item), inbox_agents::item_object(item))).collect();
    Ok(Part::new(items, found.last.map(|id| id.0), found.more, found.total))
}

fn by_due(window: &Window, due_micros: i64) -> i64 {
    if window.sort == "due_at" { due_micros } else { 0 }
}

/// Takes the earliest of the heads again and again. A list that goes on beyond its part ends the page when its part is used up: what
/// comes next in it is not known.
fn join(mut parts: [Part; 3], window: &Window) -> (Vec<Value>, [Option<u128>; 3], bool) {
    let mut last = [window.after, window.after_second, window.after_third];
    let mut data = Vec::new();
    let mut is_cut = false;
    while let Some(next) = first(&parts, window.newest_first) {
        if data.len() == window.limit || parts.iter().any(|part| part.head.is_none() && part.more) {
            is_cut = true;
            break;
        }
        let Some(((_, id), item)) = parts[next].head.take() else { break };
        data.push(item);
        last[next] = Some(id);
        parts[next].head = parts[next].items.next();
    }
    for (part, last) in parts.iter().zip(&mut last) {
        if part.head.is_none() {
            *last = part.end.or(*last);
        }
    }
    let more = is_cut || parts.iter().any(|part| part.more);
    (data, last, more)
}

/// The part whose head comes first.
fn first(parts: &[Part], newest_first: bool) -> Option<usize> {
    let heads = parts.iter().enumerate().filter_map(|(at, part)| part.head.as_ref().map(|(place, _)| (*place, at)));
    if newest_first { heads.max().map(|(_, at)| at) } else { heads.min().map(|(_, at)| at) }
}

/// An item of the treasury. A list leaves the candidates of a run out of its content.
pub(super) fn entry_object(entry: &Entry, is_whole: bool) -> Value {
    match entry {
        Entry::Run(item) => inbox_payments::item_object(item, is_whole),
        Entry::Confirmation(item) => inbox_confirmations::item_object(item),
    }
}

/// Counts the changes of an item of the treasury.
pub(super) fn revision_of(entry: &Entry) -> i64 {
    match entry {
        Entry::Run(item) => item.run.last_event,
        Entry::Confirmation(item) => inbox_confirmations::revision(item),
    }
}

/// The item of the treasury with an id, with everything that is approved; none for any other id.
///
/// # Errors
/// Of the database.
pub(super) async fn payment(ctx: &Ctx, id: u128) -> Result<Option<Entry>, Fault> {
    let caller = ctx.clone();
    ctx.store.read(move |tx| inbox::find_entry(tx, &caller, id)).await
}

/// What of the treasury of the caller's workspace an id is the id of.
///
/// # Errors
/// Of the database.
pub(super) async fn payment_kind(ctx: &Ctx, id: u128) -> Result<Option<Kind>, Fault> {
    let caller = ctx.clone();
    ctx.store.read(move |tx| inbox::kind_of(tx, &caller, id)).await
}

/// The item of an agent with an id; none for any other id.
///
/// # Errors
/// Of the database.
pub(super) async fn of_agent(ctx: &Ctx, id: u128) -> Result<Option<agents::Item>, Fault> {
    let caller = ctx.clone();
    ctx.store.read(move |tx| agents::find(tx, &caller, InboxId(id))).await
}
