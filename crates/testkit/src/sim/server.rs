//! The server of the simulation: carries machines as the real one does. Events of one drive are written in one write;
//! commands are carried out after it, but for what the world cannot see.

use std::sync::Arc;

use floe_engine::drive::{ACTIVE_MS_MAX, drive};
use floe_engine::event::{Answer, Beginning, Event, Happening, Place, StepError};
use floe_engine::interpret::Moment;
use floe_engine::machine::{Alarm, Command, Machine, Outcome};
use floe_engine::plan::Work;
use floe_model::id::{RunId, WaitId};
use serde_json::{Value, json};

use super::disk::{Job, NewRun, Shown};
use super::memory::{Ack, Flush, Live, Memory, Task};
use super::{Broken, Sim};

/// Runs above a run at most.
const DEPTH_MAX: u32 = 5;
/// Runs of one story after which no called flow is found any more.
const RUNS_MAX: usize = 40;

impl Sim<'_> {
    /// Begins a run of a flow by one of its triggers; now and then it has to queue.
    pub(super) fn start(&mut self, flow: usize) -> Result<(), Broken> {
        let plan = Arc::clone(&self.plans[flow]);
        let entry = self.chance.below(plan.entries.len());
        let run = RunId(self.fresh());
        let inputs = json!({ "n": self.chance.below(6), "list": [1, 2, 3], "text": "[\"a\",\"b\"]", "empty": [] });
        self.tell(|| format!("start {run} of f{flow} at trigger {entry}"));
        self.begin(run, flow, beginning(run, entry, inputs, 0))
    }

    /// Begins a run, or lets it queue.
    pub(super) fn begin(&mut self, run: RunId, flow: usize, beginning: Beginning) -> Result<(), Broken> {
        let began = Happening::Began(Box::new(beginning));
        let mut live = Live::new(Machine::new(Arc::clone(&self.plans[flow])), flow, 0, None);
        live.acks.push(Ack::Started);
        live.queued = self.chance.one_in(6);
        let queued = live.queued;
        self.memory.runs.insert(run, live);
        if queued {
            self.tell(|| format!("{run} has to queue"));
        }
        if !queued {
            return self.happen(run, Some(began));
        }
        self.coverage.met("run queued");
        let event = Event { at: self.now, what: began };
        self.coverage.event(&event, None);
        let Some(live) = self.memory.runs.get_mut(&run) else { return Ok(()) };
        live.machine.apply(&event);
        live.events.push(event);
        Ok(())
    }

    /// Tells a run what happened, and notes what follows. Says nothing when the run is not there.
    pub(super) fn happen(&mut self, run: RunId, what: Option<Happening>) -> Result<(), Broken> {
        self.load(run);
        let now = self.now;
        let ids = &mut self.next_id;
        let Some(live) = self.memory.runs.get_mut(&run) else { return Ok(()) };
        let active_before = live.machine.active_ms(live.machine.last_at());
        let mut fresh = || {
            *ids += 1;
            *ids
        };
        let mut moment = Moment { now, fresh: &mut fresh, active_ms_max: ACTIVE_MS_MAX };
        live.is_idle = false;
        let driven = drive(&mut live.machine, what, &mut moment);
        if live.machine.active_ms(live.machine.last_at()) < active_before {
            return Err(self.broken(format!("the active time of {run} shrinks")));
        }
        for event in &driven.events {
            let node = event.what.place().map(|place| live.machine.plan().node(place.node));
            self.coverage.event(event, node);
            self.story.line(|| format!("    {run} {}", short(&event.what)));
        }
        live.events.extend(driven.events);
        // After a restart there may be commands and nothing to write: then nothing holds them.
        let is_written = !live.is_dirty() && !self.memory.is_being_written(run);
        for command in driven.commands {
            self.coverage.command(&command);
            if is_written || self.may_precede_write(run, &command) {
                self.carry_out(run, command);
            } else if let Some(live) = self.memory.runs.get_mut(&run) {
                live.held.push(command);
            }
        }
        if self.chance.one_in(4) { self.check_memory(run) } else { Ok(()) }
    }

    fn may_precede_write(&self, run: RunId, command: &Command) -> bool {
        match command {
            Command::Perform { place, .. } => !self.touches_world(run, *place),
            Command::Call { place, .. } => !self.calls_payment(run, *place),
            Command::Wake { .. } | Command::Script { .. } | Command::Equip { .. } => true,
            Command::Evaluate(_) | Command::Abandon(_) | Command::CancelChild(_) | Command::GiveUpCall { .. } => false,
        }
    }

    fn touches_world(&self, run: RunId, place: Place) -> bool {
        let node = self.memory.runs.get(&run).map(|live| &live.machine.plan().node(place.node).work);
        matches!(node, Some(Work::Effect(effect)) if effect.touches_world)
    }

    fn calls_payment(&self, run: RunId, place: Place) -> bool {
        self.memory.runs.get(&run).is_some_and(|live| !live.machine.calls_flow(place))
    }

    pub(super) fn carry_out(&mut self, run: RunId, command: Command) {
        match command {
            Command::Perform { place, attempt, input } => {
                let touches_world = self.touches_world(run, place);
                let Some(live) = self.memory.runs.get(&run) else { return };
                // It may have been given up while it was held.
                if !live.machine.wants(place, attempt) {
                    return;
                }
                let step = &live.machine.plan().node(place.node).id;
                let key = format!("{run}:{step}:{}", live.machine.pass_key(place));
                self.memory.tasks.push(Task { run, place, attempt, key, input, touches_world, begun: false });
            }
            Command::Wake { at, alarm } => {
                let Some(live) = self.memory.runs.get(&run) else { return };
                // Long waits are jobs.
                let is_long =
                    matches!(alarm, Alarm::Wait(wait) if live.machine.questions().any(|open| open.wait == wait));
                if !is_long {
                    self.memory.alarms.push((at, run, alarm));
                }
            }
            Command::Call { place, input } => self.memory.calls.push((run, place, input)),
            Command::Abandon(place) => {
                let is_it = |task: &Task| task.run == run && task.place == place;
                if self.chance.one_in(2) {
                    self.memory.tasks.retain(|task| !is_it(task));
                }
            }
            // A job of the same write sees to it.
            Command::CancelChild(_) | Command::GiveUpCall { .. } | Command::Evaluate(_) => {}
            Command::Script { place, scripts } => self.memory.scripts.push((run, place, scripts.len())),
            Command::Equip { .. } => self.memory.equips.push(run),
        }
    }

    /// Reads a run from disk if it is not in memory.
    pub(super) fn load(&mut self, run: RunId) {
        if self.memory.runs.contains_key(&run) {
            return;
        }
        let (Some(machine), Some(row)) = (self.disk.recover(run, &self.plans), self.disk.runs.get(&run)) else {
            return;
        };
        self.coverage.met("journal recovered");
        let live = Live::new(machine, row.flow, row.journal.len(), Some(row.shown));
        self.memory.runs.insert(run, live);
    }

    /// Begins a write of some of the runs that have something to write.
    pub(super) fn start_flush(&mut self) {
        let dirty: Vec<RunId> =
            self.memory.runs.iter().filter(|(_, live)| live.is_dirty()).map(|(run, _)| *run).collect();
        let all = self.chance.one_in(2);
        let one = self.chance.below(dirty.len().max(1));
        let (mut writes, mut after) = (Vec::new(), Vec::new());
        for (index, run) in dirty.into_iter().enumerate() {
            if let Some(live) = self.memory.runs.get_mut(&run).filter(|_| all || index == one) {
                let (write, then) = live.take_write(run);
                writes.push(write);
                after.push(then);
            }
        }
        self.tell(|| format!("begin to write {} runs", writes.len()));
        self.memory.flush = Some(Flush { writes, after });
    }

    /// The write under way comes to its end.
    pub(super) fn end_flush(&mut self, succeeds: bool) -> Result<(), Broken> {
        let Some(flush) = self.memory.flush.take() else { return Ok(()) };
        if !succeeds {
            self.coverage.met("fault write refused");
            self.tell(|| "the write is refused".to_owned());
            return flush.after.iter().try_for_each(|after| self.forget(after.run));
        }
        self.disk.write(&flush.writes).map_err(|why| self.broken(why))?;
        self.tell(|| "the write is on disk".to_owned());
        for after in flush.after {
            for ack in after.acks {
                self.acknowledge(after.run, ack)?;
            }
            for job in after.jobs {
                self.disk.jobs.remove(&job);
                self.memory.jobs.retain(|held| *held != job);
            }
            for command in after.commands {
                self.carry_out(after.run, command);
            }
            for child in after.children {
                self.happen(child, None)?;
            }
        }
        Ok(())
    }

    /// Memory is ahead of the disk and is dropped; the run goes on from what is written.
    fn forget(&mut self, run: RunId) -> Result<(), Broken> {
        self.memory.runs.remove(&run);
        self.memory.tasks.retain(|task| task.run != run);
        self.memory.calls.retain(|(of, ..)| *of != run);
        self.memory.scripts.retain(|(of, ..)| *of != run);
        self.memory.equips.retain(|of| *of != run);
        // Its jobs are tried again.
        self.memory.jobs.clear();
        self.resume(run)
    }

    /// Goes on with a run that was under way.
    fn resume(&mut self, run: RunId) -> Result<(), Broken> {
        match self.disk.runs.get(&run).map(|row| row.shown) {
            Some(Shown::Running) => self.happen(run, None),
            _ => Ok(()),
        }
    }

    /// A run that had to queue finds its place.
    pub(super) fn admit(&mut self, run: RunId) -> Result<(), Broken> {
        self.load(run);
        let Some(live) = self.memory.runs.get_mut(&run).filter(|live| live.queued) else { return Ok(()) };
        live.queued = false;
        self.tell(|| format!("admit {run}"));
        self.happen(run, Some(Happening::Admitted))
    }

    /// The power goes. A write that was under way is on disk or not.
    pub(super) fn crash(&mut self) -> Result<(), Broken> {
        self.memory.runs.keys().try_for_each(|run| self.check_memory(*run))?;
        let memory = std::mem::take(&mut self.memory);
        if memory.runs.values().any(|live| live.acks.iter().any(|ack| matches!(ack, Ack::Answered(..)))) {
            self.coverage.met("answer lost before the write");
        }
        match memory.flush {
            Some(flush) if self.chance.one_in(2) => {
                self.disk.write(&flush.writes).map_err(|why| self.broken(why))?;
                self.coverage.met("fault crash after the write");
                self.tell(|| "crash, just after the write".to_owned());
            }
            Some(_) => {
                self.coverage.met("fault crash with a write under way that is lost");
                self.tell(|| "crash, just before the write".to_owned());
            }
            None => {
                self.coverage.met("fault crash before the write");
                self.tell(|| "crash".to_owned());
            }
        }
        let runs: Vec<RunId> = self.disk.runs.keys().copied().collect();
        runs.into_iter().try_for_each(|run| self.resume(run))
    }

    /// The called flow was looked up.
    pub(super) fn call(&mut self, at: usize) -> Result<(), Broken> {
        let (run, place, input) = self.memory.calls.swap_remove(at);
        if self.calls_payment(run, place) {
            return self.call_payment(run, place, input);
        }
        let Some(live) = self.memory.runs.get(&run) else { return Ok(()) };
        let depth = live.machine.beginning().map_or(0, |beginning| beginning.depth) + 1;
        let name = input["flowId"].as_str().or(input["workflowId"].as_str()).unwrap_or_default().to_owned();
        let flow = name.strip_prefix('f').and_then(|number| number.parse::<usize>().ok());
        // Loops of calls in loops would tell an endless story.
        let flow = flow.filter(|flow| *flow < self.plans.len() && self.disk.runs.len() < RUNS_MAX);
        let fail =
            |code: &str| Happening::Failed { place, attempt: 1, error: StepError::new(code, "No"), logs: Vec::new() };
        let what = match flow {
            _ if depth > DEPTH_MAX => {
                self.coverage.met("child depth limit");
                fail("depth_limit")
            }
            None => fail("sub_flow_failed"),
            Some(_) => Happening::ChildStarted { place, child: RunId(self.fresh()) },
        };
        self.tell(|| format!("look up {name} for {run}"));
        if let (Happening::ChildStarted { child, .. }, Some(flow)) = (&what, flow) {
            let Some(live) = self.memory.runs.get_mut(&run).filter(|live| live.machine.accepts(&what)) else {
                return Ok(());
            };
            let began = Happening::Began(Box::new(beginning(*child, 0, input["inputs"].clone(), depth)));
            let began = Event { at: self.now, what: began };
            live.children.push(NewRun { run: *child, flow, parent: Some(run), began });
        }
        self.happen(run, Some(what))
    }

    /// Scripts come back, or the sandbox could not carry them out.
    pub(super) fn script(&mut self, at: usize) -> Result<(), Broken> {
        let (run, place, count) = self.memory.scripts.swap_remove(at);
        let answers: Vec<Result<Value, String>> = (0..count)
            .map(|_| if self.chance.one_in(5) { Err("no".to_owned()) } else { Ok(json!(self.chance.below(4))) })
            .collect();
        let fails = self.chance.one_in(12);
        self.tell(|| format!("scripts of {run} at {place:?}: {answers:?}"));
        let Some(live) = self.memory.runs.get_mut(&run).filter(|live| live.machine.wants_answers(place)) else {
            return Ok(());
        };
        if fails {
            let what = live.machine.unscripted(place, StepError::new("TRANSIENT", "busy"));
            return self.happen(run, Some(what));
        }
        live.machine.scripted(place, answers);
        self.coverage.met("scripts answered");
        self.happen(run, None)
    }

    /// The variables of the workspace were read.
    pub(super) fn equip(&mut self, at: usize) -> Result<(), Broken> {
        let run = self.memory.equips.swap_remove(at);
        if !self.memory.runs.contains_key(&run) {
            return Ok(());
        }
        let env = json!({ "PLACE": "here" }).as_object().cloned().unwrap_or_default();
        self.happen(run, Some(Happening::Equipped { env, secrets: vec!["KEY".to_owned()] }))
    }

    /// Durable work is tried; it is done when what it led to is on disk.
    pub(super) fn job(&mut self, job: Job) -> Result<(), Broken> {
        self.tell(|| format!("job {job:?}"));
        let (run, what) = match job {
            Job::WaitDue { run, wait, .. } => (run, Happening::Expired { wait }),
            Job::ChildNews { parent, child, .. } if self.disk.payments.contains_key(&child) => {
                match self.disk.payments[&child].outcome.clone() {
                    Some(outcome) => (parent, Happening::ChildEnded { child, outcome }),
                    None => {
                        self.disk.jobs.remove(&job);
                        return Ok(());
                    }
                }
            }
            Job::CancelChild { child } if self.disk.payments.contains_key(&child) => {
                self.disk.jobs.remove(&job);
                self.cancel_payment(child);
                return Ok(());
            }
            Job::GiveUpCall { run, place, attempt } => {
                self.disk.jobs.remove(&job);
                self.give_up_payment((run, place, attempt));
                return Ok(());
            }
            Job::ChildNews { parent, child, .. } => {
                let Some(machine) = self.disk.recover(child, &self.plans) else { return Ok(()) };
                (parent, news_of(child, &machine))
            }
            Job::CancelChild { child } => {
                self.coverage.met("child cancelled with its parent");
                (child, Happening::Cancelled { by: None })
            }
        };
        self.happen(run, Some(what))?;
        let in_flight = self.memory.is_being_written(run);
        match self.memory.runs.get_mut(&run) {
            // Even when it changed nothing: what it met may itself not be on disk yet.
            Some(live) if live.is_dirty() => {
                live.jobs.push(job);
                self.memory.jobs.push(job);
            }
            _ if in_flight => {}
            _ => {
                self.disk.jobs.remove(&job);
            }
        }
        Ok(())
    }

    /// Somebody answers a question.
    pub(super) fn answer(&mut self, run: RunId, wait: WaitId, answer: Answer) -> Result<(), Broken> {
        self.load(run);
        let what = Happening::Answered { wait, answer: answer.clone(), by: Some("Ada".to_owned()) };
        let Some(live) = self.memory.runs.get_mut(&run) else { return Ok(()) };
        if !live.machine.accepts(&what) {
            let open = live.machine.question(wait).is_some();
            self.coverage.met(if open { "answer of another kind" } else { "answer late" });
            return Ok(());
        }
        self.coverage.met("answer accepted");
        self.tell(|| format!("answer {wait} of {run}: {answer:?}"));
        if let Some(live) = self.memory.runs.get_mut(&run) {
            live.acks.push(Ack::Answered(wait, answer));
        }
        self.happen(run, Some(what))
    }

    pub(super) fn cancel(&mut self, run: RunId) -> Result<(), Broken> {
        self.load(run);
        let what = Happening::Cancelled { by: Some("Ada".to_owned()) };
        let Some(live) = self.memory.runs.get_mut(&run).filter(|live| live.machine.accepts(&what)) else {
            return Ok(());
        };
        live.queued = false;
        live.acks.push(Ack::Cancelled);
        self.tell(|| format!("cancel {run}"));
        self.happen(run, Some(what))
    }

    /// Drops runs that nothing but a message can move.
    pub(super) fn evict(&mut self) {
        let Memory { runs, tasks, flush, .. } = &mut self.memory;
        let in_flight = |run: &RunId| flush.iter().flat_map(|flush| &flush.writes).any(|write| write.run == *run);
        let at_rest = |run: &RunId, live: &Live| {
            let settled = live.machine.outcome().is_some() || live.machine.is_waiting();
            settled && !live.is_dirty() && !tasks.iter().any(|task| task.run == *run)
        };
        let before = runs.len();
        runs.retain(|run, live| in_flight(run) || !at_rest(run, live));
        if runs.len() < before {
            self.coverage.met("run evicted");
        }
    }
}

fn beginning(run: RunId, entry: usize, inputs: Value, depth: u32) -> Beginning {
    let inputs = inputs.as_object().cloned().unwrap_or_default();
    let (trigger_data, user, flow) = (Value::Null, Value::Null, json!({ "_id": "f" }));
    Beginning { run, entry, inputs, trigger_data, user, flow, depth, reuse: None, trigger: Value::Null }
}

fn news_of(child: RunId, machine: &Machine) -> Happening {
    match machine.outcome() {
        Some(Outcome::Completed(output)) => Happening::ChildEnded { child, outcome: Ok(Arc::clone(output)) },
        Some(Outcome::Failed(failure)) => {
            let retryable = failure.error.retryable;
            let error = StepError { retryable, ..StepError::new("sub_flow_failed", "No") };
            let error = error.with_details(failure.error.brief());
            Happening::ChildEnded { child, outcome: Err(error) }
        }
        Some(Outcome::Cancelled) => {
            Happening::ChildEnded { child, outcome: Err(StepError::new("sub_flow_failed", "Cancelled")) }
        }
        None => {
            let question = machine.questions().next().filter(|_| machine.is_waiting());
            let question = question.map(|question| Box::new(Value::Object(question.body.clone())));
            Happening::ChildPaused { child, question }
        }
    }
}

/// An event in few words.
fn short(what: &Happening) -> String {
    let text = format!("{what:?}");
    if text.len() > 160 { format!("{}…", text.chars().take(160).collect::<String>()) } else { text }
}
