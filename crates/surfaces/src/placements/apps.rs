//! Apps (placements contract, section 12).

use floe_model::placements::Platform;
use floe_model::placements::app::{AppSettings, CustomEvents, TEST_USERS_MAX, TTL_MAX};
use floe_model::placements::asking::ID_CHARS_MAX;
use floe_model::{Fault, Timestamp, id::AppId};
use floe_placements::apps::{self, App, AppPatch, NewApp, SettingsPatch};
use floe_store::Tx;
use serde::Serialize;
use serde_json::Value;

use super::input::{merge, name};
use super::page::Page;
use super::shapes::{PAGING, apps as shapes};
use super::wire::{app_id, etag, if_match, made, shown};
use super::{MANAGE, Rights, SURFACE};
use crate::http::shape::text;
use crate::http::{Call, Fields, Reply, Route};

/// Characters of a name.
const NAME_MAX: usize = 80;
const PLATFORMS: &str = "ios, android, web";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/v1/apps", MANAGE, list)
            .managed()
            .doc("List apps")
            .about("Newest first.")
            .queries(PAGING)
            .answers(200, shapes::APPS),
        Route::post(&SURFACE, "/v1/apps", MANAGE, create)
            .managed()
            .doc("Create an app")
            .takes(shapes::NEW_APP)
            .answers(201, shapes::APP)
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, "/v1/apps/{appId}", MANAGE, show).managed().doc("Show an app").answers(200, shapes::APP),
        Route::patch(&SURFACE, "/v1/apps/{appId}", MANAGE, change)
            .managed()
            .revised()
            .doc("Change an app")
            .about("What is not there stays; a setting that is null is the usual one again.")
            .takes(shapes::APP_PATCH)
            .answers(200, shapes::APP),
        Route::delete(&SURFACE, "/v1/apps/{appId}", MANAGE, delete)
            .managed()
            .revised()
            .doc("Delete an app")
            .about(
                "With its flows, placements, audiences and experiments. Not while one of its experiments is running.",
            )
            .query("confirm", text(0, NAME_MAX), "The name of the app")
            .answers_nothing(204)
            .refuses(409, &["conflict"]),
    ]
}

/// An app on the wire.
#[derive(Serialize)]
struct AppOut {
    id: AppId,
    name: String,
    platform: String,
    settings: AppSettings,
    created_at: Timestamp,
    updated_at: Timestamp,
    etag: String,
}

impl From<App> for AppOut {
    fn from(app: App) -> Self {
        let App { row, settings } = app;
        Self {
            id: row.id,
            name: row.name,
            platform: row.platform,
            settings,
            created_at: row.created_at,
            updated_at: row.updated_at,
            etag: etag(row.revision),
        }
    }
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (page, ctx) = (Page::of(&call.query), call.ctx.clone());
    let reading = move |tx: &mut Tx<'_>| apps::list(tx, &ctx, page.limit(), page.offset);
    let (rows, total) = call.ctx.store.read(reading).await?;
    Reply::ok(&page.around(rows.into_iter().map(AppOut::from).collect(), total))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let new = NewApp {
        name: name(&mut body, NAME_MAX).unwrap_or_default(),
        platform: body.required_word("platform", PLATFORMS, Platform::parse).unwrap_or(Platform::Ios),
        settings: settings(&mut body),
    };
    body.finish_ignoring_unknown()?;
    let ctx = call.ctx.clone();
    call.commit(
        move |tx| apps::create(tx, &ctx, &new),
        |app| {
            let revision = app.row.revision;
            made(&format!("/v1/apps/{}", app.row.id), &AppOut::from(app), revision)
        },
    )
    .await
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (id, workspace) = (app_id(&call)?, call.ctx.caller.workspace);
    let app = call.ctx.store.read(move |tx| apps::require(tx, workspace, id)).await?;
    let revision = app.row.revision;
    shown(&AppOut::from(app), revision)
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let (id, expected) = (app_id(&call)?, if_match(&call)?);
    let mut body = call.fields()?;
    let patch = AppPatch {
        name: body.is_set("name").then(|| name(&mut body, NAME_MAX)).flatten(),
        platform: body.word("platform", PLATFORMS, Platform::parse),
        settings: settings(&mut body),
    };
    body.finish_ignoring_unknown()?;
    let ctx = call.ctx.clone();
    let act = move |tx: &mut Tx<'_>| apps::patch(tx, &ctx, id, &patch, expected);
    call.commit(act, |app| {
        let revision = app.row.revision;
        shown(&AppOut::from(app), revision)
    })
    .await
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let (id, expected) = (app_id(&call)?, if_match(&call)?);
    let confirm = call.query.get("confirm").map(str::to_owned);
    let ctx = call.ctx.clone();
    call.commit(move |tx| apps::delete(tx, &ctx, id, confirm.as_deref(), expected), |()| Ok(Reply::no_content())).await
}

/// The settings that a body names; null for one of them is its usual value.
fn settings(body: &mut Fields) -> SettingsPatch {
    let Some(value) = body.value("settings") else { return SettingsPatch::default() };
    let usual = AppSettings::default();
    let Ok(mut inner) = Fields::of(value) else {
        body.problem("settings", "type", "settings must be an object");
        return SettingsPatch::default();
    };
    let named = |inner: &Fields, name: &str| inner.has(name);
    let patch = SettingsPatch {
        cache_ttl_seconds: named(&inner, "cache_ttl_seconds").then(|| inner.number("cache_ttl_seconds", 0, TTL_MAX)),
        custom_events: named(&inner, "custom_events")
            .then(|| inner.word("custom_events", "reject, accept", CustomEvents::parse).unwrap_or(usual.custom_events)),
        default_hash_version: named(&inner, "default_hash_version").then(|| {
            let number = inner.number("default_hash_version", 1, 2);
            number.and_then(|number| u8::try_from(number).ok()).unwrap_or(usual.default_hash_version)
        }),
        test_users: named(&inner, "test_users").then(|| test_users(&mut inner)),
    };
    merge(body, "settings", inner);
    patch
}

fn test_users(settings: &mut Fields) -> Vec<String> {
    let items = match settings.value("test_users") {
        None => return Vec::new(),
        Some(Value::Array(items)) if items.len() <= TEST_USERS_MAX => items,
        Some(Value::Array(_)) => {
            settings.problem("test_users", "length", format!("test_users holds more than {TEST_USERS_MAX} entries"));
            return Vec::new();
        }
        Some(_) => {
            settings.problem("test_users", "type", "test_users must be a list");
            return Vec::new();
        }
    };
    let mut users = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        match item {
            Value::String(user) if !user.trim().is_empty() && user.chars().count() <= ID_CHARS_MAX => {
                if !users.contains(&user) {
                    users.push(user);
                }
            }
            _ => {
                let message = format!("A user is a text of 1 to {ID_CHARS_MAX} characters");
                settings.problem(&format!("test_users/{at}"), "value", message);
            }
        }
    }
    users
}
