//! Taking up runs that no node moves.

use std::time::Duration;

use floe_model::Fault;
use floe_model::id::NodeId;
use floe_store::flows::run_owners;
use floe_store::platform::{node_mail, nodes};
use floe_store::{Change, Node};
use tokio::sync::broadcast::error::RecvError;

use super::super::engine::RunEngine;
use super::super::message::Message;

/// Longest pause between two looks; what others tell comes sooner.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Runs claimed at a time.
const CLAIM: usize = 200;
/// Runs that may wait for their turn here before the others are left to other nodes for a while.
const QUEUED_MAX: usize = 10_000;
/// How long letters lie that nobody waits for any more, milliseconds.
const MAIL_MS_MAX: i64 = 600_000;

/// Claims runs for as long as the process lives, and lets go of everything when this node was taken for gone.
pub(super) async fn serve(engine: RunEngine, node: Node) {
    let mut life = node.watch();
    let mut changes = engine.core.platform.store.watch();
    let mut lived: Option<NodeId> = None;
    loop {
        let now_lives = *life.borrow_and_update();
        if lived.is_some() && lived != now_lives {
            for shard in engine.core.shards() {
                let _ = shard.send(Message::Ended);
            }
        }
        lived = now_lives;
        if let Some(id) = lived
            && let Err(fault) = claim_all(&engine, id).await
        {
            tracing::warn!(%fault, "runs that nobody moves cannot be taken up now; trying again");
        }
        tokio::select! {
            changed = life.changed() => if changed.is_err() { return },
            () = work(&mut changes) => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Returns when there may be something to take up.
async fn work(changes: &mut tokio::sync::broadcast::Receiver<Change>) {
    loop {
        match changes.recv().await {
            Ok(Change::Work | Change::Many) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
}

async fn claim_all(engine: &RunEngine, own: NodeId) -> Result<(), Fault> {
    let store = &engine.core.platform.store;
    claim(engine, own, None).await?;
    for ended in store.read(nodes::ended).await? {
        if ended != own && claim(engine, own, Some(ended)).await? {
            store.write(move |tx| nodes::forget(tx, ended)).await?;
            let before = engine.core.platform.clock.now().plus_millis(-MAIL_MS_MAX);
            store.write(move |tx| node_mail::purge(tx, before)).await?;
        }
    }
    Ok(())
}

/// Claims what is left behind, a page at a time; false when it leaves some to others.
async fn claim(engine: &RunEngine, own: NodeId, left_by: Option<NodeId>) -> Result<bool, Fault> {
    while engine.queued() < QUEUED_MAX {
        let act = move |tx: &mut floe_store::Tx<'_>| {
            if !nodes::hold(tx, own)? {
                return Ok(Vec::new());
            }
            run_owners::claim(tx, own, left_by, CLAIM)
        };
        let claimed = engine.core.platform.store.write(act).await?;
        let count = claimed.len();
        if count > 0 {
            tracing::info!(runs = count, "runs that nobody moved are taken up");
            engine.take_up_all(claimed).await?;
        }
        if count < CLAIM {
            return Ok(true);
        }
    }
    Ok(false)
}
