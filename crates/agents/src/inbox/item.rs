//! One item: what is asked, who may answer, and why not.

use floe_engine::canonical::canonical_digest;
use floe_model::access::Permission;
use floe_model::id::{AgentId, ThreadId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::access::workspaces;
use floe_store::agents::items::Item as Row;
use serde_json::{Value, json};

use super::write::started_by;

/// Why a caller cannot answer an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody has answered it.
    AlreadyAnswered,
    /// Nothing waits for it any more.
    NotWaiting,
    /// The caller talked to the agent, and the workspace forbids approving one's own requests.
    SelfApproval,
    /// The role does not allow answering.
    Forbidden,
}

impl Refusal {
    /// Stable word; the code of the fault (console contract, section 4).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AlreadyAnswered => "already_answered",
            Self::NotWaiting => "not_waiting",
            Self::SelfApproval => "self_approval",
            Self::Forbidden => "forbidden",
        }
    }

    /// Whether it is about the caller, and not about the item.
    pub(super) const fn is_right(self) -> bool {
        matches!(self, Self::SelfApproval | Self::Forbidden)
    }

    /// The refusal as a fault.
    #[must_use]
    pub fn fault(self) -> Fault {
        let (kind, message) = match self {
            Self::AlreadyAnswered => (FaultKind::Conflict, "This has been answered"),
            Self::NotWaiting => (FaultKind::Conflict, "Nothing waits for this answer any more"),
            Self::SelfApproval => (
                FaultKind::Forbidden,
                "You talked to the agent, and this workspace forbids approving one's own requests",
            ),
            Self::Forbidden => {
                (FaultKind::Forbidden, "Your role does not allow answering; it needs the permission answer")
            }
        };
        let fault = Fault::new(kind, self.code(), message);
        if self == Self::Forbidden { fault.with_details(json!({ "required": "answer" })) } else { fault }
    }
}

/// An item as a caller sees it.
#[derive(Debug, Clone)]
pub struct Item {
    /// What is stored of it.
    pub row: Row,
    /// What it is called.
    pub title: String,
    /// What exactly is answered.
    pub content: Value,
    /// Why the caller cannot answer it.
    pub refusal: Option<Refusal>,
}

/// Looks at items in the name of one caller; remembers what it looked up.
pub(super) struct Judge<'c> {
    ctx: &'c Ctx,
    forbids_self: Option<bool>,
}

impl<'c> Judge<'c> {
    pub(super) const fn new(ctx: &'c Ctx) -> Self {
        Self { ctx, forbids_self: None }
    }

    pub(super) fn item(&mut self, tx: &mut Tx<'_>, row: Row) -> Result<Item, Fault> {
        let refusal = self.refusal(tx, &row)?;
        let content = match &row.call {
            Some(call) => call_content(&call.tool, &serde_json::from_str(&call.arguments).unwrap_or_default()),
            None => handoff_content(row.agent, row.thread, row.note.as_deref()),
        };
        Ok(Item { title: title_of(&row), content, refusal, row })
    }

    pub(super) fn refusal(&mut self, tx: &mut Tx<'_>, row: &Row) -> Result<Option<Refusal>, Fault> {
        let closed = match row.status.as_str() {
            "open" => None,
            "answered" => Some(Refusal::AlreadyAnswered),
            _ => Some(Refusal::NotWaiting),
        };
        if closed.is_some() {
            return Ok(closed);
        }
        self.right(tx, row)
    }

    /// Why the caller may not answer, apart from whether the item is open.
    pub(super) fn right(&mut self, tx: &mut Tx<'_>, row: &Row) -> Result<Option<Refusal>, Fault> {
        let caller = &self.ctx.caller;
        if !caller.may(Permission::Answer) {
            return Ok(Some(Refusal::Forbidden));
        }
        let asked_by_caller = || {
            let requester: Value = serde_json::from_str(&row.requester).unwrap_or_default();
            let member = caller.member_id().map(|id| id.prefixed());
            row.started_by == started_by(caller)
                || (member.is_some() && requester["member"].as_str() == member.as_deref())
        };
        let is_own = row.call.is_some() && asked_by_caller() && self.forbids_self_approval(tx)?;
        Ok(is_own.then_some(Refusal::SelfApproval))
    }

    fn forbids_self_approval(&mut self, tx: &mut Tx<'_>) -> Result<bool, Fault> {
        if let Some(known) = self.forbids_self {
            return Ok(known);
        }
        let workspace = workspaces::find(tx, self.ctx.caller.workspace)?;
        let settings: Value =
            workspace.and_then(|found| serde_json::from_str(&found.settings).ok()).unwrap_or_default();
        let forbids = settings.get("self_approval").and_then(Value::as_str) == Some("forbid");
        self.forbids_self = Some(forbids);
        Ok(forbids)
    }
}

/// What is approved of a call: the tool and its arguments (console contract, section 5.5).
pub(crate) fn call_content(tool: &str, arguments: &Value) -> Value {
    json!({ "tool": tool, "arguments": arguments })
}

/// What somebody takes over.
pub(super) fn handoff_content(agent: AgentId, thread: ThreadId, note: Option<&str>) -> Value {
    json!({ "agent_id": agent, "thread_id": thread.prefixed(), "note": note })
}

/// What an item is called.
pub(super) fn title_of(row: &Row) -> String {
    match &row.call {
        Some(call) => format!("{}: {}", row.agent_name, call.tool),
        None => format!("{}: conversation {}", row.agent_name, row.alias),
    }
}

/// SHA-256 of the canonical JSON of the content, in hexadecimal.
pub(crate) fn hash_of(content: &Value) -> String {
    canonical_digest(content)
}
