//! The machine: a run's state, changed only by events, asked for what should happen now.
//!
//! [`Machine::apply`] folds an event into the state; [`Machine::next`] says what should happen now. It never asks for
//! the time, never draws randomness, never evaluates an expression and never fails, so the same events always give the
//! same state. That makes recovery a fold over the journal, and lets a simulation crash it anywhere.
//!
//! Runs of graphs have a memory instead of a context: variables and records, shared between copies. Whatever their nodes
//! need evaluated in a sandbox is asked for with [`Command::Script`]; that is no part of the history.
//!
//! An event that does not fit the state (the late answer of an attempt that was given up, the second answer to a
//! question) is ignored; [`Machine::accepts`] tells beforehand, so that only what counts is written to the journal.

mod context;
mod fold;
mod frame;
mod loops;
mod memory;
mod names;
mod outputs;
mod passes;
mod reads;
mod records;
mod reuse;
mod scripts;
mod settle;
mod waits;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use floe_model::Timestamp;
use floe_model::id::{RunId, WaitId};
use serde_json::{Map, Value};

pub use context::Context;
pub use frame::{Active, PathStep};
pub use names::Names;
pub(crate) use waits::{pause_between, review_variables};

use crate::event::{Beginning, Event, Place, Question, StepError};
use crate::expr::Script;
use crate::plan::Plan;
use frame::Frame;
use memory::Memory;
use reuse::Table;
use scripts::Scripts;

/// Step executions of one run at most (Flow API contract, section 6.7).
pub const STEPS_MAX: u32 = 10_000;
/// Bytes of context of one run at most, what its loops have gathered included (Flow API contract, section 6.7).
pub const CONTEXT_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Bytes of context of one run at most, the copies that parallel branches work on included.
pub const COPIES_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes that the events of one run carry at most: results, inputs, lists. It bounds what a loop can write again and
/// again without its context growing.
pub const JOURNAL_BYTES_MAX: usize = 128 * 1024 * 1024;

/// What should happen now.
#[derive(Debug, Clone)]
pub enum Command {
    /// Evaluate the node and apply what comes of it.
    Evaluate(Place),
    /// Make the effect; apply [`crate::event::Happening::Done`] or `Failed` with its result.
    Perform {
        /// Where.
        place: Place,
        /// Which attempt, from 1.
        attempt: u32,
        /// The configuration.
        input: Arc<Value>,
    },
    /// Apply `Retried` (or `Expired`) when the time has come.
    Wake {
        /// When.
        at: Timestamp,
        /// What for.
        alarm: Alarm,
    },
    /// Look up the called flow, then apply `ChildStarted` and start the run in the same write, or apply `Failed`. What is called but is
    /// no flow begins in a write of its own, once for the place and the attempt; then apply `ChildStarted`, and that it pauses.
    Call {
        /// Where.
        place: Place,
        /// `{flowId, version, inputs}`, or what is called takes.
        input: Arc<Value>,
    },
    /// Evaluate texts in the sandbox, then tell [`Machine::scripted`] what came of them.
    Script {
        /// Where.
        place: Place,
        /// What.
        scripts: Vec<Script>,
    },
    /// Read these variables of the workspace; apply `Equipped`. Nothing else goes on before.
    Equip {
        /// Their names.
        names: BTreeSet<String>,
    },
    /// The effect at the place is no longer wanted: stop it if that can be done.
    Abandon(Place),
    /// The child run is no longer wanted: cancel it.
    CancelChild(RunId),
    /// What is being called and is no flow is no longer wanted: it must not begin, or is cancelled when it has.
    GiveUpCall {
        /// Where it was called.
        place: Place,
        /// Which attempt, from 1.
        attempt: u32,
    },
}

/// What a wake-up is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// The next attempt at a place.
    Retry(Place),
    /// The time of a wait.
    Wait(WaitId),
    /// The next look at the condition of a pause: apply `Looked`.
    Look(Place),
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// With an output.
    Completed(Arc<Value>),
    /// With an error.
    Failed(RunError),
    /// By somebody's wish.
    Cancelled,
}

/// Why a run failed, with the step that did it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunError {
    /// Code and message.
    pub error: StepError,
    /// The node that failed, if it was one.
    pub node: Option<u32>,
    /// Which attempt it was.
    pub attempt: u32,
    /// When.
    pub at: Timestamp,
}

/// How a step ended.
#[derive(Debug, Clone)]
pub enum Settled {
    /// With a result.
    Completed(Arc<Value>),
    /// For good, whatever `onError` makes of it.
    Failed(StepError),
    /// Passed over on purpose.
    Skipped,
}

/// Variables of the workspace that a graph's run sees.
#[derive(Debug, Default)]
struct Env {
    /// Whether they are still to be read.
    is_awaited: bool,
    values: Map<String, Value>,
    /// Names of those that are secrets.
    secrets: Vec<String>,
}

/// A run's state.
#[derive(Debug)]
pub struct Machine {
    plan: Arc<Plan>,
    beginning: Option<Box<Beginning>>,
    started_at: Timestamp,
    last_at: Timestamp,
    paused_since: Option<Timestamp>,
    paused_us: i64,
    outcome: Option<Outcome>,
    frames: BTreeMap<u32, Frame>,
    next_frame: u32,
    contexts: BTreeMap<u32, Context>,
    /// What takes the place of contexts in a graph.
    memories: BTreeMap<u32, Memory>,
    /// `shared` of a graph: an object.
    shared: Value,
    shared_bytes: usize,
    /// Keys of `shared` that searches by meaning pass over.
    unsearchable: BTreeSet<String>,
    scripts: Scripts,
    builtin: Map<String, Value>,
    /// `env` of a graph.
    env: Env,
    ready: VecDeque<Place>,
    active: BTreeMap<Place, Active>,
    questions: Vec<Question>,
    answered: Vec<WaitId>,
    steps: u32,
    applied: u64,
    carried_bytes: usize,
    reuse: Table,
    outbox: VecDeque<Command>,
    settled: Vec<(Place, Settled)>,
    passed: Vec<Place>,
}

impl Machine {
    /// A run that has not begun.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        Self {
            plan,
            beginning: None,
            started_at: Timestamp(0),
            last_at: Timestamp(0),
            paused_since: None,
            paused_us: 0,
            outcome: None,
            frames: BTreeMap::new(),
            next_frame: 0,
            contexts: BTreeMap::new(),
            memories: BTreeMap::new(),
            shared: Value::Object(Map::new()),
            shared_bytes: 0,
            unsearchable: BTreeSet::new(),
            scripts: Scripts::default(),
            builtin: Map::new(),
            env: Env::default(),
            ready: VecDeque::new(),
            active: BTreeMap::new(),
            questions: Vec::new(),
            answered: Vec::new(),
            steps: 0,
            applied: 0,
            carried_bytes: 0,
            reuse: Table::default(),
            outbox: VecDeque::new(),
            settled: Vec::new(),
            passed: Vec::new(),
        }
    }

    /// A run as its journal tells it, ready to go on: what was under way when the journal ends is commanded again.
    #[must_use]
    pub fn recover<'e>(plan: Arc<Plan>, events: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut machine = Self::new(plan);
        for event in events {
            machine.apply(event);
        }
        machine.outbox = machine.under_way();
        machine
    }

    /// What should happen now, or nothing until the next event.
    ///
    /// An [`Command::Evaluate`] is given again until its event is applied; every other command is given once.
    #[expect(clippy::should_implement_trait, reason = "a machine is no iterator: it goes on after an event")]
    pub fn next(&mut self) -> Option<Command> {
        if let Some(command) = self.outbox.pop_front() {
            return Some(command);
        }
        if self.outcome.is_some() || self.env.is_awaited {
            return None;
        }
        if self.is_full() {
            return None;
        }
        self.ready.iter().find(|place| !self.scripts.is_waiting(**place)).copied().map(Command::Evaluate)
    }

    /// Whether as many nodes work as may at the same time.
    fn is_full(&self) -> bool {
        let Some(most) = self.plan.rules.concurrency_max else { return false };
        let at_work = self.active.values().filter(|active| active.is_work()).count() + self.scripts.waiting();
        at_work >= most as usize
    }

    /// What is under way: commands that a restart must give again.
    fn under_way(&self) -> VecDeque<Command> {
        if self.outcome.is_some() {
            return VecDeque::new();
        }
        let from_places = self.active.iter().filter_map(|(place, active)| active.command(*place));
        let env = self.env.is_awaited.then(|| Command::Equip { names: self.plan.env_names() });
        let from_questions = self.questions.iter().filter_map(waits::wake_for);
        from_places.chain(from_questions).chain(env).collect()
    }
}

#[cfg(test)]
mod tests;
