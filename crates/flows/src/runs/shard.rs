//! A shard: one task that owns the runs which fall to it.
//!
//! Its loop takes messages, applies them to machines, and starts a write whenever something is dirty and none is under
//! way. When the write is on disk it carries out what the written events allow, and tells whoever waits.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use floe_engine::event::{Happening, StepError};
use floe_engine::machine::{Alarm, Command, Machine};
use floe_model::id::{RunId, WaitId, WorkspaceId};
use floe_model::{Fault, FaultKind, Timestamp};
use floe_store::Store;
use floe_store::flows::runs::RunRow;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;

use super::admission::{Entry, Ticket};
use super::answer::{self, AnswerIn, Verdict};
use super::batch::{self, Part};
use super::engine::Core;
use super::live::Live;
use super::load::Loaded;
use super::message::{ChildNews, Message, Reply, Request};
use super::perform::perform;
use super::start::NewRun;
use super::state::RunState;

/// Messages taken before the shard looks whether there is something to write.
const MESSAGES_PER_TURN_MAX: usize = 512;
/// Runs in one write at most.
const RUNS_PER_WRITE_MAX: usize = 512;
/// Pause before a run that could not be read is read again.
const READ_PAUSE: Duration = Duration::from_secs(1);
/// Watched runs after which forgotten watchers are swept out.
const WATCHED_MAX: usize = 4_096;

pub(super) struct Shard {
    core: Arc<Core>,
    sender: UnboundedSender<Message>,
    runs: HashMap<RunId, Slot>,
    dirty: Vec<RunId>,
    timers: BinaryHeap<Reverse<(Timestamp, RunId, Timer)>>,
    watchers: HashMap<RunId, Vec<oneshot::Sender<()>>>,
    stopping: Vec<oneshot::Sender<()>>,
}

enum Slot {
    /// Being read from disk; what came for it meanwhile.
    Loading(Vec<Request>),
    Live(Box<Live>),
}

/// An alarm in the order of the timer heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Retry { frame: u32, node: u32 },
    Wait(WaitId),
}

/// A write under way.
struct Flush {
    done: Pin<Box<dyn Future<Output = Vec<Result<(), Fault>>> + Send>>,
    runs: Vec<Flushed>,
}

/// What is to be done for a run once its write is on disk.
struct Flushed {
    run: RunId,
    commands: Vec<Command>,
    children: Vec<Ticket>,
    accepted: Option<oneshot::Sender<Result<(), Fault>>>,
    settled: Option<RunState>,
    waiters: Vec<oneshot::Sender<Result<RunState, Fault>>>,
    replies: Vec<Reply>,
}

impl Shard {
    pub(super) fn new(core: Arc<Core>, sender: UnboundedSender<Message>) -> Self {
        Self {
            core,
            sender,
            runs: HashMap::new(),
            dirty: Vec::new(),
            timers: BinaryHeap::new(),
            watchers: HashMap::new(),
            stopping: Vec::new(),
        }
    }

    /// Runs until it is told to stop and everything is on disk.
    pub(super) async fn run(mut self, mut inbox: UnboundedReceiver<Message>) {
        let mut flush: Option<Flush> = None;
        loop {
            if flush.is_none() {
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
                    for _ in 0..MESSAGES_PER_TURN_MAX {
                        let Ok(message) = inbox.try_recv() else { break };
                        self.take(message);
                    }
                }
                results = wait_for(&mut flush), if flush.is_some() => {
                    if let Some(flush) = flush.take() {
                        self.flushed(flush.runs, results);
                    }
                }
                () = tokio::time::sleep(until_timer.unwrap_or_default()), if until_timer.is_some() => self.fire_timers(),
            }
        }
        for done in self.stopping {
            let _ = done.send(());
        }
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
        let row = new.row(now);
        let entry = self.core.admission.enter(ticket_of(&row), false);
        if entry == Entry::Full {
            let _ = accepted.send(Err(overloaded("Too many runs are waiting for their turn")));
            return;
        }
        let mut live = Box::new(Live::new(row, Machine::new(Arc::clone(&new.plan))));
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
            None if matches!(what, Request::Effected { .. } | Request::Alarm(_) | Request::Called { .. }) => {}
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
        let Some(Slot::Loading(pending)) = self.runs.remove(&run) else { return };
        match loaded {
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

    fn refuse(&self, pending: Vec<Request>, fault: impl Fn() -> Fault) {
        for what in pending {
            if let Request::Admit(ticket) = what {
                self.core.give_back(ticket);
                if fault().kind() != FaultKind::NotFound {
                    self.admit_later(ticket);
                }
            } else {
                what.refuse(&fault);
            }
        }
    }

    /// Nobody else would bring a run back that could not be read when its turn came.
    fn admit_later(&self, ticket: Ticket) {
        let core = Arc::clone(&self.core);
        tokio::spawn(async move {
            tokio::time::sleep(READ_PAUSE).await;
            core.admit(ticket, true);
        });
    }

    fn serve(&mut self, run: RunId, what: Request) {
        match what {
            Request::Admit(ticket) => self.admit(run, ticket),
            Request::Park => self.park(run),
            Request::Effected { place, attempt, effected } => {
                if let Some(live) = self.live(run) {
                    live.tasks.remove(&place);
                }
                let logs = effected.logs;
                let what = match effected.result {
                    Ok(result) => {
                        let port = floe_engine::plan::Port::NEXT;
                        Happening::Done { place, attempt, result: Arc::new(result), port, logs }
                    }
                    Err(error) => Happening::Failed { place, attempt, error, logs },
                };
                self.happen(run, Some(what));
            }
            Request::Alarm(Alarm::Retry(place)) => self.happen(run, Some(Happening::Retried { place })),
            Request::Alarm(Alarm::Wait(wait)) => self.happen(run, Some(Happening::Expired { wait })),
            Request::Called { place, child } => self.called(run, place, child),
            Request::Child { child, news, done } => {
                let what = match news {
                    ChildNews::Paused(question) => Happening::ChildPaused { child, question },
                    ChildNews::Ended(outcome) => Happening::ChildEnded { child, outcome },
                };
                self.move_on(run, what);
                self.reply(run, Reply::Done(done));
            }
            Request::Due { wait, done } => {
                self.move_on(run, Happening::Expired { wait });
                self.reply(run, Reply::Done(done));
            }
            Request::Answer { answer, settled } => self.answer(run, *answer, settled),
            Request::Cancel { by, audit, done } => self.cancel(run, by, audit.map(|entry| *entry), done),
            Request::Settle { settled } => {
                if let Some(live) = self.live(run) {
                    live.wait_for_end(settled);
                }
                self.rest(run);
            }
        }
    }

    /// Gives an answer once everything that it rests on is on disk: the job behind it is removed then, and a caller who is
    /// refused because of another's answer must not outlive that answer.
    fn reply(&mut self, run: RunId, reply: Reply) {
        match self.live(run) {
            Some(live) if !live.is_on_disk() => live.replies.push(reply),
            _ => reply.give(),
        }
    }

    /// A place was found for a run that waited for its turn, or was under way when the server ended.
    fn admit(&mut self, run: RunId, ticket: Ticket) {
        let core = Arc::clone(&self.core);
        let Some(live) = self.live(run) else { return };
        if live.has_place || live.is_settled() {
            // It has moved on, or ended, since it asked.
            core.give_back(ticket);
            return self.rest(run);
        }
        live.has_place = true;
        if std::mem::take(&mut live.queued) {
            live.put_row();
            self.happen(run, Some(Happening::Admitted));
        } else {
            self.happen(run, None);
        }
        self.rest(run);
    }

    /// A run that ended its server again and again is given up, so that the others go on.
    fn park(&mut self, run: RunId) {
        let message = "The run was found under way too often after the server had ended unexpectedly";
        let error = StepError::new("crash_loop", message);
        self.move_on(run, Happening::Stopped { error });
    }

    fn answer(&mut self, run: RunId, answer: AnswerIn, settled: oneshot::Sender<Result<RunState, Fault>>) {
        let now = self.core.platform.clock.now();
        let Some(live) = self.live(run) else { return };
        match answer::judge(&answer, &live.row, &live.machine, now) {
            Err(fault) => {
                self.reply(run, Reply::Refused(settled, fault));
                self.rest(run);
            }
            Ok(Verdict::Repeat) => {
                live.wait_for_end(settled);
                self.rest(run);
            }
            Ok(Verdict::Accept { happening, end }) => {
                live.extras().closed.push(*end);
                live.extras().audit.extend(answer.audit);
                self.move_on(run, *happening);
                if let Some(live) = self.live(run) {
                    live.wait_for_end(settled);
                }
            }
        }
    }

    fn cancel(
        &mut self,
        run: RunId,
        by: Option<String>,
        audit: Option<floe_store::platform::audit::Entry>,
        done: oneshot::Sender<Result<RunState, Fault>>,
    ) {
        let Some(live) = self.live(run) else { return };
        if live.machine.outcome().is_some() {
            let state = live.state();
            let message = format!("The run is {} already", state.status);
            self.reply(run, Reply::Refused(done, Fault::conflict("run_finished", message)));
            return self.rest(run);
        }
        live.queued = false;
        live.extras().audit.extend(audit);
        self.move_on(run, Happening::Cancelled { by });
        if let Some(live) = self.live(run) {
            live.wait_for_end(done);
        }
    }

    /// The called flow was looked up: the child begins in the write in which this run notes it.
    fn called(&mut self, run: RunId, place: floe_engine::event::Place, child: Result<Box<NewRun>, StepError>) {
        let now = self.core.platform.clock.now();
        let started = match child {
            Ok(child) => child.as_child(now).map(|start| (child.run, start)).map_err(|fault| {
                tracing::error!(run.id = %run, %fault, "a child run cannot be begun");
                StepError::new("sub_flow_failed", "The called flow could not be started")
            }),
            Err(error) => Err(error),
        };
        match started {
            Ok((child, start)) => {
                let Some(live) = self.live(run) else { return };
                let what = Happening::ChildStarted { place, child };
                if live.machine.accepts(&what) {
                    live.extras().children.push(start);
                    self.happen(run, Some(what));
                }
            }
            Err(error) => self.happen(run, Some(Happening::Failed { place, attempt: 1, error, logs: Vec::new() })),
        }
    }

    /// Something that moves a run which may have been at rest: it takes a place, without queueing for it.
    fn move_on(&mut self, run: RunId, what: Happening) {
        let core = Arc::clone(&self.core);
        let Some(live) = self.live(run) else { return };
        if !live.has_place && live.machine.accepts(&what) {
            core.admission.enter_anyway(ticket_of(&live.row));
            live.has_place = true;
        }
        self.happen(run, Some(what));
        self.rest(run);
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
    }

    fn carry_out(&mut self, run: RunId, command: Command) {
        match command {
            Command::Perform { place, attempt, input } => {
                let (core, sender) = (Arc::clone(&self.core), self.sender.clone());
                let Some(live) = self.live(run) else { return };
                if let Some(task) = perform(&core, &sender, live, place, attempt, input) {
                    live.tasks.insert(place, task);
                }
            }
            Command::Wake { at, alarm } => self.set_timer(run, at, alarm),
            Command::Call { place, input } => {
                let (core, sender) = (Arc::clone(&self.core), self.sender.clone());
                let Some(live) = self.live(run) else { return };
                let row = live.row.clone();
                tokio::spawn(async move {
                    let workspace = row.workspace;
                    let child = super::jobs::prepare_child(&core, &row, &input).await.map(Box::new);
                    let what = Request::Called { place, child };
                    let _ = sender.send(Message::Run { workspace, run, what });
                });
            }
            Command::Abandon(place) => {
                if let Some(task) = self.live(run).and_then(|live| live.tasks.remove(&place)) {
                    task.abort();
                }
            }
            Command::CancelChild(child) => {
                let Some(live) = self.live(run) else { return };
                let workspace = live.row.workspace;
                let (done, _) = oneshot::channel();
                self.core.send(workspace, child, Request::Cancel { by: None, audit: None, done });
            }
            Command::Evaluate(_) => {}
        }
    }

    /// Long waits are jobs; everything else that waits for time waits here.
    fn set_timer(&mut self, run: RunId, at: Timestamp, alarm: Alarm) {
        let timer = match alarm {
            Alarm::Retry(place) => Timer::Retry { frame: place.frame, node: place.node },
            Alarm::Wait(wait) => {
                let is_long = |live: &mut Live| live.machine.questions().any(|question| question.wait == wait);
                if self.live(run).is_some_and(is_long) {
                    return;
                }
                Timer::Wait(wait)
            }
        };
        self.timers.push(Reverse((at, run, timer)));
    }

    fn until_next_timer(&self) -> Option<Duration> {
        let Reverse((at, ..)) = self.timers.peek()?;
        let left_us = at.micros() - self.core.platform.clock.now().micros();
        Some(Duration::from_micros(left_us.max(0).unsigned_abs()))
    }

    fn fire_timers(&mut self) {
        let now = self.core.platform.clock.now();
        while let Some(&Reverse((at, run, timer))) = self.timers.peek() {
            if at > now {
                break;
            }
            self.timers.pop();
            let alarm = match timer {
                Timer::Retry { frame, node } => Alarm::Retry(floe_engine::event::Place { frame, node }),
                Timer::Wait(wait) => Alarm::Wait(wait),
            };
            if matches!(self.runs.get(&run), Some(Slot::Live(_))) {
                self.serve(run, Request::Alarm(alarm));
            }
        }
    }

    /// Starts a write of everything that is dirty.
    fn start_flush(&mut self) -> Option<Flush> {
        let now = self.core.platform.clock.now();
        let ids = self.core.platform.ids.clone();
        let mut parts = Vec::new();
        let mut flushed = Vec::new();
        let mut later = Vec::new();
        for run in std::mem::take(&mut self.dirty) {
            let Some(live) = self.live(run).filter(|live| live.is_dirty()) else { continue };
            if parts.len() >= RUNS_PER_WRITE_MAX {
                later.push(run);
                continue;
            }
            let (write, commands) = live.take_write();
            let waiters = if live.is_settled() { std::mem::take(&mut live.waiters) } else { Vec::new() };
            flushed.push(Flushed {
                run,
                commands,
                children: write.extras.children.iter().map(|child| ticket_of(&child.row)).collect(),
                accepted: live.accepted.take(),
                settled: (!waiters.is_empty()).then(|| live.state()),
                waiters,
                replies: std::mem::take(&mut live.replies),
            });
            live.is_flushing = true;
            parts.push(Part::new(write, now, &mut || ids.next_bits()));
        }
        self.dirty = later;
        if parts.is_empty() {
            return None;
        }
        let store = self.core.platform.store.clone();
        Some(Flush { done: Box::pin(write_all(store, parts)), runs: flushed })
    }

    fn flushed(&mut self, runs: Vec<Flushed>, results: Vec<Result<(), Fault>>) {
        for (flushed, result) in runs.into_iter().zip(results) {
            match result {
                Ok(()) => self.on_disk(flushed),
                Err(fault) => {
                    tracing::error!(run.id = %flushed.run, %fault, "a run could not be written; it goes on from what is on disk");
                    self.forget(flushed);
                }
            }
        }
    }

    fn on_disk(&mut self, flushed: Flushed) {
        let run = flushed.run;
        if let Some(accepted) = flushed.accepted {
            let _ = accepted.send(Ok(()));
        }
        if let Some(state) = flushed.settled {
            for waiter in flushed.waiters {
                let _ = waiter.send(Ok(state.clone()));
            }
        }
        for watcher in self.watchers.remove(&run).unwrap_or_default() {
            let _ = watcher.send(());
        }
        for command in flushed.commands {
            self.carry_out(run, command);
        }
        for child in flushed.children {
            self.core.admit(child, true);
        }
        flushed.replies.into_iter().for_each(Reply::give);
        if let Some(live) = self.live(run) {
            live.is_flushing = false;
            if live.is_on_disk() {
                std::mem::take(&mut live.replies).into_iter().for_each(Reply::give);
            }
        }
        self.rest(run);
    }

    /// A write failed: what memory holds is ahead of the disk, so the run is dropped and read again.
    fn forget(&mut self, flushed: Flushed) {
        let Some(Slot::Live(live)) = self.runs.remove(&flushed.run) else { return };
        live.tasks.values().for_each(tokio::task::AbortHandle::abort);
        self.leave(&live);
        if let Some(accepted) = flushed.accepted {
            let _ = accepted.send(Err(overloaded("The run could not be stored")));
        }
        // Also a run that was never accepted: a database that broke off may have kept it. If not, it is not found.
        self.core.admit(ticket_of(&live.row), true);
    }

    /// Drops a run that nothing but a message can move, and gives its place to the next one.
    fn rest(&mut self, run: RunId) {
        let core = Arc::clone(&self.core);
        let Some(live) = self.live(run) else { return };
        if !live.is_at_rest() {
            if live.has_place && live.is_idle() {
                live.has_place = false;
                core.give_back(ticket_of(&live.row));
            }
            return;
        }
        if let Some(Slot::Live(mut live)) = self.runs.remove(&run) {
            for waiter in std::mem::take(&mut live.waiters) {
                let _ = waiter.send(Ok(live.state()));
            }
            self.leave(&live);
        }
    }

    fn leave(&self, live: &Live) {
        if live.has_place {
            self.core.give_back(ticket_of(&live.row));
        }
    }

    fn live(&mut self, run: RunId) -> Option<&mut Live> {
        match self.runs.get_mut(&run) {
            Some(Slot::Live(live)) => Some(live),
            _ => None,
        }
    }
}

async fn wait_for(flush: &mut Option<Flush>) -> Vec<Result<(), Fault>> {
    match flush {
        Some(flush) => flush.done.as_mut().await,
        None => std::future::pending().await,
    }
}

/// Writes all runs in one transaction. If that fails, each is tried alone, so that one run which cannot be written does
/// not take the others with it.
async fn write_all(store: Store, parts: Vec<Result<Part, Fault>>) -> Vec<Result<(), Fault>> {
    if parts.iter().all(Result::is_ok) {
        let whole: Arc<Vec<Part>> = Arc::new(parts.into_iter().flatten().collect());
        let count = whole.len();
        let together = Arc::clone(&whole);
        return match store.write(move |tx| batch::write(tx, &together)).await {
            Ok(()) => std::iter::repeat_with(|| Ok(())).take(count).collect(),
            Err(fault) if count == 1 => vec![Err(fault)],
            Err(_) => {
                let mut results = Vec::with_capacity(count);
                for index in 0..count {
                    let whole = Arc::clone(&whole);
                    results.push(store.write(move |tx| batch::write(tx, &whole[index..=index])).await);
                }
                results
            }
        };
    }
    let mut results = Vec::with_capacity(parts.len());
    for part in parts {
        results.push(match part {
            Ok(part) => store.write(move |tx| batch::write(tx, std::slice::from_ref(&part))).await,
            Err(fault) => Err(fault),
        });
    }
    results
}

fn ticket_of(row: &RunRow) -> Ticket {
    Ticket { workspace: row.workspace, flow: row.flow, run: row.id, flow_max: flow_max(&row.settings) }
}

/// `settings.maxConcurrentRuns` of a flow.
pub(super) fn flow_max(settings: &str) -> Option<usize> {
    let settings: serde_json::Value = serde_json::from_str(settings).ok()?;
    settings.get("maxConcurrentRuns")?.as_u64().map(|max| usize::try_from(max).unwrap_or(usize::MAX))
}

fn overloaded(message: &str) -> Fault {
    Fault::new(FaultKind::Overloaded, "overloaded", message).with_retry_after(1)
}
