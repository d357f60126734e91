//! A run as it goes on, event by event (Flow API contract, section 13, `stream`).
//!
//! A feed folds the journal once and then only what was added to it. It does not matter which server moves the run: the journal
//! is what all of them see. Every event of the journal is one moment, numbered by the run's revision, so that a reader who goes
//! on after a number misses nothing and gets nothing twice.

use std::time::Duration;

use floe_engine::event::{Event, Happening, QuestionKind};
use floe_engine::machine::Machine;
use floe_engine::records::{Recorder, StepRecord};
use floe_model::id::RunId;
use floe_model::{Fault, Timestamp};
use floe_runtime::Ctx;
use floe_store::flows::journal;
use floe_store::flows::runs::RunRow;
use tokio::sync::oneshot;

use crate::Flows;
use crate::runs::{self, RunState};

/// A run that is followed.
#[derive(Debug)]
pub struct RunFeed {
    row: RunRow,
    recorder: Recorder,
    read: u64,
}

/// What a moment is about first of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MomentKind {
    /// The run began or was let in.
    Run,
    /// A step began, went on or ended.
    Step,
    /// The run waits for an answer, time, or a child that does.
    Wait,
    /// The run is over.
    Done,
}

impl MomentKind {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Step => "step",
            Self::Wait => "wait",
            Self::Done => "done",
        }
    }
}

/// One event of a run with what it led to.
pub struct Moment<'f> {
    /// What it is about.
    pub kind: MomentKind,
    /// When it was.
    pub at: Timestamp,
    /// The run's state after it.
    pub state: RunState,
    /// The machine after it.
    pub machine: &'f Machine,
    /// What happened.
    pub what: &'f Happening,
    /// Records of the steps that it changed, each with its number in order of start.
    pub steps: Vec<(usize, &'f StepRecord)>,
}

impl Flows {
    /// Follows a run that the caller may see.
    ///
    /// # Errors
    /// 404 for a run that is not there or may not be seen.
    pub async fn follow(&self, ctx: &Ctx, run: RunId) -> Result<RunFeed, Fault> {
        let row = self.run_row(ctx, run).await?;
        let plan = runs::plan_of(&ctx.store, &self.plans, &row).await?;
        Ok(RunFeed { row, recorder: Recorder::new(plan), read: 0 })
    }
}

/// Waits until a watched run has changed ([`crate::runs::RunEngine::watch`]), `most` at most.
pub async fn wait_for_change(changed: oneshot::Receiver<()>, most: Duration) {
    let until = tokio::time::Instant::now() + most;
    if let Ok(Err(_)) = tokio::time::timeout_at(until, changed).await {
        // Nobody tells of this run any more; whoever follows it looks again when the time is over.
        tokio::time::sleep_until(until).await;
    }
}

impl RunFeed {
    /// Whether the run's last event was seen.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.recorder.machine().outcome().is_some()
    }

    /// Reads what was added to the journal, and gives each moment above `after`.
    ///
    /// # Errors
    /// Of the database, and when the journal cannot be read.
    pub async fn advance<T>(
        &mut self,
        ctx: &Ctx,
        after: u64,
        mut render: impl FnMut(&Moment<'_>) -> T,
    ) -> Result<Vec<T>, Fault> {
        let (workspace, run, from) = (self.row.workspace, self.row.id, self.read);
        let chunks = ctx.store.read(move |tx| journal::read_from(tx, workspace, run, from)).await?;
        let mut rendered = Vec::new();
        for chunk in chunks {
            let events: Vec<Event> = serde_json::from_str(&chunk).map_err(Fault::internal)?;
            for (index, event) in events.iter().enumerate() {
                let was_admitted = matches!(events.get(index + 1).map(|next| &next.what), Some(Happening::Admitted));
                self.recorder.record(event);
                self.read += 1;
                let revision = self.recorder.machine().revision();
                if revision > after {
                    let is_queued = revision == 1 && (was_admitted || self.row.status == "queued");
                    rendered.push(render(&self.moment(event, is_queued)));
                }
            }
        }
        Ok(rendered)
    }

    /// The state after what was read so far.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        self.recorder.machine()
    }

    fn moment<'f>(&'f self, event: &'f Event, is_queued: bool) -> Moment<'f> {
        let machine = self.recorder.machine();
        let mut state = RunState::of(&self.row, machine);
        state.status = runs::status(machine, is_queued);
        let kind = match &event.what {
            _ if machine.outcome().is_some() => MomentKind::Done,
            Happening::Began(_) | Happening::Admitted => MomentKind::Run,
            Happening::WaitOpened(question) if question.kind != (QuestionKind::Delay { inline: true }) => {
                MomentKind::Wait
            }
            Happening::ChildPaused { question: Some(_), .. } => MomentKind::Wait,
            _ => MomentKind::Step,
        };
        let steps = self.recorder.changed_numbered().collect();
        Moment { kind, at: event.at, state, machine, what: &event.what, steps }
    }
}
