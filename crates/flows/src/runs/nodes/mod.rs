//! Runs on several nodes that share one database.
//!
//! A run that moves has an owner, whose name stands in its row; whatever the owner writes is written only while it is alive. A run that
//! waits has none: whichever node gets the answer takes it up, and the journal lets only one of two get ahead. What is asked
//! of a run that another node owns goes there as a letter. Runs of a node that has ended, and runs begun by a node that moves none, are
//! taken up by whoever comes first.
//!
//! On SQLite none of this happens: one process has the database alone.

mod adopt;
mod letters;
mod settle;

use std::sync::Arc;
use std::time::Duration;

use floe_model::id::{NodeId, RunId, WorkspaceId};
use floe_store::Change;
use tokio::sync::broadcast::error::RecvError;

use super::engine::{Core, RunEngine};
use super::message::{Message, Request};

/// Looks until a node that was taken for gone is given up for this request.
const LIVELY_LOOKS: u32 = 150;
/// Pause between two of them.
const LIVELY_PAUSE: Duration = Duration::from_millis(20);

impl RunEngine {
    /// Starts what a node does beside moving its runs.
    pub(super) fn start_node(&self) {
        let Some(node) = self.core.node.clone() else { return };
        let lease = node.clone();
        self.core.platform.outside.only_while(move || lease.is_valid());
        tokio::spawn(hear(Arc::clone(&self.core)));
        if node.role().works() {
            tokio::spawn(adopt::serve(self.clone(), node.clone()));
            tokio::spawn(letters::serve(self.clone(), node));
        }
    }
}

impl Core {
    /// The id under which this node owns runs now; `None` on SQLite, and while this node is dead.
    pub(super) fn own(&self) -> Option<NodeId> {
        self.node.as_ref().and_then(floe_store::Node::id)
    }

    /// Whether this process moves runs.
    pub(super) fn works(&self) -> bool {
        self.node.as_ref().is_none_or(|node| node.role().works())
    }

    /// Whether a run with this owner is for another node to move.
    pub(super) fn is_elsewhere(&self, owner: Option<NodeId>) -> bool {
        self.node.is_some() && (!self.works() || owner.is_some_and(|owner| Some(owner) != self.own()))
    }

    /// Whether effects may be made: not by a node whose lease may have ended, since another one may be making them already.
    pub(super) fn may_touch_world(&self) -> bool {
        self.node.as_ref().is_none_or(floe_store::Node::is_valid)
    }

    /// Waits a little for this node to come back to life, when it was taken for gone: whoever asks it need not come again.
    pub(super) async fn lively(&self) {
        let Some(node) = &self.node else { return };
        for _ in 0..LIVELY_LOOKS {
            if node.is_valid() {
                return;
            }
            tokio::time::sleep(LIVELY_PAUSE).await;
        }
    }

    /// Sends a request on to the node that owns the run, or to any that moves runs.
    pub(super) fn send_on(self: &Arc<Self>, workspace: WorkspaceId, run: RunId, owner: Option<NodeId>, what: Request) {
        if let Request::Settle { settled } = what {
            settle::later(Arc::clone(self), workspace, run, settled);
        } else if let Request::Admit(ticket) = what {
            // Whoever owns it has found a place for it.
            self.give_back(ticket);
        } else {
            letters::send_on(Arc::clone(self), workspace, run, owner, what);
        }
    }
}

/// Tells the shards which runs other nodes have changed.
async fn hear(core: Arc<Core>) {
    let mut changes = core.platform.store.watch();
    loop {
        match changes.recv().await {
            Ok(Change::Record { kind: "run", id, .. }) => {
                let _ = core.shard(RunId(id)).send(Message::Changed { run: Some(RunId(id)) });
            }
            Ok(Change::Many) | Err(RecvError::Lagged(_)) => {
                for shard in core.shards() {
                    let _ = shard.send(Message::Changed { run: None });
                }
            }
            Ok(_) => {}
            Err(RecvError::Closed) => return,
        }
    }
}
