//! Pictures and animations of an app (placements contract, sections 11.3 and 12).

use floe_model::hex;
use floe_model::id::{AppId, MediaId};
use floe_model::placements::assets::media_path;
use floe_model::{Fault, Timestamp};
use floe_placements::assets::MEDIA_BYTES_MAX;
use floe_placements::assets::media::{self, NewMedia};
use floe_store::Tx;
use floe_store::placements::media::Media;
use http::StatusCode;
use serde::Serialize;

use super::fonts::{REVISION, base};
use super::page::Page;
use super::shapes::{PAGING, assets as shapes};
use super::uploads::{AROUND_BYTES, Form, app_of, checked, keep};
use super::wire::{app_id, etag, if_match};
use super::{MANAGE, Rights, SURFACE};
use crate::http::{Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(&SURFACE, "/v1/apps/{appId}/media", MANAGE, upload)
            .managed()
            .raw_body()
            .body_limit(MEDIA_BYTES_MAX + AROUND_BYTES)
            .doc("Upload a media file")
            .about("The same bytes once more are answered with 200. The type is found from the bytes.")
            .takes_media("multipart/form-data", shapes::NEW_MEDIA)
            .answers(201, shapes::MEDIA)
            .answers(200, shapes::MEDIA)
            .refuses(400, &["validation_failed"])
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, "/v1/apps/{appId}/media", MANAGE, list)
            .managed()
            .doc("List media files")
            .queries(PAGING)
            .answers(200, shapes::MEDIA_LIST),
        Route::delete(&SURFACE, "/v1/apps/{appId}/media/{id}", MANAGE, delete)
            .managed()
            .revised()
            .doc("Delete a media file")
            .about("Its address goes on working as long as a published version names it.")
            .answers_nothing(204),
    ]
}

/// A media file as it is answered.
#[derive(Serialize)]
struct MediaOut {
    id: MediaId,
    app_id: AppId,
    name: String,
    r#type: &'static str,
    size: u64,
    sha256: String,
    src: String,
    url: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    etag: String,
}

impl MediaOut {
    fn of(file: Media, base: &str) -> Self {
        let src = media_path(&file.sha256, file.kind);
        Self {
            id: file.id,
            app_id: file.app,
            name: file.name,
            r#type: file.kind.as_str(),
            size: file.size,
            sha256: hex::encode(&file.sha256),
            url: format!("{base}/{src}"),
            src,
            created_at: file.created_at,
            updated_at: file.created_at,
            etag: etag(REVISION),
        }
    }
}

async fn upload(call: Call) -> Result<Reply, Fault> {
    let app = app_of(&call).await?;
    let Form { name, bytes, .. } = Form::of(&call, MEDIA_BYTES_MAX, &[]).await?;
    let new = checked(move || NewMedia::read(&name, bytes)).await?;
    let (ctx, base, identity) = (call.ctx.clone(), base(&call), new.identity());
    keep(
        &call,
        &identity,
        move |tx| media::add(tx, &ctx, app, &new),
        move |(file, is_new)| {
            let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
            Ok(Reply::json(status, &MediaOut::of(file, &base))?.revision(REVISION))
        },
    )
    .await
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (app, page, workspace) = (app_id(&call)?, Page::of(&call.query), call.ctx.caller.workspace);
    let reading = move |tx: &mut Tx<'_>| media::list(tx, workspace, app, page.limit(), page.offset);
    let (rows, total) = call.ctx.store.read(reading).await?;
    let base = base(&call);
    Reply::ok(&page.around(rows.into_iter().map(|file| MediaOut::of(file, &base)).collect(), total))
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let (app, id, revision) = (app_id(&call)?, call.id("id", "Media file")?, if_match(&call)?);
    let ctx = call.ctx.clone();
    call.commit(move |tx| media::delete(tx, &ctx, app, id, revision), |()| Ok(Reply::no_content())).await
}
