//! What the activity of an agent tells of its threads.

use floe_model::Fault;
use floe_model::agents::activity::Kind;
use floe_model::id::{AgentId, WorkspaceId};
use floe_runtime::Platform;
use floe_store::Tx;
use floe_store::agents::activity::{self, NewActivity};
use floe_store::agents::agents;
use floe_store::agents::threads::Thread;

use super::Turn;

/// A person has a thread now.
pub(super) fn started(tx: &mut Tx<'_>, platform: &Platform, turn: &Turn<'_>, thread: &Thread) -> Result<(), Fault> {
    tell(tx, platform, turn, thread, Kind::HandoffStarted)
}

/// A person does not have it any more.
pub(super) fn ended(tx: &mut Tx<'_>, platform: &Platform, turn: &Turn<'_>, thread: &Thread) -> Result<(), Fault> {
    tell(tx, platform, turn, thread, Kind::HandoffEnded)
}

fn tell(tx: &mut Tx<'_>, platform: &Platform, turn: &Turn<'_>, thread: &Thread, kind: Kind) -> Result<(), Fault> {
    let new = NewActivity::new(platform.ids.next(), thread.agent, kind, platform.clock.now());
    let new = NewActivity { thread: Some(thread.alias.clone()), request: turn.request, ..new };
    activity::add(tx, turn.scope, &new)
}

/// The name of an agent, for people; a deleted one has none.
pub(super) fn agent_name(tx: &mut Tx<'_>, workspace: WorkspaceId, agent: AgentId) -> Result<String, Fault> {
    Ok(agents::find(tx, workspace, agent)?.map(|agent| agent.name).unwrap_or_default())
}
