//! The end of a thread: what was said is removed for good, what was counted stays (agents contract, section 6).

use floe_model::Fault;
use floe_model::agents::exchange::ThreadState;
use floe_model::id::ThreadId;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::agents::items::{self, End};
use floe_store::agents::threads as rows;
use floe_store::agents::{exchanges, messages, thread_list};
use serde_json::json;

use super::state::end_handover;
use super::{Turn, hold};
use crate::trail::{self, Note, Who};

/// Removes a thread. Exchanges that are under way in it are asked to stop and leave no message behind; what waits for an approval in it
/// waits no more.
///
/// # Errors
/// 404.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, thread: ThreadId) -> Result<(), Fault> {
    let turn = Turn::of(ctx);
    let (scope, now) = (turn.scope, ctx.now());
    let before = hold(tx, scope, thread)?;
    if before.state == ThreadState::Human {
        end_handover(tx, ctx, &turn, &before)?;
    }
    let end = End { status: "cancelled", decision: None, comment: None, by: None, at: now };
    items::close_of_thread(tx, scope.workspace, thread, None, &end)?;
    exchanges::cancel_of_thread(tx, scope, thread)?;
    messages::delete_of(tx, scope.workspace, thread)?;
    thread_list::purge(tx, scope, thread)?;
    rows::delete(tx, scope, thread, now)?;
    let detail = json!({ "agent_id": before.agent, "messages": before.message_count });
    let note = Note::new("deleted_thread", "thread", thread.0, &before.alias, detail);
    trail::note(tx, ctx, &Who::caller(ctx), Note { mode: Some(scope.mode), ..note })
}
