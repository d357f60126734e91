//! Table `webhook_messages`: an event that at least one endpoint wants, once for all of them; and the making of its deliveries.

use floe_model::{
    Fault, Scope, Timestamp,
    id::{DeliveryId, EventId, WebhookId, WorkspaceId},
    webhooks::{DeliveryStatus, wants},
};

use super::endpoints::Listener;
use super::{attempts, deliveries, endpoints};
use crate::{Change, Tx, params, platform::events, statements};

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
    /// One event.
    FIND = both(
        "select id, workspace_id, mode, type, data, at from webhook_messages where id = $1 and workspace_id = $2"
    ) -> [id, id, text, text, json, time];
}

/// Publishes a domain event and makes its deliveries, one for each endpoint of the workspace and mode that wants it, in the transaction
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
    let event = events::NewEvent {
        id: EventId(next_id()),
        kind: message.kind,
        subject_id: message.subject_id,
        data: message.data.to_owned(),
        created_at: message.at,
    };
    events::publish(tx, scope, &event)?;
    let stored = Message { id: event.id, scope, kind: message.kind.to_owned(), data: event.data, at: message.at };
    let listeners = endpoints::listeners(tx, scope)?;
    make(tx, &stored, &listeners, next_id)
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
    let workspace = message.scope.workspace;
    let wanting = listeners
        .iter()
        .filter(|listener| wants(listener.style, listener.events.iter().map(String::as_str), &message.kind));
    let made: Vec<deliveries::NewDelivery> = wanting
        .map(|listener| deliveries::NewDelivery {
            id: DeliveryId(next_id()),
            endpoint: listener.id,
            status: if listener.is_active { DeliveryStatus::Pending } else { DeliveryStatus::Skipped },
        })
        .collect();
    if made.is_empty() {
        return Ok(0);
    }
    insert(tx, message)?;
    deliveries::insert_all(tx, message, &made)?;
    let mut waiting = 0;
    for one in &made {
        if one.status == DeliveryStatus::Pending {
            waiting += 1;
            announce(tx, workspace, one.endpoint);
        } else {
            attempts::note(tx, workspace, one.id, SKIPPED, message.at)?;
        }
    }
    Ok(waiting)
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
