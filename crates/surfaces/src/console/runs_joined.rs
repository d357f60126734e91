//! The one list of runs: those of flows, payment runs and exchanges of agents, each from its slice, put together in the order of ids.
//!
//! Each list may look at a bounded number of runs only, and end short. What it has not looked at may come before the next run of the
//! others, which then wait for the next page. A cursor of this list holds three places, one in each of them.

use floe_model::Fault;
use floe_model::id::RunId;
use floe_treasury::runs::joined;
use serde_json::Value;

use super::list::Window;
use super::{run_exchanges, run_payments, run_wire, runs};
use crate::http::Call;
use crate::run_credits;

/// A part of one of the lists.
struct Part {
    items: std::vec::IntoIter<(u128, Value)>,
    head: Option<(u128, Value)>,
    /// The last run that was looked at.
    last: Option<u128>,
    more: bool,
    total: Option<u64>,
}

impl Part {
    fn new(items: Vec<(u128, Value)>, last: Option<u128>, more: bool, total: Option<u64>) -> Self {
        let mut items = items.into_iter();
        Self { head: items.next(), items, last, more, total }
    }

    fn head_id(&self) -> Option<u128> {
        self.head.as_ref().map(|(id, _)| *id)
    }

    /// Whether no run that this list has not shown yet can come before one of another list.
    fn is_past(&self, id: u128, newest_first: bool) -> bool {
        let come_to = self.head_id().or(if self.more { self.last } else { None });
        match come_to {
            None => !self.more,
            Some(come_to) if newest_first => come_to < id,
            Some(come_to) => come_to > id,
        }
    }
}

/// A page of the joined list.
///
/// # Errors
/// 400 for a filter that makes no sense; of the database.
pub(super) async fn page(call: &Call, window: &Window) -> Result<Value, Fault> {
    page_of(call, |name| call.query.get(name).map(str::to_owned), window).await
}

/// A page of the joined list with filters by their names.
///
/// # Errors
/// 400 for a filter that makes no sense; of the database.
pub(super) async fn page_of(
    call: &Call,
    given: impl Fn(&str) -> Option<String>,
    window: &Window,
) -> Result<Value, Fault> {
    let flows = of_flows(call, runs::read_filter(&given)?, window).await?;
    let payments = of_payments(call, run_payments::read_filter(&given)?, window).await?;
    let exchanges = of_exchanges(call, run_exchanges::read_filter(&given)?, window).await?;
    let parts = [flows, payments, exchanges];
    // Not known where one of them is not.
    let total = parts.iter().map(|part| part.total).sum::<Option<u64>>().and_then(|total| i64::try_from(total).ok());
    let places = [window.after, window.after_second, window.after_third];
    let (data, last, more) = join(parts, places, window);
    Ok(window.page_joined(data, last, more, total))
}

async fn of_flows(call: &Call, filter: floe_flows::run_list::ListFilter, window: &Window) -> Result<Part, Fault> {
    let order = floe_flows::run_list::Order { newest_first: window.newest_first, after: window.after.map(RunId) };
    let found = call.app.flows.run_items(&call.ctx, filter, order, window.limit, window.total).await?;
    let now = call.ctx.now();
    let runs = found.items.iter().map(|item| item.listed.run.id);
    let mut shown: Vec<Value> = found.items.iter().map(|item| run_wire::run_object(item, now)).collect();
    run_credits::fill_rows(call, &mut runs.clone().zip(&mut shown).collect::<Vec<_>>()).await?;
    let items = runs.map(|run| run.0).zip(shown).collect();
    Ok(Part::new(items, found.last.map(|id| id.0), found.more, found.total))
}

async fn of_payments(call: &Call, filter: Option<joined::Filter>, window: &Window) -> Result<Part, Fault> {
    let Some(filter) = filter else { return Ok(Part::new(Vec::new(), None, false, Some(0))) };
    let part = joined::Part {
        newest_first: window.newest_first,
        after: window.after_second,
        limit: window.limit,
        count: window.total,
    };
    let workspace = call.ctx.caller.workspace;
    let found = call.ctx.store.read(move |tx| joined::list(tx, workspace, &filter, part)).await?;
    let now = call.ctx.now();
    let items = found.runs.iter().map(|run| (run.run.id.0, run_payments::run_object(run, now))).collect();
    Ok(Part::new(items, found.last, found.more, found.total))
}

async fn of_exchanges(call: &Call, filter: Option<floe_agents::runs::Filter>, window: &Window) -> Result<Part, Fault> {
    use floe_agents::runs;
    let Some(filter) = filter else { return Ok(Part::new(Vec::new(), None, false, Some(0))) };
    let part = runs::Part {
        newest_first: window.newest_first,
        after: window.after_third,
        limit: window.limit,
        count: window.total,
    };
    let workspace = call.ctx.caller.workspace;
    let found = call.ctx.store.read(move |tx| runs::list(tx, workspace, &filter, part)).await?;
    let items = found.runs.iter().map(|run| (run.row.id.0, run_exchanges::run_object(run))).collect();
    Ok(Part::new(items, found.last, found.more, found.total))
}

/// Takes the earliest of all heads again and again; `places` are those up to which each list was shown before.
fn join<const N: usize>(
    mut parts: [Part; N],
    places: [Option<u128>; N],
    window: &Window,
) -> (Vec<Value>, [Option<u128>; N], bool) {
    let mut shown = places;
    let mut data = Vec::new();
    let mut is_cut = false;
    loop {
        let heads = parts.iter().enumerate().filter_map(|(at, part)| Some((part.head_id()?, at)));
        let next = if window.newest_first { heads.max() } else { heads.min() };
        let Some((_, next)) = next else { break };
        let Some((id, run)) = parts[next].head.take() else { break };
        let is_next = parts.iter().enumerate().all(|(at, part)| at == next || part.is_past(id, window.newest_first));
        if data.len() == window.limit || !is_next {
            parts[next].head = Some((id, run));
            is_cut = true;
            break;
        }
        data.push(run);
        shown[next] = Some(id);
        parts[next].head = parts[next].items.next();
    }
    // A list of which everything was shown goes on after what it has looked at.
    for (part, shown) in parts.iter().zip(&mut shown) {
        if part.head.is_none() {
            *shown = part.last.or(*shown);
        }
    }
    let more = is_cut || parts.iter().any(|part| part.more);
    (data, shown, more)
}

#[cfg(test)]
mod tests;
