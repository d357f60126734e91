//! Domain events of items: `platform.inbox.created`, `.answered`, `.expired` (console contract, section 5.4). Endpoints that pick from the
//! whole stream read them there.

use floe_model::id::{InboxId, PaymentRunId};
use floe_model::treasury::{CURRENCY, Kobo, RunStatus};
use floe_model::{Fault, Scope, Timestamp};
use floe_runtime::Platform;
use floe_store::Tx;
use floe_store::platform::events::{self, NewEvent};
use floe_store::treasury::payment_runs::PaymentRun;
use serde_json::json;

use crate::trail;

/// What is told about an item.
pub(crate) struct Told<'a> {
    /// The bits of its id.
    pub(crate) id: u128,
    /// `payment_approval` or `payment_confirmation`.
    pub(crate) kind: &'static str,
    /// What it is about.
    pub(crate) title: &'a str,
    /// The run.
    pub(crate) run: PaymentRunId,
    /// What it comes to.
    pub(crate) amount: Kobo,
    /// When it happened.
    pub(crate) at: Timestamp,
}

/// Publishes an event about an item.
///
/// # Errors
/// Of the database.
pub(crate) fn tell(
    tx: &mut Tx<'_>,
    platform: &Platform,
    scope: Scope,
    event: &'static str,
    told: &Told<'_>,
) -> Result<(), Fault> {
    let data = json!({
        "inbox_id": InboxId(told.id).prefixed(), "kind": told.kind, "product": trail::PRODUCT, "title": told.title,
        "run_id": told.run, "amount": told.amount.to_string(), "currency": CURRENCY,
    });
    let event = NewEvent {
        id: platform.ids.next(),
        kind: event,
        subject_id: Some(told.id),
        data: data.to_string(),
        created_at: told.at,
    };
    events::publish(tx, scope, &event)
}

/// The event about the item of a run that a change of the run is, if it is one. What is scored again stays the same item.
pub(crate) fn of_change(before: &PaymentRun, after: &PaymentRun) -> Option<&'static str> {
    use RunStatus::{AwaitingApproval, Cancelled, Completed, Executing};
    match (before.status, after.status) {
        (_, AwaitingApproval) if before.requested_at.is_none() => Some("platform.inbox.created"),
        (AwaitingApproval, Executing | Completed) => Some("platform.inbox.answered"),
        (AwaitingApproval, Cancelled) if after.error.as_deref() == Some("approval_expired") => {
            Some("platform.inbox.expired")
        }
        _ => None,
    }
}
