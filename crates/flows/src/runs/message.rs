//! What a shard is told.

use floe_engine::event::{Place, StepError};
use floe_engine::machine::Alarm;
use floe_model::id::{RunId, WaitId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::effect::Effected;
use floe_store::platform::audit;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use super::admission::Ticket;
use super::answer::AnswerIn;
use super::load::Loaded;
use super::start::NewRun;
use super::state::RunState;

/// A message to the shard that owns a run.
pub(super) enum Message {
    /// Start a run, or wait for it when it was started before; `settled` is told when it ends or waits, `accepted` when it
    /// is on disk.
    Start {
        new: Box<NewRun>,
        settled: oneshot::Sender<Result<RunState, Fault>>,
        accepted: oneshot::Sender<Result<(), Fault>>,
    },
    /// Something for one run, which is loaded first if it is not in memory.
    Run { workspace: WorkspaceId, run: RunId, what: Request },
    /// A run was read from disk.
    Loaded { run: RunId, loaded: Result<Option<Box<Loaded>>, Fault> },
    /// Tell when the run's revision on disk has changed.
    Watch { run: RunId, changed: oneshot::Sender<()> },
    /// A run was changed, maybe by another node, or any of them may have been.
    Changed { run: Option<RunId> },
    /// This node was taken for gone: its runs are others' now.
    Ended,
    /// End: flush, then stop.
    Stop { done: oneshot::Sender<()> },
}

/// Something for one run.
pub(super) enum Request {
    /// A place among the moving runs was found: begin, or go on where the journal ends.
    Admit(Ticket),
    /// Found under way too often with the same journal: give it up.
    Park,
    /// This node may not move it just now: drop it, and see later whose it is.
    LetGo,
    /// An effect has come back.
    Effected { place: Place, attempt: u32, effected: Effected },
    /// Go on where the run was cut short for the sake of others.
    GoOn,
    /// Texts were evaluated, or the sandbox could not do it.
    Scripted { place: Place, answers: Result<Vec<Result<Value, String>>, StepError> },
    /// The variables that the run names were read: those that are no secrets, and the names of those that are.
    Equipped { env: Map<String, Value>, secrets: Vec<String> },
    /// A time has come.
    Alarm(Alarm),
    /// The called flow was looked up.
    Called { place: Place, child: Result<Child, StepError> },
    /// What became of a child run.
    Child { child: RunId, news: ChildNews, done: oneshot::Sender<Result<(), Fault>> },
    /// A wait's time has come, by its job.
    Due { wait: WaitId, done: oneshot::Sender<Result<(), Fault>> },
    /// An answer.
    Answer {
        answer: Box<AnswerIn>,
        /// Told when the answer counts and is on disk.
        accepted: Option<oneshot::Sender<Result<(), Fault>>>,
        settled: oneshot::Sender<Result<RunState, Fault>>,
    },
    /// A cancellation.
    Cancel { by: Option<String>, audit: Option<Box<audit::Entry>>, done: oneshot::Sender<Result<RunState, Fault>> },
    /// Tell when the run ends or waits; at once if it does.
    Settle { settled: oneshot::Sender<Result<RunState, Fault>> },
}

impl Request {
    /// Tells whoever waits for it that it cannot be done.
    pub(super) fn refuse(self, fault: impl FnOnce() -> Fault) {
        match self {
            // Nothing is left to be told to a run that is not there; one that cannot be read is told later.
            Self::Child { done, .. } | Self::Due { done, .. } => {
                let fault = fault();
                drop(done.send(if fault.kind() == FaultKind::NotFound { Ok(()) } else { Err(fault) }));
            }
            Self::Answer { settled, .. } | Self::Settle { settled } => drop(settled.send(Err(fault()))),
            Self::Cancel { done, .. } => drop(done.send(Err(fault()))),
            Self::Admit(_)
            | Self::Park
            | Self::LetGo
            | Self::GoOn
            | Self::Scripted { .. }
            | Self::Equipped { .. }
            | Self::Effected { .. }
            | Self::Alarm(_)
            | Self::Called { .. } => {}
        }
    }
}

/// An answer that holds only once everything that the run has done is on disk.
pub(super) enum Reply {
    /// It was taken in.
    Done(oneshot::Sender<Result<(), Fault>>),
    /// It does not fit what the run has come to.
    Refused(oneshot::Sender<Result<RunState, Fault>>, Fault),
}

impl Reply {
    /// Gives it.
    pub(super) fn give(self) {
        match self {
            Self::Done(done) => drop(done.send(Ok(()))),
            Self::Refused(settled, fault) => drop(settled.send(Err(fault))),
        }
    }
}

impl Reply {
    /// Tells that what was to be answered could not be stored.
    pub(super) fn refuse(self, fault: Fault) {
        match self {
            Self::Done(done) => drop(done.send(Err(fault))),
            Self::Refused(settled, _) => drop(settled.send(Err(fault))),
        }
    }
}

/// A child run that was looked up.
pub(super) enum Child {
    /// A flow's, which begins in the write in which its caller notes it.
    New(Box<NewRun>),
    /// One of another slice, which began in a transaction of its own.
    Begun(RunId),
}

/// What became of a child run.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChildNews {
    /// It waits, with its question as shown, or goes on.
    Paused(Option<Box<Value>>),
    /// It ended.
    Ended(Result<std::sync::Arc<Value>, StepError>),
}
