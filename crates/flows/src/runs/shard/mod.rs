//! A shard: one task that owns the runs which fall to it.
//!
//! Its loop takes messages, applies them to machines, and starts a write whenever something is dirty and none is under
//! way. When the write is on disk it carries out what the written events allow, and tells whoever waits.

mod flush;
mod outside;
mod requests;
mod timers;

use std::collections::HashMap;
use std::sync::Arc;

use floe_engine::event::Happening;
use floe_engine::machine::{Command, Machine};
use floe_model::id::{RunId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::child_runs::Hindrance;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;

use super::admission::{Entry, Ticket};
use super::called::{CallerOf, begin_child};
use super::engine::Core;
use super::live::Live;
use super::load::Loaded;
use super::message::{Message, Request};
use super::perform::perform;
use super::room::pause_before;
use super::start::NewRun;
use super::state::RunState;
use flush::{Flush, wait_for};
use timers::Timers;

/// Messages taken before the shard looks whether there is something to write.
const MESSAGES_PER_TURN_MAX: usize = 512;
/// How often the shard gives way to others before a write, as long as that brings it more to write.
const GATHERS_MAX: usize = 4;
/// Watched runs after which forgotten watchers are swept out.
const WATCHED_MAX: usize = 4_096;

pub(super) struct Shard {
    core: Arc<Core>,
    sender: UnboundedSender<Message>,
    runs: HashMap<RunId, Slot>,
    dirty: Vec<RunId>,
    timers: Timers,
    watchers: HashMap<RunId, Vec<oneshot::Sender<()>>>,
    /// How many times in a row a run could not be read or written.
    failures: HashMap<RunId, u32>,
    stopping: Vec<oneshot::Sender<()>>,
    /// How many times this node was taken for gone: a write that was begun before says nothing of what memory holds now.
    life: u64,
}

enum Slot {
    /// Being read from disk; what came for it meanwhile.
    Loading(Vec<Request>),
    Live(Box<Live>),
}

impl Shard {
    pub(super) fn new(core: Arc<Core>, sender: UnboundedSender<Message>) -> Self {
        Self {
            core,
            sender,
            runs: HashMap::new(),
            dirty: Vec::new(),
            timers: Timers::default(),
            watchers: HashMap::new(),
            failures: HashMap::new(),
            stopping: Vec::new(),
            life: 0,
        }
    }

    /// Runs until it is told to stop and everything is on disk.
    pub(super) async fn run(mut self, mut inbox: UnboundedReceiver<Message>) {
        let mut flush: Option<Flush> = None;
        loop {
            if flush.is_none() {
                self.gather(&mut inbox).await;
                flush = self.start_flush();
            }
            if flush.is_none() && !self.stopping.is_empty() {
                break;
            }
            let until_timer = self.until_next_timer();
            tokio::select! {
                message = inbox.recv() => {
                    let Some(message) = message else { break };
                    self.take(message);
                    self.take_waiting(&mut inbox);
                }
                results = wait_for(&mut flush), if flush.is_some() => {
                    if let Some(flush) = flush.take() {
                        self.flushed(flush, results);
                    }
                }
                () = tokio::time::sleep(until_timer.unwrap_or_default()), if until_timer.is_some() => self.fire_timers(),
            }
        }
        for done in self.stopping {
            let _ = done.send(());
        }
    }

    /// Lets those go first who are about to have something to write: the results of short effects come one by one, and a write for each
    /// would cost as much as one for all. A run that is alone waits for nobody.
    async fn gather(&mut self, inbox: &mut UnboundedReceiver<Message>) {
        for _ in 0..GATHERS_MAX {
            if self.dirty.is_empty() || self.dirty.len() >= self.runs.len() {
                return;
            }
            tokio::task::yield_now().await;
            if self.take_waiting(inbox) == 0 {
                return;
            }
        }
    }

    /// Takes the messages that are there; returns how many.
    fn take_waiting(&mut self, inbox: &mut UnboundedReceiver<Message>) -> usize {
        for taken in 0..MESSAGES_PER_TURN_MAX {
            let Ok(message) = inbox.try_recv() else { return taken };
            self.take(message);
        }
        MESSAGES_PER_TURN_MAX
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Start { new, settled, accepted } => self.start(&new, settled, accepted),
            Message::Run { workspace, run, what } => self.request(workspace, run, what),
            Message::Loaded { run, loaded } => self.loaded(run, loaded),
            Message::Watch { run, changed } => {
                if self.watchers.len() > WATCHED_MAX {
                    self.watchers.retain(|_, watchers| watchers.iter().any(|watcher| !watcher.is_closed()));
                }
                let watchers = self.watchers.entry(run).or_default();
                watchers.retain(|watcher| !watcher.is_closed());
                watchers.push(changed);
            }
            Message::Changed { run } => {
                let told = match run {
                    Some(run) => self.watchers.remove(&run).unwrap_or_default(),
                    None => std::mem::take(&mut self.watchers).into_values().flatten().collect(),
                };
                for watcher in told {
                    let _ = watcher.send(());
                }
            }
            Message::Ended => self.let_go_of_all(),
            Message::Stop { done } => self.stopping.push(done),
        }
    }

    fn start(
        &mut self,
        new: &NewRun,
        settled: oneshot::Sender<Result<RunState, Fault>>,
        accepted: oneshot::Sender<Result<(), Fault>>,
    ) {
        if !self.stopping.is_empty() {
            let _ = accepted.send(Err(overloaded("The server is stopping")));
            return;
        }
        if self.runs.contains_key(&new.run) {
            let _ = accepted.send(Ok(()));
            return self.request(new.workspace, new.run, Request::Settle { settled });
        }
        let now = self.core.platform.clock.now();
        let mut live = Box::new(Live::new(new.row(now), Machine::new(Arc::clone(&new.plan))));
        let entry = self.core.admission.enter(live.ticket(), false);
        if entry == Entry::Full {
            let _ = accepted.send(Err(overloaded("Too many runs are waiting for their turn")));
            return;
        }
        live.extras().claims = crate::files::claims_of(new);
        live.waiters.push(settled);
        live.accepted = Some(accepted);
        live.put_row();
        live.has_place = entry == Entry::In;
        live.queued = entry == Entry::Queued;
        if live.queued {
            live.note(new.beginning(), now);
            self.dirty.push(new.run);
        }
        let moves = live.has_place;
        self.runs.insert(new.run, Slot::Live(live));
        if moves {
            self.happen(new.run, Some(new.beginning()));
        }
    }

    /// Something for one run; loads it first if it is not in memory.
    fn request(&mut self, workspace: WorkspaceId, run: RunId, what: Request) {
        match self.runs.get_mut(&run) {
            Some(Slot::Live(_)) => self.serve(run, what),
            Some(Slot::Loading(pending)) => pending.push(what),
            // The result of an effect whose run is gone was given up.
            None if matches!(
                what,
                Request::LetGo
                    | Request::GoOn
                    | Request::Effected { .. }
                    | Request::Scripted { .. }
                    | Request::Equipped { .. }
                    | Request::Alarm(_)
                    | Request::Called { .. }
            ) => {}
            None => {
                self.runs.insert(run, Slot::Loading(vec![what]));
                let (core, sender) = (Arc::clone(&self.core), self.sender.clone());
                tokio::spawn(async move {
                    let loaded = super::load::load(&core.platform.store, &core.plans, workspace, run).await;
                    let _ = sender.send(Message::Loaded { run, loaded: loaded.map(|loaded| loaded.map(Box::new)) });
                });
            }
        }
    }

    fn loaded(&mut self, run: RunId, loaded: Result<Option<Box<Loaded>>, Fault>) {
        // This node may have let go of everything while the run was being read, and have taken it up again.
        if !matches!(self.runs.get(&run), Some(Slot::Loading(_))) {
            return;
        }
        let Some(Slot::Loading(pending)) = self.runs.remove(&run) else { return };
        match loaded {
            Ok(Some(loaded)) if self.core.is_elsewhere(loaded.owner) => {
                for what in pending {
                    self.core.send_on(loaded.row.workspace, run, loaded.owner, what);
                }
            }
            Ok(Some(loaded)) => {
                let workspace = loaded.row.workspace;
                let machine = Machine::recover(Arc::clone(&loaded.plan), &loaded.events);
                self.runs.insert(run, Slot::Live(Box::new(Live::recovered(loaded.row, machine))));
                for what in pending {
                    // Serving one request may have sent the run to rest; the next one brings it back.
                    self.request(workspace, run, what);
                }
                self.rest(run);
            }
            Ok(None) => self.refuse(pending, || Fault::not_found("Run")),
            Err(fault) => {
                tracing::error!(run.id = %run, %fault, "a run cannot be read");
                self.refuse(pending, || overloaded("The run cannot be read now"));
            }
        }
    }

    fn refuse(&mut self, pending: Vec<Request>, fault: impl Fn() -> Fault) {
        for what in pending {
            if let Request::Admit(ticket) = what {
                self.core.give_back(ticket);
                if fault().kind() == FaultKind::NotFound {
                    self.failures.remove(&ticket.run);
                } else {
                    self.admit_later(ticket);
                }
            } else {
                what.refuse(&fault);
            }
        }
    }

    /// Nobody else would bring a run back that could not be read or written. The more often that happened, the later it comes.
    fn admit_later(&mut self, ticket: Ticket) {
        let failures = self.failures.entry(ticket.run).or_default();
        *failures = failures.saturating_add(1);
        let pause = pause_before(*failures);
        let (core, sender) = (Arc::clone(&self.core), self.sender.clone());
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            core.room.wait(&core.platform, || sender.is_closed()).await;
            core.admit(ticket, true);
        });
    }

    /// Applies what happened to a run, carries out what need not wait for the disk, and marks it for writing.
    fn happen(&mut self, run: RunId, what: Option<Happening>) {
        let core = Arc::clone(&self.core);
        let now = core.platform.clock.now();
        let Some(live) = self.live(run) else { return };
        let commands = live.happen(what, now, &mut || core.platform.ids.next_bits());
        if live.is_dirty() {
            self.dirty.push(run);
        }
        for command in commands {
            self.carry_out(run, command);
        }
        self.set_deadline(run, now);
        let workspace = self.live(run).filter(|live| live.is_cut).map(|live| live.row.workspace);
        if let Some(workspace) = workspace {
            // A shard that has ended has no use for it: the run goes on from its journal.
            let _ = self.sender.send(Message::Run { workspace, run, what: Request::GoOn });
        }
    }

    fn carry_out(&mut self, run: RunId, command: Command) {
        match command {
            Command::Perform { .. } if !self.core.may_touch_world() => self.let_go(run),
            Command::Perform { place, attempt, input } => {
                let (core, sender) = (Arc::clone(&self.core), self.sender.clone());
                // It may have been given up while its intent was on the way to the disk.
                let Some(live) = self.live(run).filter(|live| live.machine.wants(place, attempt)) else { return };
                if let Some(task) = perform(&core, &sender, live, place, attempt, input) {
                    live.tasks.insert(place, task);
                }
            }
            Command::Wake { at, alarm } => self.set_timer(run, at, alarm),
            Command::Call { place, input } => {
                let (core, sender) = (Arc::clone(&self.core), self.sender.clone());
                let Some(live) = self.live(run) else { return };
                // It may have been given up while it was on the way to the disk.
                let Some(caller) = CallerOf::at(live, place) else { return };
                tokio::spawn(async move {
                    let workspace = caller.row.workspace;
                    let what = match begin_child(&core, caller, input).await {
                        Ok(child) => Request::Called { place, child: Ok(child) },
                        Err(Hindrance::Refused(error)) => Request::Called { place, child: Err(error) },
                        Err(Hindrance::Database(fault)) => {
                            tracing::error!(run.id = %run, %fault, "what a run calls cannot be read");
                            Request::LetGo
                        }
                    };
                    let _ = sender.send(Message::Run { workspace, run, what });
                });
            }
            Command::Abandon(place) => {
                if let Some(task) = self.live(run).and_then(|live| live.tasks.remove(&place)) {
                    task.abort();
                }
            }
            // A job does it, so that a kill between the parent's end and its child's loses nothing.
            Command::CancelChild(_) | Command::GiveUpCall { .. } | Command::Evaluate(_) => {}
            Command::Script { place, scripts } => self.script(run, place, scripts),
            Command::Equip { names } => self.equip(run, names),
        }
    }

    /// Drops a run that nothing but a message can move, and gives its place to the next one.
    fn rest(&mut self, run: RunId) {
        let core = Arc::clone(&self.core);
        let Some(live) = self.live(run) else { return };
        if !live.is_at_rest() {
            if live.has_place && live.is_idle() {
                live.has_place = false;
                core.give_back(live.ticket());
            }
            return;
        }
        if let Some(Slot::Live(mut live)) = self.runs.remove(&run) {
            for waiter in std::mem::take(&mut live.waiters) {
                let _ = waiter.send(Ok(live.state()));
            }
            self.failures.remove(&run);
            self.leave(&live);
        }
    }

    /// Drops a run that this node may not move just now, and reads it again later: by then its owner is clear.
    pub(super) fn let_go(&mut self, run: RunId) {
        let Some(Slot::Live(live)) = self.runs.remove(&run) else { return };
        live.tasks.values().for_each(tokio::task::AbortHandle::abort);
        self.leave(&live);
        self.admit_later(live.ticket());
    }

    /// This node was taken for gone: nothing that it holds counts any more. Whoever waits for a run finds out from the database.
    fn let_go_of_all(&mut self) {
        for (_, slot) in std::mem::take(&mut self.runs) {
            match slot {
                Slot::Live(live) => {
                    live.tasks.values().for_each(tokio::task::AbortHandle::abort);
                    self.leave(&live);
                }
                Slot::Loading(pending) => {
                    for what in pending {
                        if let Request::Admit(ticket) = what {
                            self.core.give_back(ticket);
                        }
                    }
                }
            }
        }
        self.dirty.clear();
        self.timers.clear();
        self.life += 1;
    }

    fn leave(&self, live: &Live) {
        if live.has_place {
            self.core.give_back(live.ticket());
        }
    }

    fn live(&mut self, run: RunId) -> Option<&mut Live> {
        match self.runs.get_mut(&run) {
            Some(Slot::Live(live)) => Some(live),
            _ => None,
        }
    }
}

fn overloaded(message: &str) -> Fault {
    Fault::new(FaultKind::Overloaded, "overloaded", message).with_retry_after(1)
}
