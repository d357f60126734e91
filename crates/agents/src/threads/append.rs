//! Messages that come into a thread beside its exchanges: a person's in the agent's place, a template that was sent.

use floe_model::agents::exchange::{Channel, ThreadState};
use floe_model::agents::message::{Content, Role};
use floe_model::id::{AgentId, MessageId, ThreadId};
use floe_model::{Fault, Scope};
use floe_runtime::Platform;
use floe_store::Tx;
use floe_store::agents::messages::{self, HUMAN, Message};
use floe_store::agents::threads::{self as rows, Growth, Thread};

use super::{Turn, find, hold, missing};
use crate::exchanges::{promised_answer, tell_answered};

/// What is added.
#[derive(Debug, Clone)]
pub struct Addition {
    /// Who it is from.
    pub role: Role,
    /// What it says.
    pub content: Content,
    /// Who wrote it, where that is not the agent.
    pub author: Option<&'static str>,
}

/// Adds a message to the end of a thread; returns it.
///
/// # Errors
/// 404 when the thread is gone.
pub fn append(
    tx: &mut Tx<'_>,
    platform: &Platform,
    scope: Scope,
    thread: ThreadId,
    addition: Addition,
) -> Result<Message, Fault> {
    let id = platform.ids.next::<MessageId>();
    append_as(tx, platform, scope, thread, id, addition)
}

fn append_as(
    tx: &mut Tx<'_>,
    platform: &Platform,
    scope: Scope,
    thread: ThreadId,
    id: MessageId,
    addition: Addition,
) -> Result<Message, Fault> {
    let thread = hold(tx, scope, thread)?;
    let now = platform.clock.now();
    let message = Message {
        seq: thread.last_seq + 1,
        id,
        exchange: None,
        role: addition.role,
        content: addition.content,
        author: addition.author.map(str::to_owned),
        is_hidden: false,
        rating: None,
        rating_comment: None,
        created_at: now,
    };
    messages::insert(tx, scope, thread.id, std::slice::from_ref(&message))?;
    let growth = Growth { last_seq: message.seq, shown: 1, summary: None, summary_seq: thread.summary_seq };
    rows::grew(tx, scope, thread.id, &growth, now)?;
    Ok(message)
}

/// A person's message in the agent's place, while the thread is in his hands.
///
/// # Errors
/// 404; 409 `thread_closed`; 409 `not_in_human_hands` while the agent answers.
pub fn say(
    tx: &mut Tx<'_>,
    platform: &Platform,
    turn: &Turn<'_>,
    thread: ThreadId,
    content: &str,
) -> Result<Message, Fault> {
    match hold(tx, turn.scope, thread)?.state {
        ThreadState::Human => {}
        ThreadState::Closed => return Err(closed()),
        ThreadState::Bot => {
            let message = "The agent answers in this thread; hand it over to a person first";
            return Err(Fault::conflict("not_in_human_hands", message));
        }
    }
    let content = Content::Text(content.to_owned());
    let addition = Addition { role: Role::Assistant, content, author: Some(HUMAN) };
    // The reply that a caller of the workflow API waits for has the id that was promised to it.
    let promised = promised_answer(tx, turn.scope, thread)?;
    let id = promised.unwrap_or_else(|| platform.ids.next());
    let message = append_as(tx, platform, turn.scope, thread, id, addition)?;
    if promised.is_some() {
        tell_answered(tx, platform, turn.scope, thread, &message)?;
    }
    Ok(message)
}

/// The thread of an agent with this alias; one is made when there is none.
///
/// # Errors
/// Of the database.
pub fn open_or_make(
    tx: &mut Tx<'_>,
    platform: &Platform,
    scope: Scope,
    agent: AgentId,
    alias: &str,
    channel: Channel,
) -> Result<Thread, Fault> {
    if let Some(found) = rows::by_name(tx, scope, agent, alias)? {
        return Ok(found);
    }
    let (id, now) = (platform.ids.next::<ThreadId>(), platform.clock.now());
    let new = Thread {
        id,
        agent,
        alias: alias.to_owned(),
        state: ThreadState::Bot,
        channel,
        title: None,
        metadata: "{}".to_owned(),
        note: None,
        summary: None,
        summary_seq: 0,
        arrivals: 0,
        last_seq: 0,
        message_count: 0,
        last_message_at: None,
        created_at: now,
        updated_at: now,
    };
    if rows::insert(tx, scope, &new)? {
        return find(tx, scope, id);
    }
    // Somebody else has just made it.
    rows::by_name(tx, scope, agent, alias)?.ok_or_else(missing)
}

/// The refusal of what a closed thread cannot take (agents contract, section 2.4).
pub(super) fn closed() -> Fault {
    Fault::conflict("thread_closed", "This thread is closed")
}
