//! Whom nobody pays (Treasury contract, sections 5.2 and 10.1).

use floe_model::Fault;
use floe_model::id::BlocklistId;
use floe_store::treasury::blocklist::BlocklistEntry;
use floe_treasury::payees::blocklist::{self, BlockKind, NewBlock};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::input::{Input, path_id};
use super::page::Page;
use super::shapes::{PAGING, blocklist as shapes};
use super::wire::Seconds;
use super::{DASHBOARD, OWNER, Rights, SURFACE};
use crate::http::{Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/api/v1/org/blocklist", DASHBOARD, list)
            .any_reads()
            .doc("List the blocklist")
            .queries(PAGING)
            .answers(200, shapes::BLOCKLIST),
        Route::post(&SURFACE, "/api/v1/org/blocklist", DASHBOARD, add)
            .written_by(OWNER)
            .doc("Add to the blocklist")
            .about("Holds for live and test. Candidates that are scored from now on are blocked.")
            .takes(shapes::NEW_BLOCK)
            .answers(201, shapes::BLOCK)
            .refuses(409, &["conflict"]),
        Route::delete(&SURFACE, "/api/v1/org/blocklist/{id}", DASHBOARD, remove)
            .written_by(OWNER)
            .doc("Take off the blocklist")
            .answers(200, super::shapes::recipients::DELETED),
    ]
}

/// An entry on the wire.
#[derive(Serialize)]
struct BlockOut {
    id: BlocklistId,
    kind: String,
    value: String,
    reason: Option<String>,
    created_by: String,
    created_at: Seconds,
}

impl From<BlocklistEntry> for BlockOut {
    fn from(entry: BlocklistEntry) -> Self {
        let BlocklistEntry { id, kind, value, reason, created_by_name, created_at, .. } = entry;
        Self { id, kind, value, reason, created_by: created_by_name, created_at: Seconds(created_at) }
    }
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (page, ctx) = (Page::of(&call.query), call.ctx.clone());
    let (found, total) = call.ctx.store.read(move |tx| blocklist::list(tx, &ctx, page.limit(), page.offset)).await?;
    Reply::ok(&page.around(found.into_iter().map(BlockOut::from).collect(), total))
}

async fn add(call: Call) -> Result<Reply, Fault> {
    let new = read_new(&call)?;
    let (ctx, directory) = (call.ctx.clone(), call.app.treasury.directory);
    call.commit(
        move |tx| blocklist::add(tx, &ctx, directory, &new),
        |entry| Reply::json(StatusCode::CREATED, &BlockOut::from(entry)),
    )
    .await
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let id: BlocklistId = path_id(&call, "id")?;
    let ctx = call.ctx.clone();
    call.commit(
        move |tx| blocklist::remove(tx, &ctx, id),
        move |()| Ok(Reply::value(StatusCode::OK, &json!({ "status": "deleted", "id": id }))),
    )
    .await
}

fn read_new(call: &Call) -> Result<NewBlock, Fault> {
    let directory = call.app.treasury.directory;
    let mut body = Input::of(call)?;
    let kind = if body.require("kind") { body.word("kind", BlockKind::WORDS, BlockKind::parse) } else { None };
    let value = match kind {
        Some(BlockKind::AccountNumber) => body.required_digits("value", 10),
        Some(BlockKind::BankCode) => body.required_institution("value", directory),
        Some(BlockKind::BeneficiaryName) | None => body.required_text("value", 1, 255),
    };
    let is_name = kind == Some(BlockKind::BeneficiaryName) && !value.is_empty();
    if is_name && BlockKind::BeneficiaryName.key(directory, &value).is_empty() {
        body.problem("value", "pattern", "must hold a letter or a digit");
    }
    let reason = body.text("reason", 0, 500).filter(|reason| !reason.is_empty());
    body.finish()?;
    Ok(NewBlock { kind: kind.unwrap_or(BlockKind::BeneficiaryName), value, reason })
}
