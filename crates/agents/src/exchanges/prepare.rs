//! Before an exchange is accepted: its agent, what it may cost, and its ids.

use std::sync::Arc;

use floe_model::agents::exchange::Channel;
use floe_model::agents::window::{estimate, estimate_text};
use floe_model::{Fault, Scope};
use floe_runtime::Ctx;
use floe_runtime::models::{ModelInfo, Price, Usage};

use super::asked::Asked;
use super::config::{Loaded, load};
use super::{Config, NewExchange, Ready};
use crate::Agents;
use crate::tools::DEPTH_MAX;

impl Agents {
    /// Makes an exchange ready to be accepted: looks up its agent and what its model costs.
    ///
    /// # Errors
    /// Not found for an agent that is not there; `agent_inactive`; `too_deep`; of the database.
    pub async fn prepare(self: &Arc<Self>, ctx: &Ctx, new: NewExchange) -> Result<Ready, Fault> {
        let scope = ctx.caller.scope();
        if new.depth > DEPTH_MAX {
            let message = format!("Agents and flows call each other at most {DEPTH_MAX} deep");
            return Err(Fault::conflict("too_deep", message));
        }
        let (config, model) = self.config(scope, &new).await?;
        let ids = &self.platform.ids;
        let messages = new.messages.iter().map(|message| (ids.next(), message.clone())).collect();
        let asked = Asked {
            messages,
            custom: new.metadata.clone(),
            continues: new.continues.as_ref().map(|one| one.exchange),
            answer: Some(ids.next()),
            streamed: new.streamed,
            chain: new.chain.clone(),
        };
        Ok(Ready {
            scope,
            exchange: ids.next(),
            new_thread: ids.next(),
            hold: model.as_ref().map_or(0, |model| to_hold(&config, &asked, model)),
            new,
            asked,
            caller: Arc::clone(&ctx.caller),
            request: ctx.request_id,
            config: Arc::new(config),
            model,
            now: ctx.now(),
        })
    }

    /// The configuration with which an exchange runs.
    async fn config(self: &Arc<Self>, scope: Scope, new: &NewExchange) -> Result<Loaded, Fault> {
        let loaded = load(self, scope, new.agent, new.config_override.clone()).await?;
        let (config, model) = loaded.ok_or_else(|| Fault::not_found("Agent"))?;
        // What is tried in the playground is tried before it is switched on.
        if !config.is_active() && new.channel != Channel::Playground {
            return Err(Fault::conflict("agent_inactive", "This agent is not active"));
        }
        Ok((config, model))
    }
}

/// What an exchange may cost, as far as that can be said before: one round with the longest answer. What more rounds cost is taken in
/// the end as far as it is there.
fn to_hold(config: &Config, asked: &Asked, model: &ModelInfo) -> i64 {
    let said: usize = asked.messages.iter().map(|(_, message)| estimate(message)).sum();
    let input = said + estimate_text(&config.agent.instructions);
    let usage = Usage {
        input_tokens: i64::try_from(input).unwrap_or(i64::MAX),
        output_tokens: i64::from(config.output_tokens().min(model.max_output_tokens)),
    };
    bounded(&model.price, usage)
}

/// A price that a ledger can hold.
fn bounded(price: &Price, usage: Usage) -> i64 {
    price.of(usage, 0).clamp(0, floe_model::access::credits::AMOUNT_MAX)
}
