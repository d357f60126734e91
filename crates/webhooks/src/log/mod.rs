//! What became of deliveries: reading the log, and doing many of them once more.

mod replays;

use floe_model::Fault;
use floe_model::access::{Caller, Permission};
use floe_model::id::{DeliveryId, EventId};
use floe_model::webhooks::Style;
use floe_store::Tx;
use floe_store::webhooks::attempts::{self, Attempt};
use floe_store::webhooks::deliveries::{self, Delivery};
use floe_store::webhooks::endpoints::{self as rows, Endpoint};
use floe_store::webhooks::messages::{self, Message};

pub use crate::message::shown_name;
pub(crate) use replays::Replays;
pub use replays::Wanted;

use crate::callbacks::target;
use crate::endpoints::{View, check_style};
use crate::message::{self, Numbers};

/// A delivery with everything about it.
#[derive(Debug, Clone)]
pub struct Full {
    /// It.
    pub delivery: Delivery,
    /// Its endpoint; none when that was deleted.
    pub endpoint: Option<Endpoint>,
    /// The event.
    pub message: Option<Message>,
    /// Every attempt and note, in order.
    pub attempts: Vec<Attempt>,
}

/// What an attempt sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// Headers, without those that the endpoint adds.
    pub headers: Vec<(String, String)>,
    /// Body, byte for byte.
    pub body: String,
}

impl Full {
    /// What an attempt sent; none for a note, and when the event or the endpoint is gone.
    #[must_use]
    pub fn request(&self, attempt: &Attempt) -> Option<Request> {
        let (endpoint, message) = (self.endpoint.as_ref()?, self.message.as_ref()?);
        let signature = attempt.signature.as_deref().filter(|_| attempt.number > 0)?;
        let numbers = Numbers { id: attempt.id, delivery: self.delivery.id, number: attempt.number, at: attempt.at };
        let head = message::head(endpoint.style, message, numbers, signature);
        let headers = head.into_iter().map(|(name, value)| (name.as_str().to_owned(), value)).collect();
        Some(Request { headers, body: message::body(endpoint.style, message, numbers) })
    }
}

/// One delivery of a view.
///
/// # Errors
/// 404, also when its endpoint is not of the view.
pub fn find(tx: &mut Tx<'_>, view: View, id: DeliveryId) -> Result<Delivery, Fault> {
    let missing = || Fault::not_found("Delivery");
    let delivery = deliveries::find(tx, view.workspace(), id)?.ok_or_else(missing)?;
    let endpoint = target(tx, &delivery)?.ok_or_else(missing)?;
    if view.shows(&endpoint) { Ok(delivery) } else { Err(missing()) }
}

/// One delivery of a view with everything about it.
///
/// # Errors
/// 404.
pub fn full(tx: &mut Tx<'_>, view: View, id: DeliveryId) -> Result<Full, Fault> {
    let delivery = find(tx, view, id)?;
    let workspace = delivery.workspace;
    Ok(Full {
        endpoint: target(tx, &delivery)?,
        message: messages::find(tx, workspace, delivery.event)?,
        attempts: attempts::of_delivery(tx, workspace, id)?,
        delivery,
    })
}

/// The delivery behind an entry of the log: an attempt, or a note, whose id is the delivery's.
///
/// # Errors
/// 404, also when it is of another endpoint.
pub fn of_entry(tx: &mut Tx<'_>, view: View, endpoint: &Endpoint, id: u128) -> Result<DeliveryId, Fault> {
    let missing = || Fault::not_found("Delivery");
    let entry = attempts::find(tx, view.workspace(), id)?;
    let delivery = entry.map_or(DeliveryId(id), |entry| entry.delivery);
    let found = deliveries::find(tx, view.workspace(), delivery)?.ok_or_else(missing)?;
    if found.endpoint == endpoint.id { Ok(found.id) } else { Err(missing()) }
}

/// The deliveries of an event that a view shows.
///
/// # Errors
/// Of the database.
pub fn of_event(tx: &mut Tx<'_>, view: View, event: EventId) -> Result<Vec<Delivery>, Fault> {
    let all = rows::all(tx, view.workspace())?;
    let mut found = deliveries::of_event(tx, view.workspace(), event)?;
    found.retain(|delivery| all.iter().any(|one| one.id == delivery.endpoint && view.shows(one)));
    Ok(found)
}

/// Refuses callers who may not send to an endpoint: doing something once more needs `run`, for style `treasury` the treasury role owner.
pub(crate) fn check_rights(caller: &Caller, endpoint: &Endpoint) -> Result<(), Fault> {
    match endpoint.style {
        Style::Treasury => check_style(caller, Style::Treasury),
        Style::Standard | Style::Workflow | Style::Callback if caller.may(Permission::Run) => Ok(()),
        Style::Standard | Style::Workflow | Style::Callback => {
            Err(Fault::forbidden("Sending once more needs the permission run")
                .with_details(serde_json::json!({ "required": "run" })))
        }
    }
}
