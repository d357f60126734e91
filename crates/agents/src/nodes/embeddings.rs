//! The node type `embeddings`: vectors of texts.

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use floe_runtime::models::{EMBED_TEXTS_MAX, EmbedCall, Models as _};
use floe_runtime::{Platform, credits};
use floe_store::access::credit_entries::Origin;
use serde_json::{Value, json};

use super::config::{Config, text_of};
use super::fail::{fault_of, invalid, model, no_credits};
use super::model::choose_embedding;
use crate::Agents;

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

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { run(&self.0, platform, &call).await.into() })
    }
}

async fn run(agents: &Arc<Agents>, platform: &Arc<Platform>, call: &EffectCall) -> Result<Value, StepError> {
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
    let embedded = agents.models.embed(call.scope, &asked).await.map_err(|failure| model(&failure))?;
    let price = embedded.price.of(embedded.usage, 0).min(floe_model::access::credits::AMOUNT_MAX);
    pay(platform, call, price, &embedded).await?;
    let dimensions = embedded.vectors.first().map_or(0, Vec::len);
    Ok(json!({
        "embeddings": embedded.vectors, "model": chosen.model, "provider": chosen.provider,
        "metadata": { "count": count, "dimensions": dimensions, "tokens": embedded.usage.input_tokens },
    }))
}

/// Takes what the vectors cost, once for each attempt.
async fn pay(
    platform: &Arc<Platform>,
    call: &EffectCall,
    price: i64,
    embedded: &floe_runtime::models::Embedded,
) -> Result<(), StepError> {
    if price == 0 {
        return Ok(());
    }
    let (own, scope, run) = (Arc::clone(platform), call.scope, call.run);
    let reference = format!("step:{}:{}:0", call.key, call.attempt);
    let spent = credits::Spent {
        credits: price,
        calls: 1,
        input_tokens: embedded.usage.input_tokens,
        output_tokens: 0,
        origin: Origin {
            product: Some("workflows".to_owned()),
            run_id: Some(run),
            step_id: Some(call.step_id.clone()),
            model: Some(embedded.model.clone()),
            ..Origin::default()
        },
        flow: None,
    };
    let take = move |tx: &mut floe_store::Tx<'_>| {
        if credits::hold(tx, &own, scope, &reference, price)?.is_err() {
            return Ok(false);
        }
        let flow = crate::steps::flow_of(tx, scope.workspace, run)?;
        credits::settle(tx, &own, scope, &reference, &credits::Spent { flow, ..spent.clone() })?;
        Ok(true)
    };
    match platform.store.write(take).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(no_credits()),
        Err(fault) => Err(fault_of(&fault)),
    }
}
