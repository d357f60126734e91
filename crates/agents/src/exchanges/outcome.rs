//! Outcomes, as they are told and as they are read again from the rows: both say the same.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use floe_model::agents::envelope::{self, Answer, Finish, HISTORY_MAX, Told, ToolUse};
use floe_model::id::ExchangeId;
use floe_model::{Fault, Scope};
use floe_runtime::models::Usage;
use floe_store::Change;
use floe_store::Tx;
use floe_store::agents::exchanges::{self, Ended, Exchange};
use floe_store::agents::messages::{self, Message};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Outcome;
use super::asked::Asked;
use crate::Agents;

/// Longest pause between two looks whether an exchange is over, for news that were missed.
const LOOK: Duration = Duration::from_secs(1);

/// What an envelope says beside the columns of the row.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Answered {
    pub(super) tool_calls: Vec<Use>,
    pub(super) has_usage: bool,
    pub(super) fallback_used: bool,
    pub(super) guardrail: Option<Value>,
    pub(super) output: Option<Value>,
    pub(super) text: String,
    pub(super) execution_ms: i64,
}

/// A call of a tool.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Use {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: Value,
    pub(super) result: Value,
    pub(super) error: Option<String>,
    pub(super) duration_ms: i64,
}

impl Answered {
    /// As the row keeps it.
    pub(super) fn to_text(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(Fault::internal)
    }

    fn read(text: Option<&str>) -> Result<Self, Fault> {
        text.map_or_else(|| Ok(Self::default()), |text| serde_json::from_str(text).map_err(Fault::internal))
    }
}

impl Agents {
    /// What came of an exchange; none while it is under way.
    ///
    /// # Errors
    /// Not found; of the database.
    pub async fn outcome(&self, scope: Scope, id: ExchangeId) -> Result<Option<Outcome>, Fault> {
        let read = move |tx: &mut Tx<'_>| {
            let exchange = exchanges::find(tx, scope, id)?.ok_or_else(|| Fault::not_found("Exchange"))?;
            of(tx, &exchange)
        };
        self.platform.store.read(read).await
    }

    /// Waits for what comes of an exchange, whoever runs it. Dropping the future changes nothing.
    ///
    /// # Errors
    /// As [`Agents::outcome`].
    pub async fn await_outcome(self: &Arc<Self>, scope: Scope, id: ExchangeId) -> Result<Outcome, Fault> {
        let mut changes = self.platform.store.watch();
        loop {
            if let Some(outcome) = self.outcome(scope, id).await? {
                return Ok(outcome);
            }
            let told = async {
                loop {
                    match changes.recv().await {
                        Ok(Change::Record { kind: exchanges::KIND, id: changed, .. }) if changed == id.0 => return,
                        Ok(Change::Many) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => return,
                        Ok(_) => {}
                        Err(_) => std::future::pending::<()>().await,
                    }
                }
            };
            let _ = tokio::time::timeout(LOOK, told).await;
        }
    }
}

/// The outcome of an exchange by its rows; none while it is under way.
pub(super) fn of(tx: &mut Tx<'_>, exchange: &Exchange) -> Result<Option<Outcome>, Fault> {
    let Some(ended) = &exchange.ended else { return Ok(None) };
    if ended.code != 200 {
        return unanswered(exchange).map(Some);
    }
    let workspace = exchange.scope.workspace;
    let history = messages::last(tx, workspace, exchange.thread, (0, ended.last_seq), HISTORY_MAX)?;
    answered(exchange, ended, &history).map(Some)
}

/// The outcome of an answered exchange; `history` is its thread up to it.
pub(super) fn answered(exchange: &Exchange, ended: &Ended, history: &[Message]) -> Result<Outcome, Fault> {
    let kept = Answered::read(ended.answer.as_deref())?;
    let Asked { custom, answer, .. } = Asked::read(&exchange.asked)?;
    let finish = ended.finish.unwrap_or(Finish::Stop);
    let envelope = Answer {
        agent: exchange.agent,
        history: told(history),
        exchange: exchange.id,
        model: ended.model.clone(),
        at: ended.at,
        tool_calls: kept.tool_calls.iter().map(tool_use).collect(),
        execution_ms: kept.execution_ms,
        used_credits: ended.credits,
        thread: exchange.alias.clone(),
        finish,
        usage: kept.has_usage.then_some((ended.input_tokens, ended.output_tokens)),
        fallback_used: kept.fallback_used,
        guardrail: kept.guardrail.clone(),
        custom,
        output: kept.output.clone(),
    };
    Ok(Outcome {
        code: 200,
        exchange: exchange.id,
        agent: exchange.agent,
        thread: exchange.alias.clone(),
        thread_id: exchange.thread,
        answer,
        finish: Some(finish),
        error: None,
        text: kept.text,
        output: kept.output,
        model: ended.model.clone(),
        usage: usage(ended),
        used_credits: ended.credits,
        envelope: envelope.to_json(),
    })
}

/// The outcome of an exchange that was not answered.
pub(super) fn unanswered(exchange: &Exchange) -> Result<Outcome, Fault> {
    let ended = exchange.ended.as_ref().ok_or_else(|| Fault::internal("an exchange that is over is not"))?;
    let (code, envelope) = match ended.code {
        402 => (402, envelope::no_credits(exchange.agent)),
        503 => (503, envelope::busy(exchange.agent)),
        _ => (500, envelope::failed()),
    };
    Ok(Outcome {
        code,
        exchange: exchange.id,
        agent: exchange.agent,
        thread: exchange.alias.clone(),
        thread_id: exchange.thread,
        answer: Asked::read(&exchange.asked).ok().and_then(|asked| asked.answer),
        finish: None,
        error: ended.error.clone(),
        text: String::new(),
        output: None,
        model: ended.model.clone(),
        usage: usage(ended),
        used_credits: ended.credits,
        envelope,
    })
}

fn usage(ended: &Ended) -> Usage {
    Usage { input_tokens: ended.input_tokens, output_tokens: ended.output_tokens }
}

/// Messages as an answer shows them: those of an exchange with tools say their ids.
fn told(history: &[Message]) -> Vec<Told> {
    let with_tools: HashSet<ExchangeId> =
        history.iter().filter(|one| one.content.has_tools()).filter_map(|one| one.exchange).collect();
    let one = |one: &Message| {
        let shows_id = one.content.has_tools() || one.exchange.is_some_and(|id| with_tools.contains(&id));
        let message = floe_model::agents::message::Message { role: one.role, content: one.content.clone() };
        Told { id: shows_id.then(|| envelope::message_name(one.id)), message }
    };
    history.iter().map(one).collect()
}

fn tool_use(kept: &Use) -> ToolUse {
    ToolUse {
        id: kept.id.clone(),
        name: kept.name.clone(),
        arguments: kept.arguments.clone(),
        outcome: kept.error.clone().map_or_else(|| Ok(kept.result.clone()), Err),
        duration_ms: kept.duration_ms,
    }
}
