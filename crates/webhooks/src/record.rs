//! What follows from an attempt: its entry in the log, the state of the delivery, the counter of the endpoint.

use floe_model::webhooks::{Counted, DeliveryStatus, Failed, Next, Style, after_failure, count};
use floe_model::{Fault, Mode, Scope, Timestamp};
use floe_runtime::Platform;
use floe_store::Tx;
use floe_store::platform::events::NewEvent;
use floe_store::webhooks::attempts::{self, Attempt};
use floe_store::webhooks::deliveries::{self, Settled};
use floe_store::webhooks::endpoints;
use floe_store::webhooks::messages::{self, Message};
use serde_json::json;

use crate::attempt::{Outcome, Outgoing};
use crate::callbacks;
use crate::trail;

/// Why an endpoint was switched off, for people.
pub(crate) const TOO_MANY_FAILURES: &str = "too many failures";

/// Which attempt it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The first of its delivery, by the engine.
    First,
    /// A later one, by the engine.
    Again,
    /// One that somebody asked for. A failure counts for nothing.
    ByHand,
    /// A test. It counts for nothing at all.
    Test,
}

/// Writes everything that follows from an attempt; returns when the next one is due.
pub(crate) fn record(
    tx: &mut Tx<'_>,
    platform: &Platform,
    outgoing: &Outgoing,
    outcome: &Outcome,
    turn: Turn,
) -> Result<Option<Timestamp>, Fault> {
    // The endpoint is held before the delivery, as everywhere, so that two transactions never wait for each other.
    let is_switched_off = weigh(tx, outgoing, outcome, turn)?;
    attempts::insert(tx, &entry(outgoing, outcome))?;
    let now = platform.clock.now();
    let settled = |status, due_at| Settled { status, due_at, at: now };
    let delivery = outgoing.delivery;
    let (mut due_at, mut is_over) = (None, turn == Turn::ByHand);
    match turn {
        _ if outcome.success => deliveries::settle(tx, delivery, settled(DeliveryStatus::Success, None))?,
        Turn::First | Turn::Again => {
            let chance = u16::from_be_bytes(platform.ids.secret());
            let style = outgoing.endpoint.style;
            let failed = Failed {
                attempt: outgoing.number,
                status_code: outcome.status_code,
                retry_after_s: outcome.retry_after_s,
                attempts_max: outcome.attempts_max,
                chance,
            };
            let next = match after_failure(style, failed) {
                Next::Again(pause_ms) => {
                    due_at = Some(now.plus_millis(pause_ms));
                    settled(DeliveryStatus::Retrying, due_at)
                }
                Next::Over => {
                    is_over = true;
                    settled(DeliveryStatus::Failed, None)
                }
            };
            deliveries::settle(tx, delivery, next)?;
        }
        Turn::Test => deliveries::settle(tx, delivery, settled(DeliveryStatus::Failed, None))?,
        Turn::ByHand => {}
    }
    if is_switched_off {
        switch_off(tx, platform, outgoing)?;
    }
    if outgoing.endpoint.style == Style::Callback && (is_over || outcome.success) {
        callbacks::tell(tx, platform, outgoing, outcome)?;
    }
    Ok(due_at)
}

/// Counts an attempt; true when the endpoint is to be switched off by it.
fn weigh(tx: &mut Tx<'_>, outgoing: &Outgoing, outcome: &Outcome, turn: Turn) -> Result<bool, Fault> {
    if outgoing.endpoint.style == Style::Callback {
        return Ok(false);
    }
    let (workspace, id, style) = (outgoing.endpoint.workspace, outgoing.endpoint.id, outgoing.endpoint.style);
    if outcome.success && turn != Turn::Test {
        endpoints::clear(tx, workspace, id, outcome.at)?;
        return Ok(false);
    }
    let counts = matches!(turn, Turn::First | Turn::Again);
    let counter = if counts { endpoints::hold_counter(tx, workspace, id)? } else { None };
    let Some(before) = counter else {
        endpoints::triggered(tx, workspace, id, outcome.at)?;
        return Ok(false);
    };
    let counted = Counted { success: outcome.success, is_first: turn == Turn::First, at: outcome.at };
    let (after, is_switched_off) = count(style, before, counted);
    endpoints::count(tx, workspace, id, after, outcome.at)?;
    Ok(is_switched_off)
}

/// Switches the endpoint off: what waits for it ends, and the workspace is told.
fn switch_off(tx: &mut Tx<'_>, platform: &Platform, outgoing: &Outgoing) -> Result<(), Fault> {
    let endpoint = &outgoing.endpoint;
    if !endpoints::disable(tx, endpoint.workspace, endpoint.id, TOO_MANY_FAILURES)? {
        return Ok(());
    }
    let now = platform.clock.now();
    deliveries::abandon(tx, endpoint.id, now)?;
    trail::by_itself(tx, platform, endpoint, "disabled_webhook", &json!({ "reason": TOO_MANY_FAILURES }))?;
    let data = json!({ "webhook_id": endpoint.id.prefixed(), "name": endpoint.name, "url": endpoint.url, "reason": TOO_MANY_FAILURES });
    let scope = Scope { workspace: endpoint.workspace, mode: endpoint.mode.unwrap_or(Mode::Live) };
    let event = NewEvent {
        id: platform.ids.next(),
        kind: "platform.webhook.disabled",
        subject_id: Some(endpoint.id.0),
        data: data.to_string(),
        created_at: now,
    };
    floe_store::platform::events::publish(tx, scope, &event)
}

/// Stores the event and the delivery that a test is about, with how it went.
pub(crate) fn store_test(
    tx: &mut Tx<'_>,
    platform: &Platform,
    outgoing: &Outgoing,
    outcome: &Outcome,
) -> Result<(), Fault> {
    let message: &Message = &outgoing.message;
    messages::insert(tx, message)?;
    let made = deliveries::NewDelivery {
        id: outgoing.delivery,
        endpoint: outgoing.endpoint.id,
        // Not `Pending`: the engine must not make this attempt as well.
        status: DeliveryStatus::Failed,
    };
    deliveries::insert_all(tx, message, &[made])?;
    deliveries::begin(tx, outgoing.endpoint.workspace, outgoing.delivery)?;
    record(tx, platform, outgoing, outcome, Turn::Test).map(drop)
}

fn entry(outgoing: &Outgoing, outcome: &Outcome) -> Attempt {
    Attempt {
        id: outgoing.id,
        workspace: outgoing.endpoint.workspace,
        endpoint: outgoing.endpoint.id,
        delivery: outgoing.delivery,
        event: outgoing.message.id,
        kind: outgoing.message.kind.clone(),
        number: outgoing.number,
        status_code: outcome.status_code,
        success: outcome.success,
        error: outcome.error.clone(),
        duration_ms: i64::try_from(outcome.duration_ms).ok(),
        url: Some(outcome.url.clone()),
        signature: Some(outcome.signature.clone()),
        answer_headers: outcome.answer_headers.clone(),
        answer_body: outcome.answer_body.clone(),
        at: outcome.at,
    }
}
