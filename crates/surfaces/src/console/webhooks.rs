//! `/webhooks`: endpoints of every style that this server has (console contract, section 5.4).

use floe_model::access::Permission;
use floe_model::id::WebhookId;
use floe_model::webhooks::{EVENTS_MAX, Style};
use floe_model::{Fault, Mode, Timestamp};
use floe_store::Tx;
use floe_store::webhooks::attempts::Rate;
use floe_store::webhooks::endpoints::Endpoint;
use floe_webhooks::Webhooks;
use floe_webhooks::endpoints::{self, NewEndpoint, Patch, View};
use floe_webhooks::log::Wanted;
use http::StatusCode;
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{BY_AGE, WINDOW, webhooks as shapes};
use super::{Rights, SURFACE};
use crate::http::{Auth, Call, Fields, Reply, Route};

const STYLES: &str = "treasury, standard, workflow";
const MODES: &str = "live, test, any";
/// Characters of an address that are read at most; the service says which are too many.
const URL_READ_MAX: usize = 10_000;
/// Minutes of an overlap at most (console contract, section 5.4).
const OVERLAP_MAX: i64 = 1_440;

pub(super) fn routes() -> Vec<Route> {
    const ALL: &str = "/console/v1/webhooks";
    const ONE: &str = "/console/v1/webhooks/{id}";
    let of_managers = [
        Route::get(&SURFACE, ALL, Auth::MEMBER, list)
            .doc("List webhooks")
            .about("Those of style treasury are for owners of the treasury.")
            .queries(WINDOW)
            .query("sort", BY_AGE, "Newest first unless given")
            .query("style", shapes::STYLE, "Of one style")
            .answers(200, shapes::WEBHOOKS),
        Route::post(&SURFACE, ALL, Auth::MEMBER, create)
            .doc("Create a webhook")
            .about("One of style treasury is tested at once. The secret is shown this once.")
            .takes(shapes::NEW_WEBHOOK)
            .answers(201, shapes::MADE_WEBHOOK)
            .refuses(409, &["conflict"])
            .refuses(422, &["outbound_blocked"]),
        Route::get(&SURFACE, ONE, Auth::MEMBER, show).doc("Show a webhook").answers(200, shapes::WEBHOOK),
        Route::patch(&SURFACE, ONE, Auth::MEMBER, change)
            .doc("Change a webhook")
            .revised()
            .takes(shapes::WEBHOOK_PATCH)
            .answers(200, shapes::WEBHOOK)
            .refuses(422, &["outbound_blocked"]),
        Route::delete(&SURFACE, ONE, Auth::MEMBER, remove).doc("Delete a webhook").revised().answers_nothing(204),
        Route::post(&SURFACE, "/console/v1/webhooks/{id}/test", Auth::MEMBER, test)
            .doc("Test a webhook")
            .answers(200, shapes::TESTED),
        Route::post(&SURFACE, "/console/v1/webhooks/{id}/rotate-secret", Auth::MEMBER, rotate)
            .doc("Rotate the secret of a webhook")
            .about(
                "Style standard: both secrets sign until the overlap ends. Style treasury: the new one signs at once.",
            )
            .takes(shapes::OVERLAP)
            .answers(200, shapes::MADE_WEBHOOK)
            .refuses(412, &["stale_revision"]),
        Route::post(&SURFACE, "/console/v1/webhooks/{id}/enable", Auth::MEMBER, enable)
            .doc("Switch a webhook on")
            .answers(200, shapes::WEBHOOK)
            .refuses(412, &["stale_revision"]),
    ];
    let replay = Route::post(&SURFACE, "/console/v1/webhooks/{id}/replay", Auth::MEMBER, replay)
        .needs(Permission::Run)
        .doc("Send many deliveries once more")
        .about("Up to 10,000, newest first, also to a webhook that is off.")
        .takes(shapes::REPLAY)
        .answers(202, shapes::RECEIPT);
    of_managers.into_iter().map(|route| route.needs(Permission::Manage)).chain([replay]).collect()
}

/// What this caller sees.
pub(super) fn view(call: &Call) -> View {
    View::of_console(&call.ctx.caller)
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &["style"])?;
    let style = call.query.get("style").map(|text| {
        Style::parse(text).ok_or_else(|| Fault::field("/style", "value", format!("style must be one of: {STYLES}")))
    });
    let (style, view, webhooks) = (style.transpose()?, view(&call), call.app.webhooks.clone());
    let (after, newest_first, limit) = (window.after, window.newest_first, window.limit);
    let reading = move |tx: &mut Tx<'_>| {
        let mut all = endpoints::list(tx, view)?;
        all.retain(|one| style.is_none_or(|style| one.style == style));
        let total = all.len();
        if !newest_first {
            all.reverse();
        }
        let is_left = |id: u128| after.is_none_or(|after| if newest_first { id < after } else { id > after });
        all.retain(|one| is_left(one.id.0));
        let more = all.len() > limit;
        all.truncate(limit);
        let last = all.last().map(|one| one.id.0);
        let data = all.iter().map(|one| object(tx, &webhooks, one)).collect::<Result<Vec<Value>, Fault>>()?;
        Ok((data, last, more, total))
    };
    let (data, last, more, total) = call.ctx.store.read(reading).await?;
    Reply::ok(&window.page(data, last, more, i64::try_from(total).ok()))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (id, view, webhooks): (WebhookId, _, _) = (call.id("id", "Webhook")?, view(&call), call.app.webhooks.clone());
    let reading = move |tx: &mut Tx<'_>| {
        let endpoint = endpoints::find(tx, view, id)?;
        Ok((object(tx, &webhooks, &endpoint)?, endpoint.revision))
    };
    let (shown, revision) = call.ctx.store.read(reading).await?;
    Ok(Reply::ok(&shown)?.revision(revision))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let name = body.required_text("name", 1, 100);
    let url = body.required_text("url", 1, URL_READ_MAX);
    let style = body.required_word("style", STYLES, Style::parse).unwrap_or(Style::Standard);
    // Those of style workflow are told of both modes (console contract, section 2.5).
    let unsaid = if style == Style::Workflow { None } else { Some(call.ctx.caller.mode) };
    let mode = body.word("mode", MODES, read_mode).unwrap_or(unsaid);
    if !body.has("events") {
        body.problem("events", "required", "events is required");
    }
    let events = body.texts("events", EVENTS_MAX).unwrap_or_default();
    let headers = body.text_pairs("headers").unwrap_or_default();
    let is_active = body.flag("is_active");
    body.finish()?;
    let new = NewEndpoint { name: Some(name), style, mode, url, events, headers, is_active };
    let (ctx, webhooks) = (call.ctx.clone(), call.app.webhooks.clone());
    if let Some(first) = call.answered().await? {
        return Ok(first);
    }
    let prepared = webhooks.prepare(&ctx, new).await?;
    let act = move |tx: &mut Tx<'_>| {
        let made = prepared.apply(tx, &ctx)?;
        Ok((object(tx, &webhooks, &made.endpoint)?, made))
    };
    call.commit(act, |(shown, made)| {
        let location = format!("/console/v1/webhooks/{}", made.endpoint.id.prefixed());
        let with = |secret: Option<&str>| with_secret(&shown, secret);
        Reply::created(&location, &with(Some(&made.secret)))?.revision(1).replay_as(&with(None))
    })
    .await
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id: WebhookId = call.id("id", "Webhook")?;
    let mut body = call.fields()?;
    let patch = Patch {
        name: body.text("name", 1, 100),
        mode: body.word("mode", MODES, read_mode),
        url: body.text("url", 1, URL_READ_MAX),
        events: body.texts("events", EVENTS_MAX),
        headers: body.text_pairs("headers"),
        is_active: body.flag("is_active"),
    };
    body.finish()?;
    let (ctx, webhooks) = (call.ctx.clone(), call.app.webhooks.clone());
    let prepared = webhooks.prepare_change(&ctx, view(&call), id, patch, call.if_match()?).await?;
    let act = move |tx: &mut Tx<'_>| {
        let endpoint = prepared.apply(tx, &ctx)?;
        Ok((object(tx, &webhooks, &endpoint)?, endpoint.revision))
    };
    call.commit(act, |(shown, revision)| Ok(Reply::ok(&shown)?.revision(revision))).await
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let (id, view, if_match): (WebhookId, _, _) = (call.id("id", "Webhook")?, view(&call), call.if_match()?);
    let ctx = call.ctx.clone();
    call.commit(move |tx| endpoints::delete(tx, &ctx, view, id, if_match), |()| Ok(Reply::no_content())).await
}

async fn test(call: Call) -> Result<Reply, Fault> {
    let id: WebhookId = call.id("id", "Webhook")?;
    let ctx = call.ctx.clone();
    if let Some(first) = call.answered().await? {
        return Ok(first);
    }
    let tested = call.app.webhooks.test(&ctx, view(&call), id).await?;
    let outcome = tested.outcome.clone();
    let render = move |_| {
        let answer = json!({
            "success": outcome.success, "status_code": outcome.status_code,
            "duration_ms": outcome.duration_ms, "error": outcome.error,
        });
        Ok(Reply::value(StatusCode::OK, &answer))
    };
    call.commit(move |tx| tested.apply(tx, &ctx), render).await
}

async fn rotate(call: Call) -> Result<Reply, Fault> {
    let (id, view): (WebhookId, _) = (call.id("id", "Webhook")?, view(&call));
    let mut body = call.fields()?;
    let overlap = body.number("overlap_minutes", 0, OVERLAP_MAX).unwrap_or(0);
    body.finish()?;
    let (ctx, webhooks) = (call.ctx.clone(), call.app.webhooks.clone());
    let rotation = webhooks.prepare_rotation();
    let act = move |tx: &mut Tx<'_>| {
        let (endpoint, secret) = rotation.apply(tx, &ctx, view, id, overlap)?;
        Ok((object(tx, &webhooks, &endpoint)?, endpoint.revision, secret))
    };
    call.commit(act, |(shown, revision, secret)| {
        let with = |secret: Option<&str>| with_secret(&shown, secret);
        Reply::ok(&with(Some(&secret)))?.revision(revision).replay_as(&with(None))
    })
    .await
}

async fn enable(call: Call) -> Result<Reply, Fault> {
    let (id, view): (WebhookId, _) = (call.id("id", "Webhook")?, view(&call));
    let (ctx, webhooks) = (call.ctx.clone(), call.app.webhooks.clone());
    let act = move |tx: &mut Tx<'_>| {
        let endpoint = endpoints::enable(tx, &ctx, view, id)?;
        Ok((object(tx, &webhooks, &endpoint)?, endpoint.revision))
    };
    call.commit(act, |(shown, revision)| Ok(Reply::ok(&shown)?.revision(revision))).await
}

async fn replay(call: Call) -> Result<Reply, Fault> {
    let (id, view): (WebhookId, _) = (call.id("id", "Webhook")?, view(&call));
    let mut body = call.fields()?;
    let since = read_instant(&mut body, "since").unwrap_or(Timestamp(0));
    let until = read_instant(&mut body, "until").unwrap_or(call.ctx.now());
    let statuses = body.texts("status", 10).unwrap_or_default();
    for (at, word) in statuses.iter().enumerate() {
        if floe_model::webhooks::DeliveryStatus::parse(word).is_none() {
            body.problem(&format!("status/{at}"), "value", "This is not the state of a delivery");
        }
    }
    let kinds = body.texts("event_types", EVENTS_MAX).unwrap_or_default();
    body.finish()?;
    let (ctx, webhooks) = (call.ctx.clone(), call.app.webhooks.clone());
    let wanted = Wanted { since, until, statuses, kinds };
    call.commit(
        move |tx| webhooks.replay(tx, &ctx, view, id, wanted.clone()),
        |job| Reply::json(StatusCode::ACCEPTED, &json!({ "job_id": job.prefixed() })),
    )
    .await
}

fn read_instant(body: &mut Fields, name: &str) -> Option<Timestamp> {
    let text = body.text(name, 1, 100)?;
    let instant = Timestamp::parse(&text);
    if instant.is_none() {
        body.problem(name, "type", format!("{name} must be an instant such as 2026-01-31T08:00:00Z"));
    }
    instant
}

fn read_mode(word: &str) -> Option<Option<Mode>> {
    if word == "any" { Some(None) } else { Mode::parse(word).map(Some) }
}

/// An endpoint as the console shows it: never its secret, of its own headers only the names.
fn object(tx: &mut Tx<'_>, webhooks: &Webhooks, one: &Endpoint) -> Result<Value, Fault> {
    let Rate { attempts, taken } = endpoints::rate(tx, webhooks, one)?;
    let rate = (attempts > 0).then(|| taken as f64 / attempts as f64);
    Ok(json!({
        "id": one.id.prefixed(),
        "name": one.name,
        "url": one.url,
        "style": one.style.as_str(),
        "mode": one.mode.map_or("any", Mode::as_str),
        "events": one.events,
        "headers": endpoints::header_names(tx, webhooks, one)?,
        "is_active": one.is_active,
        "status": if one.is_active { "active" } else { "disabled" },
        "disabled_reason": one.disabled_reason,
        "failure_count": one.counter.failures,
        "success_rate_24h": rate,
        "last_triggered_at": one.last_triggered_at,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "revision": one.revision,
    }))
}

fn with_secret(shown: &Value, secret: Option<&str>) -> Value {
    let mut with = shown.clone();
    with["secret"] = secret.into();
    with
}
