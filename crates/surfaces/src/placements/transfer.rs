//! The whole configuration of an app as one document (placements contract, section 12).

use floe_model::{Fault, FaultKind};
use floe_placements::transfer::{self, DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX, Document, Prepared, Which};
use http::header::CONTENT_DISPOSITION;

use super::shapes::transfer as shapes;
use super::wire::app_id;
use super::{MANAGE, Rights as _, SURFACE};
use crate::http::shape::{Shape, words};
use crate::http::{Call, Reply, Route, check_json, depth_within};

const WHICH: Shape = words(&["all", "used"]);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/v1/apps/{appId}/export", MANAGE, export)
            .managed()
            .doc("Export an app")
            .about("Everything that decides what a device is shown, with its ids; no keys, no events, no bytes of files.")
            .query("versions", WHICH, "all unless given; used: those that are named, and the newest of each flow")
            .answers(200, shapes::DOCUMENT)
            .refuses(409, &["conflict"]),
        Route::post(&SURFACE, "/v1/apps/{appId}/import", MANAGE, import)
            .managed()
            .body_limit(DOCUMENT_BYTES_MAX)
            .raw_body()
            .doc("Import an app")
            .about(
                "Merges a document into the app by its ids, all of it or nothing. An app that is nowhere is made when the document is \
                 about it. Experiments that were started here stay as they are, and nothing is taken away.",
            )
            .takes(shapes::DOCUMENT_IN)
            .answers(200, shapes::IMPORTED)
            .refuses(409, &["conflict"]),
    ]
}

async fn export(call: Call) -> Result<Reply, Fault> {
    let app = app_id(&call)?;
    let which = if call.query.get("versions") == Some("used") { Which::Used } else { Which::All };
    let ctx = call.ctx.clone();
    let document = call.ctx.store.read(move |tx| transfer::export(tx, &ctx, app, which)).await?;
    let name = format!("attachment; filename=\"{app}.placements.json\"");
    Ok(Reply::ok(&document)?.text_header(CONTENT_DISPOSITION, &name))
}

async fn import(call: Call) -> Result<Reply, Fault> {
    let app = app_id(&call)?;
    check_json(&call.headers)?;
    if !depth_within(&call.body, DOCUMENT_DEPTH_MAX) {
        let message = format!("The JSON is nested more than {DOCUMENT_DEPTH_MAX} levels deep");
        return Err(Fault::new(FaultKind::Invalid, "invalid_json", message));
    }
    let (body, now) = (call.body.clone(), call.ctx.now());
    // Every version is checked as if it were published, which takes a while for a large document.
    let preparing = tokio::task::spawn_blocking(move || Prepared::of(Document::read(&body)?, app, now));
    let prepared = preparing.await.map_err(Fault::internal)??;
    let ctx = call.ctx.clone();
    call.commit(move |tx| transfer::import(tx, &ctx, app, &prepared), |done| Reply::ok(&done)).await
}
