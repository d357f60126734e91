//! The one list of what waits for a person: questions of flows and the items of the treasury, each from its slice, put together in
//! one order.
//!
//! A cursor of this list holds two places, one in each of the two.

use floe_flows::questions::{Item as Question, ItemFilter, ItemPage};
use floe_model::Fault;
use floe_model::id::WaitId;
use floe_runtime::Ctx;
use floe_store::flows::waits::WaitOrder;
use floe_treasury::runs::inbox::{self, Entry, Filter, Kind, Order, Part};
use serde_json::Value;

use super::list::Window;
use super::{inbox_confirmations, inbox_payments, inbox_wire};
use crate::http::Call;

/// What a list of the inbox shows.
pub(super) struct Asked {
    /// Of the questions of flows; none: not those.
    pub(super) questions: Option<ItemFilter>,
    /// Of the treasury; none: not those.
    pub(super) payments: Option<Filter>,
}

/// A page of the joined list.
///
/// # Errors
/// Of the database.
pub(super) async fn page(call: &Call, asked: Asked, window: &Window) -> Result<Value, Fault> {
    let questions = match asked.questions {
        Some(filter) => questions(call, filter, window).await?,
        None => ItemPage { items: Vec::new(), last: None, more: false, total: Some(0) },
    };
    let payments = match asked.payments {
        Some(filter) => payments(&call.ctx, filter, window).await?,
        None => Part { items: Vec::new(), more: false, total: 0 },
    };
    let total = questions.total.map(|found| found + payments.total).and_then(|total| i64::try_from(total).ok());
    let joined = join(questions, payments, window);
    Ok(window.page_joined(joined.data, joined.last, joined.more, total))
}

async fn questions(call: &Call, filter: ItemFilter, window: &Window) -> Result<ItemPage, Fault> {
    let order = match (window.sort, window.newest_first) {
        ("due_at", false) => WaitOrder::DueFirst,
        ("due_at", true) => WaitOrder::DueLast,
        (_, true) => WaitOrder::Newest,
        (_, false) => WaitOrder::Oldest,
    };
    let after = window.after.map(WaitId);
    call.app.flows.items(&call.ctx, filter, order, after, window.limit, window.total).await
}

async fn payments(ctx: &Ctx, filter: Filter, window: &Window) -> Result<Part, Fault> {
    let order = match (window.sort, window.newest_first) {
        ("due_at", last_first) => Order::Due { last_first },
        (_, newest_first) => Order::Created { newest_first },
    };
    let (caller, after, limit) = (ctx.clone(), window.after_second, window.limit);
    ctx.store.read(move |tx| inbox::list(tx, &caller, &filter, order, after, limit)).await
}

struct Joined {
    data: Vec<Value>,
    last: [Option<u128>; 2],
    more: bool,
}

/// Takes the earlier of both heads again and again. A list that goes on beyond its part ends the page when its part is used up: what
/// comes next in it is not known.
fn join(questions: ItemPage, payments: Part, window: &Window) -> Joined {
    let mut joined = Joined { data: Vec::new(), last: [window.after, window.after_second], more: false };
    let (first_more, second_more) = (questions.more, payments.more);
    let end = questions.last.map(|id| id.0);
    let (mut first, mut second) = (questions.items.into_iter().peekable(), payments.items.into_iter().peekable());
    loop {
        let takes_first = match (first.peek(), second.peek()) {
            (None, None) => {
                joined.last[0] = end.or(joined.last[0]);
                joined.more = first_more || second_more;
                return joined;
            }
            (None, Some(_)) if first_more => {
                joined.last[0] = end.or(joined.last[0]);
                joined.more = true;
                return joined;
            }
            (Some(_), None) if second_more => {
                joined.more = true;
                return joined;
            }
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(question), Some(payment)) => is_first(question, payment, window),
        };
        if joined.data.len() == window.limit {
            joined.more = true;
            return joined;
        }
        if takes_first {
            let question = first.next();
            joined.last[0] = question.as_ref().map(|item| item.asked.wait.id.0).or(joined.last[0]);
            joined.data.extend(question.as_ref().map(inbox_wire::item_object));
        } else {
            let payment = second.next();
            joined.last[1] = payment.as_ref().map(Entry::id).or(joined.last[1]);
            joined.data.extend(payment.as_ref().map(|entry| entry_object(entry, false)));
        }
    }
}

fn is_first(question: &Question, payment: &Entry, window: &Window) -> bool {
    let wait = &question.asked.wait;
    let (one, other) = match window.sort {
        "due_at" => ((wait.due_at.micros(), wait.id.0), (payment.due_micros(), payment.id())),
        _ => ((0, wait.id.0), (0, payment.id())),
    };
    if window.newest_first { one > other } else { one < other }
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
