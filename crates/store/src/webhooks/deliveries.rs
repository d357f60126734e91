//! Table `webhook_deliveries`: what an event is to one endpoint, and how far it has come.

use floe_model::{
    Fault, Mode, Timestamp,
    id::{DeliveryId, EventId, WebhookId, WorkspaceId},
    webhooks::DeliveryStatus,
};

use super::{attempts, messages::Message};
use crate::{Row, Tx, Value, params, statements};

/// Deliveries of one page at most.
pub const PAGE_MAX: usize = 1_000;
/// Deliveries of one event that are shown at most; an event has one for each endpoint.
const EVENT_MAX: usize = 200;

/// Says of a delivery that waited when its endpoint was switched off why no more attempts are made.
const ABANDONED: &str = "abandoned: the endpoint was disabled";

/// A delivery to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// To whom.
    pub endpoint: WebhookId,
    /// `Pending` or `Skipped`; any other for one that is made by hand.
    pub status: DeliveryStatus,
}

/// A delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its place in the order.
    pub position: i64,
    /// Its id.
    pub id: DeliveryId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Mode of the event.
    pub mode: Mode,
    /// To whom.
    pub endpoint: WebhookId,
    /// The event.
    pub event: EventId,
    /// Full name of the event.
    pub kind: String,
    /// How far it has come.
    pub status: DeliveryStatus,
    /// Attempts that were begun.
    pub attempts: u32,
    /// When the next one is made.
    pub due_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
}

/// Which deliveries a list shows; an empty filter shows all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// To one endpoint.
    pub endpoint: Option<WebhookId>,
    /// Of one kind of event.
    pub kind: Option<String>,
    /// In one state.
    pub status: Option<DeliveryStatus>,
    /// Of one mode.
    pub mode: Option<Mode>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
    /// Not those to endpoints of style `treasury`.
    pub without_treasury: bool,
}

/// What an attempt makes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// How far it has come.
    pub status: DeliveryStatus,
    /// When the next attempt is made.
    pub due_at: Option<Timestamp>,
    /// Now.
    pub at: Timestamp,
}

statements! {
    /// The deliveries of one event.
    INSERT_ALL = bulk(
        "insert into webhook_deliveries (id, workspace_id, mode, endpoint_id, event_id, type, status, attempts, due_at,
             created_at, finished_at)",
        [id, id, text, id, id, text, text, int, opt time, time, opt time]
    );
    /// One.
    FIND = both(
        "select position, id, workspace_id, mode, endpoint_id, event_id, type, status, attempts, due_at, created_at, finished_at
         from webhook_deliveries where id = $1 and workspace_id = $2"
    ) -> [int, id, id, text, id, id, text, text, int, opt time, time, opt time];
    /// A page of all, newest first.
    LIST = both(
        "select position, id, workspace_id, mode, endpoint_id, event_id, type, status, attempts, due_at, created_at, finished_at
         from webhook_deliveries
         where workspace_id = $1 and position < $2
             and (type = $3 or $3 is null)
             and (status = $4 or $4 is null)
             and (mode = $5 or $5 is null)
             and (created_at >= $6 or $6 is null)
             and (created_at < $7 or $7 is null)
             and (type = 'agents.callback' or endpoint_id in (
                 select id from webhook_endpoints where workspace_id = $1 and (style <> 'treasury' or not $9)))
         order by position desc limit $8"
    ) -> [int, id, id, text, id, id, text, text, int, opt time, time, opt time];
    /// A page of those to one endpoint, newest first.
    LIST_OF = both(
        "select position, id, workspace_id, mode, endpoint_id, event_id, type, status, attempts, due_at, created_at, finished_at
         from webhook_deliveries
         where workspace_id = $1 and position < $2
             and (type = $3 or $3 is null)
             and (status = $4 or $4 is null)
             and (mode = $5 or $5 is null)
             and (created_at >= $6 or $6 is null)
             and (created_at < $7 or $7 is null)
             and endpoint_id in (
                 select id from webhook_endpoints where workspace_id = $1 and (style <> 'treasury' or not $9))
             and endpoint_id = $10
         order by position desc limit $8"
    ) -> [int, id, id, text, id, id, text, text, int, opt time, time, opt time];
    /// A page of those to one endpoint, newest first.
    PAGE = both(
        "select position, id, workspace_id, mode, endpoint_id, event_id, type, status, attempts, due_at, created_at, finished_at
         from webhook_deliveries where workspace_id = $1 and endpoint_id = $2 order by position desc limit $3 offset $4"
    ) -> [int, id, id, text, id, id, text, text, int, opt time, time, opt time];
    /// How many a list has.
    COUNT = both(
        "select count(*) from webhook_deliveries where workspace_id = $1
             and (type = $2 or $2 is null)
             and (status = $3 or $3 is null)
             and (mode = $4 or $4 is null)
             and (created_at >= $5 or $5 is null)
             and (created_at < $6 or $6 is null)
             and (type = 'agents.callback' or endpoint_id in (
                 select id from webhook_endpoints where workspace_id = $1 and (style <> 'treasury' or not $8)))
             and (endpoint_id = $7 or $7 is null)"
    ) -> [int];
    /// Those of one event.
    OF_EVENT = both(
        "select position, id, workspace_id, mode, endpoint_id, event_id, type, status, attempts, due_at, created_at, finished_at
         from webhook_deliveries where event_id = $1 and workspace_id = $2 order by position limit $3"
    ) -> [int, id, id, text, id, id, text, text, int, opt time, time, opt time];
    /// The receiver took it.
    TAKEN = both(
        "update webhook_deliveries set status = 'success', due_at = null, finished_at = $2 where id = $1 and status <> 'success'"
    );
    /// An attempt failed. What was ended meanwhile stays so.
    FAILED = both(
        "update webhook_deliveries set status = $2, due_at = $3, finished_at = $4
         where id = $1 and status in ('pending', 'retrying')"
    );
    /// A delivery by hand begins another attempt.
    BEGIN = both("update webhook_deliveries set attempts = attempts + 1 where id = $1 and workspace_id = $2 returning attempts")
        -> [int];
    /// What waits for an endpoint ends.
    ABANDON = both(
        "update webhook_deliveries set status = 'abandoned', due_at = null, finished_at = $2
         where endpoint_id = $1 and status in ('pending', 'retrying')"
    );
}

/// Adds the deliveries of an event.
///
/// # Errors
/// Of the database.
pub fn insert_all(tx: &mut Tx<'_>, message: &Message, made: &[NewDelivery]) -> Result<(), Fault> {
    let made: Vec<_> = made.iter().map(|one| (message, *one)).collect();
    insert_many(tx, &made)
}

/// Adds the deliveries of many events.
///
/// # Errors
/// Of the database.
pub(super) fn insert_many(tx: &mut Tx<'_>, made: &[(&Message, NewDelivery)]) -> Result<(), Fault> {
    let rows: Vec<[Value<'_>; 11]> = made
        .iter()
        .map(|(message, one)| {
            let due_at = (one.status == DeliveryStatus::Pending).then_some(message.at);
            let finished_at = (one.status == DeliveryStatus::Skipped).then_some(message.at);
            [
                one.id.into(),
                message.scope.workspace.into(),
                message.scope.mode.into(),
                one.endpoint.into(),
                message.id.into(),
                (&message.kind).into(),
                one.status.as_str().into(),
                0_i64.into(),
                due_at.into(),
                message.at.into(),
                finished_at.into(),
            ]
        })
        .collect();
    tx.bulk(&INSERT_ALL, &rows).map(drop)
}

/// One delivery.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: DeliveryId) -> Result<Option<Delivery>, Fault> {
    tx.row(&FIND, params![id, workspace], delivery)
}

/// Up to `limit` ([`PAGE_MAX`] at most) deliveries, newest first, before a position (`None`: from the newest).
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &Filter,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Delivery>, Fault> {
    let (before, limit) = (before.unwrap_or(i64::MAX), limit.min(PAGE_MAX));
    let Filter { endpoint, kind, status, mode, from, to, without_treasury } = filter;
    let status = status.map(DeliveryStatus::as_str);
    match endpoint {
        None => tx.rows(
            &LIST,
            params![workspace, before, kind, status, *mode, *from, *to, limit, *without_treasury],
            delivery,
        ),
        Some(endpoint) => {
            let without = *without_treasury;
            let values = params![workspace, before, kind, status, *mode, *from, *to, limit, without, *endpoint];
            tx.rows(&LIST_OF, values, delivery)
        }
    }
}

/// Up to `limit` ([`PAGE_MAX`] at most) deliveries to one endpoint, newest first, after the first `skip`.
///
/// # Errors
/// Of the database.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    endpoint: WebhookId,
    skip: u64,
    limit: u64,
) -> Result<Vec<Delivery>, Fault> {
    tx.rows(&PAGE, params![workspace, endpoint, limit.min(PAGE_MAX as u64), skip], delivery)
}

/// How many deliveries [`list`] has over all pages.
///
/// # Errors
/// Of the database.
pub fn total(tx: &mut Tx<'_>, workspace: WorkspaceId, filter: &Filter) -> Result<i64, Fault> {
    let Filter { endpoint, kind, status, mode, from, to, without_treasury } = filter;
    let status = status.map(DeliveryStatus::as_str);
    let values = params![workspace, kind, status, *mode, *from, *to, *endpoint, *without_treasury];
    Ok(tx.row(&COUNT, values, |row| row.int(0))?.unwrap_or(0))
}

/// The deliveries of one event, a bounded number.
///
/// # Errors
/// Of the database.
pub fn of_event(tx: &mut Tx<'_>, workspace: WorkspaceId, event: EventId) -> Result<Vec<Delivery>, Fault> {
    tx.rows(&OF_EVENT, params![event, workspace, EVENT_MAX], delivery)
}

/// Writes what an attempt made of a delivery. A success always counts; a failure only while attempts are being made.
///
/// # Errors
/// Of the database.
pub fn settle(tx: &mut Tx<'_>, id: DeliveryId, settled: Settled) -> Result<(), Fault> {
    let Settled { status, due_at, at } = settled;
    if status == DeliveryStatus::Success {
        return tx.execute(&TAKEN, params![id, at]).map(drop);
    }
    let finished_at = due_at.is_none().then_some(at);
    tx.execute(&FAILED, params![id, status.as_str(), due_at, finished_at]).map(drop)
}

/// Counts an attempt that is made by hand and returns its number; none when there is no such delivery.
///
/// # Errors
/// Of the database.
pub fn begin(tx: &mut Tx<'_>, workspace: WorkspaceId, id: DeliveryId) -> Result<Option<u32>, Fault> {
    tx.row(&BEGIN, params![id, workspace], |row| row.u32(0))
}

/// Ends what waits for an endpoint, with a note for each; returns how many.
///
/// # Errors
/// Of the database.
pub fn abandon(tx: &mut Tx<'_>, endpoint: WebhookId, at: Timestamp) -> Result<u64, Fault> {
    attempts::note_waiting(tx, endpoint, ABANDONED, at)?;
    tx.execute(&ABANDON, params![endpoint, at])
}

pub(super) fn delivery(row: &Row<'_>) -> Result<Delivery, Fault> {
    Ok(Delivery {
        position: row.int(0)?,
        id: DeliveryId(row.id(1)?),
        workspace: WorkspaceId(row.id(2)?),
        mode: row.mode(3)?,
        endpoint: WebhookId(row.id(4)?),
        event: EventId(row.id(5)?),
        kind: row.string(6)?,
        status: DeliveryStatus::parse(row.text(7)?).ok_or_else(|| row.mismatch(7, "status"))?,
        attempts: row.u32(8)?,
        due_at: row.opt_time(9)?,
        created_at: row.time(10)?,
        finished_at: row.opt_time(11)?,
    })
}
