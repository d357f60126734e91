//! Font files of an app (placements contract, sections 11.3 and 12).

use floe_model::hex;
use floe_model::id::{AppId, FontId};
use floe_model::placements::assets::{font_path, media_base_url};
use floe_model::placements::screen::FontStyle;
use floe_model::{Fault, Timestamp};
use floe_placements::assets::FONT_BYTES_MAX;
use floe_placements::assets::fonts::{self, NewFont, Told};
use floe_store::Tx;
use floe_store::placements::fonts::Font;
use http::StatusCode;
use serde::Serialize;

use super::page::Page;
use super::shapes::{PAGING, assets as shapes};
use super::uploads::{AROUND_BYTES, Form, app_of, checked, keep};
use super::wire::{app_id, etag, if_match};
use super::{MANAGE, Rights, SURFACE};
use crate::http::{Call, Reply, Route};

/// Characters of the name of a family at most.
const FAMILY_MAX: usize = 128;
/// The only revision of a file.
pub(super) const REVISION: i64 = 1;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(&SURFACE, "/v1/apps/{appId}/fonts", MANAGE, upload)
            .managed()
            .raw_body()
            .body_limit(FONT_BYTES_MAX + AROUND_BYTES)
            .doc("Upload a font")
            .about("The same file once more, for the same family, weight and style, is answered with 200.")
            .takes_media("multipart/form-data", shapes::NEW_FONT)
            .answers(201, shapes::FONT)
            .answers(200, shapes::FONT)
            .refuses(400, &["validation_failed"])
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, "/v1/apps/{appId}/fonts", MANAGE, list)
            .managed()
            .doc("List fonts")
            .queries(PAGING)
            .answers(200, shapes::FONTS),
        Route::delete(&SURFACE, "/v1/apps/{appId}/fonts/{id}", MANAGE, delete)
            .managed()
            .revised()
            .doc("Delete a font")
            .about("Versions that were published with it keep it.")
            .answers_nothing(204),
    ]
}

/// A font as it is answered.
#[derive(Serialize)]
struct FontOut {
    id: FontId,
    app_id: AppId,
    family: String,
    weight: u16,
    style: &'static str,
    size: u64,
    sha256: String,
    url: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    etag: String,
}

impl FontOut {
    /// `base` is where everything of the workspace is below.
    fn of(font: Font, base: &str) -> Self {
        Self {
            id: font.id,
            app_id: font.app,
            weight: font.weight,
            style: font.style.as_str(),
            size: font.size,
            sha256: hex::encode(&font.sha256),
            url: format!("{base}/{}", font_path(&font.sha256)),
            family: font.family,
            created_at: font.created_at,
            updated_at: font.created_at,
            etag: etag(REVISION),
        }
    }
}

async fn upload(call: Call) -> Result<Reply, Fault> {
    let app = app_of(&call).await?;
    let form = Form::of(&call, FONT_BYTES_MAX, &["family", "weight", "style"]).await?;
    let told = told(&form)?;
    let bytes = form.bytes;
    let new = checked(move || NewFont::read(bytes, told)).await?;
    let (ctx, base, identity) = (call.ctx.clone(), base(&call), new.identity());
    keep(
        &call,
        &identity,
        move |tx| fonts::add(tx, &ctx, app, &new),
        move |(font, is_new)| {
            let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
            Ok(Reply::json(status, &FontOut::of(font, &base))?.revision(REVISION))
        },
    )
    .await
}

/// What is said about the file beside its bytes.
fn told(form: &Form) -> Result<Told, Fault> {
    let family = form.text("family").map(str::to_owned);
    if family.as_ref().is_some_and(|name| name.chars().count() > FAMILY_MAX || name.contains(char::is_control)) {
        let message = format!("family must have 1 to {FAMILY_MAX} characters, none of them a control character");
        return Err(Fault::field("/family", "length", message));
    }
    let weight = form.text("weight").map(|text| text.parse().ok().filter(|weight| (100..=900).contains(weight)));
    if weight == Some(None) {
        return Err(Fault::field("/weight", "range", "weight must be a whole number from 100 to 900"));
    }
    let style = form.text("style").map(FontStyle::parse);
    if style == Some(None) {
        return Err(Fault::field("/style", "value", "style must be one of: normal, italic"));
    }
    Ok(Told { family, weight: weight.flatten(), style: style.flatten() })
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (app, page, workspace) = (app_id(&call)?, Page::of(&call.query), call.ctx.caller.workspace);
    let reading = move |tx: &mut Tx<'_>| fonts::list(tx, workspace, app, page.limit(), page.offset);
    let (rows, total) = call.ctx.store.read(reading).await?;
    let base = base(&call);
    Reply::ok(&page.around(rows.into_iter().map(|font| FontOut::of(font, &base)).collect(), total))
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let (app, id, revision) = (app_id(&call)?, call.id("id", "Font")?, if_match(&call)?);
    let ctx = call.ctx.clone();
    call.commit(move |tx| fonts::delete(tx, &ctx, app, id, revision), |()| Ok(Reply::no_content())).await
}

/// Where everything of the caller's workspace is below.
pub(super) fn base(call: &Call) -> String {
    media_base_url(&call.app.placements.settings.public_url, call.ctx.caller.workspace)
}
