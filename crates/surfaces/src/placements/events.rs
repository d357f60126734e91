//! Events: what apps send, and what is read of it (placements contract, sections 5, 6 and 12).

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use floe_model::id::{AppId, ScreenVersionId};
use floe_model::placements::app::CustomEvents;
use floe_model::placements::event::{AppRules, BODY_BYTES_MAX, NotEvents, Shown, split};
use floe_model::{Fault, FaultKind, Scope, Timestamp};
use floe_placements::events::{Events, Export, Filter};
use floe_placements::serving::ServedApp;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue, LINK};
use http_body_util::channel::{Channel, Sender};
use serde_json::value::RawValue;

use super::input::environment;
use super::page::Page;
use super::shapes::{PAGING, events as shapes};
use super::wire::app_id;
use super::{MANAGE, Rights, SURFACE};
use crate::http::{Call, Query, Reply, Route, SdkApp, SdkBucket, SdkCall, SdkDoor};

/// The route that was replaced, as its uses are counted.
const LEGACY: &str = "/v1/events";
/// Says that a route was replaced.
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
/// Media type of JSON lines.
const JSONL: &str = "application/x-ndjson";
/// Pages of an export that are read before the one before was taken.
const PAGES_AHEAD: usize = 1;

const DOOR: SdkDoor = SdkDoor { bucket: SdkBucket::Events, app: SdkApp::InPath, body_limit: BODY_BYTES_MAX };

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::sdk(&SURFACE, "/v1/apps/{appId}/events", DOOR, take)
            .doc("Send events")
            .about("One event, a list of up to 100, or {\"events\": [...]}; at most 256 KB. Each is checked by itself: one that is \
                    wrong is counted as rejected. Those that are accepted are on disk when this is answered, and each is stored once \
                    however often it is sent.")
            .takes(shapes::EVENTS)
            .answers(202, shapes::TAKEN)
            .refuses(400, &["too_many_events"]),
        Route::sdk(&SURFACE, "/v1/events", SdkDoor { app: SdkApp::InBody, ..DOOR }, take_legacy)
            .doc("Send events of any app")
            .about("Replaced by /v1/apps/{appId}/events. The app_id of each event decides.")
            .takes(shapes::EVENTS)
            .answers(202, shapes::TAKEN)
            .refuses(400, &["too_many_events"]),
        Route::get(&SURFACE, "/v1/apps/{appId}/events", MANAGE, list)
            .managed()
            .doc("List events")
            .about("Newest first by their own time, among the 20,000 newest ones of the time, user or type that is asked for; total \
                    counts those.")
            .queries(shapes::FILTER)
            .queries(PAGING)
            .answers(200, shapes::SHOWN_EVENTS),
        Route::get(&SURFACE, "/v1/apps/{appId}/events/export", MANAGE, export)
            .managed()
            .doc("Export events")
            .about("One event a line, oldest first by their own time.")
            .queries(shapes::FILTER)
            .answers_media(200, JSONL, shapes::LINES),
        Route::delete(&SURFACE, "/v1/apps/{appId}/users/{userId}", MANAGE, erase)
            .managed()
            .doc("Erase a user")
            .about("Events, assignments and reports of the user in this app, live and test, are removed soon after the answer. Sums stay.")
            .answers_nothing(202),
    ]
}

async fn take(call: SdkCall) -> Result<Reply, Fault> {
    let only = rules_of(call.app_here()?);
    take_by(&call, &move |app| (app == only.app).then_some(only)).await
}

async fn take_legacy(call: SdkCall) -> Result<Reply, Fault> {
    let events = &call.app.placements.events;
    events.note_legacy(call.caller.workspace, call.key, LEGACY);
    let rules: Vec<AppRules> = call.config.apps().map(|app| rules_of(app)).collect();
    let reply = take_by(&call, &move |app| rules.iter().find(|rules| rules.app == app).copied()).await?;
    // Which app it is, is for each event to say, unless there is only one.
    let mut apps = call.config.apps();
    let app = match (apps.next(), apps.next()) {
        (Some(only), None) => only.id.to_string(),
        _ => "{appId}".to_owned(),
    };
    let successor = format!("</v1/apps/{app}/events>; rel=\"successor-version\"");
    Ok(reply.header(DEPRECATION, HeaderValue::from_static("true")).text_header(LINK, &successor))
}

fn rules_of(app: &ServedApp) -> AppRules {
    AppRules { app: app.id, custom_events: app.settings.custom_events == CustomEvents::Accept }
}

async fn take_by(call: &SdkCall, rules: &(dyn Fn(AppId) -> Option<AppRules> + Send + Sync)) -> Result<Reply, Fault> {
    let events = split(&call.body).map_err(not_events)?;
    call.charge(events.len() - 1)?;
    let taken = call.app.placements.events.take(call.caller.scope(), &events, rules).await?;
    Reply::json(StatusCode::ACCEPTED, &taken)
}

fn not_events(problem: NotEvents) -> Fault {
    match problem {
        NotEvents::Json => Fault::new(FaultKind::Invalid, "invalid_json", "The body is not JSON"),
        NotEvents::Type => Fault::field("/events", "type", "The body must be an event or a list of events"),
        NotEvents::None => Fault::field("/events", "required", "There must be at least one event"),
        NotEvents::TooMany => {
            Fault::new(FaultKind::Invalid, "too_many_events", "There may be at most 100 events in a request")
        }
    }
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (scope, app) = (scope(&call), app_id(&call)?);
    let page = Page::of(&call.query);
    let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let (events, total) =
        call.app.placements.events.list(scope, app, filter(&call.query)?, page.limit(), offset).await?;
    let rows = events.iter().map(raw).collect::<Result<Vec<_>, Fault>>()?;
    Reply::ok(&page.around(rows, i64::try_from(total).unwrap_or(i64::MAX)))
}

fn raw(shown: &Shown<'_>) -> Result<Box<RawValue>, Fault> {
    let mut text = String::new();
    shown.write(&mut text);
    RawValue::from_string(text).map_err(Fault::internal)
}

async fn export(call: Call) -> Result<Reply, Fault> {
    let events = Arc::clone(&call.app.placements.events);
    let export = events.export(scope(&call), app_id(&call)?, filter(&call.query)?).await?;
    let (sender, body) = Channel::new(PAGES_AHEAD);
    tokio::spawn(send(events, export, sender));
    Ok(Reply::stream(JSONL, Body::new(body)))
}

/// Sends page after page, as fast as they are taken; a reader that went away ends it.
async fn send(events: Arc<Events>, mut export: Export, mut sender: Sender<Bytes, Fault>) {
    loop {
        match events.next_lines(&mut export).await {
            Ok(None) => return,
            Ok(Some(lines)) if lines.is_empty() => {}
            Ok(Some(lines)) => {
                if sender.send_data(Bytes::from(lines)).await.is_err() {
                    return;
                }
            }
            // The answer has begun: all that can be done is to break it off.
            Err(fault) => {
                tracing::error!(%fault, "an export of events ended early");
                return sender.abort(fault);
            }
        }
    }
}

async fn erase(call: Call) -> Result<Reply, Fault> {
    let (app, user) = (app_id(&call)?, call.param("userId")?.to_owned());
    let (ctx, platform) = (call.ctx.clone(), Arc::clone(&call.app.platform));
    call.commit(
        move |tx| Events::erase_user(tx, &ctx, &platform, app, &user),
        |()| Ok(Reply::empty(StatusCode::ACCEPTED)),
    )
    .await
}

/// The workspace, and live or test as it is asked for.
pub(super) fn scope(call: &Call) -> Scope {
    let mode = environment(&call.query);
    Scope { workspace: call.ctx.caller.workspace, mode }
}

/// The parameters, which the route table has checked.
fn filter(query: &Query) -> Result<Filter, Fault> {
    let text = |name: &str| query.get(name).map(str::to_owned);
    let instant = |name: &str| query.get(name).and_then(Timestamp::parse);
    let version = query.get("flow_version_id").map(ScreenVersionId::parse).transpose();
    Ok(Filter {
        user_id: text("user_id"),
        event_type: text("event_type"),
        placement_id: text("placement_id"),
        flow_version: version
            .map_err(|_| Fault::field("/flow_version_id", "value", "flow_version_id must be a UUID"))?,
        since: instant("since"),
        until: instant("until"),
    })
}
