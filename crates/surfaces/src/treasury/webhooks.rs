//! Endpoints of webhooks and their log (Treasury contract, section 10.6).

use floe_model::Fault;
use floe_model::id::{DeliveryId, WebhookId};
use floe_model::webhooks::{EVENTS_MAX, Style};
use floe_store::Tx;
use floe_store::webhooks::attempts::{self, Attempt};
use floe_store::webhooks::endpoints::Endpoint;
use floe_webhooks::endpoints::{self, Made, NewEndpoint, Patch, View};
use floe_webhooks::log;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::input::{Input, path_id};
use super::page::Page;
use super::shapes::{PAGING, recipients::DELETED, webhooks as shapes};
use super::wire::Seconds;
use super::{DASHBOARD, OWNER, Rights, SURFACE};
use crate::http::{Call, Reply, Route};

/// Characters of an address that are read at most; the service says which are too many.
const URL_READ_MAX: usize = 10_000;
/// Characters of the name of an event at most.
const EVENT_MAX: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    const ALL: &str = "/api/v1/developer/webhooks";
    const ONE: &str = "/api/v1/developer/webhooks/{id}";
    vec![
        Route::get(&SURFACE, ALL, DASHBOARD, list)
            .owner_reads()
            .doc("List webhooks")
            .queries(PAGING)
            .answers(200, shapes::WEBHOOKS),
        Route::post(&SURFACE, ALL, DASHBOARD, create)
            .written_by(OWNER)
            .doc("Register a webhook")
            .about("Sends the event webhook.test at once. The secret is shown this once.")
            .takes(shapes::NEW_WEBHOOK)
            .answers(201, shapes::MADE_WEBHOOK)
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, ONE, DASHBOARD, show).owner_reads().doc("Show a webhook").answers(200, shapes::WEBHOOK),
        Route::patch(&SURFACE, ONE, DASHBOARD, change)
            .written_by(OWNER)
            .doc("Change a webhook")
            .about("Another url gets a test of its own; is_active true clears the counter of failures.")
            .takes(shapes::WEBHOOK_PATCH)
            .answers(200, shapes::WEBHOOK)
            .refuses(409, &["stale_revision"]),
        Route::delete(&SURFACE, ONE, DASHBOARD, remove)
            .written_by(OWNER)
            .doc("Delete a webhook")
            .answers(200, DELETED),
        Route::post(&SURFACE, "/api/v1/developer/webhooks/{id}/test", DASHBOARD, test)
            .written_by(OWNER)
            .doc("Test a webhook")
            .about("Does not touch the counter of failures.")
            .answers(200, shapes::TESTED),
        Route::post(&SURFACE, "/api/v1/developer/webhooks/{id}/rotate-secret", DASHBOARD, rotate)
            .written_by(OWNER)
            .doc("Rotate the secret of a webhook")
            .about("The new secret signs from the next attempt on, and is shown this once.")
            .answers(200, shapes::ROTATED)
            .refuses(409, &["stale_revision"]),
        Route::get(&SURFACE, "/api/v1/developer/webhooks/{id}/deliveries", DASHBOARD, deliveries)
            .owner_reads()
            .doc("List deliveries of a webhook")
            .about(
                "Every attempt, newest first, and as attempt 0 what was skipped or given up because the webhook was off. \
                 Kept for 30 days.",
            )
            .queries(PAGING)
            .answers(200, shapes::DELIVERIES),
        Route::post(
            &SURFACE,
            "/api/v1/developer/webhooks/{id}/deliveries/{delivery_id}/redeliver",
            DASHBOARD,
            redeliver,
        )
        .written_by(OWNER)
        .doc("Send a delivery once more")
        .about("One more attempt with the same event id, also to a webhook that is off; answers the attempt.")
        .answers(200, shapes::DELIVERY),
    ]
}

/// An endpoint.
#[derive(Serialize)]
struct WebhookOut {
    id: WebhookId,
    url: String,
    events: Vec<String>,
    is_active: bool,
    failure_count: i64,
    last_triggered_at: Option<Seconds>,
    created_at: Seconds,
    disabled_reason: Option<String>,
}

/// An endpoint that was just made.
#[derive(Serialize)]
struct MadeOut {
    #[serde(flatten)]
    webhook: WebhookOut,
    secret: Option<String>,
    verified: bool,
    verification_message: String,
}

/// An endpoint with another secret.
#[derive(Serialize)]
struct RotatedOut {
    #[serde(flatten)]
    webhook: WebhookOut,
    secret: Option<String>,
}

/// An entry of the log.
#[derive(Serialize)]
struct DeliveryOut {
    id: DeliveryId,
    event_name: String,
    delivery_id: Option<DeliveryId>,
    event_id: floe_model::id::EventId,
    attempt: u32,
    status_code: Option<u16>,
    success: bool,
    error_message: Option<String>,
    duration_ms: Option<i64>,
    delivered_at: Seconds,
}

impl From<&Endpoint> for WebhookOut {
    fn from(one: &Endpoint) -> Self {
        Self {
            id: one.id,
            url: one.url.clone(),
            events: one.events.clone(),
            is_active: one.is_active,
            failure_count: one.counter.failures,
            last_triggered_at: one.last_triggered_at.map(Seconds),
            created_at: Seconds(one.created_at),
            disabled_reason: one.disabled_reason.clone(),
        }
    }
}

impl From<Attempt> for DeliveryOut {
    fn from(one: Attempt) -> Self {
        Self {
            id: DeliveryId(one.id),
            event_name: log::shown_name(Style::Treasury, &one.kind).to_owned(),
            // A note was never sent.
            delivery_id: (one.number > 0).then_some(DeliveryId(one.id)),
            event_id: one.event,
            attempt: one.number,
            status_code: one.status_code,
            success: one.success,
            error_message: one.error,
            duration_ms: one.duration_ms,
            delivered_at: Seconds(one.at),
        }
    }
}

fn view(call: &Call) -> View {
    View::Treasury(call.ctx.caller.scope())
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (page, view) = (Page::of(&call.query), view(&call));
    let all = call.ctx.store.read(move |tx| endpoints::list(tx, view)).await?;
    // There are few, so they are counted here.
    let (total, offset) = (all.len(), usize::try_from(page.offset).unwrap_or(usize::MAX));
    let rows = all.iter().skip(offset).take(page.limit()).map(WebhookOut::from).collect();
    Reply::ok(&page.around(rows, i64::try_from(total).unwrap_or(i64::MAX)))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (id, view): (WebhookId, _) = (path_id(&call, "id")?, view(&call));
    let endpoint = call.ctx.store.read(move |tx| endpoints::find(tx, view, id)).await?;
    Reply::ok(&WebhookOut::from(&endpoint))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = Input::of(&call)?;
    let url = body.required_text("url", 1, URL_READ_MAX);
    body.require("events");
    let events = body.texts("events", 1, EVENTS_MAX, EVENT_MAX).unwrap_or_default();
    body.finish()?;
    let new = NewEndpoint {
        name: None,
        style: Style::Treasury,
        mode: Some(call.ctx.caller.mode),
        url,
        events,
        headers: Vec::new(),
        is_active: None,
    };
    let ctx = call.ctx.clone();
    let prepared = call.app.webhooks.prepare(&ctx, new).await?;
    call.commit(move |tx| prepared.apply(tx, &ctx), |made| made_reply(&made)).await
}

fn made_reply(made: &Made) -> Result<Reply, Fault> {
    let out = |secret: Option<String>| MadeOut {
        webhook: WebhookOut::from(&made.endpoint),
        secret,
        verified: made.is_verified(),
        verification_message: made.verification_message(),
    };
    Reply::json(StatusCode::CREATED, &out(Some(made.secret.clone())))?.replay_as(&out(None))
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id: WebhookId = path_id(&call, "id")?;
    let mut body = Input::of(&call)?;
    let patch = Patch {
        url: body.text("url", 1, URL_READ_MAX),
        events: body.texts("events", 1, EVENTS_MAX, EVENT_MAX),
        is_active: body.flag("is_active"),
        ..Patch::default()
    };
    body.finish()?;
    let ctx = call.ctx.clone();
    let prepared = call.app.webhooks.prepare_change(&ctx, view(&call), id, patch, None).await?;
    call.commit(move |tx| prepared.apply(tx, &ctx), |endpoint| Reply::ok(&WebhookOut::from(&endpoint))).await
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let (id, view): (WebhookId, _) = (path_id(&call, "id")?, view(&call));
    let ctx = call.ctx.clone();
    call.commit(
        move |tx| endpoints::delete(tx, &ctx, view, id, None),
        move |()| Ok(Reply::value(StatusCode::OK, &json!({ "status": "deleted", "id": id }))),
    )
    .await
}

async fn test(call: Call) -> Result<Reply, Fault> {
    let id: WebhookId = path_id(&call, "id")?;
    let ctx = call.ctx.clone();
    let tested = call.app.webhooks.test(&ctx, view(&call), id).await?;
    let outcome = tested.outcome.clone();
    call.commit(
        move |tx| tested.apply(tx, &ctx),
        move |_| {
            let answer = json!({
                "success": outcome.success, "status_code": outcome.status_code,
                "duration_ms": outcome.duration_ms, "error_message": outcome.error,
            });
            Ok(Reply::value(StatusCode::OK, &answer))
        },
    )
    .await
}

async fn rotate(call: Call) -> Result<Reply, Fault> {
    let (id, view): (WebhookId, _) = (path_id(&call, "id")?, view(&call));
    let (ctx, rotation) = (call.ctx.clone(), call.app.webhooks.prepare_rotation());
    call.commit(
        move |tx| rotation.apply(tx, &ctx, view, id, 0),
        |(endpoint, secret)| {
            let out = |secret| RotatedOut { webhook: WebhookOut::from(&endpoint), secret };
            Reply::ok(&out(Some(secret)))?.replay_as(&out(None))
        },
    )
    .await
}

async fn deliveries(call: Call) -> Result<Reply, Fault> {
    let (id, page, view): (WebhookId, _, _) = (path_id(&call, "id")?, Page::of(&call.query), view(&call));
    let reading = move |tx: &mut Tx<'_>| {
        let endpoint = endpoints::find(tx, view, id)?;
        let total = attempts::total(tx, endpoint.workspace, id)?;
        let offset = page.offset.unsigned_abs();
        Ok((attempts::of_endpoint(tx, endpoint.workspace, id, offset, page.limit())?, total))
    };
    let (rows, total) = call.ctx.store.read(reading).await?;
    let rows = rows.into_iter().map(DeliveryOut::from).collect();
    Reply::ok(&page.around(rows, i64::try_from(total).unwrap_or(i64::MAX)))
}

async fn redeliver(call: Call) -> Result<Reply, Fault> {
    let (id, view): (WebhookId, _) = (path_id(&call, "id")?, view(&call));
    let entry: DeliveryId = path_id(&call, "delivery_id")?;
    let find = move |tx: &mut Tx<'_>| {
        let endpoint = endpoints::find(tx, view, id)?;
        log::of_entry(tx, view, &endpoint, entry.0)
    };
    let delivery = call.ctx.store.read(find).await?;
    let ctx = call.ctx.clone();
    let sent = call.app.webhooks.redeliver(&ctx, view, delivery).await?;
    call.commit(move |tx| sent.apply(tx, &ctx), |attempt| Reply::ok(&DeliveryOut::from(attempt))).await
}
