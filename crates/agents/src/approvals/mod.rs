//! Calls of tools that need a person's approval (console contract, section 5.2).
//!
//! An exchange whose model asks for such a call ends before it, and each call becomes an item of the inbox. When the last of them is
//! answered, another exchange of the same thread is accepted: it makes the calls that were approved, tells the model of the others, and
//! goes on.

use std::sync::Arc;

use floe_model::access::Caller;
use floe_model::id::{AgentId, ExchangeId, ThreadId, WorkspaceId};
use floe_model::{Fault, Scope};
use floe_runtime::Platform;
use floe_store::Tx;
use floe_store::agents::items::{self, Item, StoppedCall};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::inbox;

/// A call that waits for an approval.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The agent.
    pub agent: AgentId,
    /// Its name.
    pub agent_name: String,
    /// The conversation.
    pub thread: ThreadId,
    /// Its id as the agent API spells it.
    pub alias: String,
    /// The exchange that stops here.
    pub exchange: ExchangeId,
    /// Names the call within the exchange, as the model does.
    pub call_id: String,
    /// Names the call everywhere.
    pub key: String,
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Value,
    /// On whose behalf the exchange ran.
    pub by: Arc<Caller>,
}

/// What an exchange goes on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continued {
    /// The exchange that stopped; [`decisions`] tells what was decided about its calls.
    pub exchange: ExchangeId,
}

/// A call and what was decided about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// Names the call within the exchange that stopped.
    pub call_id: String,
    /// Names the call everywhere, the same on every repeat.
    pub key: String,
    /// The tool.
    pub tool: String,
    /// Exactly the arguments that were approved.
    pub arguments: Value,
    /// Whether it may be made.
    pub approved: bool,
    /// What was said about it.
    pub comment: Option<String>,
}

impl Decided {
    /// What the model is told in place of a result when the call was rejected.
    #[must_use]
    pub fn rejection(&self) -> Value {
        let said = self.comment.as_deref().filter(|comment| !comment.is_empty());
        let message = match said {
            Some(comment) => format!("A person rejected this call: {comment}"),
            None => "A person rejected this call".to_owned(),
        };
        json!({ "error": "rejected", "message": message })
    }
}

/// Asks for an approval, in the transaction that stores the end of the exchange. The same call again, after a crash, changes nothing.
///
/// # Errors
/// Of the database.
pub fn ask(tx: &mut Tx<'_>, platform: &Platform, scope: Scope, asking: &Asking) -> Result<(), Fault> {
    let call = StoppedCall {
        exchange: asking.exchange,
        id: asking.call_id.clone(),
        key: asking.key.clone(),
        tool: asking.tool.clone(),
        arguments: asking.arguments.to_string(),
    };
    let hash = inbox::hash_of(&inbox::call_content(&asking.tool, &asking.arguments));
    let whom = (asking.agent, asking.agent_name.as_str(), asking.thread, asking.alias.as_str());
    inbox::open(tx, platform, scope, whom, &asking.by, Some(call), None, hash)
}

/// The calls that stopped an exchange, in their order. One that nobody answered counts as rejected.
///
/// # Errors
/// Of the database.
pub fn decisions(tx: &mut Tx<'_>, workspace: WorkspaceId, exchange: ExchangeId) -> Result<Vec<Decided>, Fault> {
    let items = items::of_exchange(tx, workspace, exchange)?;
    Ok(items.iter().filter_map(decided).collect())
}

fn decided(item: &Item) -> Option<Decided> {
    let call = item.call.as_ref()?;
    Some(Decided {
        call_id: call.id.clone(),
        key: call.key.clone(),
        tool: call.tool.clone(),
        arguments: serde_json::from_str(&call.arguments).unwrap_or_default(),
        approved: item.status == "answered" && item.decision.as_deref() == Some("approve"),
        comment: item.comment.clone(),
    })
}
