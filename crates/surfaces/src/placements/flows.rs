//! Screen flows and their drafts (placements contract, section 12).

use floe_model::id::{AppId, ScreenFlowId, ScreenVersionId};
use floe_model::placements::app::FlowKind;
use floe_model::placements::screen::{Finding, Findings, SCHEMA_BYTES_MAX};
use floe_model::{Fault, FaultKind, Timestamp};
use floe_placements::flows::{self, FlowPatch, FlowView, NewFlow, Schema};
use floe_store::Tx;
use floe_store::placements::drafts::Draft;
use floe_store::placements::screen_flows::{Filter, ScreenFlow};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::input::name;
use super::page::Page;
use super::shapes::{PAGING, flows as shapes};
use super::wire::{app_id, etag, if_match, made, remembered, shown};
use super::{MANAGE, Rights, SURFACE};
use crate::http::shape::{JSON_OBJECT, text, words};
use crate::http::{Call, Reply, Route, check_json, depth_within};

/// Characters of a name.
const NAME_MAX: usize = 120;
const KINDS: &str = "onboarding, paywall, survey, tutorial";
/// Bytes of a body that holds a flow and a few words about it.
const NEW_BYTES_MAX: usize = SCHEMA_BYTES_MAX + 64 * 1024;
/// How deep a draft may be: more than what can be published, so that the checks can tell; less than what cannot be read.
const DRAFT_DEPTH_MAX: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/v1/apps/{appId}/flows", MANAGE, list)
            .managed()
            .doc("List flows")
            .about("Newest first.")
            .queries(PAGING)
            .query("status", words(&["published", "draft"]), "With a published version, or without")
            .query("type", shapes::KIND, "Of one type")
            .query("search", text(0, NAME_MAX), "Part of the name; without regard to case")
            .answers(200, shapes::FLOWS),
        Route::post(&SURFACE, "/v1/apps/{appId}/flows", MANAGE, create)
            .managed()
            .body_limit(NEW_BYTES_MAX)
            .doc("Create a flow")
            .about("Its schema is its first draft; without one it is a flow of one screen.")
            .takes(shapes::NEW_FLOW)
            .answers(201, shapes::FLOW)
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, "/v1/apps/{appId}/flows/{flowId}", MANAGE, show)
            .managed()
            .doc("Show a flow")
            .answers(200, shapes::FLOW),
        Route::patch(&SURFACE, "/v1/apps/{appId}/flows/{flowId}", MANAGE, change)
            .managed()
            .revised()
            .doc("Change a flow")
            .about("What is not there stays.")
            .takes(shapes::FLOW_PATCH)
            .answers(200, shapes::FLOW),
        Route::delete(&SURFACE, "/v1/apps/{appId}/flows/{flowId}", MANAGE, delete)
            .managed()
            .revised()
            .doc("Delete a flow")
            .about("With its versions. Not while a placement or an experiment names one of them.")
            .answers_nothing(204)
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, "/v1/apps/{appId}/flows/{flowId}/draft", MANAGE, show_draft)
            .managed()
            .doc("Show the draft of a flow")
            .about("The JSON of the flow itself. Its ETag is that of the draft.")
            .answers(200, JSON_OBJECT),
        Route::put(&SURFACE, "/v1/apps/{appId}/flows/{flowId}/draft", MANAGE, put_draft)
            .managed()
            .revised()
            .raw_body()
            .body_limit(SCHEMA_BYTES_MAX)
            .doc("Write the draft of a flow")
            .about("Any JSON object is stored, whatever the checks say of it; nothing that is shown changes.")
            .takes(JSON_OBJECT)
            .answers(200, shapes::DRAFT_CHECKED),
        Route::post(&SURFACE, "/v1/apps/{appId}/flows/{flowId}/validate", MANAGE, validate)
            .managed()
            .doc("Check the draft of a flow")
            .answers(200, shapes::FINDINGS),
    ]
}

/// A screen flow on the wire.
#[derive(Serialize)]
struct FlowOut {
    id: ScreenFlowId,
    app_id: AppId,
    name: String,
    #[serde(rename = "type")]
    kind: FlowKind,
    status: &'static str,
    latest_version: Option<i64>,
    latest_version_id: Option<ScreenVersionId>,
    created_at: Timestamp,
    updated_at: Timestamp,
    etag: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    draft: Option<DraftOut>,
}

/// What is said of a draft beside the flow.
#[derive(Serialize)]
struct DraftOut {
    etag: String,
    updated_at: Timestamp,
    updated_by: String,
    has_changes: bool,
}

/// A draft that was stored, with its check list.
#[derive(Serialize)]
struct CheckedOut<'a> {
    errors: &'a [Finding],
    warnings: &'a [Finding],
    etag: String,
    updated_at: Timestamp,
}

impl FlowOut {
    fn of(row: ScreenFlow, kind: FlowKind) -> Self {
        let is_published = row.newest_number > 0;
        Self {
            id: row.id,
            app_id: row.app,
            name: row.name,
            kind,
            status: if is_published { "published" } else { "draft" },
            latest_version: is_published.then_some(row.newest_number),
            latest_version_id: row.newest_version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            etag: etag(row.revision),
            draft: None,
        }
    }

    fn whole(view: FlowView) -> Self {
        let draft = DraftOut {
            etag: etag(view.draft.revision),
            updated_at: view.draft.updated_at,
            updated_by: view.draft.updated_by.clone(),
            has_changes: view.has_changes(),
        };
        Self { draft: Some(draft), ..Self::of(view.row, view.kind) }
    }
}

/// The flow of the path.
///
/// # Errors
/// 404.
pub(super) fn flow_id(call: &Call) -> Result<ScreenFlowId, Fault> {
    call.id("flowId", "Flow")
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (app, page, ctx) = (app_id(&call)?, Page::of(&call.query), call.ctx.clone());
    let filter = Filter {
        published: call.query.get("status").map(|status| status == "published"),
        kind: call.query.get("type").map(str::to_owned),
        search: call.query.get("search").map(|text| text.trim().to_owned()),
    };
    let reading = move |tx: &mut Tx<'_>| flows::list(tx, &ctx, app, &filter, page.limit(), page.offset);
    let (rows, total) = call.ctx.store.read(reading).await?;
    Reply::ok(&page.around(rows.into_iter().map(|(row, kind)| FlowOut::of(row, kind)).collect(), total))
}

/// The member that is kept as it was written.
#[derive(Deserialize)]
struct WithSchema<'a> {
    #[serde(borrow, default)]
    schema: Option<&'a RawValue>,
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let app = app_id(&call)?;
    let mut body = call.fields()?;
    let (name, kind) = (name(&mut body, NAME_MAX), body.required_word("type", KINDS, FlowKind::parse));
    if body.value("schema").is_some_and(|schema| !schema.is_object()) {
        body.problem("schema", "type", "schema must be an object");
    }
    body.finish_ignoring_unknown()?;
    let name = name.unwrap_or_default();
    let new = NewFlow { schema: first_draft(&call, &name)?, kind: kind.unwrap_or(FlowKind::Onboarding), name };
    let ctx = call.ctx.clone();
    call.commit(
        move |tx| flows::create(tx, &ctx, app, &new),
        move |view| {
            let (id, revision) = (view.row.id, view.row.revision);
            made(&format!("/v1/apps/{app}/flows/{id}"), &FlowOut::whole(view), revision)
        },
    )
    .await
}

fn first_draft(call: &Call, name: &str) -> Result<Schema, Fault> {
    let twice = |_| Fault::field("/schema", "repeated", "schema is there twice");
    let WithSchema { schema } = serde_json::from_slice(&call.body).map_err(twice)?;
    schema.map_or_else(|| Ok(Schema::starter(name)), |text| Schema::read(text.get(), "/schema"))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (app, id, ctx) = (app_id(&call)?, flow_id(&call)?, call.ctx.clone());
    let view = call.ctx.store.read(move |tx| flows::get(tx, &ctx, app, id)).await?;
    let revision = view.row.revision;
    shown(&FlowOut::whole(view), revision)
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let (app, id, expected) = (app_id(&call)?, flow_id(&call)?, if_match(&call)?);
    let mut body = call.fields()?;
    let patch = FlowPatch {
        name: body.is_set("name").then(|| name(&mut body, NAME_MAX)).flatten(),
        kind: body.word("type", KINDS, FlowKind::parse),
    };
    body.finish_ignoring_unknown()?;
    let ctx = call.ctx.clone();
    let act = move |tx: &mut Tx<'_>| flows::patch(tx, &ctx, app, id, &patch, expected);
    call.commit(act, |view| {
        let revision = view.row.revision;
        shown(&FlowOut::whole(view), revision)
    })
    .await
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let (app, id, expected) = (app_id(&call)?, flow_id(&call)?, if_match(&call)?);
    let ctx = call.ctx.clone();
    call.commit(move |tx| flows::delete(tx, &ctx, app, id, expected), |()| Ok(Reply::no_content())).await
}

async fn show_draft(call: Call) -> Result<Reply, Fault> {
    let (app, id, ctx) = (app_id(&call)?, flow_id(&call)?, call.ctx.clone());
    let draft = call.ctx.store.read(move |tx| flows::draft_of(tx, &ctx, app, id)).await?;
    Ok(Reply::bytes(StatusCode::OK, "application/json", draft.schema).revision(draft.revision))
}

async fn put_draft(call: Call) -> Result<Reply, Fault> {
    let (app, id, expected) = (app_id(&call)?, flow_id(&call)?, if_match(&call)?);
    let schema = read_draft(&call)?;
    let (ctx, written) = (call.ctx.clone(), schema.clone());
    // Whatever the checks look up is looked up before: they would hold up every other writer.
    let findings = call.app.placements.check(call.ctx.caller.workspace, app, &schema).await?;
    call.commit(move |tx| flows::put(tx, &ctx, app, id, &written, expected), move |draft| checked(&findings, &draft))
        .await
}

/// The draft in the body.
fn read_draft(call: &Call) -> Result<Schema, Fault> {
    check_json(&call.headers)?;
    let invalid = |message: &str| Fault::new(FaultKind::Invalid, "invalid_json", message);
    let text = std::str::from_utf8(&call.body).map_err(|_| invalid("The flow is not text in UTF-8"))?;
    if !depth_within(text.as_bytes(), DRAFT_DEPTH_MAX) {
        return Err(invalid(&format!("The flow is nested more than {DRAFT_DEPTH_MAX} levels deep")));
    }
    Schema::read(text, "")
}

/// The answer with a draft that was stored.
pub(super) fn checked(findings: &Findings, draft: &Draft) -> Result<Reply, Fault> {
    let Findings { errors, warnings } = findings;
    let body = CheckedOut { errors, warnings, etag: etag(draft.revision), updated_at: draft.updated_at };
    shown(&body, draft.revision)
}

async fn validate(call: Call) -> Result<Reply, Fault> {
    let (app, id, ctx) = (app_id(&call)?, flow_id(&call)?, call.ctx.clone());
    if let Some(reply) = call.answered().await? {
        return Ok(reply);
    }
    let draft = call.ctx.store.read(move |tx| flows::draft_of(tx, &ctx, app, id)).await?;
    let schema = Schema::stored(draft.schema, draft.sha256)?;
    remembered(&call, call.app.placements.check(call.ctx.caller.workspace, app, &schema).await?).await
}
