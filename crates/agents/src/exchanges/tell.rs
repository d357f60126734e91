//! What the end of an exchange leaves behind in other tables: activity, and the delivery of its envelope.

use floe_model::Fault;
use floe_model::agents::activity::Kind;
use floe_model::agents::envelope::Finish;
use floe_runtime::Platform;
use floe_store::Tx;
use floe_store::agents::activity::{self, NewActivity};
use floe_store::agents::exchanges::Exchange;
use floe_store::webhooks::callbacks::{self, NewCallback};
use serde_json::json;

use super::Outcome;
use super::outcome::Use;

/// What is told beside the row.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// Calls of tools that were made.
    pub(super) tools: Vec<Use>,
    /// How long the exchange took, in milliseconds.
    pub(super) execution_ms: i64,
}

/// Writes that an exchange is over, and which tools it called.
pub(super) fn ended(tx: &mut Tx<'_>, platform: &Platform, exchange: &Exchange, told: &Told) -> Result<(), Fault> {
    let Some(ended) = &exchange.ended else { return Ok(()) };
    for tool in &told.tools {
        let new = entry(platform, exchange, Kind::ToolCalled);
        let new = NewActivity {
            status: if tool.error.is_some() { "error" } else { "success" }.to_owned(),
            tool: Some(tool.name.clone()),
            error: tool.error.clone(),
            execution_ms: Some(tool.duration_ms),
            ..new
        };
        activity::add(tx, exchange.scope, &new)?;
    }
    let kind = match (ended.code, ended.finish) {
        (200, Some(Finish::Blocked)) => Kind::ChatBlocked,
        (200, _) => Kind::ChatCompleted,
        _ => Kind::ChatFailed,
    };
    let mut detail = json!({ "code": ended.code });
    if let Some(finish) = ended.finish.filter(|finish| *finish != Finish::Stop) {
        detail["finish_reason"] = json!(finish.as_str());
    }
    let new = NewActivity {
        status: if ended.code == 200 { "success" } else { "error" }.to_owned(),
        model: ended.model.clone(),
        execution_ms: Some(told.execution_ms),
        used_credits: ended.credits,
        input_tokens: ended.input_tokens,
        output_tokens: ended.output_tokens,
        error: ended.error.clone(),
        detail: Some(detail.to_string()),
        ..entry(platform, exchange, kind)
    };
    activity::add(tx, exchange.scope, &new)
}

fn entry(platform: &Platform, exchange: &Exchange, kind: Kind) -> NewActivity {
    let at = exchange.ended.as_ref().map_or(exchange.accepted_at, |ended| ended.at);
    NewActivity {
        thread: Some(exchange.alias.clone()),
        request: Some(exchange.request),
        exchange: Some(exchange.id),
        channel: Some(exchange.channel.as_str().to_owned()),
        ..NewActivity::new(platform.ids.next(), exchange.agent, kind, at)
    }
}

/// Makes the delivery of an envelope to where its caller wants it.
pub(super) fn call_back(
    tx: &mut Tx<'_>,
    platform: &Platform,
    exchange: &Exchange,
    url: &str,
    outcome: &Outcome,
) -> Result<(), Fault> {
    let body = outcome.envelope.to_string();
    let new = NewCallback {
        agent: exchange.agent,
        exchange: exchange.id,
        thread: Some(&exchange.alias),
        request: exchange.request,
        url,
        body: &body,
        at: exchange.ended.as_ref().map_or(exchange.accepted_at, |ended| ended.at),
    };
    callbacks::enqueue(tx, exchange.scope, &new, &mut || platform.ids.next_bits()).map(drop)
}
