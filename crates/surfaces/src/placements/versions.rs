//! Publishing screen flows, and the versions that were published (placements contract, sections 10 and 12).

use floe_model::id::{ScreenFlowId, ScreenVersionId};
use floe_model::placements::screen;
use floe_model::{Fault, Timestamp};
use floe_placements::flows::{self, Schema};
use floe_store::Tx;
use floe_store::placements::versions::{Head, Version};
use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;

use super::flows::{checked, flow_id};
use super::page::Page;
use super::shapes::{PAGING, flows as shapes};
use super::wire::app_id;
use super::{MANAGE, Rights, SURFACE};
use crate::http::shape::ID;
use crate::http::{Call, Reply, Route};

/// Characters of a note.
const NOTE_MAX: usize = 1_000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(&SURFACE, "/v1/apps/{appId}/flows/{flowId}/publish", MANAGE, publish)
            .managed()
            .doc("Publish a flow")
            .about("The draft becomes the next version. It changes nothing that is shown: a placement names a version.")
            .takes(shapes::PUBLISH)
            .answers(201, shapes::VERSION)
            .answers(200, shapes::VERSION)
            .refuses(400, &["flow_invalid"])
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, "/v1/apps/{appId}/flows/{flowId}/versions", MANAGE, list)
            .managed()
            .doc("List versions of a flow")
            .about("Newest first.")
            .queries(PAGING)
            .answers(200, shapes::VERSIONS),
        Route::get(&SURFACE, "/v1/apps/{appId}/flows/{flowId}/versions/{versionId}", MANAGE, show)
            .managed()
            .doc("Show a version of a flow")
            .answers(200, shapes::WHOLE_VERSION),
        Route::post(&SURFACE, "/v1/apps/{appId}/flows/{flowId}/versions/{versionId}/restore", MANAGE, restore)
            .managed()
            .doc("Copy a version into the draft")
            .answers(200, shapes::DRAFT_CHECKED)
            .refuses(412, &["precondition_failed"]),
        Route::get(&SURFACE, "/v1/apps/{appId}/flows/{flowId}/versions/{versionId}/diff", MANAGE, diff)
            .managed()
            .doc("Compare two versions")
            .about("What the version has and the other one has not is added.")
            .query("against", ID, "The other version, of the same app")
            .answers(200, shapes::DIFF),
    ]
}

/// A version on the wire.
#[derive(Serialize)]
struct VersionOut<'a> {
    id: ScreenVersionId,
    flow_id: ScreenFlowId,
    flow_version: i64,
    schema_version: i64,
    published_at: Timestamp,
    published_by: &'a str,
    note: Option<&'a str>,
    warnings: &'a RawValue,
    sha256: &'a str,
    bytes: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    fonts: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flow_schema: Option<&'a RawValue>,
}

impl<'a> VersionOut<'a> {
    fn of(head: &'a Head) -> Result<Self, Fault> {
        Ok(Self {
            id: head.id,
            flow_id: head.flow,
            flow_version: head.number,
            schema_version: head.schema_version,
            published_at: head.published_at,
            published_by: &head.published_by,
            note: head.note.as_deref(),
            warnings: raw(&head.warnings)?,
            sha256: &head.sha256,
            bytes: head.bytes,
            fonts: None,
            flow_schema: None,
        })
    }

    fn whole(version: &'a Version) -> Result<Self, Fault> {
        let (fonts, schema) = (raw(&version.head.fonts)?, raw(&version.schema)?);
        Ok(Self { fonts: Some(fonts), flow_schema: Some(schema), ..Self::of(&version.head)? })
    }
}

/// Stored JSON, as it stands.
fn raw(text: &str) -> Result<&RawValue, Fault> {
    serde_json::from_str(text).map_err(Fault::internal)
}

async fn publish(call: Call) -> Result<Reply, Fault> {
    let (app, flow) = (app_id(&call)?, flow_id(&call)?);
    let mut body = call.fields()?;
    let note = body.text("note", 0, NOTE_MAX).filter(|note| !note.is_empty());
    body.finish_ignoring_unknown()?;
    // What was published under the same key before is answered before the draft of today is looked at.
    if let Some(reply) = call.answered().await? {
        return Ok(reply);
    }
    let prepared = call.app.placements.prepare_publish(&call.ctx, app, flow).await?;
    let ctx = call.ctx.clone();
    call.commit(
        move |tx| flows::publish(tx, &ctx, &prepared, note.as_deref()),
        move |published| {
            let version = VersionOut::of(&published.version)?;
            let place = format!("/v1/apps/{app}/flows/{flow}/versions/{}", version.id);
            if published.is_new { Reply::created(&place, &version) } else { Reply::json(StatusCode::OK, &version) }
        },
    )
    .await
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (app, flow, page) = (app_id(&call)?, flow_id(&call)?, Page::of(&call.query));
    let ctx = call.ctx.clone();
    let reading = move |tx: &mut Tx<'_>| flows::list_versions(tx, &ctx, app, flow, page.limit(), page.offset);
    let (heads, total) = call.ctx.store.read(reading).await?;
    let rows = heads.iter().map(VersionOut::of).collect::<Result<Vec<_>, Fault>>()?;
    Reply::ok(&page.around(rows, total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (app, flow, id) = (app_id(&call)?, flow_id(&call)?, version_id(&call)?);
    let ctx = call.ctx.clone();
    let version = call.ctx.store.read(move |tx| flows::version(tx, &ctx, app, flow, id)).await?;
    Reply::ok(&VersionOut::whole(&version)?)
}

async fn restore(call: Call) -> Result<Reply, Fault> {
    let (app, flow, id) = (app_id(&call)?, flow_id(&call)?, version_id(&call)?);
    if let Some(reply) = call.answered().await? {
        return Ok(reply);
    }
    let reader = call.ctx.clone();
    let version = call.ctx.store.read(move |tx| flows::version(tx, &reader, app, flow, id)).await?;
    let schema = Schema::stored(version.schema, version.head.sha256)?;
    let findings = call.app.placements.check(call.ctx.caller.workspace, app, &schema).await?;
    let ctx = call.ctx.clone();
    call.commit(move |tx| flows::restore(tx, &ctx, app, flow, id), move |draft| checked(&findings, &draft)).await
}

async fn diff(call: Call) -> Result<Reply, Fault> {
    let (app, flow, id) = (app_id(&call)?, flow_id(&call)?, version_id(&call)?);
    let Some(against) = call.query.get("against") else {
        return Err(Fault::field("/against", "required", "against is required: the id of the other version"));
    };
    let against = ScreenVersionId::parse(against).map_err(|_| Fault::not_found("Version"))?;
    let ctx = call.ctx.clone();
    let reading = move |tx: &mut Tx<'_>| {
        let new = flows::version(tx, &ctx, app, flow, id)?;
        Ok((flows::version_of_app(tx, &ctx, app, against)?, new))
    };
    let (old, new) = call.ctx.store.read(reading).await?;
    let value = |version: Version| Schema::stored(version.schema, version.head.sha256).map(|schema| schema.value);
    Reply::ok(&screen::diff(&value(old)?, &value(new)?))
}

fn version_id(call: &Call) -> Result<ScreenVersionId, Fault> {
    call.id("versionId", "Version")
}
