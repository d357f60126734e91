//! Table `webhook_messages`: an event that at least one endpoint wants, once for all of them; and the making of its deliveries.

use std::collections::HashSet;

use floe_model::{
    Fault, Scope, Timestamp,
    id::{DeliveryId, EventId, TriggerId, WebhookId, WorkspaceId},
    webhooks::{DeliveryStatus, Style, wants},
};

use super::endpoints::Listener;
use super::{attempts, deliveries, endpoints};
use crate::flows::trigger_events::{self, Happened};
use crate::{Change, Tx, Value, params, platform::events, statements};

/// The product whose events fire triggers.
const WORKFLOWS: &str = "workflows.";

/// Says of a delivery that was never tried why.
pub(super) const SKIPPED: &str = "skipped: the endpoint was disabled";

/// An event to be told of.
#[derive(Debug, Clone)]
pub struct NewMessage<'a> {
    /// Full name, `<product>.<name>`, one of `floe_model::event_types`.
    pub kind: &'static str,
    /// What it happened to.
    pub subject_id: Option<u128>,
    /// JSON object: the `data` of the delivery, sent as it stands.
    pub data: &'a str,
    /// When it happened.
    pub at: Timestamp,
}

/// A stored event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id: the same for all endpoints and attempts.
    pub id: EventId,
    /// Whose.
    pub scope: Scope,
    /// Full name.
    pub kind: String,
    /// JSON object.
    pub data: String,
    /// When it happened.
    pub at: Timestamp,
}

statements! {
    /// One event; a second time it changes nothing.
    INSERT = both(
        "insert into webhook_messages (id, workspace_id, mode, type, data, at) values ($1, $2, $3, $4, $5, $6)
         on conflict (id) do nothing"
    );
    /// Many events, each for the first time.
    INSERT_ALL = bulk(
        "insert into webhook_messages (id, workspace_id, mode, type, data, at)", [id, id, text, text, json, time],
        "on conflict (id) do nothing"
    );
    /// One event.
    FIND = both(
        "select id, workspace_id, mode, type, data, at from webhook_messages where id = $1 and workspace_id = $2"
    ) -> [id, id, text, text, json, time];
}

/// Publishes a domain event, hands it to the triggers that listen to it, and makes its deliveries, one for each endpoint of the workspace and mode that wants it, in the transaction
/// of the change that caused it. An endpoint that is off gets one that is `skipped`. `next_id` draws ids:
/// `&mut || ctx.ids.next_bits()`. Returns how many deliveries will be attempted.
///
/// # Errors
/// Of the database.
pub fn enqueue(
    tx: &mut Tx<'_>,
    scope: Scope,
    message: &NewMessage<'_>,
    next_id: &mut dyn FnMut() -> u128,
) -> Result<usize, Fault> {
    enqueue_after(tx, scope, message, &[], next_id)
}

/// [`enqueue`] of an event to which events led that fired the triggers of `chain`: none of them is fired by it again.
///
/// # Errors
/// Of the database.
pub fn enqueue_after(
    tx: &mut Tx<'_>,
    scope: Scope,
    message: &NewMessage<'_>,
    chain: &[TriggerId],
    next_id: &mut dyn FnMut() -> u128,
) -> Result<usize, Fault> {
    let event = events::NewEvent {
        id: EventId(next_id()),
        kind: message.kind,
        subject_id: message.subject_id,
        data: message.data.to_owned(),
        created_at: message.at,
    };
    events::publish(tx, scope, &event)?;
    if let Some(name) = message.kind.strip_prefix(WORKFLOWS) {
        let happened = Happened { event: event.id, name, data: message.data, chain, at: message.at };
        trigger_events::announce(tx, scope, &[happened], next_id)?;
    }
    let stored = Message { id: event.id, scope, kind: message.kind.to_owned(), data: event.data, at: message.at };
    let listeners = endpoints::listeners(tx, scope)?;
    make(tx, &stored, &listeners, next_id)
}

/// [`enqueue`] for many events, in this order, with one statement for each table: a run can have thousands of events at once.
///
/// # Errors
/// Of the database.
pub fn enqueue_all(
    tx: &mut Tx<'_>,
    scope: Scope,
    told: &[NewMessage<'_>],
    next_id: &mut dyn FnMut() -> u128,
) -> Result<usize, Fault> {
    let event = |message: &NewMessage<'_>| events::NewEvent {
        id: EventId(next_id()),
        kind: message.kind,
        subject_id: message.subject_id,
        data: message.data.to_owned(),
        created_at: message.at,
    };
    let told: Vec<events::NewEvent> = told.iter().map(event).collect();
    publish_all(tx, scope, told, next_id)
}

/// Publishes domain events, in this order, and makes their deliveries; returns how many will be attempted.
///
/// # Errors
/// Of the database.
pub fn publish_all(
    tx: &mut Tx<'_>,
    scope: Scope,
    told: Vec<events::NewEvent>,
    next_id: &mut dyn FnMut() -> u128,
) -> Result<usize, Fault> {
    events::publish_all(tx, scope, &told)?;
    if told.is_empty() {
        return Ok(0);
    }
    let listeners = endpoints::listeners(tx, scope)?;
    if listeners.is_empty() {
        return Ok(0);
    }
    let told: Vec<Message> = told
        .into_iter()
        .map(|one| Message { id: one.id, scope, kind: one.kind.to_owned(), data: one.data, at: one.created_at })
        .collect();
    let mut made = Vec::new();
    for message in &told {
        made.extend(deliveries_of(message, &listeners, next_id).into_iter().map(|delivery| (message, delivery)));
    }
    let wanted: HashSet<EventId> = made.iter().map(|(message, _)| message.id).collect();
    let stored: Vec<[Value<'_>; 6]> = told.iter().filter(|message| wanted.contains(&message.id)).map(row_of).collect();
    tx.bulk(&INSERT_ALL, &stored)?;
    deliveries::insert_many(tx, &made)?;
    announce_made(tx, scope.workspace, &made)
}

/// Makes the deliveries of an event that was published already, to endpoints that were there when it happened; returns how many will be
/// attempted.
///
/// # Errors
/// Of the database.
pub fn hand_out(tx: &mut Tx<'_>, message: &Message, next_id: &mut dyn FnMut() -> u128) -> Result<usize, Fault> {
    let mut listeners = endpoints::listeners(tx, message.scope)?;
    // Where an endpoint begins in the stream is not told to the moment by the cursor.
    listeners.retain(|listener| listener.created_at <= message.at);
    make(tx, message, &listeners, next_id)
}

fn make(
    tx: &mut Tx<'_>,
    message: &Message,
    listeners: &[Listener],
    next_id: &mut dyn FnMut() -> u128,
) -> Result<usize, Fault> {
    let made = deliveries_of(message, listeners, next_id);
    if made.is_empty() {
        return Ok(0);
    }
    insert(tx, message)?;
    deliveries::insert_all(tx, message, &made)?;
    let made: Vec<_> = made.into_iter().map(|delivery| (message, delivery)).collect();
    announce_made(tx, message.scope.workspace, &made)
}

/// The deliveries of an event, one for each endpoint that wants it.
fn deliveries_of(
    message: &Message,
    listeners: &[Listener],
    next_id: &mut dyn FnMut() -> u128,
) -> Vec<deliveries::NewDelivery> {
    let wanting = listeners
        .iter()
        // Of style `workflow` those that are active at the moment get one (Workflow API contract, section 10).
        .filter(|listener| listener.is_active || listener.style != Style::Workflow)
        .filter(|listener| wants(listener.style, listener.events.iter().map(String::as_str), &message.kind));
    let made = wanting.map(|listener| deliveries::NewDelivery {
        id: DeliveryId(next_id()),
        endpoint: listener.id,
        status: if listener.is_active { DeliveryStatus::Pending } else { DeliveryStatus::Skipped },
    });
    made.collect()
}

/// Tells whoever delivers, once for each endpoint, and notes what is skipped; returns how many wait.
fn announce_made(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    made: &[(&Message, deliveries::NewDelivery)],
) -> Result<usize, Fault> {
    let (mut waiting, mut told) = (0, HashSet::new());
    for (message, one) in made {
        if one.status == DeliveryStatus::Pending {
            waiting += 1;
            if told.insert(one.endpoint) {
                announce(tx, workspace, one.endpoint);
            }
        } else {
            attempts::note(tx, workspace, one.id, SKIPPED, message.at)?;
        }
    }
    Ok(waiting)
}

fn row_of(message: &Message) -> [Value<'_>; 6] {
    let Message { id, scope, kind, data, at } = message;
    [(*id).into(), scope.workspace.into(), scope.mode.into(), kind.into(), data.into(), (*at).into()]
}

/// Stores an event.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, message: &Message) -> Result<(), Fault> {
    let Message { id, scope, kind, data, at } = message;
    tx.execute(&INSERT, params![*id, scope.workspace, scope.mode, kind, data, *at]).map(drop)
}

/// One event.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: EventId) -> Result<Option<Message>, Fault> {
    tx.row(&FIND, params![id, workspace], |row| {
        Ok(Message {
            id: EventId(row.id(0)?),
            scope: Scope { workspace: WorkspaceId(row.id(1)?), mode: row.mode(2)? },
            kind: row.string(3)?,
            data: row.string(4)?,
            at: row.time(5)?,
        })
    })
}

/// Tells whoever delivers that there is something for an endpoint.
pub(super) fn announce(tx: &mut Tx<'_>, workspace: WorkspaceId, endpoint: WebhookId) {
    tx.announce(Change::Record { workspace, kind: "webhook", id: endpoint.0 });
}
