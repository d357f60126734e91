//! The handle to all shards.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use floe_model::id::{RunId, WaitId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Platform;
use floe_runtime::effect::Effect;
use floe_store::platform::audit;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::oneshot;

use super::admission::{Admission, Entry, Ticket};
use super::answer::AnswerIn;
use super::message::{ChildNews, Message, Request};
use super::plans::Plans;
use super::shard::Shard;
use super::start::NewRun;
use super::state::RunState;

/// Bounds of the run engine.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Tasks that own runs; the number of cores is right.
    pub shards: usize,
    /// Runs of one workspace that move at a time; others wait for their turn.
    pub runs_per_workspace: usize,
    /// Runs that wait for their turn at most; over it a start is refused.
    pub queue_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { shards: 2, runs_per_workspace: 50, queue_max: 100_000 }
    }
}

/// What the shards share.
pub(super) struct Core {
    pub(super) platform: Arc<Platform>,
    pub(super) plans: Arc<Plans>,
    pub(super) effects: HashMap<&'static str, Arc<dyn Effect>>,
    pub(super) admission: Admission,
    senders: Vec<UnboundedSender<Message>>,
}

/// Starts, moves and ends runs. Cheap to clone.
#[derive(Clone)]
pub struct RunEngine {
    pub(super) core: Arc<Core>,
}

impl RunEngine {
    /// Starts the shards.
    #[must_use]
    pub fn start(platform: Arc<Platform>, plans: Arc<Plans>, effects: Vec<Arc<dyn Effect>>, limits: Limits) -> Self {
        let (senders, inboxes): (Vec<_>, Vec<_>) = (0..limits.shards.max(1)).map(|_| mpsc::unbounded_channel()).unzip();
        let core = Arc::new(Core {
            platform,
            plans,
            effects: effects.into_iter().map(|effect| (effect.spec().key, effect)).collect(),
            admission: Admission::new(limits.runs_per_workspace, limits.queue_max),
            senders,
        });
        for (index, inbox) in inboxes.into_iter().enumerate() {
            let shard = Shard::new(Arc::clone(&core), core.senders[index].clone());
            tokio::spawn(shard.run(inbox));
        }
        Self { core }
    }

    /// Starts a run and waits up to `wait_ms` for its end or its first wait; `None` when it goes on. A run that was
    /// started before under the same id is waited for instead.
    ///
    /// # Errors
    /// `overloaded` when there is no room, or when the run could not be stored: then it does not exist.
    pub async fn run(&self, new: NewRun, wait_ms: u64) -> Result<Option<RunState>, Fault> {
        let (settled, on_settled) = oneshot::channel();
        let (accepted, on_accepted) = oneshot::channel();
        let shard = self.core.shard(new.run);
        let message = Message::Start { new: Box::new(new), settled, accepted };
        shard.send(message).map_err(|_| stopped())?;
        on_accepted.await.map_err(|_| stopped())??;
        within(wait_ms, on_settled).await
    }

    /// Answers a run's question and waits up to `wait_ms` for its end or its next wait; `None` when it goes on.
    ///
    /// # Errors
    /// `not_found`, `run_not_waiting`, `already_resumed`, `resume_mismatch`, `execution_id_mismatch`,
    /// `validation_error`, `overloaded`.
    pub async fn answer(
        &self,
        workspace: WorkspaceId,
        run: RunId,
        answer: AnswerIn,
        wait_ms: u64,
    ) -> Result<Option<RunState>, Fault> {
        let (settled, on_settled) = oneshot::channel();
        self.core.send(workspace, run, Request::Answer { answer: Box::new(answer), settled });
        within(wait_ms, on_settled).await
    }

    /// Cancels a run.
    ///
    /// # Errors
    /// `not_found`, `run_finished`, `overloaded`.
    pub async fn cancel(
        &self,
        workspace: WorkspaceId,
        run: RunId,
        by: Option<String>,
        audit: Option<audit::Entry>,
    ) -> Result<RunState, Fault> {
        let (done, on_done) = oneshot::channel();
        self.core.send(workspace, run, Request::Cancel { by, audit: audit.map(Box::new), done });
        on_done.await.map_err(|_| stopped())?
    }

    /// Waits up to `wait_ms` for a run's end or its next wait; `None` when it goes on.
    ///
    /// # Errors
    /// `not_found`, `overloaded`.
    pub async fn settle(&self, workspace: WorkspaceId, run: RunId, wait_ms: u64) -> Result<Option<RunState>, Fault> {
        let (settled, on_settled) = oneshot::channel();
        self.core.send(workspace, run, Request::Settle { settled });
        within(wait_ms, on_settled).await
    }

    /// Waits up to `wait_ms` until a run has ended or waits for something else than the question `past`; `None` when it
    /// goes on.
    ///
    /// # Errors
    /// `not_found`, `overloaded`.
    pub async fn settle_past(
        &self,
        workspace: WorkspaceId,
        run: RunId,
        past: Option<WaitId>,
        wait_ms: u64,
    ) -> Result<Option<RunState>, Fault> {
        let is_past = |state: &RunState| state.wait.as_ref().and_then(|wait| wait.wait) == past && past.is_some();
        let settled = async {
            loop {
                let changed = self.watch(run);
                match self.settle(workspace, run, wait_ms).await? {
                    Some(state) if is_past(&state) => {
                        // A shard that has ended drops its watchers; then the next look says so.
                        let _ = changed.await;
                    }
                    other => return Ok(other),
                }
            }
        };
        tokio::time::timeout(Duration::from_millis(wait_ms), settled).await.unwrap_or(Ok(None))
    }

    /// Is told when the run has changed on disk after this call.
    #[must_use]
    pub fn watch(&self, run: RunId) -> oneshot::Receiver<()> {
        let (changed, on_changed) = oneshot::channel();
        let _ = self.core.shard(run).send(Message::Watch { run, changed });
        on_changed
    }

    /// Whether every shard is there to move its runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.core.senders.iter().all(|sender| !sender.is_closed())
    }

    /// Runs that wait for their turn.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.core.admission.queued()
    }

    /// Takes no more runs, writes what is left, and ends the shards. Runs under way go on at the next start.
    pub async fn stop(&self) {
        for sender in &self.core.senders {
            let (done, on_done) = oneshot::channel();
            if sender.send(Message::Stop { done }).is_ok() {
                let _ = on_done.await;
            }
        }
    }

    /// Tells a parent what became of its child; a parent that does not wait for it ignores it.
    pub(super) async fn tell_parent(
        &self,
        workspace: WorkspaceId,
        parent: RunId,
        child: RunId,
        news: ChildNews,
    ) -> Result<(), Fault> {
        let (done, on_done) = oneshot::channel();
        self.core.send(workspace, parent, Request::Child { child, news, done });
        on_done.await.map_err(|_| stopped())?
    }

    /// Tells a run that the time of a wait has come; a run that no longer waits ignores it.
    pub(super) async fn due(&self, workspace: WorkspaceId, run: RunId, wait: WaitId) -> Result<(), Fault> {
        let (done, on_done) = oneshot::channel();
        self.core.send(workspace, run, Request::Due { wait, done });
        on_done.await.map_err(|_| stopped())?
    }
}

impl Core {
    /// Sends a request to the shard that owns the run.
    pub(super) fn send(&self, workspace: WorkspaceId, run: RunId, what: Request) {
        // A shard that has ended has no use for requests; who waits for an answer sees its channel closed.
        let _ = self.shard(run).send(Message::Run { workspace, run, what });
    }

    /// Finds a place for a run that is on disk, now or in its turn.
    pub(super) fn admit(&self, ticket: Ticket, must_queue: bool) {
        if self.admission.enter(ticket, must_queue) == Entry::In {
            self.send(ticket.workspace, ticket.run, Request::Admit(ticket));
        }
    }

    /// Gives a place back and lets in whoever waits for it.
    pub(super) fn give_back(&self, ticket: Ticket) {
        for next in self.admission.leave(ticket.workspace, ticket.flow) {
            self.send(next.workspace, next.run, Request::Admit(next));
        }
    }

    /// Which shard owns a run: by its random bits, since the others are the time.
    fn shard(&self, run: RunId) -> &UnboundedSender<Message> {
        let index = (run.0 as u64 % self.senders.len() as u64) as usize;
        &self.senders[index]
    }
}

async fn within(
    wait_ms: u64,
    on_settled: oneshot::Receiver<Result<RunState, Fault>>,
) -> Result<Option<RunState>, Fault> {
    match tokio::time::timeout(Duration::from_millis(wait_ms), on_settled).await {
        Ok(Ok(state)) => state.map(Some),
        Ok(Err(_)) => Err(stopped()),
        Err(_) => Ok(None),
    }
}

fn stopped() -> Fault {
    Fault::new(FaultKind::Overloaded, "overloaded", "The server is stopping or the run could not be stored")
        .with_retry_after(1)
}
