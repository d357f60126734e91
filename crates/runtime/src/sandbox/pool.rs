//! The pool of child processes: bounded in number, bounded in waiting jobs, empty when nothing runs.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

use super::job::{CodeFailure, FailureCode, Job, JobLimits, Outcome};
use super::limits::{CODE_BYTES_MAX, JOB_FRAME_BYTES_MAX, SPAWN_ATTEMPTS_MAX};
use super::protocol::Reply;
use super::worker::{Broken, Worker, failure};

/// How the pool starts its children and how many.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// The program that calls [`super::child_main`]. On Linux `/proc/self/exe` stays right when the file on disk is
    /// replaced while the server runs.
    pub program: PathBuf,
    /// Arguments that make the program call it.
    pub args: Vec<String>,
    /// Children at the same time, at least 1; each runs one job.
    pub children_max: usize,
    /// Jobs after which a child is replaced, at least 1.
    pub jobs_per_child_max: u32,
    /// Time over a job's own limit after which its child is killed, in milliseconds.
    pub grace_ms: u64,
    /// Jobs that may wait for a child.
    pub queue_max: usize,
    /// How long a job may wait for a child, in milliseconds.
    pub queue_wait_ms: u64,
    /// How long a child may wait for a job before it is ended, in milliseconds.
    pub idle_ms: u64,
}

impl Default for SandboxConfig {
    /// The running program itself with the argument `js-worker`.
    fn default() -> Self {
        Self {
            program: PathBuf::from("/proc/self/exe"),
            args: vec!["js-worker".to_owned()],
            children_max: 4,
            jobs_per_child_max: 200,
            grace_ms: 500,
            queue_max: 256,
            queue_wait_ms: 10_000,
            idle_ms: 30_000,
        }
    }
}

/// Runs user code. Clones share one pool. Needs a tokio runtime with I/O and time.
#[derive(Debug, Clone)]
pub struct Sandbox {
    pool: Arc<Pool>,
}

/// What the pool does now and has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SandboxStats {
    /// Jobs that run now.
    pub running: usize,
    /// Jobs that wait for a child now.
    pub waiting: usize,
    /// Children that wait for a job now.
    pub idle: usize,
    /// Children started so far.
    pub started: u64,
    /// Children that broke or were killed while they ran a job so far.
    pub broken: u64,
}

#[derive(Debug)]
struct Pool {
    config: SandboxConfig,
    slots: Arc<Semaphore>,
    waiting: AtomicUsize,
    started: AtomicU64,
    broken: AtomicU64,
    idle: Mutex<Idle>,
}

#[derive(Debug, Default)]
struct Idle {
    /// The one used last is at the end and is used next, so that the others grow old.
    workers: Vec<Worker>,
    /// Whether a task runs that ends old children.
    watched: bool,
}

impl Sandbox {
    /// A pool without children; they are started when jobs come.
    #[must_use]
    pub fn new(config: SandboxConfig) -> Self {
        let slots = Arc::new(Semaphore::new(config.children_max.clamp(1, Semaphore::MAX_PERMITS)));
        let (waiting, started, broken) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Self { pool: Arc::new(Pool { config, slots, waiting, started, broken, idle: Mutex::default() }) }
    }

    /// Runs one job to its end, in at most the time of the queue, of the job, the grace and the start of a child.
    ///
    /// Dropping the future kills the job. A job has no effect outside, so it may be run again.
    pub async fn run(&self, job: Job) -> Outcome {
        let job = Job { limits: job.limits.clamped(), ..job };
        if job.code.len() > CODE_BYTES_MAX {
            let message = format!("the code is longer than {CODE_BYTES_MAX} bytes");
            return Outcome::Err(CodeFailure::new(FailureCode::Error, message));
        }
        let Some(slot) = self.pool.admit().await else { return Outcome::Overloaded };
        let frame = match serde_json::to_vec(&job) {
            Ok(frame) if frame.len() <= JOB_FRAME_BYTES_MAX => frame,
            _ => {
                let message = format!("the code and its data are larger than {JOB_FRAME_BYTES_MAX} bytes");
                return Outcome::Err(CodeFailure::new(FailureCode::Memory, message));
            }
        };
        let limits = job.limits;
        drop(job);
        let worker = match self.pool.worker().await {
            Ok(worker) => worker,
            Err(reason) => {
                tracing::error!(reason, "no child process for user code could be started");
                return Outcome::Unavailable(reason);
            }
        };
        let outcome = self.pool.run(worker, &frame, limits).await;
        drop(slot);
        outcome
    }

    /// What the pool does now and has done.
    #[must_use]
    pub fn stats(&self) -> SandboxStats {
        let pool = &self.pool;
        SandboxStats {
            running: pool.config.children_max.max(1).saturating_sub(pool.slots.available_permits()),
            waiting: pool.waiting.load(Ordering::Relaxed),
            idle: pool.idle().workers.len(),
            started: pool.started.load(Ordering::Relaxed),
            broken: pool.broken.load(Ordering::Relaxed),
        }
    }
}

impl Pool {
    /// A slot for one job, first come first served; none when too many wait or the wait is too long.
    async fn admit(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            return Some(slot);
        }
        let _place = Place::take(&self.waiting, self.config.queue_max)?;
        let wait = Duration::from_millis(self.config.queue_wait_ms);
        timeout(wait, Arc::clone(&self.slots).acquire_owned()).await.ok()?.ok()
    }

    /// A child that is ready: one that waits, or a new one.
    async fn worker(&self) -> Result<Worker, String> {
        loop {
            // Not a `while let`: the lock must not be held while waiting for the child.
            let idle = self.idle().workers.pop();
            let Some(mut worker) = idle else { break };
            match worker.ready().await {
                Ok(()) => return Ok(worker),
                Err(broken) => drop(worker.end(&broken).await),
            }
        }
        let mut reason = String::new();
        for _ in 0..SPAWN_ATTEMPTS_MAX {
            let mut worker = Worker::spawn(&self.config).map_err(|error| error.to_string())?;
            self.started.fetch_add(1, Ordering::Relaxed);
            let Err(broken) = worker.ready().await else { return Ok(worker) };
            let status = worker.end(&broken).await;
            reason = format!("the child {broken}, {status:?}");
        }
        Err(reason)
    }

    async fn run(self: &Arc<Self>, mut worker: Worker, frame: &[u8], limits: JobLimits) -> Outcome {
        let outcome = match worker.run(frame, limits, self.config.grace_ms).await {
            Ok(Reply::Done { value, logs }) => Outcome::Ok { value, logs },
            Ok(Reply::Failed(failure)) => Outcome::Err(failure),
            Ok(Reply::Ready) => return self.broke(worker, Broken::Protocol("ready".to_owned()), limits).await,
            Err(broken) => return self.broke(worker, broken, limits).await,
        };
        if is_reusable(&outcome) && worker.jobs < self.config.jobs_per_child_max {
            self.keep(worker);
        }
        outcome
    }

    async fn broke(&self, worker: Worker, broken: Broken, limits: JobLimits) -> Outcome {
        self.broken.fetch_add(1, Ordering::Relaxed);
        let status = worker.end(&broken).await;
        tracing::warn!(reason = %broken, status = ?status, "a child process for user code was ended");
        Outcome::Err(failure(&broken, status, limits))
    }

    fn keep(self: &Arc<Self>, mut worker: Worker) {
        worker.idle_since = Instant::now();
        let mut idle = self.idle();
        idle.workers.push(worker);
        if !std::mem::replace(&mut idle.watched, true) {
            drop(tokio::spawn(end_old(Arc::downgrade(self), Duration::from_millis(self.config.idle_ms))));
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        // The list is whole between any two of its changes, so a panic elsewhere does not spoil it.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// After a limit was reached the engine's memory is spent or torn: a new child costs less than finding out.
fn is_reusable(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Ok { .. } => true,
        Outcome::Err(failure) => !matches!(failure.code, FailureCode::Timeout | FailureCode::Memory),
        Outcome::Overloaded | Outcome::Unavailable(_) => false,
    }
}

/// Ends children that have waited for `idle_time`, until none waits.
async fn end_old(pool: Weak<Pool>, idle_time: Duration) {
    loop {
        let due = {
            let Some(pool) = pool.upgrade() else { return };
            let mut idle = pool.idle();
            let now = Instant::now();
            idle.workers.retain(|worker| worker.idle_since + idle_time > now);
            let Some(oldest) = idle.workers.iter().map(|worker| worker.idle_since).min() else {
                idle.watched = false;
                return;
            };
            oldest + idle_time
        };
        sleep_until(due).await;
    }
}

/// A place in the queue, given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, places: usize) -> Option<Self> {
        let taken =
            waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| (count < places).then_some(count + 1));
        taken.is_ok().then(|| Self(waiting))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
