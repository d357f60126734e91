//! `/knowledge-bases`: what agents and flows search (console contract, section 5.2).

use floe_agents::knowledge::bases::{self, BasePatch, CHUNK_SIZE_MAX, CHUNK_SIZE_MIN, NewBase, Shown};
use floe_agents::knowledge::uses::Use;
use floe_agents::knowledge::{Base, BasePage, reindex};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::id::KnowledgeBaseId;
use http::StatusCode;
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{BY_AGE, WINDOW, knowledge as shapes};
use super::{Rights, SURFACE};
use crate::http::shape::TEXT;
use crate::http::{Auth, Call, Fields, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    const ALL: &str = "/console/v1/knowledge-bases";
    const ONE: &str = "/console/v1/knowledge-bases/{id}";
    vec![
        Route::get(&SURFACE, ALL, Auth::MEMBER, list)
            .needs(Permission::Read)
            .doc("List knowledge bases")
            .queries(WINDOW)
            .query("sort", BY_AGE, "Newest first unless given")
            .query("q", TEXT, "Part of the name")
            .answers(200, shapes::KNOWLEDGE_BASES),
        Route::post(&SURFACE, ALL, Auth::MEMBER, create)
            .needs(Permission::Build)
            .doc("Create a knowledge base")
            .takes(shapes::NEW_KNOWLEDGE_BASE)
            .answers(201, shapes::KNOWLEDGE_BASE)
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, ONE, Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show a knowledge base")
            .answers(200, shapes::KNOWLEDGE_BASE),
        Route::patch(&SURFACE, ONE, Auth::MEMBER, change)
            .needs(Permission::Build)
            .doc("Change a knowledge base")
            .about("Another embedding model holds after a reindex; searches use the old one until then.")
            .revised()
            .takes(shapes::KNOWLEDGE_BASE_PATCH)
            .answers(200, shapes::KNOWLEDGE_BASE),
        Route::delete(&SURFACE, ONE, Auth::MEMBER, remove)
            .needs(Permission::Build)
            .doc("Delete a knowledge base")
            .revised()
            .answers_nothing(204)
            .refuses(409, &["in_use"]),
        Route::post(&SURFACE, "/console/v1/knowledge-bases/{id}/reindex", Auth::MEMBER, remake)
            .needs(Permission::Build)
            .doc("Reindex a knowledge base")
            .about("Makes every document anew with the present model and sizes. Searches use the old index until the new one is whole.")
            .answers(202, shapes::REINDEX),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &["q"])?;
    let page = BasePage {
        q: call.query.get("q").map(|text| text.chars().take(100).collect()),
        newest_first: window.newest_first,
        after: window.after.map(KnowledgeBaseId),
        limit: window.limit,
    };
    let (ctx, with_total) = (call.ctx.clone(), window.total);
    let reading = move |tx: &mut floe_store::Tx<'_>| bases::list(tx, &ctx.caller, &page, with_total);
    let (found, more, total) = call.ctx.store.read(reading).await?;
    let data = found.iter().map(object).collect();
    Reply::ok(&window.page(data, found.last().map(|shown| shown.base.id.0), more, total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (ctx, id) = (call.ctx.clone(), call.param("id")?.to_owned());
    reply(&call.ctx.store.read(move |tx| bases::show(tx, &ctx.caller, &id)).await?)
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let id = body.text("id", 1, 128);
    if id.as_deref().is_some_and(|id| !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte))) {
        body.problem("id", "characters", "id must be letters, digits or _-.:");
    }
    let name = body.required_text("name", 1, 120);
    let description = body.text("description", 0, 1_000);
    let model = body.text("embedding_model", 1, 200);
    let (chunk_size, chunk_overlap) = read_sizes(&mut body);
    body.finish()?;
    let embedding_model = call.app.agents.knowledge.embedding_model(&call.ctx, model.as_deref()).await?;
    let new = NewBase { id, name, description, embedding_model, chunk_size, chunk_overlap };
    let ctx = call.ctx.clone();
    call.commit(
        move |tx| bases::create(tx, &ctx, &new),
        |shown| {
            let location = format!("/console/v1/knowledge-bases/{}", spelled(&shown.base));
            Ok(Reply::created(&location, &object(&shown))?.revision(shown.base.revision))
        },
    )
    .await
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let name = body.text("name", 1, 120);
    let described = body.has("description");
    let description = body.text("description", 0, 1_000);
    let model = body.text("embedding_model", 1, 200);
    let (chunk_size, chunk_overlap) = read_sizes(&mut body);
    body.finish()?;
    let embedding_model = match model {
        Some(model) => Some(call.app.agents.knowledge.embedding_model(&call.ctx, Some(&model)).await?),
        None => None,
    };
    let description = described.then_some(description);
    let patch = BasePatch { name, description, embedding_model, chunk_size, chunk_overlap };
    let (ctx, id, if_match) = (call.ctx.clone(), call.param("id")?.to_owned(), call.if_match()?);
    call.commit(move |tx| bases::patch(tx, &ctx, &id, &patch, if_match), |shown| reply(&shown)).await
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let (ctx, id, if_match) = (call.ctx.clone(), call.param("id")?.to_owned(), call.if_match()?);
    call.commit(move |tx| bases::delete(tx, &ctx, &id, if_match), |()| Ok(Reply::no_content())).await
}

async fn remake(call: Call) -> Result<Reply, Fault> {
    call.fields()?.finish()?;
    let (ctx, id) = (call.ctx.clone(), call.param("id")?.to_owned());
    let accepted = |job: floe_model::id::JobId| Reply::json(StatusCode::ACCEPTED, &json!({ "job_id": job.prefixed() }));
    call.commit(move |tx| reindex::of_base(tx, &ctx, &id), accepted).await
}

fn read_sizes(body: &mut Fields) -> (Option<u32>, Option<u32>) {
    let number = |value: i64| u32::try_from(value).unwrap_or(0);
    let size = body.number("chunk_size", CHUNK_SIZE_MIN.into(), CHUNK_SIZE_MAX.into()).map(number);
    let overlap = body.number("chunk_overlap", 0, i64::from(CHUNK_SIZE_MAX / 2)).map(number);
    (size, overlap)
}

/// The id of a base as it is told everywhere.
pub(super) fn spelled(base: &Base) -> String {
    base.external_id.clone().unwrap_or_else(|| base.id.prefixed())
}

fn object(shown: &Shown) -> Value {
    let base = &shown.base;
    json!({
        "id": spelled(base),
        "name": base.name,
        "description": base.description,
        "embedding_model": base.embedding_model,
        "chunk_size": base.chunk_size,
        "chunk_overlap": base.chunk_overlap,
        "document_count": base.documents,
        "chunk_count": base.chunks,
        "needs_reindex": base.embedding_model != base.index_model,
        "reindex_job_id": base.reindex_job.map(|job| job.prefixed()),
        "used_by": shown.used_by.iter().map(Use::to_value).collect::<Vec<Value>>(),
        "revision": base.revision,
        "created_at": base.created_at,
        "updated_at": base.updated_at,
    })
}

fn reply(shown: &Shown) -> Result<Reply, Fault> {
    Ok(Reply::ok(&object(shown))?.revision(shown.base.revision))
}
