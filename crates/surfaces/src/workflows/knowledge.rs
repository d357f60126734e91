//! Knowledge bases (workflows contract, section 8.6): read and searched; they are made in the console.

use floe_agents::knowledge::bases;
use floe_agents::knowledge::search::{Asked, Hit, QUERY_CHARS_MAX, TOP_K_DEFAULT, Way};
use floe_model::Fault;
use floe_store::agents::knowledge_bases::Base;
use serde_json::{Value, json};

use super::memory::share;
use super::shapes::knowledge as shapes;
use super::shapes::{PAGING, enveloped, paged};
use super::{Envelope, KEY, Page, SURFACE, errors};
use crate::http::{Call, Reply, Route};

/// What is missing when a knowledge base is.
const WHAT: &str = "KnowledgeBase";
/// Hits of one search at most; more count as that.
const TOP_K_MAX: usize = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/v1/knowledge-bases", KEY, list)
            .scope("knowledge-bases:read")
            .doc("List knowledge bases")
            .about("Newest first.")
            .queries(PAGING)
            .answers(200, paged!(shapes::BASE)),
        Route::get(&SURFACE, "/v1/knowledge-bases/{id}", KEY, get)
            .scope("knowledge-bases:read")
            .doc("Get a knowledge base")
            .answers(200, enveloped!(shapes::BASE)),
        Route::post(&SURFACE, "/v1/knowledge-bases/{id}/query", KEY, query)
            .scope("knowledge-bases:read")
            .also_scopes(&["knowledge-bases:query"])
            .doc("Query a knowledge base")
            .about("The passages nearest to the question, the nearest first.")
            .takes(shapes::QUERY)
            .answers(200, enveloped!(shapes::RESULTS))
            .refuses(503, &["service_unavailable"]),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (workspace, page) = (call.ctx.caller.workspace, Page::of(&call));
    let found = call.ctx.store.read(move |tx| bases::all(tx, workspace)).await?;
    let total = found.len() as u64;
    Ok(Envelope::of(&call).page(page.cut(found.iter().map(wire)), total, page))
}

async fn get(call: Call) -> Result<Reply, Fault> {
    let found = base(&call).await?;
    Ok(Envelope::of(&call).ok(&wire(&found)))
}

async fn query(call: Call) -> Result<Reply, Fault> {
    let asked = read(&call)?;
    if let Some(first) = call.answered().await? {
        return Ok(first);
    }
    let base = base(&call).await?;
    let hits = call.app.agents.search.run_by(Way::Vectors, call.ctx.caller.scope(), &[base.id], &asked).await;
    let mut hits = hits.map_err(|fault| named(&call, fault))?;
    hits.sort_by(|one, other| other.score.total_cmp(&one.score).then_with(|| one.chunk.cmp(&other.chunk)));
    let data = json!({
        "results": hits.iter().map(result).collect::<Vec<Value>>(), "query": asked.query, "top_k": asked.top_k,
        "knowledge_base_id": shown_id(&base),
    });
    // A search writes nothing, but for its answer to a repeat when there may be one.
    let told = Envelope::of(&call);
    if call.repeat()?.is_none() {
        Ok(told.ok(&data))
    } else {
        call.commit(|_| Ok(()), move |()| Ok(told.ok(&data))).await
    }
}

fn read(call: &Call) -> Result<Asked, Fault> {
    let mut body = call.fields()?;
    let query = body.required_text("query", 1, QUERY_CHARS_MAX);
    let top_k = body.number("top_k", 1, i64::MAX).and_then(|count| usize::try_from(count).ok());
    let threshold = share(&mut body, "threshold");
    let similarity_threshold = share(&mut body, "similarity_threshold");
    let filter = body.object("filter").unwrap_or_default();
    body.finish_ignoring_unknown()?;
    Ok(Asked {
        query,
        top_k: top_k.unwrap_or(TOP_K_DEFAULT).min(TOP_K_MAX),
        threshold: threshold.or(similarity_threshold).unwrap_or(0.0),
        filter,
    })
}

/// The base that the path names: by either spelling of its id, or the one that it had elsewhere.
async fn base(call: &Call) -> Result<Base, Fault> {
    let (workspace, id) = (call.ctx.caller.workspace, call.param("id")?.to_owned());
    let read = move |tx: &mut floe_store::Tx<'_>| {
        let id = bases::resolve(tx, workspace, &id)?;
        bases::require(tx, workspace, id)
    };
    call.ctx.store.read(read).await.map_err(|fault| named(call, fault))
}

fn named(call: &Call, fault: Fault) -> Fault {
    errors::named(fault, WHAT, call.param("id").unwrap_or_default())
}

/// An id that was given when the base was made is the same everywhere (console contract, section 1.2).
fn shown_id(base: &Base) -> String {
    base.external_id.clone().unwrap_or_else(|| base.id.prefixed())
}

fn wire(base: &Base) -> Value {
    json!({
        "id": shown_id(base), "name": base.name, "description": base.description, "embedding_model": base.embedding_model,
        "chunk_size": base.chunk_size, "chunk_overlap": base.chunk_overlap, "document_count": base.documents,
        "chunk_count": base.chunks, "created_at": base.created_at, "updated_at": base.updated_at,
    })
}

fn result(hit: &Hit) -> Value {
    let chunk = hit.chunk.prefixed();
    json!({
        "id": chunk, "chunk_id": chunk, "content": hit.text, "document_id": hit.document.prefixed(),
        "document_name": hit.document_name, "chunk_index": hit.position, "score": hit.score, "similarity": hit.score,
        "metadata": hit.metadata,
    })
}
