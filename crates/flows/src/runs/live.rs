//! A run in memory: its machine, what is not on disk yet, and who waits for it.

use std::collections::HashMap;

use floe_engine::drive::{ACTIVE_MS_MAX, Drive, drive_some};
use floe_engine::event::{Event, Happening, Place};
use floe_engine::expr::Profile;
use floe_engine::interpret::Moment;
use floe_engine::machine::{Command, Machine};
use floe_model::flows::FlowSettings;
use floe_model::id::{RunId, WaitId};
use floe_model::{Fault, Timestamp};
use floe_store::flows::executions::RunResult;
use floe_store::flows::files::Claim;
use floe_store::flows::runs::RunRow;
use floe_store::flows::waits::WaitEnd;
use floe_store::platform::audit;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::admission::Ticket;
use super::batch::RunWrite;
use super::called::call_key;
use super::message::Reply;
use super::start::ChildStart;
use super::state::RunState;

/// Nodes evaluated at a stretch: a long run of pure nodes lets others go on in between.
const EVALUATIONS_MAX: usize = 4_096;

/// Milliseconds after the end of its active time at which a run is looked at.
const DEADLINE_SLACK_MS: i64 = 10;

/// A run in memory.
pub(super) struct Live {
    /// The row as it would be written now, but for what [`Live::refresh`] fills in.
    pub(super) row: RunRow,
    pub(super) machine: Machine,
    /// Whether it waits for a place among the runs of its workspace.
    pub(super) queued: bool,
    /// Whether the row must be written with the next events: at the start, at waits and at the end.
    row_is_due: bool,
    /// Events that are on disk or on their way.
    pub(super) written: u64,
    /// Events that are not.
    events: Vec<Event>,
    /// What may only happen once the events are on disk.
    held: Vec<Command>,
    /// Rows that belong to the events.
    extras: Extras,
    /// Effects under way.
    pub(super) tasks: HashMap<Place, AbortHandle>,
    /// Who wants to be told when the run ends or waits.
    pub(super) waiters: Vec<oneshot::Sender<Result<RunState, Fault>>>,
    /// Answers that may be given once everything so far is on disk.
    pub(super) replies: Vec<Reply>,
    /// Whether a write of it is under way: what memory holds is not on disk yet.
    pub(super) is_flushing: bool,
    /// Who wants to be told that the run is on disk.
    pub(super) accepted: Option<oneshot::Sender<Result<(), Fault>>>,
    /// Whether it is counted among the moving runs of its workspace.
    pub(super) has_place: bool,
    /// The flow's settings at its start.
    settings: FlowSettings,
    /// What the row said about waiting when it was last written.
    shown: Shown,
    /// Questions that are open on disk.
    open: Vec<WaitId>,
    /// Whether it can go on at once: it was only cut short for the sake of others.
    pub(super) is_cut: bool,
    /// When its active time ends, as it was last told to the timers.
    deadline: Option<Timestamp>,
}

/// Rows that are written with a run's events.
#[derive(Default)]
pub(super) struct Extras {
    pub(super) closed: Vec<WaitEnd>,
    pub(super) audit: Vec<audit::Entry>,
    pub(super) children: Vec<ChildStart>,
    /// What was called and is no flow: it began before, and may have ended since.
    pub(super) called: Vec<RunId>,
    /// Calls of what is no flow that are no longer wanted, by their keys.
    pub(super) given_up: Vec<String>,
    /// Children that are no longer wanted.
    pub(super) cancelled: Vec<RunId>,
    /// Files that the run begins with: from now on they stay.
    pub(super) claims: Vec<Claim>,
}

/// What lists and parents see of a run's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    /// With the question that makes a workflow paused while other branches go on.
    Running(Option<WaitId>),
    Waiting(Option<WaitId>),
    Over,
}

impl Live {
    /// A run that has not begun.
    pub(super) fn new(row: RunRow, machine: Machine) -> Self {
        Self::with(row, machine, 0, Shown::Nothing)
    }

    /// A run as its journal tells it.
    pub(super) fn recovered(row: RunRow, machine: Machine) -> Self {
        let written = machine.revision();
        let shown = shown(&machine);
        Self::with(row, machine, written, shown)
    }

    fn with(row: RunRow, machine: Machine, written: u64, shown: Shown) -> Self {
        let settings = FlowSettings::stored(&row.settings);
        let open = machine.questions().map(|question| question.wait).collect();
        Self {
            queued: row.status == "queued",
            row,
            machine,
            row_is_due: false,
            written,
            events: Vec::new(),
            held: Vec::new(),
            extras: Extras::default(),
            tasks: HashMap::new(),
            waiters: Vec::new(),
            replies: Vec::new(),
            is_flushing: false,
            accepted: None,
            has_place: false,
            settings,
            shown,
            open,
            is_cut: false,
            deadline: None,
        }
    }

    /// Applies what happened and everything that follows from it. Gives the commands that may be carried out at once;
    /// the others are held until the events are on disk.
    pub(super) fn happen(
        &mut self,
        what: Option<Happening>,
        now: Timestamp,
        fresh: &mut dyn FnMut() -> u128,
    ) -> Vec<Command> {
        let mut moment = Moment { now, fresh, active_ms_max: self.active_ms_max() };
        let Drive { events, commands, is_cut } = drive_some(&mut self.machine, what, &mut moment, EVALUATIONS_MAX);
        self.is_cut = is_cut;
        self.events.extend(events);
        if self.events.is_empty() {
            // A run read from its journal goes on with what is on disk already; no write would come to release it.
            return commands;
        }
        let (now, later): (Vec<Command>, Vec<Command>) =
            commands.into_iter().partition(|command| self.may_precede_write(command));
        self.held.extend(later);
        now
    }

    /// Active time of the run at most: of its version if that says one, else of the flow's settings.
    fn active_ms_max(&self) -> i64 {
        let of_flow = self.settings.timeout_seconds.map(|seconds| i64::from(seconds) * 1_000);
        let of_version = self.machine.plan().rules.active_ms_max;
        of_flow.into_iter().chain(of_version).min().unwrap_or(ACTIVE_MS_MAX)
    }

    /// When the run of a workflow has to be looked at because its active time ends, if that is not known yet.
    pub(super) fn take_deadline(&mut self, now: Timestamp) -> Option<Timestamp> {
        let machine = &self.machine;
        let is_moving = machine.beginning().is_some() && machine.outcome().is_none() && !self.queued;
        if !machine.is_graph() || !is_moving || machine.is_pausing() {
            return None;
        }
        let left_ms = self.active_ms_max() - machine.active_ms(now);
        // What is left only counts down while the run is active; after a pause the look comes too early, and is repeated.
        let at = now.plus_millis(left_ms.max(0) + DEADLINE_SLACK_MS);
        let is_known = self.deadline.is_some_and(|known| known > now && known <= at);
        (!is_known).then(|| *self.deadline.insert(at))
    }

    /// Notes an event without driving on: a run that has to queue.
    pub(super) fn note(&mut self, what: Happening, at: Timestamp) {
        let event = Event { at, what };
        self.machine.apply(&event);
        self.events.push(event);
    }

    /// Rows to be written with the next events.
    pub(super) fn extras(&mut self) -> &mut Extras {
        &mut self.extras
    }

    /// Makes the next write carry the row even when nothing that lists show has changed.
    pub(super) fn put_row(&mut self) {
        self.row_is_due = true;
    }

    /// Whether there is something to write.
    pub(super) fn is_dirty(&self) -> bool {
        !self.events.is_empty() || self.row_is_due
    }

    /// Whether memory and disk agree.
    pub(super) fn is_on_disk(&self) -> bool {
        !self.is_dirty() && !self.is_flushing
    }

    /// Whether it only waits for runs that it has called: its place is free for others, for those runs above all.
    pub(super) fn is_idle(&self) -> bool {
        self.is_on_disk() && self.tasks.is_empty() && self.machine.is_idle()
    }

    /// Whether nothing but a message can move it, so that memory need not keep it.
    pub(super) fn is_at_rest(&self) -> bool {
        let in_queue = self.queued && self.waiters.is_empty();
        self.is_on_disk() && self.tasks.is_empty() && (in_queue || self.is_settled())
    }

    /// Whether it ended or waits: what a synchronous caller wants to be told.
    pub(super) fn is_settled(&self) -> bool {
        self.machine.outcome().is_some() || self.machine.is_waiting()
    }

    /// Tells a caller when the run ends or waits.
    pub(super) fn wait_for_end(&mut self, settled: oneshot::Sender<Result<RunState, Fault>>) {
        self.waiters.retain(|waiter| !waiter.is_closed());
        self.waiters.push(settled);
    }

    /// Takes what is to be written, and what may happen once it is.
    pub(super) fn take_write(&mut self) -> (RunWrite, Vec<Command>) {
        let events = std::mem::take(&mut self.events);
        let first = self.written;
        self.written += events.len() as u64;
        let commands = std::mem::take(&mut self.held);
        let unwanted = |command: &Command| match command {
            Command::CancelChild(child) => Some(*child),
            _ => None,
        };
        self.extras.cancelled.extend(commands.iter().filter_map(unwanted));
        self.extras.given_up.extend(commands.iter().filter_map(|command| match command {
            Command::GiveUpCall { place, attempt } => Some(call_key(*place, *attempt)),
            _ => None,
        }));
        let shows = shown(&self.machine);
        let is_new = self.shown == Shown::Nothing;
        let row_is_due = std::mem::take(&mut self.row_is_due) || shows != self.shown;
        // A run that is cancelled while it waits for a place never begins.
        let is_admitted = events.iter().any(|event| matches!(event.what, Happening::Admitted));
        let begins = is_admitted || (is_new && !self.queued);
        self.refresh();
        let write = RunWrite {
            row: row_is_due.then(|| self.row.clone()),
            is_new,
            changed: shows != self.shown && !(is_new && matches!(shows, Shown::Running(_))),
            first,
            opened: super::batch::opened(&self.row, &self.machine, &events),
            delays: super::batch::delays(&self.machine, &events),
            ended: self.ended_waits(&events),
            result: (shows == Shown::Over && shows != self.shown)
                .then(|| result_of(&self.row, &self.machine))
                .flatten(),
            is_workflow: self.machine.plan().rules.profile == Profile::Graph,
            begins,
            events,
            extras: std::mem::take(&mut self.extras),
            workspace: self.row.workspace,
            run: self.row.id,
        };
        self.shown = shows;
        (write, commands)
    }

    /// Questions that were open on disk and no longer are, but for those that were answered: their time came, or the
    /// run went on without them.
    fn ended_waits(&mut self, events: &[Event]) -> Vec<WaitEnd> {
        let now_open: Vec<WaitId> = self.machine.questions().map(|question| question.wait).collect();
        let before = std::mem::replace(&mut self.open, now_open);
        let ended = before
            .into_iter()
            .filter(|wait| !self.open.contains(wait) && !self.extras.closed.iter().any(|closed| closed.id == *wait));
        let expired = |id: WaitId| events.iter().any(|e| matches!(e.what, Happening::Expired { wait } if wait == id));
        let end = |id: WaitId| WaitEnd {
            workspace: self.row.workspace,
            id,
            status: if expired(id) { "expired" } else { "cancelled" },
            at: self.machine.last_at(),
            by: None,
            answer: None,
        };
        ended.map(end).collect()
    }

    /// What it asks for a place with.
    pub(super) fn ticket(&self) -> Ticket {
        Ticket::new(self.row.workspace, self.row.flow, self.row.id, &self.settings)
    }

    /// The run's state as callers see it.
    pub(super) fn state(&self) -> RunState {
        RunState::of(&self.row, &self.machine)
    }

    /// Brings the row up to date with the machine.
    fn refresh(&mut self) {
        super::state::fill_row(&mut self.row, &self.machine, self.queued);
    }

    /// Effects that the world cannot see, look-ups and alarms need not wait for the disk. What is called but is no flow begins in a
    /// transaction of its own, so it does.
    fn may_precede_write(&self, command: &Command) -> bool {
        match command {
            Command::Perform { place, .. } => super::perform::is_harmless(self.machine.plan(), *place),
            Command::Wake { .. } => true,
            Command::Call { place, .. } => self.machine.calls_flow(*place),
            Command::Script { .. } | Command::Equip { .. } => true,
            Command::Evaluate(_) | Command::Abandon(_) | Command::CancelChild(_) | Command::GiveUpCall { .. } => false,
        }
    }
}

/// What a run of a workflow was given and came to, for lists.
fn result_of(row: &RunRow, machine: &Machine) -> Option<RunResult> {
    if machine.plan().rules.profile != Profile::Graph {
        return None;
    }
    let inputs = Value::Object(machine.beginning()?.inputs.clone()).to_string();
    let outputs = machine.outputs().map(|outputs| outputs.to_string());
    Some(RunResult { workspace: row.workspace, run: row.id, inputs, outputs })
}

fn shown(machine: &Machine) -> Shown {
    if machine.outcome().is_some() {
        return Shown::Over;
    }
    if machine.is_waiting() {
        return Shown::Waiting(machine.questions().next().map(|question| question.wait));
    }
    let asked = machine.asking().next().filter(|_| machine.is_graph());
    Shown::Running(asked.map(|question| question.wait))
}
