//! Drafts and versions (Flow API contract, section 8).

use floe_engine::lang::Problem;
use floe_flows::definitions::{self, Publish, VersionRecord, VersionWord};
use floe_model::flows::VersionStatus;
use floe_model::id::{FlowId, VersionId};
use floe_model::{Fault, Timestamp};
use floe_store::Tx;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::paging::{LIMIT, LIMIT_MAX, Paging};
use super::records::{raw, word};
use super::shapes::records::STATUS;
use super::shapes::{PAGING, versions as shapes};
use super::{BODY_LIMIT, DASHBOARD, SURFACE, patch};
use crate::http::shape::FLAG;
use crate::http::{Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(&SURFACE, "/v1/flow/{id}/autosave", DASHBOARD, autosave)
            .scope("flows.write")
            .body_limit(BODY_LIMIT)
            .doc("Save a draft")
            .takes(shapes::AUTOSAVE)
            .answers(200, shapes::SAVED)
            .refuses(409, &["conflict"]),
        Route::post(&SURFACE, "/v1/flow/{id}/publish", DASHBOARD, publish)
            .scope("flows.write")
            .body_limit(BODY_LIMIT)
            .doc("Publish the draft or a version")
            .takes(shapes::PUBLISH)
            .answers(200, shapes::VERSION)
            .refuses(400, &["invalid_version"])
            .refuses(409, &["no_draft", "version_published"])
            .refuses(422, &["invalid_definition"]),
        Route::get(&SURFACE, "/v1/flow/{id}/versions", DASHBOARD, list)
            .scope("flows.read")
            .doc("List versions")
            .queries(PAGING)
            .query("status", STATUS, "Draft or published")
            .query("full", FLAG, "Whether to show definitions")
            .answers(200, shapes::VERSIONS),
        Route::get(&SURFACE, "/v1/flow/{id}/versions/{version}", DASHBOARD, get)
            .scope("flows.read")
            .doc("Show a version")
            .about("The version is a number, latest, or draft.")
            .answers(200, shapes::VERSION)
            .refuses(400, &["invalid_version"])
            .refuses(409, &["flow_not_published", "no_draft"]),
        Route::delete(&SURFACE, "/v1/flow/{id}/versions/{version}", DASHBOARD, delete)
            .scope("flows.write")
            .doc("Delete a version")
            .answers(200, shapes::DELETED)
            .refuses(400, &["invalid_version"])
            .refuses(409, &["version_published"]),
        Route::post(&SURFACE, "/v1/flow/{id}/versions/{version}/publish", DASHBOARD, publish_version)
            .scope("flows.write")
            .doc("Publish a version")
            .takes(shapes::PUBLISH_VERSION)
            .answers(200, shapes::VERSION)
            .refuses(400, &["invalid_version"])
            .refuses(409, &["version_published"])
            .refuses(422, &["invalid_definition"]),
        Route::post(&SURFACE, "/v1/flow/{id}/versions/{version}/set-latest", DASHBOARD, set_latest)
            .scope("flows.write")
            .doc("Make a version the latest")
            .answers(200, shapes::VERSION)
            .refuses(400, &["invalid_version"])
            .refuses(409, &["version_not_published"]),
        Route::post(&SURFACE, "/v1/flow/{id}/versions/{version}/rollback", DASHBOARD, roll_back)
            .scope("flows.write")
            .doc("Roll back to a version")
            .about("A copy of the version becomes the draft, or the latest version.")
            .takes(shapes::ROLL_BACK)
            .answers(201, shapes::VERSION)
            .refuses(400, &["invalid_version"])
            .refuses(409, &["version_not_published"])
            .refuses(422, &["invalid_definition"]),
        Route::post(&SURFACE, "/v1/flow/{id}/versions/{version}/unpublish", DASHBOARD, unpublish)
            .scope("flows.write")
            .doc("Take a version back")
            .answers(200, shapes::VERSION)
            .refuses(400, &["invalid_version"])
            .refuses(409, &["version_not_published"]),
    ]
}

/// A version on the wire.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VersionOut {
    #[serde(rename = "_id")]
    id: VersionId,
    entity_type: &'static str,
    entity_id: FlowId,
    version: u32,
    status: &'static str,
    is_latest: bool,
    is_current_draft: bool,
    data: DataOut,
    audit: AuditOut,
    created_at: Timestamp,
    updated_at: Timestamp,
    published_at: Option<Timestamp>,
}

/// What a version says a flow is.
#[derive(Serialize)]
struct DataOut {
    name: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<Box<RawValue>>,
    settings: Box<RawValue>,
    visibility: &'static str,
}

/// Where a version comes from.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuditOut {
    summary: String,
    created_by_user: Box<RawValue>,
    published_by_user: Option<Box<RawValue>>,
    based_on_version: Option<u32>,
}

/// The receipt of an autosave.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SavedOut {
    #[serde(rename = "_id")]
    id: FlowId,
    version: u32,
    status: &'static str,
    revision: u64,
    saved_at: Timestamp,
    problems: Vec<Problem>,
}

impl VersionOut {
    fn of(record: VersionRecord) -> Result<Self, Fault> {
        let VersionRecord { row, is_latest, is_current_draft, definition } = record;
        let data = DataOut {
            name: row.name,
            description: row.description,
            definition: definition.map(raw).transpose()?,
            settings: raw(row.settings)?,
            visibility: row.visibility.as_str(),
        };
        let audit = AuditOut {
            summary: row.summary,
            created_by_user: raw(row.created_by)?,
            published_by_user: row.published_by.map(raw).transpose()?,
            based_on_version: row.based_on,
        };
        Ok(Self {
            id: row.id,
            entity_type: "flow",
            entity_id: row.flow,
            version: row.version,
            status: row.status.as_str(),
            is_latest,
            is_current_draft,
            data,
            audit,
            created_at: row.created_at,
            updated_at: row.updated_at,
            published_at: row.published_at,
        })
    }
}

async fn autosave(call: Call) -> Result<Reply, Fault> {
    let id: FlowId = call.id("id", "Flow")?;
    let save = patch::autosave(call.fields()?, &call.app.flows.catalog)?;
    let (ctx, app) = (call.ctx.clone(), call.app.clone());
    let act = move |tx: &mut Tx<'_>| definitions::autosave(tx, &ctx, &app.flows.catalog, id, &save);
    let render = |saved: definitions::Saved| {
        let definitions::Saved { flow, version, revision, saved_at, problems } = saved;
        let status = VersionStatus::Draft.as_str();
        Reply::ok(&SavedOut { id: flow, version, status, revision, saved_at, problems })
    };
    call.commit(act, render).await
}

async fn publish(call: Call) -> Result<Reply, Fault> {
    let id: FlowId = call.id("id", "Flow")?;
    let mut body = call.fields()?;
    let version = match body.value("version") {
        None => None,
        Some(value) => {
            Some(VersionWord::parse_number(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))?)
        }
    };
    let summary = patch::summary(&mut body);
    let set_latest = body.flag("setLatest").unwrap_or(true);
    body.finish_ignoring_unknown()?;
    let publish = Publish { version, summary, set_latest };
    let (ctx, app) = (call.ctx.clone(), call.app.clone());
    let act = move |tx: &mut Tx<'_>| definitions::publish(tx, &ctx, &app.flows, id, &publish);
    call.commit(act, shown).await
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let id: FlowId = call.id("id", "Flow")?;
    let paging = Paging::read(&call.query, LIMIT, LIMIT_MAX)?;
    let status = word(&call.query, "status", "draft, published", VersionStatus::parse)?;
    let full = call.query.flag("full")?.unwrap_or(false);
    let ctx = call.ctx.clone();
    let list = move |tx: &mut Tx<'_>| definitions::list_versions(tx, &ctx, id, status, full, paging.limit, paging.skip);
    let page = call.ctx.store.read(list).await?;
    let rows = page.data.into_iter().map(VersionOut::of).collect::<Result<Vec<_>, _>>()?;
    Reply::ok(&paging.around(rows, page.total))
}

async fn get(call: Call) -> Result<Reply, Fault> {
    let id: FlowId = call.id("id", "Flow")?;
    let word = VersionWord::parse(call.param("version")?)?;
    let ctx = call.ctx.clone();
    let record = call.ctx.store.read(move |tx| definitions::version(tx, &ctx, id, word)).await?;
    shown(record)
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let (id, number) = named(&call)?;
    let ctx = call.ctx.clone();
    let version = call.ctx.store.write(move |tx| definitions::delete_version(tx, &ctx, id, number)).await?;
    Reply::ok(&json!({ "success": true, "version": version }))
}

async fn publish_version(call: Call) -> Result<Reply, Fault> {
    let (id, number) = named(&call)?;
    let mut body = call.fields()?;
    let summary = patch::summary(&mut body);
    body.finish_ignoring_unknown()?;
    let (ctx, app) = (call.ctx.clone(), call.app.clone());
    let act = move |tx: &mut Tx<'_>| definitions::publish_version(tx, &ctx, &app.flows, id, number, summary.as_deref());
    call.commit(act, shown).await
}

async fn set_latest(call: Call) -> Result<Reply, Fault> {
    let (id, number) = named(&call)?;
    let ctx = call.ctx.clone();
    call.commit(move |tx| definitions::set_latest(tx, &ctx, id, number), shown).await
}

async fn roll_back(call: Call) -> Result<Reply, Fault> {
    let (id, number) = named(&call)?;
    let mut body = call.fields()?;
    let publish = body.flag("publish").unwrap_or(false);
    body.finish_ignoring_unknown()?;
    let (ctx, app) = (call.ctx.clone(), call.app.clone());
    let act = move |tx: &mut Tx<'_>| definitions::roll_back(tx, &ctx, &app.flows, id, number, publish);
    let render = |record: VersionRecord| {
        let location = format!("/v1/flow/{}/versions/{}", record.row.flow, record.row.version);
        Reply::created(&location, &VersionOut::of(record)?)
    };
    call.commit(act, render).await
}

async fn unpublish(call: Call) -> Result<Reply, Fault> {
    let (id, number) = named(&call)?;
    let ctx = call.ctx.clone();
    call.commit(move |tx| definitions::unpublish(tx, &ctx, id, number), shown).await
}

/// The flow and the version of the path.
fn named(call: &Call) -> Result<(FlowId, u32), Fault> {
    Ok((call.id("id", "Flow")?, VersionWord::parse_number(call.param("version")?)?))
}

fn shown(record: VersionRecord) -> Result<Reply, Fault> {
    Reply::json(StatusCode::OK, &VersionOut::of(record)?)
}
