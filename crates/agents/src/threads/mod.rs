//! Threads: who answers in them, what is said in them by others than the agent, and their end (agents contract, sections 2.4 and 6).
//!
//! Everything here happens in the caller's transaction. Whoever changes a thread has its row first, so that an exchange that ends at
//! the same time comes before or after.

mod append;
mod begin;
mod delete;
mod shown;
mod state;
mod told;

use floe_model::access::Caller;
use floe_model::id::{AgentId, MessageId, RequestId, ThreadId};
use floe_model::{Fault, Scope};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::agents::messages::{self, Message};
use floe_store::agents::threads::{self as rows, Thread};

pub use append::{Addition, append, open_or_make, say};
pub use begin::begin;
pub use delete::delete;
pub(crate) use shown::reply;
pub use shown::{Shown, ShownCall, listed, shown_count};
pub use state::{archive, hand_over, release, unarchive};

/// Who does something to a thread.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'a> {
    /// Whose threads.
    pub scope: Scope,
    /// Who.
    pub by: &'a Caller,
    /// By which request.
    pub request: Option<RequestId>,
}

impl<'a> Turn<'a> {
    /// Whoever made a request.
    #[must_use]
    pub fn of(ctx: &'a Ctx) -> Self {
        Self { scope: ctx.caller.scope(), by: &ctx.caller, request: Some(ctx.request_id) }
    }
}

/// Some messages of a thread, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// They.
    pub messages: Vec<Message>,
    /// Whether there are older ones.
    pub more: bool,
}

/// What somebody thinks of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rating {
    /// Good.
    Up,
    /// Bad.
    Down,
}

impl Rating {
    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Up, Self::Down].into_iter().find(|rating| rating.as_str() == word)
    }
}

/// A thread of an agent, by the name that a caller uses for it.
///
/// # Errors
/// 404.
pub fn named(tx: &mut Tx<'_>, scope: Scope, agent: AgentId, name: &str) -> Result<Thread, Fault> {
    rows::by_name(tx, scope, agent, name)?.ok_or_else(missing)
}

/// A thread by its id.
///
/// # Errors
/// 404.
pub fn find(tx: &mut Tx<'_>, scope: Scope, id: ThreadId) -> Result<Thread, Fault> {
    rows::find(tx, scope, id)?.ok_or_else(missing)
}

/// The last `limit` messages of a thread, before one of them or at its end.
///
/// # Errors
/// 404 for a message that the thread does not have.
pub fn page(
    tx: &mut Tx<'_>,
    scope: Scope,
    thread: &Thread,
    before: Option<MessageId>,
    limit: usize,
) -> Result<Page, Fault> {
    let upto = match before {
        None => thread.last_seq,
        Some(id) => message(tx, scope, thread, id)?.seq - 1,
    };
    let mut messages = messages::last(tx, scope.workspace, thread.id, (0, upto), limit + 1)?;
    let more = messages.len() > limit;
    if more {
        messages.remove(0);
    }
    Ok(Page { messages, more })
}

/// Notes what somebody thinks of a message of the agent; a later word takes the place of an earlier one.
///
/// # Errors
/// 404 for a message that the thread does not have; 400 for one that is not the agent's.
pub fn rate(
    tx: &mut Tx<'_>,
    scope: Scope,
    thread: &Thread,
    id: MessageId,
    rating: Rating,
    comment: &Option<String>,
) -> Result<Message, Fault> {
    let found = message(tx, scope, thread, id)?;
    if found.role != floe_model::agents::message::Role::Assistant {
        return Err(Fault::field("/message_id", "value", "message_id must name a message of the role assistant"));
    }
    messages::rate(tx, scope.workspace, thread.id, id, rating.as_str(), comment)?;
    message(tx, scope, thread, id)
}

fn message(tx: &mut Tx<'_>, scope: Scope, thread: &Thread, id: MessageId) -> Result<Message, Fault> {
    let found = messages::find(tx, scope.workspace, thread.id, id)?.filter(|message| !message.is_hidden);
    found.ok_or_else(|| Fault::not_found("Message"))
}

/// The thread, kept from others until the transaction ends.
fn hold(tx: &mut Tx<'_>, scope: Scope, thread: ThreadId) -> Result<Thread, Fault> {
    rows::lock(tx, scope, thread)?.ok_or_else(missing)
}

fn missing() -> Fault {
    Fault::not_found("Thread")
}
