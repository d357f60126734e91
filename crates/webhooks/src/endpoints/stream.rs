//! Endpoints that pick from the whole stream of domain events (style `standard`, console contract, section 5.4).
//!
//! Events of slices that call `floe_store::webhooks::enqueue` reach them with the change. All others are read from the stream in
//! order, from a cursor that moves in the transaction that makes their deliveries, so that each is handed out once.

use floe_model::Fault;
use floe_store::Tx;
use floe_store::platform::events;
use floe_store::webhooks::messages::{Message, hand_out};
use floe_store::webhooks::{cursor, endpoints};

use crate::Webhooks;

/// Events handed out in one transaction at most.
const STEP_MAX: usize = 200;
/// Transactions in a row at most.
const STEPS_MAX: usize = 50;
/// Events that were handed out with the change that caused them.
const AT_ONCE: [&str; 2] = ["treasury.", "workflows."];

/// An endpoint begins to follow the stream: the first one with what happens from now on.
pub(super) fn begin(tx: &mut Tx<'_>) -> Result<(), Fault> {
    if cursor::hold(tx)?.is_none() {
        let end = events::end(tx)?;
        cursor::set(tx, end)?;
    }
    Ok(())
}

/// An endpoint follows it no more.
pub(super) fn end(tx: &mut Tx<'_>) -> Result<(), Fault> {
    if endpoints::any_standard(tx)? { Ok(()) } else { cursor::clear(tx) }
}

/// Hands out what has happened since the last time; true when anybody follows the stream.
pub(crate) async fn follow(service: &Webhooks) -> Result<bool, Fault> {
    let store = &service.platform.store;
    if !store.read(endpoints::any_standard).await? {
        return Ok(false);
    }
    for _ in 0..STEPS_MAX {
        // Looks before it writes, so that an idle server writes nothing.
        let is_behind = |tx: &mut Tx<'_>| match cursor::peek(tx)? {
            Some(at) => Ok(!events::after(tx, at, 1)?.is_empty()),
            None => Ok(false),
        };
        if !store.read(is_behind).await? {
            break;
        }
        let ids = service.platform.ids.clone();
        let count = store.write(move |tx| step(tx, &mut || ids.next_bits())).await?;
        if count < STEP_MAX {
            break;
        }
    }
    Ok(true)
}

/// Hands out some events; returns how many were looked at.
fn step(tx: &mut Tx<'_>, next_id: &mut dyn FnMut() -> u128) -> Result<usize, Fault> {
    let Some(at) = cursor::hold(tx)? else { return Ok(0) };
    let page = events::after(tx, at, STEP_MAX)?;
    let Some(last) = page.last() else { return Ok(0) };
    cursor::set(tx, last.cursor)?;
    let count = page.len();
    for event in page {
        if !AT_ONCE.iter().any(|product| event.kind.starts_with(product)) {
            let message =
                Message { id: event.id, scope: event.scope, kind: event.kind, data: event.data, at: event.created_at };
            hand_out(tx, &message, next_id)?;
        }
    }
    Ok(count)
}
