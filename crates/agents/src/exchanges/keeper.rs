//! The keeper: takes exchanges that nobody has. Those are the ones that were accepted for the background, and those that an ended
//! process left; each goes on from its journal.

use std::sync::Arc;
use std::time::Duration;

use floe_model::Fault;
use floe_store::agents::exchanges::{self, Exchange};
use floe_store::{Change, Tx};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;

use super::direct::{Known, carry_out};
use super::{TAKES_MAX, asked, tell_workflow};
use crate::Agents;

/// Longest sleep between two looks among nodes: one that ended leaves exchanges.
const LOOK_AMONG_NODES: Duration = Duration::from_secs(1);
/// Longest sleep between two looks where one process has the database.
const LOOK_ALONE: Duration = Duration::from_secs(5);
/// Pause after the database refused a look.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a stop waits for exchanges that nearly are over. The others are taken up by the next process.
const STOP_WAIT: Duration = Duration::from_millis(200);
/// Pause between two looks whether all are over.
const STOP_LOOK: Duration = Duration::from_millis(20);

/// The running keeper; [`Keeper::stop`] ends it.
pub struct Keeper {
    agents: Arc<Agents>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Keeper {
    /// Starts it; on a node that only answers requests it takes nothing, and tells exchanges that run there when they are to stop.
    #[must_use]
    pub fn start(agents: &Arc<Agents>, takes: bool) -> Self {
        let (stop, stopped) = watch::channel(false);
        // Before the first look, so that nothing falls between the two.
        let changes = agents.platform.store.watch();
        let task = tokio::spawn(keep(Arc::clone(agents), takes, changes, stopped));
        Self { agents: Arc::clone(agents), stop, task }
    }

    /// Takes no more and waits a moment for those under way.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let all_over = async {
            while self.agents.exchanges.count() > 0 {
                tokio::time::sleep(STOP_LOOK).await;
            }
        };
        let _ = tokio::time::timeout(STOP_WAIT, all_over).await;
        self.task.abort();
    }
}

async fn keep(
    agents: Arc<Agents>,
    takes: bool,
    mut changes: broadcast::Receiver<Change>,
    mut stopped: watch::Receiver<bool>,
) {
    while !*stopped.borrow() {
        let looked = look(&agents, takes).await;
        let among_nodes = agents.platform.store.node().is_some();
        let pause = match looked {
            Ok(true) => continue,
            Ok(false) if among_nodes => LOOK_AMONG_NODES,
            Ok(false) => LOOK_ALONE,
            Err(fault) => {
                tracing::warn!(%fault, "exchanges that nobody has cannot be looked up now");
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopped.changed() => {}
            () = news(&agents, &mut changes) => {}
            () = agents.exchanges.freed.notified() => {}
        }
    }
}

/// Something may have to be taken.
async fn news(agents: &Arc<Agents>, changes: &mut broadcast::Receiver<Change>) {
    loop {
        match changes.recv().await {
            Ok(Change::Record { kind: exchanges::CANCEL_ASKED, id, .. }) => agents.exchanges.stop(id),
            Ok(Change::Record { kind: exchanges::WORK, .. } | Change::Many) => return,
            Err(broadcast::error::RecvError::Lagged(_)) => return,
            Ok(_) => {}
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Gives back what this process could not end, stops what is to stop, and takes what there is room for. True when there may be more.
async fn look(agents: &Arc<Agents>, takes: bool) -> Result<bool, Fault> {
    give_back(agents).await?;
    let store = &agents.platform.store;
    if agents.exchanges.count() > 0 {
        for id in store.read(exchanges::to_cancel).await? {
            agents.exchanges.stop(id.0);
        }
    }
    let room = agents.exchanges.background.available_permits();
    // A node that was ended takes nothing before it lives again.
    let Ok((owner, among_nodes)) = agents.exchanges.owner(&agents.platform) else { return Ok(false) };
    if !takes || room == 0 || !store.read(move |tx| exchanges::has_free(tx, owner, among_nodes)).await? {
        return Ok(false);
    }
    let now = agents.platform.clock.now();
    let platform = Arc::clone(&agents.platform);
    let claim = move |tx: &mut Tx<'_>| {
        let claimed = exchanges::claim(tx, owner, among_nodes, room, now)?;
        claimed.iter().try_for_each(|exchange| tell_workflow::begun(tx, &platform, exchange))?;
        Ok(claimed)
    };
    let claimed = store.write(claim).await?;
    let may_be_more = claimed.len() == room.min(exchanges::CLAIM_MAX);
    for exchange in claimed {
        hand_out(agents, exchange).await;
    }
    Ok(may_be_more)
}

async fn give_back(agents: &Arc<Agents>) -> Result<(), Fault> {
    let abandoned = std::mem::take(&mut *agents.exchanges.abandoned());
    for (at, (scope, id, epoch)) in abandoned.iter().copied().enumerate() {
        let release = move |tx: &mut Tx<'_>| exchanges::release(tx, scope, id, epoch);
        if let Err(fault) = agents.platform.store.write(release).await {
            agents.exchanges.abandoned().extend(abandoned[at..].iter().copied());
            return Err(fault);
        }
    }
    Ok(())
}

async fn hand_out(agents: &Arc<Agents>, exchange: Exchange) {
    let Ok(place) = Arc::clone(&agents.exchanges.background).acquire_owned().await else { return };
    let agents = Arc::clone(agents);
    tokio::spawn(async move {
        let id = exchange.id;
        if let Err(fault) = carry_out(&agents, exchange, None, None, None).await {
            tracing::warn!(exchange = %id, %fault, "an exchange could not be ended; it is taken up again");
        }
        drop(place);
        agents.exchanges.freed.notify_one();
    });
}

/// What whoever asked had at hand; the inner error is why the exchange cannot go on.
pub(super) async fn look_up(
    agents: &Arc<Agents>,
    exchange: &Arc<Exchange>,
) -> Result<Result<Known, &'static str>, Fault> {
    if exchange.epoch > TAKES_MAX {
        return Ok(Err("given_up"));
    }
    if exchange.config.is_some() {
        // What was tried was not saved, and the one who tried it is gone.
        return Ok(Err("interrupted"));
    }
    let loaded = super::config::load_accepted(agents, exchange).await?;
    let Some((config, model)) = loaded else { return Ok(Err("agent_deleted")) };
    Ok(Ok(Known { config: Arc::new(config), caller: Arc::new(asked::caller_of(exchange)), model }))
}
