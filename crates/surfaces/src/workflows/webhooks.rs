//! `/webhooks` (workflows contract, sections 8.7 and 10): endpoints of style `workflow` and what was delivered to them.

use floe_model::Fault;
use floe_model::id::WebhookId;
use floe_model::webhooks::{DeliveryStatus, EVENTS_MAX, Style};
use floe_store::Tx;
use floe_store::webhooks::attempts::{self, Attempt};
use floe_store::webhooks::deliveries::{self, Delivery, Filter};
use floe_store::webhooks::endpoints::Endpoint;
use floe_webhooks::Webhooks;
use floe_webhooks::endpoints::{self, NewEndpoint, Patch, View};
use floe_webhooks::log::shown_name;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::shapes::{PAGING, enveloped, paged, webhooks as shapes};
use super::{Envelope, KEY, Page, SURFACE, errors};
use crate::http::{Call, Reply, Route};

const WHAT: &str = "Webhook";
/// Characters of a name at most.
const NAME_MAX: usize = 255;
/// Characters of an address that are read at most; the service says which are too many.
const URL_READ_MAX: usize = 10_000;
/// Characters of what went wrong that are shown at most.
const ERROR_CHARS_MAX: usize = 1_000;

pub(super) fn routes() -> Vec<Route> {
    const ALL: &str = "/v1/webhooks";
    const ONE: &str = "/v1/webhooks/{id}";
    vec![
        Route::get(&SURFACE, ALL, KEY, list)
            .scope("webhooks:read")
            .doc("List webhooks")
            .queries(PAGING)
            .answers(200, paged!(shapes::ITEM)),
        Route::post(&SURFACE, ALL, KEY, create)
            .scope("webhooks:write")
            .doc("Create a webhook")
            .about("The secret is shown this once. Deliveries carry X-FlowMaestro-Signature: v1= and the hex HMAC-SHA-256 of the body.")
            .takes(shapes::NEW)
            .answers(201, enveloped!(shapes::MADE)),
        Route::get(&SURFACE, ONE, KEY, show)
            .scope("webhooks:read")
            .doc("Show a webhook")
            .answers(200, enveloped!(shapes::WEBHOOK)),
        Route::patch(&SURFACE, ONE, KEY, change)
            .scope("webhooks:write")
            .doc("Change a webhook")
            .takes(shapes::PATCH)
            .answers(200, enveloped!(shapes::WEBHOOK)),
        Route::delete(&SURFACE, ONE, KEY, remove)
            .scope("webhooks:write")
            .doc("Delete a webhook")
            .answers(200, enveloped!(shapes::DELETED)),
        Route::post(&SURFACE, "/v1/webhooks/{id}/test", KEY, test)
            .scope("webhooks:write")
            .doc("Test a webhook")
            .about("One signed call with the event test, no retries; 200 however it went.")
            .answers(200, enveloped!(shapes::TESTED)),
        Route::get(&SURFACE, "/v1/webhooks/{id}/deliveries", KEY, deliveries_of)
            .scope("webhooks:read")
            .doc("List deliveries of a webhook")
            .queries(PAGING)
            .answers(200, paged!(shapes::DELIVERY)),
    ]
}

fn view(call: &Call) -> View {
    View::Workflow(call.ctx.caller.workspace)
}

/// The id in the path, and its text.
fn named(call: &Call) -> Result<(WebhookId, String), Fault> {
    let text = call.param("id")?.to_owned();
    let id = WebhookId::parse(&text).map_err(|_| errors::missing(WHAT, &text))?;
    Ok((id, text))
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (told, page, view) = (Envelope::of(&call), Page::of(&call), view(&call));
    let all = call.ctx.store.read(move |tx| endpoints::list(tx, view)).await?;
    let total = all.len() as u64;
    Ok(told.page(page.cut(all).iter().map(item).collect(), total, page))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let told = Envelope::of(&call);
    let mut body = call.fields()?;
    let name = body.required_text("name", 1, NAME_MAX);
    let url = body.required_text("url", 1, URL_READ_MAX);
    if !body.is_set("events") {
        body.problem("events", "required", "events is required");
    }
    let events = body.texts("events", EVENTS_MAX).unwrap_or_default();
    let headers = body.text_pairs("headers").unwrap_or_default();
    body.finish_ignoring_unknown()?;
    let new = NewEndpoint {
        name: Some(name),
        style: Style::Workflow,
        mode: None,
        url,
        events,
        headers: headers.clone(),
        is_active: None,
    };
    if let Some(first) = call.answered().await? {
        return Ok(first);
    }
    let ctx = call.ctx.clone();
    let prepared = call.app.webhooks.prepare(&ctx, new).await?;
    call.commit(
        move |tx| prepared.apply(tx, &ctx),
        move |made| {
            let id = made.endpoint.id.prefixed();
            let with = |secret: Option<&str>| {
                let mut shown = full(&made.endpoint, &headers);
                shown["secret"] = secret.into();
                shown
            };
            let path = format!("/webhooks/{id}");
            let again = told.made(StatusCode::CREATED, &path, &with(None));
            let again: Value =
                serde_json::from_slice(again.full_body().map_or(b"null", |body| body)).map_err(Fault::internal)?;
            told.made(StatusCode::CREATED, &path, &with(Some(&made.secret))).replay_as(&again)
        },
    )
    .await
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (told, view, webhooks) = (Envelope::of(&call), view(&call), call.app.webhooks.clone());
    let (id, text) = named(&call)?;
    let found = call.ctx.store.read(move |tx| shown(tx, &webhooks, view, id)).await;
    Ok(told.ok(&found.map_err(|fault| errors::named(fault, WHAT, &text))?))
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let (told, view) = (Envelope::of(&call), view(&call));
    let mut body = call.fields()?;
    // null clears them, and is not the same as nothing here.
    let clears = body.has("headers") && !body.is_set("headers");
    let patch = Patch {
        name: body.text("name", 1, NAME_MAX),
        mode: None,
        url: body.text("url", 1, URL_READ_MAX),
        events: body.texts("events", EVENTS_MAX),
        headers: if clears { Some(Vec::new()) } else { body.text_pairs("headers") },
        is_active: body.flag("is_active"),
    };
    body.finish_ignoring_unknown()?;
    let (id, text) = named(&call)?;
    let (ctx, webhooks) = (call.ctx.clone(), call.app.webhooks.clone());
    let prepared = webhooks.prepare_change(&ctx, view, id, patch, None).await;
    let prepared = prepared.map_err(|fault| errors::named(fault, WHAT, &text))?;
    call.commit(
        move |tx| {
            let endpoint = prepared.apply(tx, &ctx)?;
            let headers = endpoints::headers(tx, &webhooks, &endpoint)?;
            Ok(full(&endpoint, &headers))
        },
        move |shown| Ok(told.ok(&shown)),
    )
    .await
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let (told, view, ctx) = (Envelope::of(&call), view(&call), call.ctx.clone());
    let (id, text) = named(&call)?;
    let done = call
        .commit(
            move |tx| endpoints::delete(tx, &ctx, view, id, None),
            move |()| Ok(told.ok(&json!({ "id": id.prefixed(), "deleted": true }))),
        )
        .await;
    done.map_err(|fault| errors::named(fault, WHAT, &text))
}

async fn test(call: Call) -> Result<Reply, Fault> {
    let (told, view, ctx) = (Envelope::of(&call), view(&call), call.ctx.clone());
    call.fields()?.finish_ignoring_unknown()?;
    let (id, text) = named(&call)?;
    if let Some(first) = call.answered().await? {
        return Ok(first);
    }
    let tested = call.app.webhooks.test(&ctx, view, id).await;
    let tested = tested.map_err(|fault| errors::named(fault, WHAT, &text))?;
    let outcome = tested.outcome.clone();
    let render = move |delivery: floe_model::id::DeliveryId| {
        let message = match (outcome.success, outcome.status_code) {
            (true, _) => "Webhook test succeeded".to_owned(),
            (false, Some(code)) => format!("The receiver answered with status {code}"),
            (false, None) => "The receiver did not answer".to_owned(),
        };
        let error = outcome.error.as_deref().filter(|_| !outcome.success);
        Ok(told.ok(&json!({
            "webhook_id": id.prefixed(), "delivery_id": delivery.prefixed(), "success": outcome.success,
            "status_code": outcome.status_code, "response_time_ms": outcome.duration_ms, "message": message,
            "error": error, "error_message": error,
        })))
    };
    call.commit(move |tx| tested.apply(tx, &ctx), render).await
}

async fn deliveries_of(call: Call) -> Result<Reply, Fault> {
    let (told, page, view, workspace) = (Envelope::of(&call), Page::of(&call), view(&call), call.ctx.caller.workspace);
    let (id, text) = named(&call)?;
    let reading = move |tx: &mut Tx<'_>| {
        endpoints::find(tx, view, id)?;
        let filter = Filter { endpoint: Some(id), ..Filter::default() };
        let total = deliveries::total(tx, workspace, &filter)?.unsigned_abs();
        let rows = deliveries::page(tx, workspace, id, page.offset(), page.limit())?;
        let mut shown = Vec::with_capacity(rows.len());
        for row in rows {
            let last = attempts::last_of(tx, workspace, row.id)?;
            shown.push(delivery(&row, last.as_ref()));
        }
        Ok((shown, total))
    };
    let found = call.ctx.store.read(reading).await;
    let (shown, total) = found.map_err(|fault| errors::named(fault, WHAT, &text))?;
    Ok(told.page(shown, total, page))
}

fn shown(tx: &mut Tx<'_>, webhooks: &Webhooks, view: View, id: WebhookId) -> Result<Value, Fault> {
    let endpoint = endpoints::find(tx, view, id)?;
    let headers = endpoints::headers(tx, webhooks, &endpoint)?;
    Ok(full(&endpoint, &headers))
}

fn item(one: &Endpoint) -> Value {
    json!({
        "id": one.id.prefixed(),
        "name": one.name,
        "url": one.url,
        "events": one.events,
        "is_active": one.is_active,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
    })
}

fn full(one: &Endpoint, headers: &[(String, String)]) -> Value {
    let map: Map<String, Value> = headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let mut shown = item(one);
    shown["headers"] = if map.is_empty() { Value::Null } else { Value::Object(map) };
    shown
}

/// A delivery as this API knows it: what was ended because its webhook was deleted or switched off has failed.
fn delivery(one: &Delivery, last: Option<&Attempt>) -> Value {
    let status = match one.status {
        DeliveryStatus::Abandoned | DeliveryStatus::Skipped => DeliveryStatus::Failed,
        status => status,
    };
    let error = last.and_then(|last| last.error.as_deref()).filter(|_| status != DeliveryStatus::Success);
    json!({
        "id": one.id.prefixed(),
        "webhook_id": one.endpoint.prefixed(),
        "event_type": shown_name(Style::Workflow, &one.kind),
        "status": status.as_str(),
        "attempts": one.attempts,
        "response_status": last.and_then(|last| last.status_code),
        "response_time_ms": last.and_then(|last| last.duration_ms),
        "error_message": error.map(|error| error.chars().take(ERROR_CHARS_MAX).collect::<String>()),
        "created_at": one.created_at,
        "last_attempt_at": last.filter(|last| last.number > 0).map(|last| last.at),
        "next_retry_at": one.due_at.filter(|_| status == DeliveryStatus::Retrying),
    })
}
