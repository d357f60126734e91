//! Placements (placements contract, sections 7, 12 and 14).

use floe_model::id::{AppId, AudienceId, PlacementEntryId, PlacementId, ScreenVersionId};
use floe_model::placements::decide::RuleSpec;
use floe_model::placements::experiment::{hundredths, percent};
use floe_model::placements::filter::Filter;
use floe_model::placements::{PlacementStatus, Platform, Platforms, schedule};
use floe_model::{Fault, FieldProblem, Timestamp};
use floe_placements::placements::{self, Patch};
use floe_store::Tx;
use floe_store::placements::history::Entry;
use floe_store::placements::placements::Placement;
use serde::Serialize;
use serde_json::{Value, json};

use super::page::{List, Page};
use super::shapes::{PAGING, places as shapes};
use super::wire::{app_id, etag, if_match, made, shown};
use super::{MANAGE, Rights, SURFACE};
use crate::http::{Call, Fields, Reply, Route};

/// Characters of a description at most.
const DESCRIPTION_MAX: usize = 500;
/// Seconds that a device can keep an answer at most.
const TTL_MAX: i64 = 86_400;
/// Platforms of one list at most, repeated ones counted.
const PLATFORMS_MAX: usize = 3;
/// Characters of a key at most.
const KEY_MAX: usize = 64;

pub(super) fn routes() -> Vec<Route> {
    const ALL: &str = "/v1/apps/{appId}/placements";
    const ONE: &str = "/v1/apps/{appId}/placements/{key}";
    vec![
        Route::post(&SURFACE, ALL, MANAGE, create)
            .managed()
            .doc("Create a placement")
            .takes(shapes::NEW_PLACEMENT)
            .answers(201, shapes::PLACEMENT)
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, ALL, MANAGE, list)
            .managed()
            .doc("List placements")
            .queries(PAGING)
            .answers(200, shapes::PLACEMENTS),
        Route::get(&SURFACE, ONE, MANAGE, show).managed().doc("Show a placement").answers(200, shapes::PLACEMENT),
        Route::patch(&SURFACE, ONE, MANAGE, change)
            .managed()
            .revised()
            .doc("Change a placement")
            .about("What is left out stays as it is; null empties.")
            .takes(shapes::PLACEMENT_PATCH)
            .answers(200, shapes::PLACEMENT),
        Route::delete(&SURFACE, ONE, MANAGE, delete)
            .managed()
            .revised()
            .doc("Delete a placement")
            .answers_nothing(204)
            .refuses(409, &["conflict"]),
        Route::post(&SURFACE, "/v1/apps/{appId}/placements/{key}/attach", MANAGE, attach)
            .managed()
            .revised()
            .doc("Attach a published version")
            .about("Makes it the default version of the placement.")
            .takes(shapes::ATTACHMENT)
            .answers(200, shapes::PLACEMENT),
        Route::get(&SURFACE, "/v1/apps/{appId}/placements/{key}/history", MANAGE, history)
            .managed()
            .doc("Show the history of a placement")
            .queries(PAGING)
            .answers(200, shapes::HISTORY),
    ]
}

/// A placement as it is answered.
#[derive(Serialize)]
struct PlacementOut {
    id: PlacementId,
    app_id: AppId,
    key: String,
    description: Option<String>,
    platforms: Value,
    status: String,
    default_flow_version_id: Option<ScreenVersionId>,
    audience_filter: Option<Value>,
    audience_id: Option<AudienceId>,
    cache_ttl_seconds: Option<i64>,
    rules: Value,
    rollout_percentage: Value,
    rollout_fallback_version_id: Option<ScreenVersionId>,
    active_from: Option<Timestamp>,
    active_until: Option<Timestamp>,
    scheduled_changes: Value,
    created_at: Timestamp,
    updated_at: Timestamp,
    etag: String,
}

impl TryFrom<Placement> for PlacementOut {
    type Error = Fault;

    fn try_from(row: Placement) -> Result<Self, Fault> {
        let rollout = row.rollout.and_then(|rollout| u32::try_from(rollout).ok());
        Ok(Self {
            id: row.id,
            app_id: row.app,
            key: row.key,
            description: row.description,
            platforms: stored(&row.platforms)?,
            status: row.status,
            default_flow_version_id: row.default_version,
            audience_filter: row.audience_filter.as_deref().map(stored).transpose()?,
            audience_id: row.audience,
            cache_ttl_seconds: row.cache_ttl_seconds,
            rules: stored(&row.rules)?,
            rollout_percentage: rollout.map_or(Value::Null, percent),
            rollout_fallback_version_id: row.rollout_fallback,
            active_from: row.active_from,
            active_until: row.active_until,
            scheduled_changes: stored(&row.scheduled_changes)?,
            created_at: row.created_at,
            updated_at: row.updated_at,
            etag: etag(row.revision),
        })
    }
}

/// JSON of a row.
pub(super) fn stored(text: &str) -> Result<Value, Fault> {
    serde_json::from_str(text).map_err(Fault::internal)
}

/// The key of the path; what cannot be a key is not found like any other that is not there.
pub(super) fn key_of(call: &Call) -> Result<String, Fault> {
    let key = call.param("key")?;
    if is_key(key) { Ok(key.to_owned()) } else { Err(Fault::not_found("Placement")) }
}

/// Whether a text can be a placement key (placements contract, section 1.1).
fn is_key(text: &str) -> bool {
    let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    let goes_on = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    begins && text.len() <= KEY_MAX && text.bytes().all(goes_on)
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let (app, ctx) = (app_id(&call)?, call.ctx.clone());
    let mut body = call.fields()?;
    let key = read_key(&mut body);
    let patch = read(&mut body);
    if patch.platforms.is_none() {
        body.problem("platforms", "required", "platforms is required");
    }
    body.finish_ignoring_unknown()?;
    call.commit(
        move |tx| placements::create(tx, &ctx, app, &key, &patch),
        move |row| {
            let (place, revision) = (format!("/v1/apps/{app}/placements/{}", row.key), row.revision);
            made(&place, &PlacementOut::try_from(row)?, revision)
        },
    )
    .await
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (app, page, ctx) = (app_id(&call)?, Page::of(&call.query), call.ctx.clone());
    let reading = move |tx: &mut Tx<'_>| placements::list(tx, &ctx, app, page.limit(), page.offset);
    let (rows, total) = call.ctx.store.read(reading).await?;
    let rows = rows.into_iter().map(PlacementOut::try_from).collect::<Result<Vec<_>, Fault>>()?;
    Reply::ok(&page.around(rows, total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (app, key, ctx) = (app_id(&call)?, key_of(&call)?, call.ctx.clone());
    let row = call.ctx.store.read(move |tx| placements::get(tx, &ctx, app, &key)).await?;
    let revision = row.revision;
    shown(&PlacementOut::try_from(row)?, revision)
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let (app, key, expected, ctx) = (app_id(&call)?, key_of(&call)?, if_match(&call)?, call.ctx.clone());
    let mut body = call.fields()?;
    if body.value("key").is_some_and(|sent| sent.as_str() != Some(&key)) {
        body.problem("key", "read_only", "key cannot be changed");
    }
    let patch = read(&mut body);
    body.finish_ignoring_unknown()?;
    call.commit(move |tx| placements::change(tx, &ctx, app, &key, expected, &patch), answer).await
}

async fn attach(call: Call) -> Result<Reply, Fault> {
    let (app, key, expected, ctx) = (app_id(&call)?, key_of(&call)?, if_match(&call)?, call.ctx.clone());
    let mut body = call.fields()?;
    let is_missing = !body.has("flow_version_id");
    let version = id(&mut body, "flow_version_id", ScreenVersionId::parse).flatten();
    if version.is_none() && is_missing {
        body.problem("flow_version_id", "required", "flow_version_id is required");
    }
    body.finish_ignoring_unknown()?;
    let version = version.ok_or_else(|| Fault::field("/flow_version_id", "required", "flow_version_id is required"))?;
    call.commit(move |tx| placements::attach(tx, &ctx, app, &key, expected, version), answer).await
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let (app, key, expected, ctx) = (app_id(&call)?, key_of(&call)?, if_match(&call)?, call.ctx.clone());
    call.commit(move |tx| placements::delete(tx, &ctx, app, &key, expected), |()| Ok(Reply::no_content())).await
}

fn answer(row: Placement) -> Result<Reply, Fault> {
    let revision = row.revision;
    shown(&PlacementOut::try_from(row)?, revision)
}

/// A page of changes with everything that was served.
#[derive(Serialize)]
struct HistoryOut {
    #[serde(flatten)]
    page: List<Value>,
    served: Vec<Value>,
}

async fn history(call: Call) -> Result<Reply, Fault> {
    let (app, key, page, ctx) = (app_id(&call)?, key_of(&call)?, Page::of(&call.query), call.ctx.clone());
    // What was served is written down some time later; here it is told as of now.
    call.app.placements.serving.flush().await?;
    let reading = move |tx: &mut Tx<'_>| placements::history(tx, &ctx, app, &key, page.limit(), page.offset);
    let found = call.ctx.store.read(reading).await?;
    let entries = found.entries.into_iter().map(entry).collect::<Result<Vec<_>, Fault>>()?;
    let served = found.served.into_iter().map(|one| {
        json!({
            "environment": one.mode.as_str(),
            "flow_version_id": one.version,
            "flow_id": one.flow,
            "first_served_at": one.first_at,
            "last_served_at": one.last_at,
            "count": one.count,
        })
    });
    Reply::ok(&HistoryOut { page: page.around(entries, found.total), served: served.collect() })
}

fn entry(entry: Entry) -> Result<Value, Fault> {
    let id: PlacementEntryId = entry.id;
    Ok(json!({
        "id": id,
        "action": entry.action,
        "actor": { "type": entry.actor_type, "name": entry.actor_name },
        "detail": stored(&entry.detail)?,
        "at": entry.at,
    }))
}

fn read_key(body: &mut Fields) -> String {
    if !body.has("key") {
        body.problem("key", "required", "key is required");
        return String::new();
    }
    let key = body.value("key").as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    if !is_key(&key) {
        let message = "key begins with a small letter and has up to 64 small letters, digits and underscores";
        body.problem("key", "pattern", message);
    }
    key
}

/// Reads what can be changed: what is left out stays, null empties what can be empty.
fn read(body: &mut Fields) -> Patch {
    let patch = Patch {
        description: given(body, "description", |body, name| body.text(name, 0, DESCRIPTION_MAX)),
        platforms: read_platforms(body),
        status: body.word("status", "active, paused", PlacementStatus::parse),
        default_version: id(body, "default_flow_version_id", ScreenVersionId::parse),
        audience_filter: given(body, "audience_filter", read_filter),
        audience: id(body, "audience_id", AudienceId::parse),
        cache_ttl_seconds: given(body, "cache_ttl_seconds", |body, name| body.number(name, 0, TTL_MAX)),
        rules: read_list(body, "rules", |value| RuleSpec::read_all(value, "/rules")),
        rollout: given(body, "rollout_percentage", read_percentage),
        rollout_fallback: id(body, "rollout_fallback_version_id", ScreenVersionId::parse),
        active_from: given(body, "active_from", read_time),
        active_until: given(body, "active_until", read_time),
        scheduled_changes: read_list(body, "scheduled_changes", |value| schedule::read(value, "scheduled_changes")),
    };
    if matches!((&patch.audience_filter, &patch.audience), (Some(Some(_)), Some(Some(_)))) {
        body.problem("audience_id", "exclusive", "audience_filter and audience_id exclude each other");
    }
    patch
}

/// A field that can be emptied: `None` when it is not there, `Some(None)` when it is null or wrong.
fn given<T>(body: &mut Fields, name: &str, read: impl FnOnce(&mut Fields, &str) -> Option<T>) -> Option<Option<T>> {
    body.has(name).then(|| read(body, name))
}

/// An id that can be emptied.
fn id<T, E>(body: &mut Fields, name: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<Option<T>> {
    given(body, name, |body, name| {
        let value = body.value(name)?;
        let id = value.as_str().and_then(|text| parse(text).ok());
        if id.is_none() {
            body.problem(name, "value", format!("{name} must be a UUID"));
        }
        id
    })
}

/// A list; null is the empty one.
fn read_list<T>(
    body: &mut Fields,
    name: &str,
    read: impl FnOnce(&Value) -> Result<Vec<T>, Vec<FieldProblem>>,
) -> Option<Vec<T>> {
    if !body.has(name) {
        return None;
    }
    let value = body.value(name).unwrap_or_else(|| json!([]));
    read(&value).map_err(|problems| note(body, problems)).ok()
}

fn read_platforms(body: &mut Fields) -> Option<Platforms> {
    let words = body.texts("platforms", PLATFORMS_MAX)?;
    let mut platforms = Vec::with_capacity(words.len());
    for (index, word) in words.iter().enumerate() {
        match Platform::parse(word) {
            Some(platform) => platforms.push(platform),
            None => body.problem(&format!("platforms/{index}"), "value", "must be one of: ios, android, web"),
        }
    }
    if words.is_empty() {
        body.problem("platforms", "length", "platforms must name at least one");
    }
    Some(Platforms::of(&platforms))
}

/// A filter, checked for itself.
pub(super) fn read_filter(body: &mut Fields, name: &str) -> Option<Value> {
    let value = body.value(name)?;
    match Filter::check(&value, &format!("/{name}")) {
        Ok(_) => Some(value),
        Err(problems) => {
            note(body, problems);
            None
        }
    }
}

fn read_percentage(body: &mut Fields, name: &str) -> Option<u32> {
    let share = hundredths(&body.value(name)?);
    if share.is_none() {
        body.problem(name, "range", format!("{name} must be from 0 to 100 in steps of 0.01"));
    }
    share
}

/// An instant of RFC 3339, to the millisecond.
pub(super) fn read_time(body: &mut Fields, name: &str) -> Option<Timestamp> {
    let value = body.value(name)?;
    let time = value.as_str().and_then(Timestamp::parse).map(|time| Timestamp(time.millis().saturating_mul(1_000)));
    if time.is_none() {
        body.problem(name, "format", format!("{name} must be an RFC 3339 time"));
    }
    time
}

/// Takes over what another reader found; its paths begin with a slash.
pub(super) fn note(body: &mut Fields, problems: Vec<FieldProblem>) {
    for problem in problems {
        body.problem(problem.path.trim_start_matches('/'), problem.code, problem.message);
    }
}
