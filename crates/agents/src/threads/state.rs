//! Who answers: the agent, a person, nobody.

use floe_model::agents::exchange::ThreadState;
use floe_model::id::ThreadId;
use floe_model::{Fault, Timestamp};
use floe_runtime::Platform;
use floe_store::Tx;
use floe_store::agents::threads::{self as rows, Thread};

use super::append::closed;
use super::{Turn, find, hold, told};
use crate::inbox::{self, Handover};

/// Gives a thread into the hands of a person; where one has it already, only the note changes.
///
/// # Errors
/// 404; 409 `thread_closed`.
pub fn hand_over(
    tx: &mut Tx<'_>,
    platform: &Platform,
    turn: &Turn<'_>,
    thread: ThreadId,
    note: Option<String>,
) -> Result<Thread, Fault> {
    let before = hold(tx, turn.scope, thread)?;
    if before.state == ThreadState::Closed {
        return Err(closed());
    }
    let note = note.or_else(|| before.note.clone());
    set(tx, turn, thread, ThreadState::Human, &note, platform.clock.now())?;
    if before.state == ThreadState::Bot {
        let agent_name = told::agent_name(tx, turn.scope.workspace, before.agent)?;
        let handover = Handover {
            scope: turn.scope,
            agent: before.agent,
            agent_name: &agent_name,
            thread,
            alias: &before.alias,
            by: turn.by,
            note: note.as_deref(),
        };
        inbox::hand_over(tx, platform, &handover)?;
        told::started(tx, platform, turn, &before)?;
    }
    find(tx, turn.scope, thread)
}

/// Gives a thread back to its agent; does nothing where the agent has it.
///
/// # Errors
/// 404; 409 `thread_closed`.
pub fn release(tx: &mut Tx<'_>, platform: &Platform, turn: &Turn<'_>, thread: ThreadId) -> Result<Thread, Fault> {
    let before = hold(tx, turn.scope, thread)?;
    match before.state {
        ThreadState::Closed => Err(closed()),
        ThreadState::Bot => Ok(before),
        ThreadState::Human => {
            set(tx, turn, thread, ThreadState::Bot, &None, platform.clock.now())?;
            end_handover(tx, platform, turn, &before)?;
            find(tx, turn.scope, thread)
        }
    }
}

/// Closes a thread: it takes nothing more. Does nothing where it is closed.
///
/// # Errors
/// 404.
pub fn archive(tx: &mut Tx<'_>, platform: &Platform, turn: &Turn<'_>, thread: ThreadId) -> Result<Thread, Fault> {
    let before = hold(tx, turn.scope, thread)?;
    if before.state == ThreadState::Closed {
        return Ok(before);
    }
    set(tx, turn, thread, ThreadState::Closed, &None, platform.clock.now())?;
    if before.state == ThreadState::Human {
        end_handover(tx, platform, turn, &before)?;
    }
    find(tx, turn.scope, thread)
}

/// Opens a closed thread for its agent; does nothing where it is open.
///
/// # Errors
/// 404.
pub fn unarchive(tx: &mut Tx<'_>, platform: &Platform, turn: &Turn<'_>, thread: ThreadId) -> Result<Thread, Fault> {
    let before = hold(tx, turn.scope, thread)?;
    if before.state != ThreadState::Closed {
        return Ok(before);
    }
    set(tx, turn, thread, ThreadState::Bot, &None, platform.clock.now())?;
    find(tx, turn.scope, thread)
}

/// A person does not have the thread any more: tells so, and closes what asked for him.
pub(super) fn end_handover(
    tx: &mut Tx<'_>,
    platform: &Platform,
    turn: &Turn<'_>,
    before: &Thread,
) -> Result<(), Fault> {
    inbox::close_handoff(tx, platform, turn.scope, before.id, Some(turn.by), "release")?;
    told::ended(tx, platform, turn, before)
}

fn set(
    tx: &mut Tx<'_>,
    turn: &Turn<'_>,
    thread: ThreadId,
    state: ThreadState,
    note: &Option<String>,
    now: Timestamp,
) -> Result<(), Fault> {
    rows::set_state(tx, turn.scope, thread, state, note, now).map(drop)
}
