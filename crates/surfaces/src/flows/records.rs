//! Flow records: `/v1/flow` and `/v1/flow/{id}` (Flow API contract, section 5).

use floe_access::derived::ShareSecret;
use floe_access::sessions::require_confirmed;
use floe_flows::definitions::{self, Record};
use floe_flows::sharing::{LinkSecret, ShareChange};
use floe_model::access::Permission;
use floe_model::flows::{Level, Sharing, VersionStatus, Visibility};
use floe_model::id::{FlowId, MemberId, WorkspaceId};
use floe_model::{Fault, Timestamp};
use floe_store::flows::flows::{FlowFilter, FlowOrder};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::paging::{LIMIT, LIMIT_MAX, Paging};
use super::shapes::{PAGING, records as shapes};
use super::{BODY_LIMIT, DASHBOARD, SURFACE, patch, schedule};
use crate::http::shape::{ID, TEXT};
use crate::http::{Call, Query, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/v1/flow", DASHBOARD, list)
            .scope("flows.read")
            .doc("List flows")
            .queries(PAGING)
            .query("sort", shapes::SORT, "Newest first unless given")
            .query("filter", TEXT, "Text in name or description")
            .query("status", shapes::STATUS, "Published, or never published")
            .query("visibility", shapes::VISIBILITY, "Who sees it")
            .query("tag", TEXT, "One of its tags")
            .query("trigger", TEXT, "Type of one of its triggers")
            .query("createdBy", ID, "Its author")
            .answers(200, shapes::FLOWS),
        Route::post(&SURFACE, "/v1/flow", DASHBOARD, create)
            .scope("flows.write")
            .permission(Permission::Build)
            .body_limit(BODY_LIMIT)
            .doc("Create a flow")
            .takes(shapes::NEW_FLOW)
            .answers(201, shapes::FLOW)
            .refuses(422, &["invalid_definition"]),
        Route::get(&SURFACE, "/v1/flow/{id}", DASHBOARD, get)
            .scope("flows.read")
            .doc("Show a flow")
            .answers(200, shapes::FLOW),
        Route::patch(&SURFACE, "/v1/flow/{id}", DASHBOARD, change)
            .scope("flows.write")
            .body_limit(BODY_LIMIT)
            .doc("Change a flow")
            .about("The definition goes into the draft. What is not there stays as it is.")
            .takes(shapes::FLOW_PATCH)
            .answers(200, shapes::FLOW)
            .refuses(409, &["conflict"])
            .refuses(422, &["invalid_definition"]),
        Route::delete(&SURFACE, "/v1/flow/{id}", DASHBOARD, delete)
            .scope("flows.manage")
            .doc("Delete a flow")
            .about("Its open runs are cancelled.")
            .answers(200, shapes::DELETED),
    ]
}

/// A flow on the wire.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowOut {
    #[serde(rename = "_id")]
    id: FlowId,
    workspace_id: WorkspaceId,
    name: String,
    description: String,
    icon: Option<String>,
    tags: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<Box<RawValue>>,
    latest_published_version: Option<u32>,
    current_draft_version: Option<u32>,
    status: &'static str,
    visibility: &'static str,
    sharing: Sharing,
    share: Option<ShareOut>,
    settings: Box<RawValue>,
    schedule: Option<Value>,
    revision: u64,
    created_by: Box<RawValue>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// The share link of a flow on the wire; its text is shown to some only.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShareOut {
    enabled: bool,
    token: Option<String>,
    url: Option<String>,
    created_at: Timestamp,
}

impl ShareOut {
    fn of(call: &Call, record: &Record, fresh: Option<[u8; 32]>) -> Option<Self> {
        let share = record.share.as_ref()?;
        let is_confirmed = require_confirmed(call.identity.as_ref(), call.ctx.now()).is_ok();
        // Whoever made it is shown it, as with a key; after that it takes the password (console contract, section 2.2).
        let is_shown = record.level == Level::Manage && (is_confirmed || fresh == Some(share.nonce));
        let token = is_shown.then(|| call.app.access.share_text(&share.nonce));
        let origin = &call.app.settings.public_url.origin;
        let url = token.as_ref().map(|token| format!("{origin}/f/{token}"));
        Some(Self { enabled: true, token, url, created_at: share.created_at })
    }
}

impl FlowOut {
    fn of(call: &Call, record: Record) -> Result<Self, Fault> {
        Self::made(ShareOut::of(call, &record, None), record)
    }

    /// A record whose share link may just have been made from `fresh`.
    fn changed(call: &Call, record: Record, fresh: Option<[u8; 32]>) -> Result<Self, Fault> {
        Self::made(ShareOut::of(call, &record, fresh), record)
    }

    /// A record without a share link.
    pub(super) fn new(record: Record) -> Result<Self, Fault> {
        Self::made(None, record)
    }

    fn made(share: Option<ShareOut>, record: Record) -> Result<Self, Fault> {
        let Record { flow, access, definition, schedule, .. } = record;
        let published = flow.pointers.latest.is_some();
        Ok(Self {
            id: flow.id,
            workspace_id: flow.workspace,
            name: flow.name,
            description: flow.description,
            icon: flow.icon,
            tags: raw(flow.tags)?,
            definition: definition.map(raw).transpose()?,
            latest_published_version: flow.pointers.latest,
            current_draft_version: flow.pointers.draft,
            status: if published { VersionStatus::Published } else { VersionStatus::Draft }.as_str(),
            visibility: flow.visibility.as_str(),
            sharing: access.sharing,
            share,
            settings: raw(flow.settings)?,
            schedule: schedule.as_ref().map(schedule::shown),
            revision: flow.revision,
            created_by: raw(flow.created_by)?,
            created_at: flow.created_at,
            updated_at: flow.updated_at,
        })
    }
}

/// Stored JSON text, put into an answer as it is.
pub(super) fn raw(text: String) -> Result<Box<RawValue>, Fault> {
    RawValue::from_string(text).map_err(Fault::internal)
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let paging = Paging::read(&call.query, LIMIT, LIMIT_MAX)?;
    let (filter, order) = (filter(&call.query)?, order(&call.query)?);
    let ctx = call.ctx.clone();
    let list =
        move |tx: &mut floe_store::Tx<'_>| definitions::list(tx, &ctx, &filter, order, paging.limit, paging.skip);
    let page = call.ctx.store.read(list).await?;
    let rows = page.data.into_iter().map(|record| FlowOut::of(&call, record)).collect::<Result<Vec<_>, _>>()?;
    Reply::ok(&paging.around(rows, page.total))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let new = patch::new_flow(call.fields()?, &call.app.flows.catalog)?;
    let ctx = call.ctx.clone();
    let render = |record: Record| {
        let location = format!("/v1/flow/{}", record.flow.id);
        Reply::created(&location, &FlowOut::new(record)?)
    };
    call.commit(move |tx| definitions::create(tx, &ctx, &new), render).await
}

async fn get(call: Call) -> Result<Reply, Fault> {
    let id: FlowId = call.id("id", "Flow")?;
    let ctx = call.ctx.clone();
    let record = call.ctx.store.read(move |tx| definitions::get(tx, &ctx, id)).await?;
    Reply::ok(&FlowOut::of(&call, record)?)
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id: FlowId = call.id("id", "Flow")?;
    let draw = || {
        let ShareSecret { nonce, hash } = call.app.access.draw_share();
        LinkSecret { nonce, hash }
    };
    let patch = patch::flow_patch(call.fields()?, &call.app.flows.catalog, draw)?;
    let fresh = patch.share.as_ref().and_then(ShareChange::nonce);
    let ctx = call.ctx.clone();
    let record = call.ctx.store.write(move |tx| definitions::patch(tx, &ctx, id, &patch)).await?;
    Reply::ok(&FlowOut::changed(&call, record, fresh)?)
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let id: FlowId = call.id("id", "Flow")?;
    let ctx = call.ctx.clone();
    let deleted = call.ctx.store.write(move |tx| definitions::delete(tx, &ctx, id)).await?;
    let by = Some(call.ctx.caller.name.clone());
    for run in deleted.open_runs {
        // A run that ended in between needs no cancelling; any other failure is its own, and the flow is gone all the same.
        if let Err(fault) = call.app.flows.runs.cancel(call.ctx.caller.workspace, run, by.clone(), None).await {
            tracing::debug!(run.id = %run, flow.id = %id, %fault, "a run of a deleted flow was not cancelled");
        }
    }
    Reply::ok(&json!({ "success": true, "_id": id }))
}

fn filter(query: &Query) -> Result<FlowFilter, Fault> {
    let text = query.get("filter").map(str::to_lowercase).filter(|text| !text.is_empty());
    let owned = |name: &str| query.get(name).map(str::to_owned).filter(|text| !text.is_empty());
    Ok(FlowFilter {
        text,
        status: word(query, "status", "draft, published", VersionStatus::parse)?,
        visibility: word(query, "visibility", "private, shared, public", Visibility::parse)?,
        tag: owned("tag"),
        trigger: owned("trigger"),
        created_by: id(query, "createdBy", "a member", |id| MemberId::parse(id).ok())?,
        seen_by: None,
    })
}

/// A query parameter that `parse` reads; an empty one counts as not given.
pub(super) fn word<T>(
    query: &Query,
    name: &str,
    words: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Fault> {
    let Some(text) = query.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    let parsed = parse(text);
    let refused = || Fault::field(format!("/{name}"), "value", format!("{name} must be one of: {words}"));
    parsed.map(Some).ok_or_else(refused)
}

/// A query parameter that is an id; an empty one counts as not given.
pub(super) fn id<T>(
    query: &Query,
    name: &str,
    of: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Fault> {
    let Some(text) = query.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    let refused = || Fault::field(format!("/{name}"), "value", format!("{name} must be the id of {of}"));
    parse(text).map(Some).ok_or_else(refused)
}

fn order(query: &Query) -> Result<FlowOrder, Fault> {
    let sort = word(query, "sort", "createdAt, updatedAt, name, each also with - before it", |text| {
        let (descending, field) = match text.strip_prefix('-') {
            Some(field) => (true, field),
            None => (false, text),
        };
        match field {
            "createdAt" => Some(FlowOrder::Created { descending }),
            "updatedAt" => Some(FlowOrder::Updated { descending }),
            "name" => Some(FlowOrder::Name { descending }),
            _ => None,
        }
    })?;
    Ok(sort.unwrap_or(FlowOrder::Created { descending: true }))
}
