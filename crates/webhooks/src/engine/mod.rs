//! When attempts are made.
//!
//! The rows are the truth; what is in memory can be lost at any moment. A lane is the work for one endpoint: one for first attempts, in
//! order and one at a time, one for later ones. A lane gets a task when somebody announced work for it, or when a look into the
//! index finds some, and the task ends when there is none left. Each task takes its lane in the database first, under a lease, so that several nodes
//! never work on one lane.
//!
//! No receiver can delay another: a task holds a place in one of several bounded rooms only while an attempt is under way, and receivers that
//! answer slowly have rooms of their own (`room.rs`).

mod lane;
mod room;
mod timers;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use floe_model::id::WebhookId;
use floe_model::{Fault, Timestamp};
use floe_store::Change;
use floe_store::webhooks::lanes::{self, Lane};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;

use crate::Webhooks;
use crate::endpoints::stream;
use room::Room;
use timers::Timers;

/// Longest sleep between two looks, for announcements that were missed and lanes of nodes that ended.
const LOOK_MS_MAX: i64 = 5_000;
/// How long events are gathered before they are handed to endpoints that follow all of them.
const GATHER_MS: i64 = 50;
/// Pause after the store refused a look.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// Lanes with a task at a time; what is over waits for the next look.
const TASKS_MAX: usize = 20_000;
/// Due times of later attempts that can be told at a time; those that are lost are found by the next look.
const ALARMS_MAX: usize = 4_096;
/// How long a stop waits for attempts that are under way. What was not recorded is attempted again.
const STOP_WAIT: Duration = Duration::from_secs(1);

/// When and whose later attempts are due.
type Alarms = mpsc::Receiver<(Timestamp, WebhookId)>;

/// The running engine; [`Engine::stop`] ends it.
pub struct Engine {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// What the tasks of all lanes share.
struct Shared {
    service: Webhooks,
    room: Room,
    /// Lanes with a task. True when there is something new since the task looked last.
    tasks: Mutex<HashMap<(WebhookId, Lane), bool>>,
    alarms: mpsc::Sender<(Timestamp, WebhookId)>,
    /// Whether any endpoint follows the whole stream of events.
    is_followed: AtomicBool,
    stop: watch::Sender<bool>,
}

impl Engine {
    /// Starts it.
    #[must_use]
    pub fn start(service: Webhooks) -> Self {
        let (alarms, heard) = mpsc::channel(ALARMS_MAX);
        let shared = Arc::new(Shared {
            service,
            room: Room::default(),
            tasks: Mutex::default(),
            alarms,
            is_followed: AtomicBool::new(false),
            stop: watch::Sender::new(false),
        });
        // Before the first look, so that nothing falls between the two.
        let changes = shared.service.platform().store.watch();
        let task = tokio::spawn(run(Arc::clone(&shared), changes, heard));
        Self { shared, task }
    }

    /// Begins no more attempts and waits a moment for those under way.
    pub async fn stop(self) {
        self.shared.stop.send_replace(true);
        let all_over = async {
            while !self.shared.tasks().is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = tokio::time::timeout(STOP_WAIT, all_over).await;
        self.task.abort();
    }
}

impl Shared {
    fn tasks(&self) -> std::sync::MutexGuard<'_, HashMap<(WebhookId, Lane), bool>> {
        // A panic while the lock was held cannot leave the map half changed.
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Gives a lane a task, or tells the one that it has that there is something new.
    fn wake(self: &Arc<Self>, endpoint: WebhookId, lane: Lane) {
        if self.is_stopping() {
            return;
        }
        let mut tasks = self.tasks();
        if let Some(is_news) = tasks.get_mut(&(endpoint, lane)) {
            *is_news = true;
        } else if tasks.len() < TASKS_MAX {
            tasks.insert((endpoint, lane), false);
            drop(tasks);
            tokio::spawn(lane::work(Arc::clone(self), endpoint, lane));
        }
    }

    /// Ends the task of a lane, unless there is something new.
    fn leave(&self, endpoint: WebhookId, lane: Lane) -> bool {
        let mut tasks = self.tasks();
        match tasks.get_mut(&(endpoint, lane)) {
            Some(is_news) if *is_news && !self.is_stopping() => {
                *is_news = false;
                false
            }
            _ => {
                tasks.remove(&(endpoint, lane));
                true
            }
        }
    }

    /// Wakes the lane of later attempts of an endpoint at an instant.
    fn alarm(&self, at: Timestamp, endpoint: WebhookId) {
        // A full queue is no harm: the next slow look finds them.
        let _ = self.alarms.try_send((at, endpoint));
    }

    /// Hands out new events to endpoints that follow all of them.
    async fn follow(&self) -> Result<(), Fault> {
        let is_followed = stream::follow(&self.service).await?;
        self.is_followed.store(is_followed, Ordering::Relaxed);
        Ok(())
    }

    /// Wakes every lane that has work, and sets the timers of later attempts.
    async fn look(self: &Arc<Self>, timers: &mut Timers) -> Result<(), Fault> {
        self.follow().await?;
        let platform = self.service.platform();
        let now = platform.clock.now();
        let (first, again) =
            platform.store.read(move |tx| Ok((lanes::waiting_first(tx, now)?, lanes::waiting_again(tx, now)?))).await?;
        first.into_iter().for_each(|endpoint| self.wake(endpoint, Lane::First));
        // What is due after the next look is found by it.
        let soon = now.plus_millis(2 * LOOK_MS_MAX);
        again
            .into_iter()
            .filter(|(_, due_at)| *due_at <= soon)
            .for_each(|(endpoint, due_at)| timers.set(due_at, endpoint));
        Ok(())
    }
}

async fn run(shared: Arc<Shared>, mut changes: broadcast::Receiver<Change>, mut alarms: Alarms) {
    take_over(&shared).await;
    let mut stopped = shared.stop.subscribe();
    let mut timers = Timers::default();
    while !shared.is_stopping() {
        if let Err(fault) = shared.look(&mut timers).await {
            tracing::warn!(%fault, "deliveries cannot be looked up");
            tokio::time::sleep(STORE_PAUSE).await;
            continue;
        }
        tokio::select! {
            () = sleep(&shared, &mut timers, &mut changes, &mut alarms) => {}
            _ = stopped.changed() => return,
        }
    }
}

/// Lanes that the last process held when it was killed are free now, not when their leases run out. Where several nodes share the
/// database, a lane whose node ended is free by itself.
async fn take_over(shared: &Shared) {
    let store = &shared.service.platform().store;
    if store.node().is_some() {
        return;
    }
    if let Err(fault) = store.write(lanes::release_all).await {
        tracing::warn!(%fault, "deliveries of the last process go on when their leases run out");
    }
}

/// Sleeps until everything should be looked at again. Announced lanes, and those whose time has come, are woken meanwhile.
async fn sleep(
    shared: &Arc<Shared>,
    timers: &mut Timers,
    changes: &mut broadcast::Receiver<Change>,
    alarms: &mut Alarms,
) {
    let clock = &shared.service.platform().clock;
    let look_at = clock.now().plus_millis(LOOK_MS_MAX);
    let mut follow_at = None;
    loop {
        let now = clock.now();
        while let Some(endpoint) = timers.pop_due(now) {
            shared.wake(endpoint, Lane::Again);
        }
        if look_at <= now {
            return;
        }
        if follow_at.is_some_and(|at| at <= now) {
            follow_at = None;
            if let Err(fault) = shared.follow().await {
                tracing::warn!(%fault, "events cannot be handed out; they are with the next look");
            }
        }
        let until = [timers.next(), follow_at].into_iter().flatten().fold(look_at, Timestamp::min);
        // A millisecond more: `millis_since` rounds down.
        let left = Duration::from_millis(until.millis_since(now).max(0).unsigned_abs() + 1);
        tokio::select! {
            () = tokio::time::sleep(left) => {}
            Some((at, endpoint)) = alarms.recv() => timers.set(at, endpoint),
            change = changes.recv() => match change {
                Ok(Change::Record { kind: "webhook", id, .. }) => shared.wake(WebhookId(id), Lane::First),
                Ok(Change::Record { kind: "webhook_again", id, .. }) => shared.wake(WebhookId(id), Lane::Again),
                Ok(Change::Events) if shared.is_followed.load(Ordering::Relaxed) => {
                    follow_at = follow_at.or(Some(now.plus_millis(GATHER_MS)));
                }
                Ok(Change::Many) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                Ok(_) => {}
                Err(broadcast::error::RecvError::Closed) => {
                    tokio::time::sleep(STORE_PAUSE).await;
                    return;
                }
            },
        }
    }
}
