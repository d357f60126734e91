//! Placements (placements contract, sections 7, 12 and 14).

use floe_model::id::{AppId, AudienceId, PlacementEntryId, PlacementId, ScreenVersionId};
use floe_model::placements::experiment::percent;
use floe_model::placements::place_key::is_key;
use floe_model::{Fault, Timestamp};
use floe_placements::placements;
use floe_store::Tx;
use floe_store::placements::history::Entry;
use floe_store::placements::placements::Placement;
use serde::Serialize;
use serde_json::{Value, json};

use super::page::{List, Page};
use super::place_input::{id, read, read_key};
use super::shapes::{PAGING, places as shapes};
use super::wire::{app_id, etag, if_match, made, shown};
use super::{MANAGE, Rights, SURFACE};
use crate::http::{Call, Reply, Route};

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

/// The key of the path. What cannot be a key is the empty text, which no placement has: the app is looked up first, as for any other.
pub(super) fn key_of(call: &Call) -> Result<String, Fault> {
    let key = call.param("key")?;
    Ok(if is_key(key) { key.to_owned() } else { String::new() })
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
