//! The job loop: claims due jobs and hands each to the handler of its kind.
//!
//! A job is durable work with a due time. It is claimed under a lease, handed to its handler, and removed when the
//! handler says that it is done (or by the handler itself, in the transaction of the act). A handler can meet the same
//! job twice, after a crash or a lease that ran out, so every handler is a compare-and-set or harmless to repeat.
//!
//! The loop sleeps until the next due time that it knows, so an idle server touches the database only with a slow,
//! read-only look.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use floe_model::Fault;
use floe_store::Change;
use floe_store::platform::jobs::{self, Job};
use tokio::sync::{Semaphore, broadcast, watch};

use crate::Platform;

/// How long a claim lasts.
const LEASE_MS: i64 = 60_000;
/// Jobs claimed at a time.
const CLAIM_MAX: usize = 64;
/// Jobs worked on at a time.
const CONCURRENCY_MAX: usize = 64;
/// Longest sleep between two looks, for changes that were missed.
const LOOK_MS_MAX: i64 = 5_000;
/// Pause after the first failure of a job; doubles up to [`RETRY_MS_MAX`].
const RETRY_MS: i64 = 1_000;
/// Longest pause between two tries of a job.
const RETRY_MS_MAX: i64 = 300_000;
/// Pause after the store refused a claim.
const STORE_PAUSE_MS: u64 = 1_000;

/// A future of a handler.
pub type JobFuture<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// Does the jobs of one kind.
pub trait JobHandler: Send + Sync + 'static {
    /// Registered name of the kind.
    fn kind(&self) -> &'static str;

    /// Does one job. On `Ok` the job is removed (unless the handler has replaced it); on an error it comes again later.
    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a>;
}

/// The running loop; [`JobLoop::stop`] ends it.
pub struct JobLoop {
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl JobLoop {
    /// Starts the loop for these kinds.
    #[must_use]
    pub fn start(platform: Arc<Platform>, handlers: Vec<Arc<dyn JobHandler>>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let handlers = handlers.into_iter().map(|handler| (handler.kind(), handler)).collect();
        let worker = Worker { platform, handlers, room: Arc::new(Semaphore::new(CONCURRENCY_MAX)) };
        Self { stop, task: tokio::spawn(worker.run(stopped)) }
    }

    /// Takes no more jobs and waits for those under way.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the job loop ended badly");
        }
    }
}

struct Worker {
    platform: Arc<Platform>,
    handlers: HashMap<&'static str, Arc<dyn JobHandler>>,
    room: Arc<Semaphore>,
}

impl Worker {
    async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut changes = self.platform.store.watch();
        self.take_over().await;
        while !*stopped.borrow() {
            let claimed = match self.claim().await {
                Ok(claimed) => claimed,
                Err(fault) => {
                    tracing::warn!(%fault, "jobs cannot be claimed");
                    pause(Duration::from_millis(STORE_PAUSE_MS), &mut stopped).await;
                    continue;
                }
            };
            let full_page = claimed.len() == CLAIM_MAX;
            for job in claimed {
                self.hand_out(job).await;
            }
            if !full_page {
                self.sleep(&mut changes, &mut stopped).await;
            }
        }
        // Every permit back means that no job is under way.
        let _ = self.room.acquire_many(CONCURRENCY_MAX as u32).await;
    }

    /// Jobs that the last process had claimed when it was killed are done now, not when their leases run out. Where several nodes share
    /// the database, whoever ends a node gives back what it had claimed.
    async fn take_over(&self) {
        if self.platform.store.node().is_some() {
            return;
        }
        if let Err(fault) = self.platform.store.write(jobs::release_all).await {
            tracing::warn!(%fault, "jobs of the last process come again when their leases run out");
        }
    }

    /// Due jobs. Looks before it writes, so that an idle loop writes nothing.
    async fn claim(&self) -> Result<Vec<Job>, Fault> {
        let now = self.platform.clock.now();
        let next = self.platform.store.read(jobs::next_due).await?;
        if next.is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        let node = match self.platform.store.node() {
            // A node that was ended claims nothing before it lives again.
            Some(node) if node.id().is_none() => return Ok(Vec::new()),
            node => node.and_then(|node| node.id()),
        };
        let kinds: Vec<&'static str> = self.handlers.keys().copied().collect();
        self.platform.store.write(move |tx| jobs::claim_due(tx, &kinds, now, LEASE_MS, CLAIM_MAX, node)).await
    }

    async fn hand_out(&self, job: Job) {
        let Some(handler) = self.handlers.get(job.kind.as_str()).cloned() else { return };
        let Ok(permit) = Arc::clone(&self.room).acquire_owned().await else { return };
        let platform = Arc::clone(&self.platform);
        tokio::spawn(async move {
            work(&platform, handler.as_ref(), &job).await;
            drop(permit);
        });
    }

    /// Sleeps until the next due time, an announced one, or the next slow look.
    async fn sleep(&self, changes: &mut broadcast::Receiver<Change>, stopped: &mut watch::Receiver<bool>) {
        let now = self.platform.clock.now();
        let next = self.platform.store.read(jobs::next_due).await.ok().flatten();
        let mut until = next.map_or(LOOK_MS_MAX, |due| due.millis_since(now).clamp(1, LOOK_MS_MAX));
        loop {
            let length = Duration::from_millis(until.unsigned_abs());
            tokio::select! {
                () = tokio::time::sleep(length) => return,
                _ = stopped.changed() => return,
                change = changes.recv() => match change {
                    Ok(Change::Job { due_at }) => {
                        let left = due_at.millis_since(self.platform.clock.now());
                        if left <= 0 {
                            return;
                        }
                        until = until.min(left);
                    }
                    Ok(Change::Many) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Closed) => {
                        pause(Duration::from_millis(STORE_PAUSE_MS), stopped).await;
                        return;
                    }
                },
            }
        }
    }
}

async fn pause(length: Duration, stopped: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = tokio::time::sleep(length) => {}
        _ = stopped.changed() => {}
    }
}

/// Does one job and settles its claim.
async fn work(platform: &Arc<Platform>, handler: &dyn JobHandler, job: &Job) {
    let lease = job.lease();
    let outcome = handler.run(platform, job).await;
    let settled = match outcome {
        Ok(()) => platform.store.write(move |tx| jobs::finish(tx, lease)).await,
        Err(fault) => {
            tracing::warn!(job.kind = %job.kind, job.id = %job.id, job.attempt = job.attempts, %fault, "a job failed");
            let due = platform.clock.now().plus_millis(retry_pause_ms(job.attempts));
            let reason = fault.code();
            platform.store.write(move |tx| jobs::retry_at(tx, lease, due, Some(reason))).await
        }
    };
    if let Err(fault) = settled {
        tracing::warn!(job.kind = %job.kind, job.id = %job.id, %fault, "a job could not be settled; its lease will run out");
    }
}

fn retry_pause_ms(attempts: u32) -> i64 {
    RETRY_MS.saturating_mul(1 << attempts.saturating_sub(1).min(20)).min(RETRY_MS_MAX)
}
