//! The node type `knowledgeBaseQuery`: passages of a knowledge base.

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_model::id::{KnowledgeBaseId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Platform;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use floe_store::Tx;
use floe_store::agents::knowledge_bases::{self as rows, Page};
use serde_json::{Map, Value, json};

use super::config::Config;
use super::fail::{fault_of, invalid, not_found};
use crate::Agents;
use crate::knowledge::bases;
use crate::knowledge::search::{Asked, Hit, QUERY_CHARS_MAX, TOP_K_DEFAULT, TOP_K_MAX, Way};

/// Least score of a passage unless the configuration says another.
const THRESHOLD: f64 = 0.7;

/// Code of the fault of a call that does not say which of several bases it means.
const WHICH: &str = "which_base";

pub(super) static SPEC: StepSpec = super::spec(
    "node-knowledgeBaseQuery",
    "Search knowledge",
    "Finds the passages of a knowledge base that answer a question, the best first.",
    &[("results", "the passages"), ("combinedText", "their texts"), ("count", "how many")],
);

/// Searches knowledge bases.
pub(super) struct KnowledgeQuery(pub(super) Arc<Agents>);

impl Effect for KnowledgeQuery {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    /// A search that is made again changes nothing outside.
    fn sends(&self, _: &Value) -> bool {
        false
    }

    fn call<'a>(&'a self, _: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { run(&self.0, &call).await.into() })
    }
}

async fn run(agents: &Arc<Agents>, call: &EffectCall) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let query = config.written(&["query", "queryText"]).ok_or_else(|| invalid("query", "is empty"))?;
    let most = u32::try_from(TOP_K_MAX).unwrap_or(u32::MAX);
    let top_k = config.whole("topK", most)?.and_then(|count| usize::try_from(count).ok()).unwrap_or(TOP_K_DEFAULT);
    let mut threshold = config.number("threshold", 0.0, 1.0)?;
    if threshold.is_none() {
        threshold = config.number("similarityThreshold", 0.0, 1.0)?;
    }
    let (named, workspace) = (config.written(&["knowledgeBaseId"]), call.scope.workspace);
    let found = agents.platform.store.read(move |tx| base(tx, workspace, named.as_deref())).await;
    let base = found.map_err(refused)?;
    let asked = Asked {
        query: query.chars().take(QUERY_CHARS_MAX).collect(),
        top_k,
        threshold: threshold.unwrap_or(THRESHOLD),
        filter: Map::new(),
    };
    let hits = agents.search.run_by(Way::Vectors, call.scope, &[base], &asked).await.map_err(refused)?;
    Ok(record(&query, &hits))
}

/// The base that is named; without a name the only one that there is.
fn base(tx: &mut Tx<'_>, workspace: WorkspaceId, named: Option<&str>) -> Result<KnowledgeBaseId, Fault> {
    if let Some(named) = named {
        return bases::resolve(tx, workspace, named.trim());
    }
    match rows::list(tx, workspace, &Page { limit: 2, ..Page::default() })?.as_slice() {
        [only] => Ok(only.id),
        [] => Err(Fault::not_found("Knowledge base")),
        _ => {
            let message = "There are several knowledge bases; knowledgeBaseId must say which";
            Err(Fault::new(FaultKind::NotFound, WHICH, message))
        }
    }
}

fn record(query: &str, hits: &[Hit]) -> Value {
    let one = |hit: &Hit| {
        json!({
            "content": hit.text, "score": hit.score, "similarity": hit.score, "documentId": hit.document.prefixed(),
            "documentName": hit.document_name, "chunkIndex": hit.position, "metadata": hit.metadata,
        })
    };
    let results: Vec<Value> = hits.iter().map(one).collect();
    let text = hits.iter().map(|hit| hit.text.as_str()).collect::<Vec<_>>().join("\n\n");
    json!({
        "query": query, "topResult": results.first(), "combinedText": text, "text": text, "count": results.len(),
        "totalMatches": results.len(), "results": results,
    })
}

fn refused(fault: Fault) -> StepError {
    match fault.kind() {
        FaultKind::NotFound if fault.code() == WHICH => StepError::new("NOT_FOUND", fault.message().to_owned()),
        FaultKind::NotFound => not_found("knowledge base"),
        _ => fault_of(&fault),
    }
}
