//! Saved audiences (placements contract, sections 8 and 12).

use floe_model::id::{AppId, AudienceId};
use floe_model::placements::Platform;
use floe_model::placements::asking::{ID_CHARS_MAX, attributes};
use floe_model::{Fault, Timestamp};
use floe_placements::audiences::{self, Patch};
use floe_store::Tx;
use floe_store::placements::audiences::Audience;
use serde::Serialize;
use serde_json::{Value, json};

use super::page::Page;
use super::place_input::{note, read_filter};
use super::places::stored;
use super::question::answered;
use super::shapes::{PAGING, audiences as shapes};
use super::wire::{app_id, etag, if_match, made, shown};
use super::{MANAGE, Rights, SURFACE};
use crate::http::{Call, Fields, Reply, Route};

/// Characters of a name at most.
const NAME_MAX: usize = 120;

pub(super) fn routes() -> Vec<Route> {
    const ALL: &str = "/v1/apps/{appId}/audiences";
    const ONE: &str = "/v1/apps/{appId}/audiences/{id}";
    vec![
        Route::post(&SURFACE, ALL, MANAGE, create)
            .managed()
            .doc("Create an audience")
            .takes(shapes::NEW_AUDIENCE)
            .answers(201, shapes::AUDIENCE)
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, ALL, MANAGE, list)
            .managed()
            .doc("List audiences")
            .queries(PAGING)
            .answers(200, shapes::AUDIENCES),
        Route::get(&SURFACE, ONE, MANAGE, show)
            .managed()
            .doc("Show an audience")
            .about("With everything that uses it.")
            .answers(200, shapes::AUDIENCE_IN_USE),
        Route::patch(&SURFACE, ONE, MANAGE, change)
            .managed()
            .revised()
            .doc("Change an audience")
            .about("Everything that uses it changes with it.")
            .takes(shapes::AUDIENCE_PATCH)
            .answers(200, shapes::AUDIENCE),
        Route::delete(&SURFACE, ONE, MANAGE, delete)
            .managed()
            .revised()
            .doc("Delete an audience")
            .answers_nothing(204)
            .refuses(409, &["conflict"]),
        Route::post(&SURFACE, "/v1/apps/{appId}/audiences/{id}/evaluate", MANAGE, evaluate)
            .managed()
            .doc("Evaluate an audience")
            .takes(shapes::EVALUATION_INPUT)
            .answers(200, shapes::EVALUATION),
    ]
}

/// An audience as it is answered.
#[derive(Serialize)]
struct AudienceOut {
    id: AudienceId,
    app_id: AppId,
    name: String,
    filter: Value,
    created_at: Timestamp,
    updated_at: Timestamp,
    etag: String,
}

/// An audience, and what uses it.
#[derive(Serialize)]
struct InUseOut {
    #[serde(flatten)]
    audience: AudienceOut,
    used_by: Vec<Value>,
}

impl TryFrom<Audience> for AudienceOut {
    type Error = Fault;

    fn try_from(row: Audience) -> Result<Self, Fault> {
        Ok(Self {
            id: row.id,
            app_id: row.app,
            name: row.name,
            filter: stored(&row.filter)?,
            created_at: row.created_at,
            updated_at: row.updated_at,
            etag: etag(row.revision),
        })
    }
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let (app, ctx) = (app_id(&call)?, call.ctx.clone());
    let mut body = call.fields()?;
    let name = body.required_text("name", 1, NAME_MAX);
    let filter = read_filter(&mut body, "filter");
    if filter.is_none() {
        body.problem("filter", "required", "filter is required");
    }
    body.finish_ignoring_unknown()?;
    let filter = filter.unwrap_or_default();
    call.commit(
        move |tx| audiences::create(tx, &ctx, app, &name, &filter),
        move |row| {
            let (place, revision) = (format!("/v1/apps/{app}/audiences/{}", row.id), row.revision);
            made(&place, &AudienceOut::try_from(row)?, revision)
        },
    )
    .await
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (app, page, ctx) = (app_id(&call)?, Page::of(&call.query), call.ctx.clone());
    let reading = move |tx: &mut Tx<'_>| audiences::list(tx, &ctx, app, page.limit(), page.offset);
    let (rows, total) = call.ctx.store.read(reading).await?;
    let rows = rows.into_iter().map(AudienceOut::try_from).collect::<Result<Vec<_>, Fault>>()?;
    Reply::ok(&page.around(rows, total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (app, id, ctx) = (app_id(&call)?, audience_id(&call)?, call.ctx.clone());
    let reading = move |tx: &mut Tx<'_>| {
        let row = audiences::get(tx, &ctx, app, id)?;
        Ok((row, audiences::used_by(tx, ctx.caller.workspace, app, id)?))
    };
    let (row, users) = call.ctx.store.read(reading).await?;
    let revision = row.revision;
    let used_by = users.iter().map(audiences::Use::to_value).collect();
    shown(&InUseOut { audience: AudienceOut::try_from(row)?, used_by }, revision)
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let (app, id, expected, ctx) = (app_id(&call)?, audience_id(&call)?, if_match(&call)?, call.ctx.clone());
    let mut body = call.fields()?;
    let name = body.text("name", 1, NAME_MAX);
    let filter = read_filter(&mut body, "filter");
    body.finish_ignoring_unknown()?;
    let patch = Patch { name, filter };
    call.commit(
        move |tx| audiences::change(tx, &ctx, app, id, expected, &patch),
        |row| {
            let revision = row.revision;
            shown(&AudienceOut::try_from(row)?, revision)
        },
    )
    .await
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let (app, id, expected, ctx) = (app_id(&call)?, audience_id(&call)?, if_match(&call)?, call.ctx.clone());
    call.commit(move |tx| audiences::delete(tx, &ctx, app, id, expected), |()| Ok(Reply::no_content())).await
}

async fn evaluate(call: Call) -> Result<Reply, Fault> {
    let (app, id, ctx) = (app_id(&call)?, audience_id(&call)?, call.ctx.clone());
    let mut body = Fields::of(call.json_value_or_empty()?)?;
    let user_id = body.text("user_id", 1, ID_CHARS_MAX);
    let platform = body.word("device_platform", "ios, android, web", Platform::parse);
    let attributes = attributes(body.value("attributes"), "/attributes").unwrap_or_else(|problems| {
        note(&mut body, problems);
        None
    });
    body.finish_ignoring_unknown()?;
    let reading = move |tx: &mut Tx<'_>| {
        let asked = audiences::Asked { user_id: user_id.as_deref(), platform, attributes: attributes.as_ref() };
        audiences::evaluate(tx, &ctx, app, id, &asked)
    };
    let told = |(matched, detail): (bool, Vec<Value>)| Reply::ok(&json!({ "match": matched, "detail": detail }));
    answered(&call, reading, told).await
}

fn audience_id(call: &Call) -> Result<AudienceId, Fault> {
    call.id("id", "Audience")
}
