//! The configuration with which an exchange runs.

use std::sync::Arc;

use floe_model::access::credits::day_of;
use floe_model::agents::agent::{AgentConfig, CreditLimit, OUTPUT_TOKENS, Period, Status};
use floe_model::id::AgentId;
use floe_model::{Fault, Scope, Timestamp};
use floe_runtime::models::{ModelInfo, ModelKind};
use floe_store::agents::exchanges::Exchange;
use serde_json::{Map, Value};

use crate::Agents;
use crate::agents;

/// An agent as an exchange needs it. Its tools hold the real values of their secrets: nothing of this is logged or stored.
#[derive(Clone)]
pub struct Config {
    /// What it is told and can use.
    pub agent: AgentConfig,
    /// Its definitions of tools.
    pub tools: Vec<Value>,
    /// Counts changes.
    pub version: i64,
    /// What was tried without being saved, secrets hidden.
    pub tried: Option<String>,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("name", &self.agent.name).field("version", &self.version).finish_non_exhaustive()
    }
}

impl Config {
    /// Whether it answers.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.agent.status == Status::Active
    }

    /// Longest answer in tokens.
    #[must_use]
    pub fn output_tokens(&self) -> u32 {
        self.agent.max_output_tokens.unwrap_or(OUTPUT_TOKENS)
    }
}

/// An agent, and the model that it asks first; none when no model of that name may answer.
pub(super) type Loaded = (Config, Option<ModelInfo>);

/// Reads the configuration of an agent, with these members in the place of saved ones; none when there is no such agent.
///
/// # Errors
/// The wrong members; of the database.
pub(super) async fn load(
    service: &Arc<Agents>,
    scope: Scope,
    id: AgentId,
    tried: Option<Map<String, Value>>,
) -> Result<Option<Loaded>, Fault> {
    let (platform, models) = (Arc::clone(&service.platform), Arc::clone(&service.models));
    let read = move |tx: &mut floe_store::Tx<'_>| {
        let Some(mut agent) = agents::load(tx, &platform, scope.workspace, id)? else { return Ok(None) };
        let mut hidden = None;
        if let Some(members) = &tried {
            agent.config = agent.config.patched(members).map_err(Fault::validation)?;
            hidden = Some(Value::Object(agents::shown(&agent.config)).to_string());
        }
        let model = models.look_up(tx, scope, ModelKind::Chat, agent.config.model.as_deref())?;
        let tools = agent.tools();
        let config = Config { agent: agent.config, tools, version: agent.config_version, tried: hidden };
        Ok(Some((config, model)))
    };
    service.platform.store.read(read).await
}

/// Reads the configuration with which an exchange was accepted, which the agent may no longer have; none when there is no such agent.
///
/// # Errors
/// Of the database.
pub(super) async fn load_accepted(service: &Arc<Agents>, exchange: &Exchange) -> Result<Option<Loaded>, Fault> {
    let (platform, models) = (Arc::clone(&service.platform), Arc::clone(&service.models));
    let Exchange { scope, agent, config_version, .. } = *exchange;
    let read = move |tx: &mut floe_store::Tx<'_>| {
        let Some(agent) = agents::load_version(tx, &platform, scope.workspace, agent, config_version)? else {
            return Ok(None);
        };
        let model = models.look_up(tx, scope, ModelKind::Chat, agent.config.model.as_deref())?;
        let tools = agent.tools();
        Ok(Some((Config { agent: agent.config, tools, version: agent.config_version, tried: None }, model)))
    };
    service.platform.store.read(read).await
}

/// The UTC day, counted from 1970, with which the present time of a limit began.
pub(super) fn since(limit: &CreditLimit, now: Timestamp) -> i64 {
    let day = day_of(now);
    let text = now.to_string();
    let of_month: i64 = text.get(8..10).and_then(|digits| digits.parse().ok()).unwrap_or(1);
    match limit.period {
        Period::Day => day,
        Period::Month => day - (of_month - 1),
    }
}
