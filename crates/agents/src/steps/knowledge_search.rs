//! The step type `knowledge-search`: passages of a knowledge base (Flow API contract, section 6.5).

use std::sync::Arc;

use floe_engine::catalog::{Choices, EffectSpec, Execution, Field, FieldKind as K, StepSpec};
use floe_engine::event::StepError;
use floe_model::{Fault, FaultKind};
use floe_runtime::Platform;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use serde_json::{Map, Value, json};

use super::config::{Config, bad_value};
use crate::Agents;
use crate::knowledge::bases;
use crate::knowledge::search::Asked;

/// Time for one attempt, in milliseconds.
const TIMEOUT_MS: u64 = 30_000;
/// Longest time that a step may ask for, in milliseconds.
const TIMEOUT_MS_MAX: u64 = 120_000;
/// Results unless asked otherwise.
const RESULTS: f64 = 5.0;
/// Results at most.
const RESULTS_MAX: f64 = 50.0;
/// Characters of a query that are looked at.
const QUERY_CHARS_MAX: usize = 2_000;

pub(super) static SPEC: StepSpec = StepSpec {
    key: "knowledge-search",
    aliases: &[],
    name: "Search knowledge",
    category: "ai",
    description: "Finds the passages of a knowledge base that answer a question, the best first.",
    fields: &[
        Field::new("knowledgeBaseId", "Knowledge base", K::Text, "Id of the knowledge base.")
            .required()
            .choices(Choices::KnowledgeBases),
        Field::new("query", "Question", K::LongText, "What is looked for.").required(),
        Field::new("topK", "Results", K::Number, "Passages at most.").range(1.0, RESULTS_MAX).default("5"),
        Field::new("minScore", "Least score", K::Number, "Passages below it are left out.").range(0.0, 1.0),
    ],
    outputs: &[("results", "list of {text, score, source}")],
    waits: false,
    // Another provider may make the vector of the question, so that it can be seen from outside.
    execution: Execution::Effect(EffectSpec {
        touches_world: true,
        timeout_ms: TIMEOUT_MS,
        timeout_ms_max: TIMEOUT_MS_MAX,
    }),
};

/// Searches knowledge bases.
pub(super) struct KnowledgeSearch(pub(super) Arc<Agents>);

impl Effect for KnowledgeSearch {
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
    let (named, workspace) = (config.required("knowledgeBaseId")?.trim().to_owned(), call.scope.workspace);
    let found = agents.platform.store.read(move |tx| bases::resolve(tx, workspace, &named)).await;
    let base = found.map_err(refused)?;
    let query = config.written("query").ok_or_else(|| bad_value("query", "is missing"))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the number is from 1 to 50")]
    let top_k = config.number("topK", 1.0, RESULTS_MAX)?.unwrap_or(RESULTS) as usize;
    let asked = Asked {
        query: query.chars().take(QUERY_CHARS_MAX).collect(),
        top_k,
        threshold: config.number("minScore", 0.0, 1.0)?.unwrap_or(0.0),
        filter: Map::new(),
    };
    let hits = agents.search.run(call.scope, &[base], &asked).await.map_err(refused)?;
    let results = hits.iter().map(|hit| json!({ "text": hit.text, "score": hit.score, "source": hit.source }));
    Ok(json!({ "results": results.collect::<Vec<Value>>() }))
}

fn refused(fault: Fault) -> StepError {
    match fault.kind() {
        FaultKind::NotFound => not_found(),
        FaultKind::Overloaded => StepError::retryable("model_error", fault.message().to_owned()),
        FaultKind::Internal => {
            tracing::error!(%fault, source = ?std::error::Error::source(&fault), "knowledge could not be searched");
            StepError::retryable("internal_error", "The step broke off")
        }
        _ => StepError::new(fault.code(), fault.message().to_owned()),
    }
}

fn not_found() -> StepError {
    StepError::new("knowledge_base_not_found", "There is no such knowledge base")
}
