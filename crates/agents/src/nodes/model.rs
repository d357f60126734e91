//! Which model a node means, and one paid call of it.
//!
//! `provider` and `model` are the name of a configured provider and the model's name there (console contract, section 5.1). Where that
//! provider is not configured, the built-in `mock` stands in as far as the workspace lets it (Workflow API contract, section 24).

use std::sync::Arc;

use floe_engine::event::StepError;
use floe_model::Scope;
use floe_model::id::ProviderId;
use floe_runtime::effect::EffectCall;
use floe_runtime::models::{Deltas, ModelCall, ModelFault, ModelInfo, ModelReply, Models as _, Usage};
use floe_runtime::paid;
use serde_json::{Value, json};

use super::config::Config;
use super::fail::{fault_of, model as model_error, not_found, unpaid};
use crate::Agents;
use crate::steps::bill;

/// The provider that is always there.
pub(super) const MOCK: &str = "mock";
/// What calls of nodes are charged as.
pub(super) const PRODUCT: &str = "workflows";
/// Names of models are no longer.
const NAME_MAX: usize = 300;

/// A model that a node means.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    /// The name by which it is called.
    pub(super) name: String,
    /// The provider, as the record tells it.
    pub(super) provider: String,
    /// The model there.
    pub(super) model: String,
}

impl Chosen {
    /// Whether the built-in model answers that repeats what it is asked.
    pub(super) fn is_mock(&self) -> bool {
        self.provider == MOCK
    }

    fn of(info: ModelInfo, name: String) -> Self {
        // Also under the name of a model that it stands for.
        let is_mock = info.provider == "builtin" && (info.name == MOCK || info.name.starts_with("mock/"));
        let provider = if is_mock { MOCK.to_owned() } else { info.provider };
        Self { name, provider, model: info.upstream_model }
    }
}

/// The chat model of a configuration.
///
/// # Errors
/// `NOT_CONFIGURED` when there is none, `NOT_FOUND` for a connection that is none.
pub(super) async fn choose(agents: &Agents, scope: Scope, config: Config<'_>) -> Result<Chosen, StepError> {
    let provider = provider_of(agents, scope, config).await?;
    let model = config.written(&["model"]).filter(|name| name.len() <= NAME_MAX);
    let name = match (&provider, &model) {
        (Some(provider), Some(model)) => format!("{provider}/{model}"),
        (None, Some(model)) => model.clone(),
        // A provider without a model is as good as none, but for the mock.
        (Some(provider), None) if provider == MOCK => MOCK.to_owned(),
        _ => String::new(),
    };
    if let Some(info) = find(agents, scope, &name).await? {
        return Ok(Chosen::of(info, name));
    }
    let is_missing = match &provider {
        Some(provider) => !has_provider(agents, scope, provider).await?,
        None => true,
    };
    if is_missing {
        let stand_in = format!("{MOCK}/{}", model.as_deref().unwrap_or(MOCK));
        if let Some(info) = find(agents, scope, &stand_in).await? {
            return Ok(Chosen::of(info, stand_in));
        }
    }
    let fault = if name.is_empty() { ModelFault::NotConfigured } else { ModelFault::UnknownModel(name) };
    Err(model_error(&fault.into()))
}

/// The embedding model of a configuration.
///
/// # Errors
/// As [`choose`].
pub(super) async fn choose_embedding(agents: &Agents, scope: Scope, config: Config<'_>) -> Result<Chosen, StepError> {
    let provider = provider_of(agents, scope, config).await?;
    let model = config.written(&["model"]).filter(|name| name.len() <= NAME_MAX);
    let name = match (&provider, &model) {
        (Some(provider), Some(model)) => format!("{provider}/{model}"),
        (None, Some(model)) => model.clone(),
        _ => String::new(),
    };
    let is_own = provider.as_deref() == Some(MOCK);
    let find = |name: String| async move {
        agents.models.find_embedding(scope, Some(&name)).await.map_err(|fault| fault_of(&fault))
    };
    if !is_own && let Some(info) = find(name.clone()).await? {
        return Ok(Chosen { name, provider: info.provider, model: info.upstream_model });
    }
    let is_missing = match &provider {
        Some(provider) => !has_provider(agents, scope, provider).await?,
        None => true,
    };
    let may_stand_in = is_own || (is_missing && self::find(agents, scope, MOCK).await?.is_some());
    if may_stand_in {
        let own = floe_model::agents::embedding::NAME.to_owned();
        return Ok(Chosen { name: own.clone(), provider: MOCK.to_owned(), model: model.unwrap_or(own) });
    }
    Err(model_error(&ModelFault::UnknownModel(name).into()))
}

/// Name of the provider: that of the connection where one is given.
async fn provider_of(agents: &Agents, scope: Scope, config: Config<'_>) -> Result<Option<String>, StepError> {
    let Some(connection) = config.written(&["connectionId"]) else {
        return Ok(config.written(&["provider"]).map(|name| name.trim().to_owned()));
    };
    let missing = || not_found("model provider");
    let id = ProviderId::parse(connection.trim()).map_err(|_| missing())?;
    let models = Arc::clone(&agents.models);
    let named = agents.platform.store.read(move |tx| models.provider_name(tx, scope.workspace, id)).await;
    named.map_err(|fault| fault_of(&fault))?.map(Some).ok_or_else(missing)
}

async fn has_provider(agents: &Agents, scope: Scope, name: &str) -> Result<bool, StepError> {
    let (models, name) = (Arc::clone(&agents.models), name.to_owned());
    let known = agents.platform.store.read(move |tx| models.has_provider(tx, scope.workspace, &name)).await;
    known.map_err(|fault| fault_of(&fault))
}

async fn find(agents: &Agents, scope: Scope, name: &str) -> Result<Option<ModelInfo>, StepError> {
    agents.models.find(scope, Some(name)).await.map_err(|fault| fault_of(&fault))
}

/// Makes a call and pays for it. `part` tells apart the calls of one attempt. With `deltas` the text is given out as it comes.
///
/// # Errors
/// Those of section 17.
pub(super) async fn ask(
    agents: &Arc<Agents>,
    call: &EffectCall,
    part: usize,
    asked: &ModelCall,
    deltas: Option<&dyn Deltas>,
) -> Result<ModelReply, StepError> {
    let bill = bill(agents, call, PRODUCT, part).await.map_err(|fault| fault_of(&fault))?;
    let paid = paid::call(&agents.platform, agents.models.as_ref(), call.scope, &bill, asked, deltas).await;
    Ok(paid.map_err(unpaid)?.reply)
}

/// Tokens as records show them.
pub(super) fn usage(usage: Usage) -> Value {
    json!({
        "promptTokens": usage.input_tokens, "completionTokens": usage.output_tokens,
        "totalTokens": usage.input_tokens.saturating_add(usage.output_tokens),
    })
}

/// The sum of two calls.
pub(super) fn both(one: Usage, other: Usage) -> Usage {
    Usage {
        input_tokens: one.input_tokens.saturating_add(other.input_tokens),
        output_tokens: one.output_tokens.saturating_add(other.output_tokens),
    }
}
