//! The one list of runs: those of flows and payment runs, each from its slice, put together in the order of ids.
//!
//! Either list may look at a bounded number of runs only, and end short. What it has not looked at may come before the next run of the
//! other list, which then waits for the next page. A cursor of this list holds two places, one in each of the two.

use floe_model::Fault;
use floe_model::id::RunId;
use floe_treasury::runs::joined;
use serde_json::Value;

use super::list::Window;
use super::{run_payments, run_wire, runs};
use crate::http::Call;

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

    /// Whether no run that this list has not shown yet can come before one of the other list.
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
    let given = |name: &str| call.query.get(name).map(str::to_owned);
    let flows = of_flows(call, runs::read_filter(given)?, window).await?;
    let payments = of_payments(call, run_payments::read_filter(given)?, window).await?;
    let total = flows.total.zip(payments.total).and_then(|(one, other)| i64::try_from(one + other).ok());
    let (data, last, more) = join([flows, payments], window);
    Ok(window.page_joined(data, last, more, total))
}

async fn of_flows(call: &Call, filter: floe_flows::run_list::ListFilter, window: &Window) -> Result<Part, Fault> {
    let order = floe_flows::run_list::Order { newest_first: window.newest_first, after: window.after.map(RunId) };
    let found = call.app.flows.run_items(&call.ctx, filter, order, window.limit, window.total).await?;
    let now = call.ctx.now();
    let items = found.items.iter().map(|item| (item.listed.run.id.0, run_wire::run_object(item, now))).collect();
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

/// Takes the earlier of both heads again and again.
fn join(mut parts: [Part; 2], window: &Window) -> (Vec<Value>, [Option<u128>; 2], bool) {
    let mut shown = [window.after, window.after_second];
    let mut data = Vec::new();
    let mut is_cut = false;
    loop {
        let next = match (parts[0].head_id(), parts[1].head_id()) {
            (None, None) => break,
            (Some(_), None) => 0,
            (None, Some(_)) => 1,
            (Some(one), Some(other)) => usize::from((one > other) != window.newest_first),
        };
        let Some((id, run)) = parts[next].head.take() else { break };
        if data.len() == window.limit || !parts[1 - next].is_past(id, window.newest_first) {
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
