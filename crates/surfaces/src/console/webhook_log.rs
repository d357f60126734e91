//! `/deliveries`: what became of events that were sent to webhooks (console contract, section 5.4).

use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::id::{DeliveryId, EventId, WebhookId};
use floe_model::webhooks::{CALLBACK_KIND, DeliveryStatus};
use floe_store::Tx;
use floe_store::webhooks::attempts::Attempt;
use floe_store::webhooks::deliveries::{self, Delivery, Filter};
use floe_webhooks::endpoints::{View, is_treasury_owner};
use floe_webhooks::log::{self, Full};
use serde_json::{Map, Value, json};

use super::list::Window;
use super::shapes::{WINDOW, keys::MODE, webhooks as shapes};
use super::webhooks::view;
use super::{Rights, SURFACE, filters};
use crate::http::shape::{ID, INSTANT, TEXT};
use crate::http::{Auth, Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/deliveries", Auth::MEMBER, list)
            .needs(Permission::Read)
            .doc("List deliveries")
            .about("Newest first. Those to webhooks of style treasury are for owners of the treasury.")
            .queries(WINDOW)
            .query("endpoint_id", ID, "To one webhook")
            .query("event_type", TEXT, "Of one type of event")
            .query("status", shapes::STATUS, "In one state")
            .query("mode", MODE, "Live or test")
            .query("from", INSTANT, "Made not before; a day is its beginning")
            .query("to", INSTANT, "Made before")
            .answers(200, shapes::DELIVERIES),
        Route::get(&SURFACE, "/console/v1/deliveries/{id}", Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show a delivery")
            .answers(200, shapes::FULL_DELIVERY),
        Route::post(&SURFACE, "/console/v1/deliveries/{id}/replay", Auth::MEMBER, replay)
            .needs(Permission::Run)
            .doc("Send one delivery once more")
            .about("One more attempt with the same event id, also to a webhook that is off.")
            .answers(200, shapes::FULL_DELIVERY),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    const STATUSES: [DeliveryStatus; 6] = DeliveryStatus::ALL;
    let window = Window::of(&call, &["endpoint_id", "event_type", "status", "mode", "from", "to"])?;
    filters::newest_first(window.newest_first)?;
    let status = filters::word(&call, "status", &STATUSES.map(DeliveryStatus::as_str))?;
    let filter = Filter {
        endpoint: filters::id(&call, "endpoint_id")?.map(WebhookId),
        kind: filters::text(&call, "event_type")?,
        status: status.as_deref().and_then(DeliveryStatus::parse),
        mode: filters::mode(&call)?,
        from: filters::instant(&call, "from")?,
        to: filters::instant(&call, "to")?,
        without_treasury: !is_treasury_owner(&call.ctx.caller),
    };
    let (workspace, counts, limit) = (call.ctx.caller.workspace, window.total, window.limit);
    let before = window.after.map(|position| i64::try_from(position).unwrap_or(i64::MAX));
    let reading = move |tx: &mut Tx<'_>| {
        let total = if counts { Some(deliveries::total(tx, workspace, &filter)?) } else { None };
        Ok((deliveries::list(tx, workspace, &filter, before, limit + 1)?, total))
    };
    let (mut rows, total) = call.ctx.store.read(reading).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().map(|row| u128::from(row.position.unsigned_abs()));
    let data = rows.iter().map(object).collect();
    Reply::ok(&window.page(data, last, more, total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (id, view): (DeliveryId, _) = (call.id("id", "Delivery")?, view(&call));
    let full = call.ctx.store.read(move |tx| log::full(tx, view, id)).await?;
    Reply::ok(&full_object(&full))
}

async fn replay(call: Call) -> Result<Reply, Fault> {
    let (id, view): (DeliveryId, View) = (call.id("id", "Delivery")?, view(&call));
    let ctx = call.ctx.clone();
    if let Some(first) = call.answered().await? {
        return Ok(first);
    }
    let sent = call.app.webhooks.redeliver(&ctx, view, id).await?;
    let act = move |tx: &mut Tx<'_>| {
        sent.apply(tx, &ctx)?;
        log::full(tx, view, id)
    };
    call.commit(act, |full| Reply::ok(&full_object(&full))).await
}

fn object(one: &Delivery) -> Value {
    json!({
        "id": one.id.prefixed(),
        // The answer of an agent goes to the address of its call, not to a webhook.
        "endpoint_id": (one.kind != CALLBACK_KIND).then(|| one.endpoint.prefixed()),
        "event_id": one.event.prefixed(),
        "event_type": one.kind,
        "mode": one.mode.as_str(),
        "status": one.status.as_str(),
        "attempt_count": one.attempts,
        "next_attempt_at": one.due_at.filter(|_| one.finished_at.is_none()),
        "created_at": one.created_at,
        "finished_at": one.finished_at,
    })
}

fn full_object(full: &Full) -> Value {
    let mut shown = object(&full.delivery);
    shown["attempts"] = full.attempts.iter().map(|attempt| attempt_object(full, attempt)).collect();
    shown
}

/// An attempt; a note that none was made has number 0 and no request.
fn attempt_object(full: &Full, one: &Attempt) -> Value {
    let request = full.request(one).map(|request| {
        let headers: Map<String, Value> =
            request.headers.into_iter().map(|(name, value)| (name, value.into())).collect();
        json!({ "headers": headers, "body": request.body })
    });
    let headers: Option<Value> = one.answer_headers.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let response = one.status_code.map(
        |code| json!({ "status": code, "headers": headers.unwrap_or_else(|| json!({})), "body": one.answer_body }),
    );
    json!({
        "id": EventId(one.id).to_string(),
        "n": one.number,
        "at": one.at,
        "url": one.url,
        "success": one.success,
        "request": request,
        "response": response,
        "duration_ms": one.duration_ms,
        "error": one.error,
    })
}
