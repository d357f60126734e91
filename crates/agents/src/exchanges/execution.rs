//! An exchange as the workflow API shows it by the id of its execution (workflows contract, sections 8.2 and 8.5).

use floe_model::agents::envelope::Finish;
use floe_model::agents::exchange::{Channel, ExchangeState};
use floe_model::id::ExchangeId;
use floe_model::{Fault, Mode, Scope, Timestamp};
use floe_store::Tx;
use floe_store::agents::{agents, exchanges};

use super::asked::Asked;
use super::follow::{self, End};

/// What became of a message that was sent through the workflow API.
#[derive(Debug, Clone, PartialEq)]
pub struct Replied {
    /// The exchange.
    pub id: ExchangeId,
    /// Name of the agent; empty when it is gone.
    pub agent_name: String,
    /// `pending`, `running`, `completed`, `failed` or `cancelled`.
    pub status: &'static str,
    /// The message.
    pub content: String,
    /// The reply.
    pub reply: Option<String>,
    /// Why there is none.
    pub error: Option<String>,
    /// When the message was taken.
    pub accepted_at: Timestamp,
    /// When the agent began.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Live or test.
    pub mode: Mode,
}

/// The execution that is an exchange of the workflow API; none for any other id. Live callers see those of live, test callers both.
///
/// # Errors
/// Of the database.
pub fn execution(tx: &mut Tx<'_>, scope: Scope, id: ExchangeId) -> Result<Option<Replied>, Fault> {
    let modes: &[Mode] = if scope.mode == Mode::Test { &[Mode::Test, Mode::Live] } else { &[Mode::Live] };
    for &mode in modes {
        let scope = Scope { workspace: scope.workspace, mode };
        let found = exchanges::find(tx, scope, id)?.filter(|exchange| exchange.channel == Channel::Workflow);
        if let Some(exchange) = found {
            return replied(tx, &exchange).map(Some);
        }
    }
    Ok(None)
}

fn replied(tx: &mut Tx<'_>, exchange: &exchanges::Exchange) -> Result<Replied, Fault> {
    let asked = Asked::read(&exchange.asked)?;
    let end = follow::end_of(tx, exchange)?;
    let ended = exchange.ended.as_ref();
    let status = match (exchange.state, &end) {
        (ExchangeState::Waiting, _) => "pending",
        (ExchangeState::Running, _) | (ExchangeState::Finished, None) => "running",
        (ExchangeState::Finished, Some(End::Completed(..))) => "completed",
        (ExchangeState::Finished, Some(End::Failed(_))) => {
            let cancelled = ended.and_then(|ended| ended.finish) == Some(Finish::Cancelled);
            if cancelled { "cancelled" } else { "failed" }
        }
    };
    let (reply, error) = match end {
        Some(End::Completed(shown, _)) => (Some(shown.text), None),
        Some(End::Failed(why)) if status == "failed" => (None, Some(why)),
        _ => (None, None),
    };
    let agent = agents::find(tx, exchange.scope.workspace, exchange.agent)?;
    Ok(Replied {
        id: exchange.id,
        agent_name: agent.map(|agent| agent.name).unwrap_or_default(),
        status,
        content: asked.messages.last().map(|(_, message)| message.content.plain_text()).unwrap_or_default(),
        reply,
        error,
        accepted_at: exchange.accepted_at,
        started_at: exchange.started_at,
        // One that was handed to a person goes on until that has answered.
        ended_at: ended.filter(|_| status != "running").map(|ended| ended.at),
        mode: exchange.scope.mode,
    })
}
