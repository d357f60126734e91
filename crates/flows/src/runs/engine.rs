//! The handle to all shards.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use floe_model::id::{RunId, WaitId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Platform;
use floe_runtime::child_runs::ChildRuns;
use floe_runtime::effect::Effect;
use floe_store::Node;
use floe_store::platform::audit;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::oneshot;

use super::admission::{Admission, Entry, Ticket};
use super::answer::AnswerIn;
use super::message::{ChildNews, Message, Request};
use super::plans::Plans;
use super::room::Room;
use super::shard::Shard;
use super::start::NewRun;
use super::state::RunState;
use super::words::{Following, Listeners};

/// Times that a request is made when another node got ahead of this one.
const TRIES_MAX: usize = 4;
/// Pause before a request is made again.
const TRY_PAUSE: Duration = Duration::from_millis(20);

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
    /// What runs can call beside flows.
    pub(super) child_runs: Vec<Arc<dyn ChildRuns>>,
    pub(super) admission: Admission,
    /// This process among those that share the database; `None` on SQLite.
    pub(super) node: Option<Node>,
    /// Where runs wait whose writes failed.
    pub(super) room: Room,
    /// Who follows what models say.
    pub(super) listeners: Arc<Listeners>,
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
    pub fn start(
        platform: Arc<Platform>,
        plans: Arc<Plans>,
        effects: Vec<Arc<dyn Effect>>,
        child_runs: Vec<Arc<dyn ChildRuns>>,
        limits: Limits,
    ) -> Self {
        let node = platform.store.node();
        let (senders, inboxes): (Vec<_>, Vec<_>) = (0..limits.shards.max(1)).map(|_| mpsc::unbounded_channel()).unzip();
        let core = Arc::new(Core {
            platform,
            plans,
            effects: effects.into_iter().map(|effect| (effect.spec().key, effect)).collect(),
            child_runs,
            admission: Admission::new(limits.runs_per_workspace, limits.queue_max),
            node,
            room: Room::default(),
            listeners: Arc::default(),
            senders,
        });
        for (index, inbox) in inboxes.into_iter().enumerate() {
            let shard = Shard::new(Arc::clone(&core), core.senders[index].clone());
            tokio::spawn(shard.run(inbox));
        }
        let engine = Self { core };
        engine.start_node();
        engine
    }

    /// Starts a run and waits up to `wait_ms` for its end or its first wait; `None` when it goes on. A run that was
    /// started before under the same id is waited for instead.
    ///
    /// # Errors
    /// `overloaded` when there is no room, or when the run could not be stored: then it does not exist.
    pub async fn run(&self, new: NewRun, wait_ms: u64) -> Result<Option<RunState>, Fault> {
        self.core.lively().await;
        if !self.core.works() {
            return self.post(new, wait_ms).await;
        }
        let (workspace, run) = (new.workspace, new.run);
        for _ in 0..TRIES_MAX {
            let (settled, on_settled) = oneshot::channel();
            let (accepted, on_accepted) = oneshot::channel();
            let message = Message::Start { new: Box::new(new.clone()), settled, accepted };
            self.core.shard(run).send(message).map_err(|_| stopped())?;
            match on_accepted.await {
                Ok(accepted) => accepted?,
                // This node was taken for gone before it could say whether the run is on disk.
                Err(_) if self.core.node.is_some() => {
                    self.core.lively().await;
                    if !self.is_on_disk(workspace, run).await? {
                        continue;
                    }
                }
                Err(_) => break,
            }
            return match within(wait_ms, on_settled).await {
                Some(state) => state,
                // Another node moves the run now.
                None if self.core.node.is_some() => self.settle_on_disk(workspace, run, wait_ms).await,
                None => Err(stopped()),
            };
        }
        Err(stopped())
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
        for _ in 0..TRIES_MAX {
            self.core.lively().await;
            let (settled, on_settled) = oneshot::channel();
            self.core.send(
                workspace,
                run,
                Request::Answer { answer: Box::new(answer.clone()), accepted: None, settled },
            );
            match within(wait_ms, on_settled).await {
                Some(state) => return state,
                // Another node got ahead: what the run has come to says what becomes of the answer.
                None if self.core.node.is_some() => tokio::time::sleep(TRY_PAUSE).await,
                None => break,
            }
        }
        Err(stopped())
    }

    /// Answers a run's question; returns once the answer is on disk, whatever the run does then.
    ///
    /// # Errors
    /// As [`RunEngine::answer`].
    pub(crate) async fn answer_on_disk(
        &self,
        workspace: WorkspaceId,
        run: RunId,
        answer: AnswerIn,
    ) -> Result<(), Fault> {
        for _ in 0..TRIES_MAX {
            self.core.lively().await;
            let (accepted, on_accepted) = oneshot::channel();
            let (settled, on_settled) = oneshot::channel();
            let answer = Box::new(answer.clone());
            self.core.send(workspace, run, Request::Answer { answer, accepted: Some(accepted), settled });
            match on_accepted.await {
                Ok(accepted) => return accepted,
                // Refused, or let go of.
                Err(_) => match on_settled.await {
                    Ok(state) => return state.map(drop),
                    Err(_) => tokio::time::sleep(TRY_PAUSE).await,
                },
            }
        }
        Err(stopped())
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
        for _ in 0..TRIES_MAX {
            self.core.lively().await;
            let (done, on_done) = oneshot::channel();
            let audit = audit.clone().map(Box::new);
            self.core.send(workspace, run, Request::Cancel { by: by.clone(), audit, done });
            match on_done.await {
                Ok(state) => return state,
                Err(_) if self.core.node.is_some() => tokio::time::sleep(TRY_PAUSE).await,
                Err(_) => break,
            }
        }
        Err(stopped())
    }

    /// Waits up to `wait_ms` for a run's end or its next wait; `None` when it goes on.
    ///
    /// # Errors
    /// `not_found`, `overloaded`.
    pub async fn settle(&self, workspace: WorkspaceId, run: RunId, wait_ms: u64) -> Result<Option<RunState>, Fault> {
        let (settled, on_settled) = oneshot::channel();
        self.core.send(workspace, run, Request::Settle { settled });
        match within(wait_ms, on_settled).await {
            Some(state) => state,
            None if self.core.node.is_some() => self.settle_on_disk(workspace, run, wait_ms).await,
            None => Err(stopped()),
        }
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
        self.core.watch(run)
    }

    /// Follows what models say in a run, as far as this server moves it.
    #[must_use]
    pub fn follow_words(&self, run: RunId) -> Following {
        self.core.listeners.follow(run)
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

    /// Is told when a run has changed on disk, here or by another node; the latter only as far as it was told.
    pub(super) fn watch(&self, run: RunId) -> oneshot::Receiver<()> {
        let (changed, on_changed) = oneshot::channel();
        let _ = self.shard(run).send(Message::Watch { run, changed });
        on_changed
    }

    /// All shards.
    pub(super) fn shards(&self) -> &[UnboundedSender<Message>] {
        &self.senders
    }

    /// Which shard owns a run: by its random bits, since the others are the time.
    pub(super) fn shard(&self, run: RunId) -> &UnboundedSender<Message> {
        let index = (run.0 as u64 % self.senders.len() as u64) as usize;
        &self.senders[index]
    }
}

/// What a shard tells within a time; `None` when it has let go of the run.
async fn within(
    wait_ms: u64,
    on_settled: oneshot::Receiver<Result<RunState, Fault>>,
) -> Option<Result<Option<RunState>, Fault>> {
    match tokio::time::timeout(Duration::from_millis(wait_ms), on_settled).await {
        Ok(Ok(state)) => Some(state.map(Some)),
        Ok(Err(_)) => None,
        Err(_) => Some(Ok(None)),
    }
}

fn stopped() -> Fault {
    Fault::new(FaultKind::Overloaded, "overloaded", "The server is stopping or the run could not be stored")
        .with_retry_after(1)
}
