//! Exchanges that somebody waits for. They run in tasks of their own: a caller who goes away loses nothing, unless he reads along.

use std::sync::Arc;
use std::time::Duration;

use floe_model::access::Caller;
use floe_model::agents::exchange::ExchangeState;
use floe_model::{Fault, FaultKind};
use floe_runtime::models::ModelInfo;
use floe_runtime::{Ctx, credits};
use floe_store::Change;
use floe_store::agents::exchanges::{self, Exchange};
use floe_store::agents::threads::{self, Thread};
use tokio::sync::{broadcast, watch};

use super::accept::{Taken, Way, accept, reference};
use super::finish::{Done, finish};
use super::pieces::Teller;
use super::run::{Halt, Start, run};
use super::{Config, NewExchange, Outcome, Ready, Sink, TURN_MS_MAX, tell_workflow};
use crate::Agents;

/// Pause between two looks whether it is an exchange's turn, for news that were missed.
const LOOK: Duration = Duration::from_millis(500);

impl Agents {
    /// Runs an exchange and waits for what comes of it; `sink` takes what happens meanwhile. A repeat under the same key waits for the
    /// outcome of the first.
    ///
    /// # Errors
    /// Of [`Agents::prepare`]; conflicts `thread_busy` and `thread_closed`; overload; of the database. What becomes of an accepted
    /// exchange is an [`Outcome`], also when it is none of a success.
    pub async fn exchange(self: &Arc<Self>, ctx: &Ctx, new: NewExchange, sink: Option<Sink>) -> Result<Outcome, Fault> {
        let ready = self.prepare(ctx, new).await?;
        self.run_ready(ready, sink).await
    }

    /// As [`Agents::exchange`], for one that is ready.
    ///
    /// # Errors
    /// As [`Agents::exchange`], but for those of [`Agents::prepare`].
    pub async fn run_ready(self: &Arc<Self>, ready: Ready, sink: Option<Sink>) -> Result<Outcome, Fault> {
        let room = Arc::clone(&self.exchanges.direct).try_acquire_owned().map_err(|_| full())?;
        let agents = Arc::clone(self);
        let task = tokio::spawn(async move {
            let outcome = begin(&agents, ready, sink).await;
            drop(room);
            outcome
        });
        task.await.unwrap_or_else(|error| Err(Fault::internal(error)))
    }
}

fn full() -> Fault {
    Fault::new(FaultKind::Overloaded, "overloaded", "As many exchanges as may run at a time are under way")
        .with_retry_after(1)
}

async fn begin(agents: &Arc<Agents>, ready: Ready, sink: Option<Sink>) -> Result<Outcome, Fault> {
    let (owner, _) = agents.exchanges.owner(&agents.platform)?;
    let ready = Arc::new(ready);
    let (platform, wanted) = (Arc::clone(&agents.platform), Arc::clone(&ready));
    let taken = agents.platform.store.write(move |tx| accept(tx, &platform, &wanted, Way::Direct(owner))).await?;
    let (exchange, thread) = match taken {
        Taken::Over(outcome) | Taken::Refused(outcome) => return Ok(*outcome),
        Taken::Known(id) => return agents.await_outcome(ready.scope, id).await,
        Taken::New { exchange, thread } => (*exchange, *thread),
    };
    let (scope, id) = (exchange.scope, exchange.id);
    let known =
        Known { config: Arc::clone(&ready.config), caller: Arc::clone(&ready.caller), model: ready.model.clone() };
    let done = if exchange.state == ExchangeState::Running {
        let fresh = Some(thread).filter(|thread| thread.last_seq == 0);
        carry_out(agents, exchange, Some(known), sink, fresh).await?
    } else {
        match await_turn(agents, exchange, owner, sink.as_ref()).await? {
            Some(exchange) => carry_out(agents, exchange, Some(known), sink, None).await?,
            None => None,
        }
    };
    match done {
        Some(outcome) => Ok(outcome),
        // Somebody else took it for left behind, and ends it.
        None => agents.await_outcome(scope, id).await,
    }
}

/// Waits until no other exchange of the thread comes first, and begins; none when somebody else has it by now.
async fn await_turn(
    agents: &Arc<Agents>,
    mut exchange: Exchange,
    owner: u128,
    sink: Option<&Sink>,
) -> Result<Option<Exchange>, Fault> {
    let mut changes = agents.platform.store.watch();
    let until = agents.platform.clock.now().plus_millis(TURN_MS_MAX);
    loop {
        let (scope, id, now) = (exchange.scope, exchange.id, agents.platform.clock.now());
        let (own, platform) = (exchange.clone(), Arc::clone(&agents.platform));
        let start = move |tx: &mut floe_store::Tx<'_>| {
            let begun = exchanges::start(tx, scope, id, owner, now)?;
            if begun {
                tell_workflow::begun(
                    tx,
                    &platform,
                    &Exchange { started_at: Some(now), epoch: own.epoch + 1, ..own.clone() },
                )?;
            }
            Ok(begun)
        };
        if agents.platform.store.write(start).await? {
            exchange.state = ExchangeState::Running;
            (exchange.epoch, exchange.started_at) = (exchange.epoch + 1, Some(now));
            return Ok(Some(exchange));
        }
        if now >= until || sink.is_some_and(Sink::is_closed) {
            return withdraw(agents, &exchange, owner).await;
        }
        let left = u64::try_from(until.millis_since(now)).unwrap_or(0);
        let pause = LOOK.min(Duration::from_millis(left.max(1)));
        let _ = tokio::time::timeout(pause, thread_moved(&mut changes, exchange.thread.0)).await;
    }
}

/// Somebody added to a thread, or it may be so.
async fn thread_moved(changes: &mut broadcast::Receiver<Change>, thread: u128) {
    loop {
        match changes.recv().await {
            Ok(Change::Record { kind: threads::KIND, id, .. }) if id == thread => return,
            Ok(Change::Many) | Err(broadcast::error::RecvError::Lagged(_)) => return,
            Ok(_) => {}
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Takes an exchange back that waited too long: nothing of it is kept. None when somebody else has it by now.
async fn withdraw(agents: &Arc<Agents>, exchange: &Exchange, owner: u128) -> Result<Option<Exchange>, Fault> {
    let (scope, id, platform) = (exchange.scope, exchange.id, Arc::clone(&agents.platform));
    let withdraw = move |tx: &mut floe_store::Tx<'_>| {
        if !exchanges::withdraw(tx, scope, id, owner)? {
            return Ok(false);
        }
        credits::release(tx, &platform, scope, &reference(id))?;
        Ok(true)
    };
    if agents.platform.store.write(withdraw).await? {
        return Err(Fault::conflict("thread_busy", "Another message in this thread is still being processed"));
    }
    Ok(None)
}

/// What the one who asked has at hand; whoever takes up an exchange looks it up.
pub(super) struct Known {
    pub(super) config: Arc<Config>,
    pub(super) caller: Arc<Caller>,
    /// The model that is asked first; none when none may answer.
    pub(super) model: Option<ModelInfo>,
}

/// Runs an exchange that this process has, and writes its outcome; none when somebody else has it by now.
pub(super) async fn carry_out(
    agents: &Arc<Agents>,
    exchange: Exchange,
    known: Option<Known>,
    sink: Option<Sink>,
    fresh: Option<Thread>,
) -> Result<Option<Outcome>, Fault> {
    let exchange = Arc::new(exchange);
    let stop = agents.exchanges.begins(exchange.id, exchange.epoch, exchange.thread);
    let mut mark = Mark { agents: Arc::clone(agents), exchange: Arc::clone(&exchange), is_settled: false };
    let (sink, teller) = match sink {
        None => Teller::begin(agents, &exchange).await?,
        sink => (sink, None),
    };
    let worked = work(agents, &exchange, known, sink, stop, fresh).await;
    // What was said is on disk before its end is.
    if let Some(teller) = teller {
        let _ = teller.await;
    }
    let done = match worked {
        Ok(done) => done,
        Err(Halt::Fault(fault)) => return Err(fault),
        Err(Halt::Taken) => {
            mark.is_settled = true;
            return Ok(None);
        }
        Err(Halt::End(_)) => return Err(Fault::internal("an exchange ended twice")),
    };
    let outcome = finish(agents, &exchange, done).await?;
    mark.is_settled = true;
    Ok(outcome)
}

async fn work(
    agents: &Arc<Agents>,
    exchange: &Arc<Exchange>,
    known: Option<Known>,
    sink: Option<Sink>,
    stop: watch::Receiver<bool>,
    fresh: Option<Thread>,
) -> Result<Done, Halt> {
    let now = agents.platform.clock.now();
    let known = match known {
        Some(known) => known,
        None => match super::keeper::look_up(agents, exchange).await? {
            Ok(known) => known,
            Err(error) => return Ok(Done::failed(exchange, 500, error, now)),
        },
    };
    run(agents, Start { exchange: Arc::clone(exchange), known, sink, stop, fresh }).await
}

/// Notes that an exchange runs here. When its task ends without an outcome on disk, whatever the reason, the keeper hears of it.
struct Mark {
    agents: Arc<Agents>,
    exchange: Arc<Exchange>,
    is_settled: bool,
}

impl Drop for Mark {
    fn drop(&mut self) {
        let Exchange { scope, id, epoch, .. } = *self.exchange;
        self.agents.exchanges.ends(id, epoch);
        if !self.is_settled {
            self.agents.exchanges.abandoned().push((scope, id, epoch));
        }
    }
}
