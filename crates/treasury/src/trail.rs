//! What every act of the treasury leaves behind: an entry in the audit chain of the workspace, written in the transaction of the
//! act (Treasury contract, section 7).
//!
//! The treasury's view of the chain is every entry of the product `treasury`. Its `agent_type` is not a column of its own:
//! an agent is an actor of the kind `agent` with its name, a person is a `member` or `token`, a key is a `key`, and the rest is
//! `system`; [`agent_type`] reads it back.

use floe_model::id::{RequestId, RunId};
use floe_model::{Scope, Timestamp};
use floe_runtime::{Ctx, Platform};
use floe_store::platform::audit::{Actor, Entry, Target};
use serde::Serialize;

/// The product of all entries of this slice.
pub const PRODUCT: &str = "treasury";

/// A part of the server that acts by itself (Treasury contract, section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agent {
    /// Gathers candidates.
    Planner,
    /// Reads the history.
    Reconciliation,
    /// Scores candidates.
    Risk,
    /// Compares a run with the wallet.
    Forecast,
    /// Sends payouts.
    Execution,
    /// Notes how a run ended.
    Audit,
}

impl Agent {
    /// Its `agent_type` on the wire, and its name in the chain.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planner => "planner",
            Self::Reconciliation => "reconciliation",
            Self::Risk => "risk",
            Self::Forecast => "forecast",
            Self::Execution => "execution",
            Self::Audit => "audit",
        }
    }
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    actor: Actor,
    request: Option<RequestId>,
}

impl Who {
    /// The server itself, without an agent: `system`.
    #[must_use]
    pub fn system() -> Self {
        Self { actor: Actor { kind: "system".to_owned(), id: None, name: "system".to_owned() }, request: None }
    }

    /// An agent of the server.
    #[must_use]
    pub fn agent(agent: Agent) -> Self {
        Self { actor: Actor { kind: "agent".to_owned(), id: None, name: agent.as_str().to_owned() }, request: None }
    }

    /// A flow that acts by the name.
    #[must_use]
    pub fn flow(name: &str) -> Self {
        Self { actor: Actor { kind: "system".to_owned(), id: None, name: name.to_owned() }, request: None }
    }

    /// Whoever made a request: a person or a key.
    #[must_use]
    pub fn caller(ctx: &Ctx) -> Self {
        Self { actor: Actor::of(&ctx.caller), request: Some(ctx.request_id) }
    }

    /// An agent that acts in a request, as the execution does at a release.
    #[must_use]
    pub fn agent_in(agent: Agent, ctx: &Ctx) -> Self {
        Self { request: Some(ctx.request_id), ..Self::agent(agent) }
    }

    /// Kind, id and name, as records keep them.
    pub(crate) fn parts(&self) -> (String, Option<u128>, String) {
        (self.actor.kind.clone(), self.actor.id, self.actor.name.clone())
    }

    /// The name under which people know it, for records and webhooks.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.actor.name
    }

    /// Its `agent_type` on the wire.
    #[must_use]
    pub fn agent_type(&self) -> &str {
        agent_type(&self.actor)
    }
}

/// The `agent_type` of an actor in the chain.
#[must_use]
pub fn agent_type(actor: &Actor) -> &str {
    match actor.kind.as_str() {
        "agent" => &actor.name,
        "member" | "token" => "human",
        "key" => "api",
        _ => "system",
    }
}

/// An entry of this slice; write it with [`floe_store::platform::audit::record`], or many with `record_all`. `detail` is an object
/// without secrets, with the last four digits of account numbers only; for amounts a struct with `Kobo` in it, not a `Value`.
#[must_use]
pub fn entry(
    platform: &Platform,
    scope: Scope,
    who: &Who,
    action: &str,
    run: Option<RunId>,
    detail: &(impl Serialize + ?Sized),
) -> Entry {
    entry_at(platform, scope, who, action, run, detail, platform.clock.now())
}

/// [`entry`] of an instant that the caller has read already.
#[must_use]
pub fn entry_at(
    platform: &Platform,
    scope: Scope,
    who: &Who,
    action: &str,
    run: Option<RunId>,
    detail: &(impl Serialize + ?Sized),
    at: Timestamp,
) -> Entry {
    Entry {
        id: platform.ids.next(),
        workspace: scope.workspace,
        seq: None,
        mode: Some(scope.mode),
        product: PRODUCT.to_owned(),
        action: action.to_owned(),
        actor: who.actor.clone(),
        target: None,
        run_id: run,
        detail: text(detail),
        request_id: who.request,
        ip: None,
        at,
    }
}

/// JSON text of what the server itself put together; amounts keep their two decimals in it.
pub(crate) fn text(facts: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(facts).expect("objects with text keys are always JSON")
}

/// The entry with what it was done to.
#[must_use]
pub fn on(mut entry: Entry, kind: &str, id: u128, name: Option<&str>) -> Entry {
    entry.target = Some(Target { kind: kind.to_owned(), id: Some(id), name: name.map(str::to_owned) });
    entry
}

/// The end of an account number, as an audit entry shows it.
#[must_use]
pub fn last_four(account_number: &str) -> &str {
    account_number.char_indices().rev().nth(3).map_or(account_number, |(at, _)| &account_number[at..])
}
