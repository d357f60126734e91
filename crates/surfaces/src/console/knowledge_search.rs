//! `/knowledge-bases/{id}/search` (console contract, section 5.2; answers as in section 8.6 of the Workflows contract).

use floe_agents::knowledge::bases;
use floe_agents::knowledge::search::{Asked, Hit, QUERY_CHARS_MAX, TOP_K_DEFAULT};
use floe_model::Fault;
use floe_model::access::Permission;
use serde_json::{Value, json};

use super::shapes::knowledge_search as shapes;
use super::{Rights, SURFACE};
use crate::http::{Auth, Call, Fields, Reply, Route};

/// Results of one answer at most; who asks for more gets these.
const TOP_K_MAX: usize = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(&SURFACE, "/console/v1/knowledge-bases/{id}/search", Auth::MEMBER, search)
            .needs(Permission::Read)
            .doc("Search a knowledge base")
            .about(
                "Full text and vectors together choose the results. They come by score, the cosine of query and chunk; rank tells their \
                 place in the order that both make together, which is the one that agents get.",
            )
            .takes(shapes::KNOWLEDGE_QUERY)
            .answers(200, shapes::KNOWLEDGE_RESULTS)
            .refuses(503, &["embedding_unavailable"]),
    ]
}

async fn search(call: Call) -> Result<Reply, Fault> {
    let asked = read(&call)?;
    if let Some(reply) = call.answered().await? {
        return Ok(reply);
    }
    let (workspace, id) = (call.ctx.caller.workspace, call.param("id")?.to_owned());
    let base = call.ctx.store.read(move |tx| bases::resolve(tx, workspace, &id)).await?;
    let hits = call.app.agents.search.run(call.ctx.caller.scope(), &[base], &asked).await?;
    let mut ranked: Vec<(usize, Hit)> = (1..).zip(hits).collect();
    ranked.sort_by(|(_, one), (_, other)| other.score.total_cmp(&one.score).then_with(|| one.chunk.cmp(&other.chunk)));
    let shown = json!({
        "results": ranked.iter().map(|(rank, hit)| result(*rank, hit)).collect::<Vec<Value>>(),
        "query": asked.query,
        "top_k": asked.top_k,
        "knowledge_base_id": base.prefixed(),
    });
    // A search writes nothing, but for its answer to a repeat when there may be one.
    if call.repeat()?.is_none() {
        Reply::ok(&shown)
    } else {
        call.commit(|_| Ok(()), move |()| Reply::ok(&shown)).await
    }
}

fn read(call: &Call) -> Result<Asked, Fault> {
    let mut body = call.fields()?;
    let query = body.required_text("query", 1, QUERY_CHARS_MAX);
    let top_k = body.number("top_k", 1, i64::MAX).map_or(TOP_K_DEFAULT, |number| number.unsigned_abs() as usize);
    let threshold = read_share(&mut body, "threshold");
    let similarity_threshold = read_share(&mut body, "similarity_threshold");
    let filter = body.object("filter").unwrap_or_default();
    body.finish()?;
    let threshold = threshold.or(similarity_threshold).unwrap_or(0.0);
    Ok(Asked { query, top_k: top_k.min(TOP_K_MAX), threshold, filter })
}

/// A number from 0 to 1.
fn read_share(body: &mut Fields, name: &str) -> Option<f64> {
    let value = body.value(name)?;
    let share = value.as_f64().filter(|share| (0.0..=1.0).contains(share));
    if share.is_none() {
        body.problem(name, "range", format!("{name} must be a number from 0 to 1"));
    }
    share
}

fn result(rank: usize, hit: &Hit) -> Value {
    let chunk = hit.chunk.prefixed();
    json!({
        "id": chunk,
        "chunk_id": chunk,
        "content": hit.text,
        "document_id": hit.document.prefixed(),
        "document_name": hit.document_name,
        "chunk_index": hit.position,
        "score": hit.score,
        "similarity": hit.score,
        "metadata": hit.metadata,
        "source": hit.source,
        "rank": rank,
        "matched": { "vector": hit.matched.vector, "text": hit.matched.text },
    })
}
