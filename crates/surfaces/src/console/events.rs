//! `/events`: the stream of domain events with their deliveries (console contract, section 5.4).
//!
//! Without `after` it is a list like the others, newest first. With `after`, the id of an event that was seen, it goes on in the order
//! in which events became visible, and no event is ever passed over; `wait` holds the answer until there is one.

use std::time::Duration;

use floe_model::access::Permission;
use floe_model::id::{EventId, WorkspaceId};
use floe_model::{Fault, Mode, Scope};
use floe_store::platform::events::{self, Cursor, Event};
use floe_store::webhooks::deliveries::Delivery;
use floe_store::{Change, Tx};
use floe_webhooks::endpoints::View;
use floe_webhooks::log;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use super::list::Window;
use super::shapes::{WINDOW, events as shapes, keys::MODE};
use super::webhooks::view;
use super::{Rights, SURFACE, filters};
use crate::http::shape::{ID, TEXT, int};
use crate::http::{Auth, Call, Reply, Route};

/// Seconds that an answer is held at most (console contract, section 5.4).
const WAIT_SECONDS_MAX: i64 = 25;
/// Events that are looked at for one page; a filter that finds few ends it short.
const LOOKED_AT_MAX: usize = 2_000;
/// Events that are looked at for a total.
const COUNTED_MAX: usize = 2_000;
/// Events that are read at once.
pub(super) const READ_AT_ONCE: usize = 250;
/// Pause between two looks while an answer is held: on PostgreSQL an event is shown a moment after its commit.
const LOOK_EVERY: Duration = Duration::from_millis(400);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/events", Auth::MEMBER, list)
            .needs(Permission::Read)
            .doc("List domain events")
            .about(
                "Newest first, or with after in the order in which they became visible. A page can hold fewer events than asked for, \
                 and none, while next_cursor is not null: only a bounded number of events is looked at for it. They are kept 30 days.",
            )
            .queries(WINDOW)
            .query("type", TEXT, "Of one type; treasury.* for those of a product")
            .query("product", shapes::PRODUCT, "Of one product")
            .query("mode", MODE, "Live or test")
            .query("object_id", ID, "About one object")
            .query("after", ID, "What came after this event, oldest first")
            .query("wait", int(0, WAIT_SECONDS_MAX), "Seconds to hold an answer that would be empty")
            .answers(200, shapes::EVENTS),
        Route::get(&SURFACE, "/console/v1/events/{id}", Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show a domain event")
            .answers(200, shapes::EVENT),
    ]
}

/// Which events a list shows.
#[derive(Clone)]
struct Filter {
    kind: Option<String>,
    product: Option<String>,
    modes: Vec<Mode>,
    object: Option<u128>,
}

impl Filter {
    fn shows(&self, event: &Event) -> bool {
        let has = |wanted: &str| match wanted.strip_suffix('*') {
            Some(head) => event.kind.starts_with(head),
            None => event.kind == wanted,
        };
        self.kind.as_deref().is_none_or(has)
            && self.product.as_deref().is_none_or(|wanted| product(&event.kind) == wanted)
            && self.object.is_none_or(|wanted| event.subject_id == Some(wanted))
    }
}

/// The product whose event it is.
pub(super) fn product(kind: &str) -> &str {
    kind.split_once('.').map_or(kind, |(product, _)| product)
}

/// A part of the stream.
#[derive(Clone, Copy)]
struct Part {
    oldest_first: bool,
    from: Option<Cursor>,
    limit: usize,
}

/// Events that were found, with the last one that was looked at.
#[derive(Default)]
struct Found {
    events: Vec<(Event, Vec<Delivery>)>,
    last: Option<Cursor>,
    more: bool,
    total: Option<i64>,
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &["type", "product", "mode", "object_id", "after"])?;
    filters::newest_first(window.newest_first)?;
    let filter = read_filter(&call)?;
    let wait = call.query.number("wait", 0, WAIT_SECONDS_MAX)?.unwrap_or(0);
    let (workspace, view) = (call.ctx.caller.workspace, view(&call));
    let given = window.after.map(place_of);
    let (oldest_first, from) = match filters::id(&call, "after")? {
        None => (false, given),
        Some(id) => {
            let seen = call.ctx.store.read(move |tx| events::find(tx, workspace, EventId(id))).await?;
            let unknown = || Fault::field("/after", "value", "after must be the id of an event that is still kept");
            (true, Some(given.unwrap_or(seen.ok_or_else(unknown)?.cursor)))
        }
    };
    let mut part = Part { oldest_first, from, limit: window.limit };
    let until = Instant::now() + Duration::from_secs(wait.unsigned_abs());
    let counts = window.total;
    // Watched from before the first look, so that no event is missed.
    let mut changes = call.ctx.store.watch();
    let found = loop {
        let (wanted, counted) = (filter.clone(), counts);
        let reading = move |tx: &mut Tx<'_>| read(tx, workspace, view, &wanted, part, counted);
        let found = call.ctx.store.read(reading).await?;
        let is_stopping = !call.app.flows.runs.is_running();
        if !found.events.is_empty() || found.more || is_stopping || Instant::now() >= until {
            break found;
        }
        // What was looked at in vain is not looked at again.
        if oldest_first {
            part.from = found.last.or(part.from);
        }
        held(&mut changes, until).await;
        call.prove_again().await?;
    };
    let data = found.events.iter().map(|(event, deliveries)| object(event, deliveries)).collect();
    Reply::ok(&window.page(data, found.last.map(bits_of), found.more, found.total))
}

/// Waits for an event of anybody, and not longer than until the next look.
async fn held(changes: &mut broadcast::Receiver<Change>, until: Instant) {
    let changed = async {
        loop {
            match changes.recv().await {
                Ok(Change::Events | Change::Many) | Err(RecvError::Lagged(_)) => return,
                Ok(_) => {}
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    };
    let end = until.min(Instant::now() + LOOK_EVERY);
    // Over the time it looks again all the same.
    let _ = tokio::time::timeout_at(end, changed).await;
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (id, workspace, view): (EventId, WorkspaceId, View) =
        (call.id("id", "Event")?, call.ctx.caller.workspace, view(&call));
    let reading = move |tx: &mut Tx<'_>| {
        let event = events::find(tx, workspace, id)?.ok_or_else(|| Fault::not_found("Event"))?;
        let deliveries = log::of_event(tx, view, id)?;
        Ok((event, deliveries))
    };
    let (event, deliveries) = call.ctx.store.read(reading).await?;
    Reply::ok(&object(&event, &deliveries))
}

fn read_filter(call: &Call) -> Result<Filter, Fault> {
    let product = filters::word(call, "product", shapes::PRODUCTS)?;
    let modes = filters::mode(call)?.map_or_else(|| vec![Mode::Live, Mode::Test], |mode| vec![mode]);
    Ok(Filter { kind: filters::text(call, "type")?, product, modes, object: filters::id(call, "object_id")? })
}

fn read(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    view: View,
    filter: &Filter,
    part: Part,
    counts: bool,
) -> Result<Found, Fault> {
    let mut found = Found::default();
    let mut shown = Vec::new();
    (found.last, found.more) = walk(tx, workspace, filter, part, LOOKED_AT_MAX, |event| {
        shown.push(event);
        shown.len() <= part.limit
    })?;
    if shown.len() > part.limit {
        shown.truncate(part.limit);
        found.last = shown.last().map(|event| event.cursor);
    }
    for event in shown {
        let deliveries = log::of_event(tx, view, event.id)?;
        found.events.push((event, deliveries));
    }
    if counts {
        let mut total = 0;
        let all = Part { from: if part.oldest_first { part.from } else { None }, ..part };
        let (_, more) = walk(tx, workspace, filter, all, COUNTED_MAX, |_| {
            total += 1;
            true
        })?;
        found.total = (!more).then_some(total);
    }
    Ok(found)
}

/// Visits events that a filter finds, of both modes as one stream, until the visitor has enough; looks at `most` at most. Gives the place
/// of the last one that was looked at, and whether there may be more.
fn walk(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &Filter,
    part: Part,
    most: usize,
    mut visit: impl FnMut(Event) -> bool,
) -> Result<(Option<Cursor>, bool), Fault> {
    let mut last = part.from;
    let mut looked_at = 0;
    loop {
        let page = page(tx, workspace, &filter.modes, part.oldest_first, last)?;
        if page.is_empty() {
            return Ok((last, false));
        }
        for event in page {
            if looked_at == most {
                return Ok((last, true));
            }
            looked_at += 1;
            let at = event.cursor;
            if filter.shows(&event) && !visit(event) {
                return Ok((Some(at), true));
            }
            last = Some(at);
        }
    }
}

/// The next events of the modes that are asked for, in one order, up to where all of them were read.
///
/// # Errors
/// Of the database.
pub(super) fn page(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    modes: &[Mode],
    oldest_first: bool,
    from: Option<Cursor>,
) -> Result<Vec<Event>, Fault> {
    let mut found: Vec<Event> = Vec::new();
    for &mode in modes {
        let scope = Scope { workspace, mode };
        found.extend(if oldest_first {
            events::since(tx, scope, from.unwrap_or_default(), READ_AT_ONCE)?
        } else {
            events::latest(tx, scope, from, READ_AT_ONCE)?
        });
    }
    found.sort_by_key(|event| event.cursor);
    if !oldest_first {
        found.reverse();
    }
    // Beyond this a mode of which as many were read may have events that were not.
    found.truncate(READ_AT_ONCE);
    Ok(found)
}

/// An event. Absent values are null, never left out.
fn object(event: &Event, deliveries: &[Delivery]) -> Value {
    let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
    let deliveries = deliveries.iter().map(|one| {
        json!({
            "id": one.id.prefixed(), "endpoint_id": one.endpoint.prefixed(), "status": one.status.as_str(),
            "attempt_count": one.attempts, "created_at": one.created_at, "finished_at": one.finished_at,
        })
    });
    json!({
        "id": event.id.prefixed(),
        "type": event.kind,
        "product": product(&event.kind),
        "mode": event.scope.mode.as_str(),
        "timestamp": event.created_at,
        "object_id": event.subject_id.map(|id| EventId(id).to_string()),
        "data": data,
        "deliveries": deliveries.collect::<Vec<Value>>(),
    })
}

/// A place as a cursor of a list keeps it. No event has the number 0, so that no place is 0.
pub(super) fn bits_of(place: Cursor) -> u128 {
    u128::from(place.group.unsigned_abs()) << 64 | u128::from(place.position.unsigned_abs())
}

/// The place that a cursor of a list keeps.
pub(super) fn place_of(bits: u128) -> Cursor {
    let number = |bits: u128| i64::try_from(bits & u128::from(u64::MAX)).unwrap_or(i64::MAX);
    Cursor { group: number(bits >> 64), position: number(bits) }
}
