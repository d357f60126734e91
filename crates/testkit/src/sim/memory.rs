//! What a crash takes away: runs in memory, effects under way, alarms, look-ups, and the write under way.

use std::collections::BTreeMap;
use std::sync::Arc;

use floe_engine::event::{Answer, Event, Happening, Place};
use floe_engine::machine::{Alarm, Command, Machine};
use floe_model::Timestamp;
use floe_model::id::{RunId, WaitId};
use serde_json::Value;

use super::disk::{Job, NewRun, RunWrite, Shown};
use super::payments::Call;

/// Everything that is only in memory.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) runs: BTreeMap<RunId, Live>,
    pub(super) tasks: Vec<Task>,
    /// Results that arrive once more, or after their effect was given up.
    pub(super) ghosts: Vec<(RunId, Happening)>,
    pub(super) alarms: Vec<(Timestamp, RunId, Alarm)>,
    pub(super) calls: Vec<(RunId, Place, Arc<Value>)>,
    /// Payment runs that are about to begin.
    pub(super) payments: Vec<(Call, Arc<Value>)>,
    /// Scripts under way: how many at which place.
    pub(super) scripts: Vec<(RunId, Place, usize)>,
    /// Runs whose variables are being read.
    pub(super) equips: Vec<RunId>,
    /// Jobs that are under way: their event is not on disk yet.
    pub(super) jobs: Vec<Job>,
    pub(super) flush: Option<Flush>,
}

/// A run in memory.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) machine: Machine,
    pub(super) flow: usize,
    pub(super) queued: bool,
    /// Whether it was only read, and not driven yet: its commands wait in the machine.
    pub(super) is_idle: bool,
    pub(super) written: usize,
    pub(super) shown: Option<Shown>,
    pub(super) events: Vec<Event>,
    pub(super) held: Vec<Command>,
    pub(super) children: Vec<NewRun>,
    /// Payment runs that it has called: they may have ended before it notes them.
    pub(super) called: Vec<RunId>,
    pub(super) acks: Vec<Ack>,
    pub(super) jobs: Vec<Job>,
}

/// What a caller is told once it is on disk.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ack {
    Started,
    Answered(WaitId, Answer),
    Cancelled,
}

/// An effect under way.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) run: RunId,
    pub(super) place: Place,
    pub(super) attempt: u32,
    pub(super) key: String,
    pub(super) input: Arc<Value>,
    pub(super) touches_world: bool,
    pub(super) begun: bool,
}

/// A write under way.
#[derive(Debug)]
pub(super) struct Flush {
    pub(super) writes: Vec<RunWrite>,
    pub(super) after: Vec<After>,
}

/// What is to be done for one run when its write is on disk.
#[derive(Debug)]
pub(super) struct After {
    pub(super) run: RunId,
    pub(super) commands: Vec<Command>,
    pub(super) acks: Vec<Ack>,
    pub(super) jobs: Vec<Job>,
    pub(super) children: Vec<RunId>,
}

impl Memory {
    /// Whether a write under way holds events of the run.
    pub(super) fn is_being_written(&self, run: RunId) -> bool {
        self.flush.iter().flat_map(|flush| &flush.writes).any(|write| write.run == run)
    }
}

impl Live {
    pub(super) fn new(machine: Machine, flow: usize, written: usize, shown: Option<Shown>) -> Self {
        Self {
            machine,
            flow,
            queued: shown == Some(Shown::Queued),
            is_idle: shown.is_some(),
            written,
            shown,
            events: Vec::new(),
            held: Vec::new(),
            children: Vec::new(),
            called: Vec::new(),
            acks: Vec::new(),
            jobs: Vec::new(),
        }
    }

    pub(super) fn is_dirty(&self) -> bool {
        !self.events.is_empty()
    }

    /// Takes what is to be written, and what follows once it is.
    pub(super) fn take_write(&mut self, run: RunId) -> (RunWrite, After) {
        let events = std::mem::take(&mut self.events);
        let first = self.written;
        self.written += events.len();
        let shown = Shown::of(&self.machine, self.queued);
        self.shown = Some(shown);
        let commands = std::mem::take(&mut self.held);
        let children = std::mem::take(&mut self.children);
        let mut jobs: Vec<Job> = events.iter().filter_map(|event| self.due_job(run, event)).collect();
        jobs.extend(commands.iter().filter_map(|command| match command {
            Command::CancelChild(child) => Some(Job::CancelChild { child: *child }),
            Command::GiveUpCall { place, attempt } => Some(Job::GiveUpCall { run, place: *place, attempt: *attempt }),
            _ => None,
        }));
        jobs.extend(self.called.drain(..).map(|child| Job::ChildNews { parent: run, child, number: 0 }));
        let after = After {
            run,
            commands,
            acks: std::mem::take(&mut self.acks),
            jobs: std::mem::take(&mut self.jobs),
            children: children.iter().map(|child| child.run).collect(),
        };
        (RunWrite { run, flow: self.flow, first, events, shown, jobs, children }, after)
    }

    /// Questions and long delays that are still open need a job to end them.
    fn due_job(&self, run: RunId, event: &Event) -> Option<Job> {
        let Happening::WaitOpened(question) = &event.what else { return None };
        let is_open = self.machine.questions().any(|open| open.wait == question.wait);
        is_open.then(|| Job::WaitDue { run, wait: question.wait, due: question.due.micros() })
    }
}
