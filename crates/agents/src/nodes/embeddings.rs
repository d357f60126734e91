//! The node type `embeddings`: vectors of texts.

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use floe_runtime::models::{EMBED_TEXTS_MAX, EmbedCall};
use floe_runtime::{Platform, paid};
use serde_json::{Value, json};

use super::config::{Config, text_of};
use super::fail::{fault_of, invalid, unpaid};
use super::model::{PRODUCT, choose_embedding};
use crate::Agents;
use crate::steps::bill;

pub(super) static SPEC: StepSpec = super::spec(
    "node-embeddings",
    "Make vectors",
    "Makes a vector of each text.",
    &[("embeddings", "a list of numbers for each text"), ("model", "the model"), ("metadata", "{count, dimensions}")],
);

/// Makes vectors.
pub(super) struct Embeddings(pub(super) Arc<Agents>);

impl Effect for Embeddings {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    /// Vectors that are made again change nothing outside.
    fn sends(&self, _: &Value) -> bool {
        false
    }

    fn call<'a>(&'a self, _: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { run(&self.0, &call).await.into() })
    }
}

async fn run(agents: &Arc<Agents>, call: &EffectCall) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let texts: Vec<String> = config.list("input").iter().map(text_of).filter(|text| !text.trim().is_empty()).collect();
    if texts.is_empty() {
        return Err(invalid("input", "is empty"));
    }
    if texts.len() > EMBED_TEXTS_MAX {
        return Err(invalid("input", &format!("has more than {EMBED_TEXTS_MAX} texts")));
    }
    let chosen = choose_embedding(agents, call.scope, config).await?;
    let count = texts.len();
    let asked = EmbedCall { model: Some(chosen.name), texts, deadline_ms: call.timeout_ms };
    let bill = bill(agents, call, PRODUCT, 0).await.map_err(|fault| fault_of(&fault))?;
    let paid = paid::embed(&agents.platform, agents.models.as_ref(), call.scope, &bill, &asked).await;
    let embedded = paid.map_err(unpaid)?;
    let dimensions = embedded.vectors.first().map_or(0, Vec::len);
    Ok(json!({
        "embeddings": embedded.vectors, "model": chosen.model, "provider": chosen.provider,
        "metadata": { "count": count, "dimensions": dimensions, "tokens": embedded.usage.input_tokens },
    }))
}
