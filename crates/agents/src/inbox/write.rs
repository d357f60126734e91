//! How items come to be, and how they end without an answer. Everything here is part of the transaction of what it tells of.

use floe_model::access::Caller;
use floe_model::id::{AgentId, ThreadId};
use floe_model::{Fault, Scope};
use floe_runtime::Platform;
use floe_store::agents::items::{self, End, Item, KIND_HANDOFF, StoppedCall};
use floe_store::platform::events::{self, NewEvent};
use floe_store::{Change, Tx};
use serde_json::{Value, json};

use super::item::{handoff_content, hash_of, title_of};

/// A conversation that a person takes over.
#[derive(Debug, Clone, Copy)]
pub struct Handover<'a> {
    /// Whose, in which mode.
    pub scope: Scope,
    /// The agent.
    pub agent: AgentId,
    /// Its name.
    pub agent_name: &'a str,
    /// The conversation.
    pub thread: ThreadId,
    /// Its id as the agent API spells it.
    pub alias: &'a str,
    /// Who handed it over.
    pub by: &'a Caller,
    /// What was said about it.
    pub note: Option<&'a str>,
}

/// Enters a conversation that a person takes over; one that is there already stays as it is.
///
/// # Errors
/// Of the database.
pub fn hand_over(tx: &mut Tx<'_>, platform: &Platform, handover: &Handover<'_>) -> Result<(), Fault> {
    let content_hash = hash_of(&handoff_content(handover.agent, handover.thread, handover.note));
    let whom = (handover.agent, handover.agent_name, handover.thread, handover.alias);
    let note = handover.note.map(str::to_owned);
    open(tx, platform, handover.scope, whom, handover.by, None, note, content_hash)
}

/// Enters an item, unless it is there.
#[expect(clippy::too_many_arguments, reason = "the columns that both kinds share")]
pub(crate) fn open(
    tx: &mut Tx<'_>,
    platform: &Platform,
    scope: Scope,
    (agent, agent_name, thread, alias): (AgentId, &str, ThreadId, &str),
    by: &Caller,
    call: Option<StoppedCall>,
    note: Option<String>,
    content_hash: String,
) -> Result<(), Fault> {
    let item = Item {
        scope,
        id: platform.ids.next(),
        agent,
        agent_name: agent_name.to_owned(),
        thread,
        alias: alias.to_owned(),
        call,
        note,
        content_hash,
        started_by: started_by(by),
        requester: requester(by).to_string(),
        status: "open".to_owned(),
        decision: None,
        comment: None,
        answered_by: None,
        answered_at: None,
        created_at: platform.clock.now(),
    };
    if items::insert(tx, &item)? {
        tell(tx, platform, &item, "platform.inbox.created")?;
    }
    Ok(())
}

/// A person does not have a conversation any more; `decision` says how it came.
///
/// # Errors
/// Of the database.
pub fn close_handoff(
    tx: &mut Tx<'_>,
    platform: &Platform,
    scope: Scope,
    thread: ThreadId,
    by: Option<&Caller>,
    decision: &'static str,
) -> Result<(), Fault> {
    let open = items::open_of_thread(tx, scope.workspace, thread)?;
    let by = by.map(|by| requester(by).to_string());
    let end = End {
        status: "answered",
        decision: Some(decision),
        comment: None,
        by: by.as_deref(),
        at: platform.clock.now(),
    };
    if items::close_of_thread(tx, scope.workspace, thread, Some(KIND_HANDOFF), &end)? == 0 {
        return Ok(());
    }
    for item in open.iter().filter(|item| item.call.is_none()) {
        tell(tx, platform, item, "platform.inbox.answered")?;
    }
    Ok(())
}

/// The credential of a caller, as items remember it.
pub(super) fn started_by(caller: &Caller) -> String {
    let actor = caller.actor();
    format!("{}:{}", actor.kind, actor.id)
}

/// Who that is, for people; the member behind it, for the rule about one's own requests.
pub(super) fn requester(caller: &Caller) -> Value {
    let actor = caller.actor();
    let id = Some(actor.id).filter(|id| !id.is_empty());
    json!({
        "type": actor.kind, "id": id, "name": actor.name, "member": caller.member_id().map(|id| id.prefixed()),
    })
}

/// Publishes what became of an item, and wakes whoever looks at the inbox.
pub(super) fn tell(tx: &mut Tx<'_>, platform: &Platform, item: &Item, event: &'static str) -> Result<(), Fault> {
    let data = json!({
        "inbox_id": item.id.prefixed(), "kind": item.kind(), "product": crate::trail::PRODUCT, "title": title_of(item),
        "agent_id": item.agent, "thread_id": item.alias,
    });
    let new = NewEvent {
        id: platform.ids.next(),
        kind: event,
        subject_id: Some(item.id.0),
        data: data.to_string(),
        created_at: platform.clock.now(),
    };
    events::publish(tx, item.scope, &new)?;
    tx.announce(Change::Record { workspace: item.scope.workspace, kind: "inbox", id: item.id.0 });
    Ok(())
}
